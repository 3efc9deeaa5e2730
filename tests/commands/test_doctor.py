"""`hyenadna doctor` as it is run."""

import json
import os

import pytest

from hyenadna_backends import BACKENDS, devices, missing

BACKEND = os.environ["KERAS_BACKEND"]
TRAINS = BACKENDS[BACKEND].trains


@pytest.mark.one_backend
def test_doctor_checks_the_device_against_numpy(cli):
    status, stdout, _ = cli("doctor", "--self-check")
    assert status == 0
    checks = [line for line in stdout.splitlines() if line.startswith(("ok ", "FAIL"))]
    assert sum("fft_conv" in line for line in checks) == 20
    assert sum("the original's" in line for line in checks) == (4 if TRAINS else 3)
    assert not any(line.startswith("FAIL") for line in checks)


@pytest.mark.one_backend
def test_a_check_that_fails_is_seen(cli, monkeypatch, one_line):
    from hyenadna_core.checks import self_check

    monkeypatch.setattr(self_check, "GATE", -1.0)
    monkeypatch.setattr(self_check, "LENGTHS", (8, 9))
    monkeypatch.setattr(self_check, "CASES", ())
    status, stdout, stderr = cli("doctor", "--self-check")
    assert status == 1
    assert sum(line.startswith("FAIL  fft_conv") for line in stdout.splitlines()) == 2
    assert one_line(stderr) == "Error: 2 of 2 checks failed, first: fft_conv, 8 bases."
    status, stdout, _ = cli("doctor", "--self-check", "--json")
    assert [check["passed"] for check in json.loads(stdout)["self_check"]] == [False, False]


def test_doctor_estimates_the_memory_of_a_preset(cli, one_line):
    header, *rows = (
        line.split("\t") for line in cli("doctor", "--preset", "large-1m", "--seq-len", "1000000")[1].splitlines()
    )
    assert [row[0] for row in rows] == ["inference", "training", "rematerialised"]
    peaks = [int(row[header.index("peak_MB")]) for row in rows]
    assert peaks[0] < 6000 < peaks[2] < peaks[1]
    status, _, stderr = cli("doctor", "--preset", "tiny-1k", "--seq-len", "2000")
    assert (status, one_line(stderr)) == (1, "Error: hyenadna-tiny-1k takes at most 1,026 bases, not 2,000.")
    (inference, *_) = json.loads(cli("doctor", "--preset", "tiny-1k", "--json")[1])
    assert inference["peak"] == sum(inference[part] for part in ("weights", "spectra", "activations", "optimizer"))


@pytest.mark.one_backend
@pytest.mark.usefixtures("fresh_plan", "fresh_kernel")
@pytest.mark.parametrize(
    ("setting", "arguments", "error"),
    [
        (
            "HYENADNA_FFT_LENGTH=fast",
            "--preset tiny-1k",
            "HYENADNA_FFT_LENGTH is 'fast': choose one of smooth, power_of",
        ),
        ("HYENADNA_FFT_TWO_STEPS=1e6", "--self-check", "HYENADNA_FFT_TWO_STEPS is '1e6': give a number of points"),
        ("HYENADNA_FFT_CONV=cuda", "--self-check", "HYENADNA_FFT_CONV: Unknown kernel 'cuda': on backend"),
    ],
)
def test_a_setting_that_is_wrong_is_one_line(setting, arguments, error, cli, monkeypatch, one_line):
    monkeypatch.setenv(*setting.split("="))
    status, _, stderr = cli("doctor", *arguments.split())
    assert (status, one_line(stderr)[: len(error) + 7]) == (1, f"Error: {error}")


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    devices.cores.cache_clear()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert devices.cores() == 3
    devices.cores.cache_clear()
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5}, raising=False)
    assert devices.cores() == 2
    devices.cores.cache_clear()


@pytest.mark.all_backends
def test_doctor_names_what_is_here_and_what_is_not(cli):
    diagnosis = json.loads(cli("doctor", "--json")[1])
    assert (diagnosis["backend"], diagnosis["reason"]) == (BACKEND, "test")
    installed = {name for name in BACKENDS if missing(name) is None}
    assert {name for name, state in diagnosis["backends"].items() if state.get("devices")} == installed
    extras = {"jax", "torch", "mlx", "classify", "hub", "h5ad", "vcf", "bigwig", "pictures", "tensorboard", "wandb"}
    assert set(diagnosis["extras"]) == extras
    text = cli("doctor")[1]
    for name, state in diagnosis["backends"].items():
        line = next(line for line in text.splitlines() if line.startswith(name))
        assert (state["version"] in line) if "version" in state else ("pip install" in line or "broken" in line)
