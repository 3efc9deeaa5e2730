"""The cases of the parity table, on one backend; test_parity.py compares all backends."""

import numpy as np
import pytest
from keras import config

from hyenadna_backends import BACKENDS, use_kernel
from hyenadna_backends.fft_length import TWO_STEPS
from hyenadna_core.checks.cases import CASES, Row, compute, inputs, rows
from hyenadna_core.checks.parity import table

pytestmark = pytest.mark.keras

BACKEND = config.backend()


# `nox -s parity` computes all cases on each backend.
ONCE = ("golden, shift 0", "golden, 37 bases", "order 3, odd length")


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.one_backend) if case.name in ONCE else case for case in CASES],
    ids=lambda case: case.name,
)
def test_this_backend_stays_within_every_gate(case):
    stays_within_every_gate(case)


@pytest.mark.usefixtures("fresh_kernel")
@pytest.mark.parametrize("name", ["generic", "matmul"])
def test_kernels_that_are_not_native_do_so_too(name):
    use_kernel(name)
    stays_within_every_gate(CASES[0])


@pytest.mark.usefixtures("fresh_plan")
@pytest.mark.parametrize("case", [CASES[0], CASES[-1]], ids=lambda case: case.name)
def test_so_do_transforms_in_two_steps(case, monkeypatch):
    monkeypatch.setenv(TWO_STEPS, "0")
    stays_within_every_gate(case)


def stays_within_every_gate(case):
    arrays = inputs(case)
    differences = list(rows(case, arrays, {BACKEND: compute(case, arrays, BACKENDS[BACKEND].trains)}))
    assert len(differences) >= 3 + bool(case.golden)
    for row in differences:
        assert row.exceeded == [], f"{row.quantity}: {row.differences}"


def test_a_wrong_shift_is_beyond_a_gate():
    case = CASES[0]
    arrays = inputs(case)
    good = compute(case, arrays, trains=False)
    wrong = compute(CASES[1], inputs(CASES[1]), trains=False)
    by_quantity = {row.quantity: row for row in rows(CASES[0], arrays, {"good": good, "wrong": wrong})}
    assert by_quantity["logits, float64"].exceeded == ["wrong"]
    assert by_quantity["hidden, float64"].exceeded == ["wrong"]
    assert by_quantity["logits, the original's"].exceeded == ["wrong"]
    assert by_quantity["logits, other backends"].exceeded == ["good", "wrong"]


def test_what_is_no_number_is_beyond_every_gate():
    assert Row("case", "logits", 1.0, {"jax": float("nan"), "torch": 0.5}).exceeded == ["jax"]


def test_the_table_has_a_column_a_backend_and_a_verdict():
    lines = [Row("case", "logits", 1e-5, {"jax": 2e-6, "torch": 1.0}), Row("case", "gradients", 1e-4, {"jax": 0.0})]
    assert table(lines, ["jax", "torch"]).splitlines() == [
        "case\tquantity\tjax\ttorch\tgate\tverdict",
        "case\tlogits\t2.0e-06\t1.0e+00\t1e-05\tEXCEEDED by torch",
        "case\tgradients\t0.0e+00\t-\t1e-04\tok",
    ]


def test_drawn_models_are_the_same_in_every_process_and_nowhere_0_or_1():
    case = next(case for case in CASES if not case.golden)
    first, second = inputs(case), inputs(case)
    for name, tensor in first.items():
        np.testing.assert_array_equal(tensor, second[name])
        assert not np.array_equal(tensor, inputs(case, seed=1)[name]) or name.endswith((".z", ".t"))
        if name not in ("ids", "targets") and "pos_emb" not in name:
            assert not np.isin(tensor, (0.0, 1.0)).any(), name


def test_gradients_that_are_no_numbers_are_beyond_every_gate():
    case = next(case for case in CASES if case.golden == "logits_for_first_37_tokens")
    arrays = inputs(case)
    names = ("backbone.ln_f.weight", "backbone.ln_f.bias")
    good = compute(case, arrays, trains=False) | {f"gradient/{name}": np.full(16, 1e-3, np.float32) for name in names}
    bad = good | {f"gradient/{names[1]}": np.full(16, np.nan, np.float32)}
    by_quantity = {row.quantity: row for row in rows(case, arrays, {"good": good, "bad": bad})}
    assert "bad" in by_quantity["gradients, float64 slopes"].exceeded
    assert by_quantity["gradients, other backends"].exceeded == ["good", "bad"]
