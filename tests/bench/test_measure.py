"""`hyenadna bench`: its plain formula, its statistics on made-up numbers, and tiny runs; never a time."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from keras import config, ops

from hyenadna_backends import BACKENDS, Choice, FFTConv, current_kernel, missing, use_kernel
from hyenadna_backends.allocator import VARIABLE, allocator_settings
from hyenadna_backends.kernels import definition, plain
from hyenadna_core.bench import cases as bench_cases
from hyenadna_core.bench import figures as bench_figures
from hyenadna_core.bench import report as bench_report
from hyenadna_core.bench.measure import Case, Contender, Result, choose_sides, choose_what, default_channels, plan
from hyenadna_core.bench.process import Exhausted, thread_limits, worker
from hyenadna_core.bench.worker import Calls
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.errors import HyenaDNAError
from hyenadna_plugins import plugin_manager

BACKEND = config.backend()
TRAINS = BACKENDS[BACKEND].trains
INSTALLED = [name for name in ("jax", "torch", "mlx", "numpy") if missing(name) is None]
LENGTHS = [1, 2, 3, 16, 97, 255, 256]


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Runs `hyenadna bench` in this process, in a folder of its own; (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        session = Session(plugin_manager(names=[]), Choice(BACKEND, "test"))
        result = CliRunner().invoke(make_cli(session), ["bench", *map(str, arguments)])
        use_kernel(None)  # not what --check-kernel left in use
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


def arrays(L, B=2, D=3, seed=0):
    random = np.random.default_rng(seed)
    return tuple(random.normal(size=shape).astype(np.float32) for shape in ((B, D, L), (D, L), (D,)))


def results(seconds, what="forward", batch_size=1, channels=None):
    """Results from {side: {length: [seconds]}}; None instead of times is a failure."""
    return [
        Result(
            Case(what, L, batch_size, channels, {}), Contender(*side.split(":")), times or [], None if times else "gone"
        )
        for side, by_length in seconds.items()
        for L, times in by_length.items()
    ]


@pytest.mark.parametrize("L", LENGTHS)
def test_the_plain_formula_is_the_definition(L):
    u, k, bias = arrays(L)
    expected = definition.fft_conv(u, k, bias)
    found = ops.convert_to_numpy(plain.fft_conv(*map(ops.convert_to_tensor, (u, k, bias))))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("L", LENGTHS)
@pytest.mark.usefixtures("trains")
def test_the_gradients_of_the_plain_formula_are_those_of_the_definition(L, gradients):
    inputs, dy = arrays(L), arrays(L, seed=1)[0]
    for found, expected in zip(gradients(plain.fft_conv, inputs, dy), definition.gradients(*inputs, dy), strict=True):
        np.testing.assert_allclose(found, expected, atol=5e-6 * np.abs(expected).max(), rtol=0)


def test_the_plain_formula_computes_in_float32_and_answers_in_the_dtype_of_its_input():
    u, k, bias = arrays(97)
    rounded = ops.cast(ops.convert_to_tensor(u), "bfloat16")
    y = plain.fft_conv(rounded, ops.convert_to_tensor(k), ops.convert_to_tensor(bias))
    assert str(y.dtype).split(".")[-1] == "bfloat16"
    expected = definition.fft_conv(ops.convert_to_numpy(ops.cast(rounded, "float32")), k, bias)
    found = ops.convert_to_numpy(ops.cast(y, "float32"))
    np.testing.assert_allclose(found, expected, rtol=2**-8, atol=2e-6 * np.abs(expected).max())


def test_the_interval_of_a_median_lies_between_values_that_tosses_of_a_coin_allow():
    # 7 values: P(no head) = 1/128 = 0.8 %, P(at most one) = 8/128 = 6 %: the first and the last.
    assert bench_figures.interval([5.0, 1.0, 4.0, 2.0, 7.0, 3.0, 6.0]) == (1.0, 7.0)
    # 5 values: P(no head) = 1/32 = 3.1 %, so that even the first and the last are too near.
    assert bench_figures.interval([1.0, 2.0, 3.0, 4.0, 5.0]) is None
    # 9 values: P(at most one) = 10/512 = 1.95 %, P(at most two) = 46/512 = 9 %: the second and the eighth.
    assert bench_figures.interval([float(value) for value in range(1, 10)]) == (2.0, 8.0)
    # 21 values: P(at most five) = 27,896/2^21 = 1.3 %, P(at most six) = 3.9 %: the sixth and the sixteenth.
    assert bench_figures.interval([float(value) for value in range(1, 22)]) == (6.0, 16.0)


def test_ratios_are_taken_pair_by_pair():
    found = bench_figures.ratio("plain", [2.0, 6.0, 20.0], [1.0, 2.0, 10.0])
    assert (found.per_pair, found.median, found.low) == ([2.0, 3.0, 2.0], 2.0, None)
    assert str(found) == "2.00"
    found = bench_figures.ratio("plain", [2.0, 3.0, 4.0, 5.0, 6.0, 8.0], [1.0] * 6)
    assert str(found) == "4.50 [2.00, 8.00]"


def test_rows_have_median_quartiles_bases_a_second_and_their_ratios():
    sides = [Contender("jax", "native"), Contender("jax", "plain"), Contender("torch", "plain")]
    times = {
        "jax:native": {100: [1.0, 2.0, 3.0, 4.0, 10.0]},
        "jax:plain": {100: [2.0, 4.0, 6.0, 8.0, 20.0]},
        "torch:plain": {100: [5.0, 10.0, 15.0, 20.0, 50.0]},
    }
    first, second, last = bench_figures.rows(results(times, batch_size=6), sides)
    assert (first.median, first.quartiles, first.bases_per_second) == (3.0, (2.0, 4.0), 200.0)
    assert [(ratio.against, ratio.median) for ratio in first.ratios] == [("jax:plain", 2.0), ("torch:plain", 5.0)]
    assert [(ratio.against, ratio.median) for ratio in second.ratios] == [("torch:plain", 2.5)]
    assert last.ratios == []


def test_rows_are_compared_with_the_system_s_allocator_and_with_ours():
    texts = (f"{BACKEND}:native", f"{BACKEND}:plain", f"{BACKEND}:plain@system")
    sides = choose_sides(BACKEND, sides=",".join(texts))
    assert tuple(map(str, sides)) == texts
    case = Case("forward", 8, 1, None, {})
    found = bench_figures.rows(
        [Result(case, side, [time]) for side, time in zip(sides, (1.0, 2.0, 5.0), strict=True)], sides
    )
    assert [[(one.against, one.median) for one in row.ratios] for row in found] == [
        [(texts[1], 2.0), (texts[2], 5.0)],
        [(texts[2], 2.5)],
        [(texts[1], 0.4)],
    ]
    head, first, *_ = bench_report.cells(found)
    assert (head[-2:], first[-2:]) == (("x own plain", f"x {texts[2]}"), ("2.00", "5.00"))


def test_a_convolution_without_gradients_is_not_compared_with_one_that_has_them():
    sides = [Contender("numpy", "native"), Contender("torch", "plain")]
    times = {"numpy:native": {8: [1.0]}, "torch:plain": {8: [3.0]}}
    conv = bench_figures.rows(results(times, "conv", channels=2), sides)
    assert [row.ratios for row in conv] == [[], []]
    assert [bench_report.label(row) for row in conv] == ["conv, forward", "conv, both ways"]
    assert bench_figures.rows(results(times), sides)[0].ratios[0].median == 3.0


def test_the_exponent_is_the_slope_between_logarithms():
    constant, exponent = bench_figures.fit([(10, 5e-2), (100, 5.0), (1000, 500.0)])
    np.testing.assert_allclose((constant, exponent), (5e-4, 2.0))
    # 1, 2 and 8 at lengths 1, 2 and 4: logarithms of base two 0, 1, 3 over 0, 1, 2, whose slope is 3/2.
    np.testing.assert_allclose(bench_figures.fit([(1, 1.0), (2, 2.0), (4, 8.0)])[1], 1.5)


def test_exponents_are_of_one_channel_and_leave_out_what_failed():
    times = {"jax:native": {10: [4.0], 1000: [400.0], 2000: None}}
    found = bench_figures.rows(results(times, "conv", batch_size=2, channels=2), [Contender("jax", "native")])
    (fit,) = bench_figures.fits(found)
    assert fit.lengths == [10, 1000]
    np.testing.assert_allclose((fit.constant, fit.exponent, fit.at(1000)), (0.1, 1.0, 100.0))


def test_lengths_near_each_other_have_no_exponent():
    times = {"jax:native": {8191: [0.1], 8192: [0.9], 8193: [0.2]}}
    assert bench_figures.fits(bench_figures.rows(results(times), [Contender("jax", "native")])) == []


def test_curves_cross_where_a_line_between_logarithms_passes_one():
    np.testing.assert_allclose(bench_figures.crossing_length({100: 0.5, 400: 2.0}), 200.0)
    np.testing.assert_allclose(bench_figures.crossing_length({100: 0.25, 800: 2.0, 900: 9.0}), 400.0)
    assert bench_figures.crossing_length({100: 1.5, 400: 2.0}) is None
    assert bench_figures.crossing_length({100: 0.5, 400: 0.9}) is None


def test_a_transformer_is_extrapolated_along_power_laws_and_it_is_said():
    """Quadratic against linear: the ratio doubles as the length does."""
    lengths = (1000, 2000, 4000)
    times = {
        "jax:native": {L: [L * 1e-3] for L in lengths} | {8000: [8.0]},
        "jax:attention": {L: [L**2 * 5e-7] for L in lengths} | {8000: None},
    }
    found = bench_figures.rows(results(times), [Contender("jax", "native"), Contender("jax", "attention")])
    (crossing,) = bench_figures.crossings(found)
    np.testing.assert_allclose(list(crossing.ratios.values()), [0.5, 1.0, 2.0])
    np.testing.assert_allclose((crossing.crosses_at, crossing.extrapolated), (2000.0, 500.0))
    text = bench_report.table(found)
    assert "EXTRAPOLATED, not measured: 500x at 1,000,000 bases" in text
    assert "\tjax:attention\tgone\t" in text


def test_a_million_bases_that_were_measured_are_not_extrapolated():
    times = {"jax:native": {1000: [1.0], 1_000_000: [9.0]}, "jax:attention": {1000: [1.0], 1_000_000: [90.0]}}
    found = bench_figures.rows(results(times), [Contender("jax", "native"), Contender("jax", "attention")])
    assert bench_figures.crossings(found)[0].extrapolated is None


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
    assert choose_sides(BACKEND) == [Contender(BACKEND, "native"), Contender(BACKEND, "plain")]
    assert choose_sides(BACKEND, against="attention")[1] == Contender(BACKEND, "attention")
    assert choose_sides(BACKEND, sides=f"{BACKEND}:generic") == [Contender(BACKEND, "generic")]
    for text in ("jax", "jax:native@system2", "@system"):
        with pytest.raises(HyenaDNAError, match=rf"Cannot read the side '{text}': write BACKEND:KERNEL or"):
            choose_sides(BACKEND, sides=text)
    with pytest.raises(HyenaDNAError, match="leave out --backends and --against"):
        choose_sides(BACKEND, sides="jax:native", against="attention")
    assert choose_what([Contender("jax", "native")]) == ["conv", "forward", "step"]
    assert choose_what([Contender("jax", "attention")]) == ["forward", "step"]
    assert choose_what([Contender("numpy", "plain")]) == ["conv", "forward"]


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


@pytest.mark.parametrize("other", [name for name in INSTALLED if name != BACKEND])
def test_two_backends_take_turns_in_processes_of_their_own(cli, other):
    sides = f"{BACKEND}:native,{other}:plain"
    options = ["--what", "forward", "--lengths", "64", "--pairs", "2", "--memory"]
    status, stdout, _ = cli("--sides", sides, *options)
    assert status == 0
    head, first, second = (line.split("\t") for line in stdout.splitlines())
    assert (first[4], second[4], head[-1]) == (f"{BACKEND}:native", f"{other}:plain", f"x {other}:plain")
    assert float(first[-1]) > 0
    assert second[-1] == "-"
    assert int(first[head.index("peak MB")].split(" ")[0].replace(",", "")) > 50


@pytest.mark.usefixtures("trains")
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
            raise bench.SideFailed(side, "over 1 s")
        return {"seconds": 0.5}

    class Silent:
        def ask(self, request):
            return {}

        def close(self):
            pass

    monkeypatch.setattr(bench, "ask", ask)
    monkeypatch.setattr("hyenadna_core.bench.process.Worker", lambda *_: Silent())
    cases = [Case("forward", L, 1, None, {}) for L in (10, 20)]
    found = list(bench.measure(cases, [native, slow], pairs=2, max_seconds=1.0))
    assert [(one.side, one.seconds, one.failure) for one in found] == 2 * [
        (native, [0.5, 0.5], None),
        (slow, [], "over 1 s"),
    ]
    assert asked.count(("prepare", "slow")) == 1  # it is not tried at greater lengths


def test_a_worker_that_is_lost_is_replaced():
    with worker(BACKEND, 1) as process:
        with pytest.raises(Exhausted, match="over 0 s"):
            process.ask({"do": "devices"}, timeout=1e-3)
        assert process.ask({"do": "drop"}) == {}
        assert process.ask({"do": "peaks"})["peak"] > 1e7


def test_a_worker_allocates_as_its_side_says(monkeypatch):
    for keeps in (False, True):  # whatever the command has given itself
        for name, value in allocator_settings(keeps, environment={}).items():
            monkeypatch.setenv(name, value)
        with (
            worker(BACKEND, 1) as ours,
            worker(BACKEND, 1, keeps=True) as kept,
            worker(BACKEND, 1, system=True) as system,
        ):
            assert ours.environment().items() >= allocator_settings(environment={}).items()
            assert kept.environment().items() >= allocator_settings(keeps=True, environment={}).items()
            assert VARIABLE not in system.environment()
    monkeypatch.setenv(VARIABLE, "glibc.malloc.arena_max=2")  # somebody else's
    with worker(BACKEND, 1) as ours, worker(BACKEND, 1, system=True) as system:
        assert ours.environment()[VARIABLE] == system.environment()[VARIABLE] == "glibc.malloc.arena_max=2"


def test_every_pool_of_threads_is_bounded():
    assert set(thread_limits(3).values()) == {"3"}
    assert {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"} <= thread_limits(3).keys()


@pytest.mark.skipif("torch" not in INSTALLED, reason="torch, which tells its number of threads, is not installed")
def test_a_worker_has_the_threads_that_it_is_given(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with worker("torch", 1) as process:
        assert "cpu (1 threads)" in process.ask({"do": "devices"})["devices"]


@pytest.mark.parametrize("what", ["conv", "forward"])
def test_a_call_computes_with_the_kernel_of_its_side(what, monkeypatch):
    asked = []

    def counted(u, k, bias):
        asked.append(u.shape[-1])
        return plain.fft_conv(u, k, bias)

    monkeypatch.setattr(bench_cases, "PLAIN", FFTConv("plain", lambda: counted))
    model = {"n_layer": 1, "d_model": 8, "max_seq_len": 40}
    case = {"what": what, "length": 33, "batch_size": 1, "channels": 2, "model": model}
    calls = Calls(BACKEND)
    try:
        calls.prepare({"kernel": "native", "case": case})
        assert asked == []
        calls.prepare({"kernel": "plain", "case": case})
        assert set(asked) == {33}
        for kernel, name in (("native", BACKEND), ("plain", "plain"), ("native", BACKEND)):
            calls.run({"kernel": kernel})
            assert current_kernel().name == name
        calls.use("matmul")
        assert current_kernel().name == "matmul"
    finally:
        use_kernel(None)


FAILING = [
    (["--sides", f"{BACKEND}:fast", "--what", "conv"], f"{BACKEND}:fast failed: Unknown kernel 'fast'"),
    (["--sides", "caffe:native"], "Unknown backend 'caffe': choose one of jax"),
    (["--lengths", "1024,many"], "Cannot read the lengths '1024,many': write bases with commas between"),
    (["--preset", "huge"], "Unknown preset 'huge': choose one of hyenadna-tiny-1k"),
    (["--against", "attention", "--what", "conv"], "choose --what forward or step"),
    (["--sides", "numpy:plain", "--what", "step"], "Backend 'numpy' has no gradients: choose --what conv or forward"),
    (["--backends", f"{BACKEND},{BACKEND}"], "A side is named twice"),
    (["--dtype", "float7", "--what", "forward"], f"{BACKEND}:native failed: "),
]


@pytest.mark.parametrize(
    ("options", "message"), FAILING, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
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
def test_a_kernel_is_checked_by_its_name(cli):
    status, stdout, _ = cli("--check-kernel", "generic")
    assert status == 0
    assert len(stdout.splitlines()) >= 8
    assert all(line.startswith("ok ") for line in stdout.splitlines())


def test_a_kernel_that_fails_its_checks_is_an_error(cli, few_checks, monkeypatch):
    monkeypatch.setattr(few_checks, "GATE", -1.0)
    status, stdout, stderr = cli("--check-kernel", "generic")
    assert status == 1
    assert any(line.startswith("FAIL") for line in stdout.splitlines())
    assert "checks failed, first: " in stderr.strip().splitlines()[-1]


def test_tables_go_between_the_markers_of_a_page(tmp_path):
    sides = [Contender("jax", "native"), Contender("jax", "plain")]
    times = {"jax:native": {10: [1.0], 100: [10.0]}, "jax:plain": {10: [3.0], 100: [40.0]}}
    found = bench_figures.rows(results(times), sides)
    run = json.loads(json.dumps(bench_figures.as_json(found, bench_report.machine(2, {"jax": "1.0 on cpu"}))))
    assert bench_report.rows_of(run)[0].ratios == found[0].ratios
    page = tmp_path / "page.md"
    page.write_text(f"before\n{bench_report.START}\nold\n{bench_report.END}\nafter\n")
    bench_report.write_page(page, [run])
    bench_report.write_page(page, [run])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert text.count("| forward | 100 | 1 | - | jax:native | 10 |") == 1
    assert "- forward, jax:native: time grows as bases^1.00 (10 to 100)" in text
    page.write_text("no markers")
    with pytest.raises(HyenaDNAError, match="has no place for tables"):
        bench_report.write_page(page, [run])
