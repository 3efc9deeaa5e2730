import pytest

from hyenadna_backends import SettingError
from hyenadna_backends.fft_length import (
    OVERRIDE,
    TWO_STEPS,
    even_smooth_length,
    planned_length,
    planned_steps,
    power_of_two_length,
    smooth_length,
    two_steps_from,
)

pytestmark = pytest.mark.usefixtures("fresh_plan")


@pytest.mark.parametrize("rule", [smooth_length, even_smooth_length])
@pytest.mark.parametrize("minimum", [1, 7, 2 * 1026 - 1, 2 * 160_001 - 1, 2 * 1_000_002 - 1])
def test_smooth_lengths_have_no_prime_factor_above_5(minimum, rule):
    N = rule(minimum)
    assert minimum <= N <= 1.1 * minimum + 1
    for prime in (2, 3, 5):
        while N % prime == 0:
            N //= prime
    assert N == 1


def test_transforms_of_real_numbers_have_even_lengths():
    assert [even_smooth_length(n) for n in (1, 2, 9, 25, 673)] == [2, 2, 10, 30, 720]


def test_powers_of_two_round_up_and_stay():
    assert [power_of_two_length(n) for n in (1, 2, 3, 1023, 1024, 1025)] == [1, 2, 4, 1024, 1024, 2048]


def test_the_rule_is_the_kernels_unless_it_is_overridden(monkeypatch, fresh_plan):
    assert (planned_length(5), planned_length(5, "power_of_two")) == (10, 16)
    monkeypatch.setenv(OVERRIDE, "power_of_two")
    fresh_plan()
    assert planned_length(5) == 16
    monkeypatch.setenv(OVERRIDE, "fast")
    fresh_plan()
    with pytest.raises(SettingError, match=r"^HYENADNA_FFT_LENGTH is 'fast': choose one of smooth, power_of_two\.$"):
        planned_length(5)


@pytest.mark.parametrize("rule", ["smooth", "power_of_two"])
@pytest.mark.parametrize("override", ["", "smooth", "power_of_two"])
def test_two_steps_have_room_for_the_tail_whatever_the_rule(rule, override, monkeypatch):
    monkeypatch.setenv(OVERRIDE, override)
    for L in (50, 100, 160_001, 531_269, 1_000_002):
        rows, columns = planned_steps(L, 0, 1 << (planned_length(L, rule).bit_length() // 2), rule)
        assert 2 * L - 1 <= rows * columns < 4.1 * L
        assert (override or rule) == "smooth" or columns.bit_count() == 1


def test_two_steps_start_where_the_kernel_says_unless_it_is_overridden(monkeypatch, fresh_plan):
    assert two_steps_from(600) == 600
    assert planned_steps(300, 601, 8) is None
    assert planned_steps(300, 600, 8) == (8, 75)
    monkeypatch.setenv(TWO_STEPS, "50")
    fresh_plan()
    assert two_steps_from(600) == 50
    monkeypatch.setenv(TWO_STEPS, "1e6")
    fresh_plan()
    with pytest.raises(
        SettingError, match=r"^HYENADNA_FFT_TWO_STEPS is '1e6': give a number of points, as in 600000\.$"
    ):
        two_steps_from(600)
