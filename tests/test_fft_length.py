import pytest

from hyenadna_backends.fft_length import power_of_two_length, smooth_length


@pytest.mark.parametrize("minimum", [1, 7, 2 * 1026 - 1, 2 * 160_001 - 1, 2 * 1_000_002 - 1])
def test_smooth_lengths_have_no_prime_factor_above_5(minimum):
    N = smooth_length(minimum)
    assert minimum <= N <= 1.1 * minimum + 1
    for prime in (2, 3, 5):
        while N % prime == 0:
            N //= prime
    assert N == 1


def test_powers_of_two_round_up_and_stay():
    assert [power_of_two_length(n) for n in (1, 2, 3, 1023, 1024, 1025)] == [1, 2, 4, 1024, 1024, 2048]
