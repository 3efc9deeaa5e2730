"""`hyenadna bench`: choices, tiny runs and failures; no test compares times."""

import json

import pytest
from click.testing import CliRunner
from keras import config

from hyenadna_backends import BACKENDS, Choice, missing, use_kernel
from hyenadna_core.bench.measure import Case, Contender, choose_contenders, choose_what, default_channels, plan
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.errors import HyenaDNAError
from hyenadna_plugins import plugin_manager

pytestmark = pytest.mark.keras

BACKEND = config.backend()
TRAINS = BACKENDS[BACKEND].trains
INSTALLED = [name for name in ("jax", "torch", "mlx", "numpy") if missing(name) is None]


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Return a function that runs `hyenadna bench` in its own folder: (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        session = Session(plugin_manager(names=[]), Choice(BACKEND, "test"))
        result = CliRunner().invoke(make_cli(session), ["bench", *map(str, arguments)])
        use_kernel(None)  # --check-kernel changes the kernel in use
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


def test_a_convolution_alone_has_fewer_channels_at_great_lengths():
    assert [default_channels(L) for L in (1024, 32_768, 160_002, 1_000_002, 9_000_000)] == [64, 64, 13, 2, 1]
    model = {"n_layer": 2, "d_model": 8, "max_seq_len": 100}
    conv, forward = plan(["conv", "forward"], [50_000], 2, None, model, "float32")
    assert (conv.channels, forward.channels) == (20, None)
    stretched = {"n_layer": 2, "d_model": 8, "max_seq_len": 50_000, "embed_dropout": 0.0, "rematerialise": False}
    assert forward.model == stretched
    assert plan(["step"], [9], 1, None, model, "float32", rematerialise=True)[0].model["rematerialise"]
    assert plan(["conv"], [50_000], 2, 64, model, "float32")[0].channels == 64


def test_sides_are_chosen_by_name_or_made_of_backends():
    assert choose_contenders(BACKEND) == [Contender(BACKEND, "native"), Contender(BACKEND, "plain")]
    assert choose_contenders(BACKEND, against="attention")[1] == Contender(BACKEND, "attention")
    assert choose_contenders(BACKEND, sides=f"{BACKEND}:generic") == [Contender(BACKEND, "generic")]
    for text in ("jax", "jax:native@system2", "jax:native@", "@system"):
        with pytest.raises(HyenaDNAError, match=rf"Cannot read the side '{text}': write BACKEND:KERNEL, as"):
            choose_contenders(BACKEND, sides=text)
    with pytest.raises(HyenaDNAError, match="leave out --backends and --against"):
        choose_contenders(BACKEND, sides="jax:native", against="attention")
    assert choose_what([Contender("jax", "native")]) == ["conv", "forward", "step"]
    assert choose_what([Contender("jax", "attention")]) == ["forward", "step"]
    assert choose_what([Contender("numpy", "plain")]) == ["conv", "forward"]


@pytest.mark.one_backend
def test_a_tiny_run_has_a_row_for_every_side(cli, tmp_path):
    what = ["conv", "forward", *(["step"] if TRAINS else [])]
    options = ["--lengths", "64,256", "--pairs", "2", "--channels", "2", "--plot", "times.png", "--out", "times.json"]
    status, stdout, _ = cli(*options, "--json", *(word for name in what for word in ("--what", name)))
    assert status == 0
    run = json.loads(stdout)
    assert json.loads((tmp_path / "times.json").read_text()) == run
    assert (tmp_path / "times.png").read_bytes().startswith(b"\x89PNG")
    expected = [(name, L, f"{BACKEND}:{kernel}") for name in what for L in (64, 256) for kernel in ("native", "plain")]
    assert [(row["what"], row["length"], row["side"]) for row in run["rows"]] == expected
    for row in run["rows"]:
        assert len(row["seconds"]) == 2
        assert min(row["seconds"]) > 0
        assert row["failure"] is None
    assert [len(row["ratios"]) for row in run["rows"]] == [1, 0] * (len(expected) // 2)
    assert len(run["exponents"]) == 2 * len(what)
    assert run["machine"]["backends"].keys() == {BACKEND}


@pytest.mark.all_backends
def test_backends_take_turns_in_processes_of_their_own(cli):
    sides = [f"{name}:{kernel}" for name, kernel in zip(INSTALLED, ("native", "plain", "plain", "plain"), strict=False)]
    options = ["--what", "forward", "--lengths", "64", "--pairs", "2", "--memory"]
    status, stdout, _ = cli("--sides", ",".join(sides), *options)
    assert status == 0
    head, *rows = (line.split("\t") for line in stdout.splitlines())
    assert [row[4] for row in rows] == sides
    assert head[-1] == f"x {sides[-1]}"
    for row in rows:
        assert row[-1] == "-" if row is rows[-1] else float(row[-1]) > 0
        assert int(row[head.index("peak MB")].split(" ")[0].replace(",", "")) > 50


@pytest.mark.usefixtures("trains")
@pytest.mark.one_backend
def test_a_transformer_stands_beside_the_model(cli):
    options = ["--against", "attention", "--what", "step", "--rematerialise", "--lengths", "64,128", "--pairs", "2"]
    status, stdout, _ = cli(*options)
    assert status == 0
    assert [line.split("\t")[4] for line in stdout.splitlines()[1:5]] == [
        f"{BACKEND}:native",
        f"{BACKEND}:attention",
    ] * 2
    assert "EXTRAPOLATED, not measured" in stdout.splitlines()[-1]


def test_a_side_over_the_limit_of_time_is_marked_and_the_others_go_on(monkeypatch):
    from hyenadna_core.bench import measure as bench

    native, slow = Contender(BACKEND, "native"), Contender(BACKEND, "slow")
    asked = []

    def ask(process, side, request, timeout=None):
        asked.append((request["do"], side.kernel))
        if side is slow:
            raise bench.ContenderFailed(side, "over 1 s")
        return {"seconds": 0.5}

    class Silent:
        def ask(self, request):
            return {}

        def close(self):
            pass

    monkeypatch.setattr(bench, "ask", ask)
    monkeypatch.setattr("hyenadna_core.bench.process.Worker", lambda *_: Silent())
    cases = [Case("forward", L, 1, None, {}) for L in (10, 20)]
    times = list(bench.measure(cases, [native, slow], pairs=2, max_seconds=1.0))
    assert [(one.contender, one.seconds, one.failure) for one in times] == 2 * [
        (native, [0.5, 0.5], None),
        (slow, [], "over 1 s"),
    ]
    assert asked.count(("prepare", "slow")) == 1  # it is not tried at greater lengths


FAILING = [
    (["--sides", f"{BACKEND}:fast", "--what", "conv"], f"{BACKEND}:fast failed: Unknown kernel 'fast'"),
    (["--sides", "caffe:native"], "Unknown backend 'caffe': choose one of jax"),
    (["--lengths", "1024,many"], "Cannot read the lengths '1024,many': write bases separated by commas"),
    (["--preset", "huge"], "Unknown preset 'huge': choose one of hyenadna-tiny-1k"),
    (["--against", "attention", "--what", "conv"], "choose --what forward or step"),
    (["--sides", "numpy:plain", "--what", "step"], "Backend 'numpy' has no gradients: choose --what conv or forward"),
    (["--backends", f"{BACKEND},{BACKEND}"], "A side is named twice"),
    (["--dtype", "float7", "--what", "forward"], f"{BACKEND}:native failed: "),
]


@pytest.mark.parametrize(
    ("options", "message"), FAILING, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
@pytest.mark.one_backend
def test_a_failing_side_is_one_line(cli, options, message):
    if "numpy:plain" in options and "numpy" not in INSTALLED:
        pytest.skip("backend numpy is not installed")
    lengths = [] if "--lengths" in options else ["--lengths", "64"]
    status, stdout, stderr = cli(*options, *lengths, "--pairs", "1")
    assert (status, stdout) == (1, "")
    (line,) = stderr.strip().splitlines()
    assert line.startswith("Error: ")
    assert message in line


@pytest.fixture
def few_checks(monkeypatch):
    from hyenadna_core.checks import kernel as kernel_check

    monkeypatch.setattr(kernel_check, "LENGTHS", (1, 8))
    monkeypatch.setattr(kernel_check, "LONG_LENGTHS", (100,))
    return kernel_check


@pytest.mark.usefixtures("few_checks")
@pytest.mark.one_backend
def test_a_kernel_is_checked_by_its_name(cli):
    status, stdout, _ = cli("--check-kernel", "generic")
    assert status == 0
    assert len(stdout.splitlines()) >= 8
    assert all(line.startswith("ok ") for line in stdout.splitlines())


@pytest.mark.one_backend
def test_a_kernel_that_fails_its_checks_is_an_error(cli, few_checks, monkeypatch):
    monkeypatch.setattr(few_checks, "GATE", -1.0)
    status, stdout, stderr = cli("--check-kernel", "generic")
    assert status == 1
    assert any(line.startswith("FAIL") for line in stdout.splitlines())
    assert "checks failed, first: " in stderr.strip().splitlines()[-1]
