import pytest

from hyenadna_backends.fft_length import (
    OVERRIDE,
    even_smooth_length,
    overriding_rule,
    planned_length,
    power_of_two_length,
    smooth_length,
)


@pytest.fixture(autouse=True)
def asks_again():
    overriding_rule.cache_clear()
    yield
    overriding_rule.cache_clear()


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


def test_the_rule_is_the_kernels_unless_it_is_overridden(monkeypatch):
    monkeypatch.delenv(OVERRIDE, raising=False)
    assert (planned_length(5), planned_length(5, "power_of_two")) == (10, 16)
    monkeypatch.setenv(OVERRIDE, "power_of_two")
    overriding_rule.cache_clear()
    assert planned_length(5) == 16
    monkeypatch.setenv(OVERRIDE, "fast")
    overriding_rule.cache_clear()
    with pytest.raises(ValueError, match="HYENADNA_FFT_LENGTH is 'fast': choose one of smooth, power_of_two"):
        planned_length(5)
