import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.memory import estimate, micro_batch
from hyenadna_core.training.stages import plan_micro_batches, plan_stages
from hyenadna_core.training.warmup import Stage

SMALL = HyenaConfig(4, 256, 32_770)


def texts(stages):
    return [str(stage) for stage in stages]


def test_by_default_lengths_double_and_a_step_has_as_many_bases():
    assert texts(plan_stages(258, steps=9)) == ["64x16@3", "128x8@3", "256x4@3"]


def test_steps_that_no_stage_would_take_are_one_line():
    with pytest.raises(HyenaDNAError, match=r"^--stages 64x4@20,128x2@5 has 25 steps, and --steps is 50: leave one"):
        plan_stages(258, stages="64x4@20,128x2@5", steps=50)
    assert texts(plan_stages(258, stages="64x4@20", steps=20)) == ["64x4@20"]
    assert texts(plan_stages(258, stages="64x4@20,128x2", steps=50)) == ["64x4@20", "128x2@50"]


def test_warmup_keeps_the_sequences_of_a_step():
    stages = plan_stages(32_770, warmup="8192..32768", batch_size=8, steps=30)
    assert texts(stages) == ["8192x8@10", "16384x8@10", "32768x8@10"]


def test_warmup_that_is_no_power_of_two_ends_at_its_last_length():
    assert [stage.seq_len for stage in plan_stages(1026, warmup="100..500", batch_size=1)] == [100, 200, 400, 500]


def test_warmup_can_keep_the_bases_of_a_step():
    stages = plan_stages(1026, warmup="256..1024", batch_bases=4096, steps=3)
    assert texts(stages) == ["256x16@1", "512x8@1", "1024x4@1"]


def test_bases_a_step_hold_for_named_stages_that_do_not_say():
    assert texts(plan_stages(1026, stages="256@2,1024x1@3", batch_bases=2048)) == ["256x8@2", "1024x1@3"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"warmup": "64-128"}, "Cannot read the warmup '64-128': write FIRST..LAST, as in 64..32768"),
        ({"warmup": "128..64"}, "Cannot read the warmup '128..64'"),
        ({"warmup": "0..64"}, "Cannot read the warmup '0..64'"),
        ({"warmup": "64..4096"}, "A stage has 4,096 bases but the model takes at most 1,026"),
        ({"warmup": "64..128", "stages": "64"}, "--stages and --warmup both"),
        ({"batch_size": 2, "batch_bases": 64}, "--batch-size and --batch-bases both"),
    ],
)
def test_a_plan_that_cannot_be_is_one_line(options, message):
    with pytest.raises(HyenaDNAError, match=message):
        plan_stages(1026, **options)


def test_as_many_sequences_as_memory_allows_go_at_a_time():
    """Give just enough memory for four of them by the estimate, and one byte less."""
    four = estimate(SMALL, 4, 8192, training=True).peak
    assert micro_batch(SMALL, 8, 8192, four, "torch") == 4
    assert micro_batch(SMALL, 8, 8192, four - 1, "torch") == 3
    assert micro_batch(SMALL, 8, 8192, 10 * four, "torch") == 8
    assert micro_batch(SMALL, 8, 8192, 0, "torch") == 1  # it may fit all the same


@pytest.mark.parametrize(("backend", "d_model", "seq_len"), [("mlx", 256, 160_000), ("torch", 255, 65_536)])
def test_a_rematerialised_part_of_a_batch_is_the_largest_that_fits(backend, d_model, seq_len):
    config = HyenaConfig(2, d_model, seq_len, rematerialise=True)
    peaks = {B: estimate(config, B, seq_len, True, backend).peak for B in range(1, 33)}
    for limit in (peaks[1], peaks[2], peaks[7], 1 << 34):
        assert micro_batch(config, 32, seq_len, limit, backend) == max(B for B in peaks if peaks[B] <= limit)


@pytest.mark.one_backend
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("backend", "scores"), [("jax", True), ("mlx", True), ("torch", False)])
def test_attention_takes_the_square_of_the_length_where_scores_are_kept(backend, scores, training):
    """Compare with measurements: JAX and MLX hold (L, L) scores for each head, PyTorch none."""
    attention = HyenaConfig(2, 128, 20_000, mixer="attention")
    short, long = (estimate(attention, 1, L, training, backend).activations for L in (8192, 16384))
    assert (long > 3 * short) == scores
    assert estimate(attention, 1, 8192, training, backend).spectra == 0


def test_parts_are_of_even_size_on_every_device():
    stages = [Stage(8192, 8, 1), Stage(16384, 6, 1)]
    six = estimate(SMALL, 5, 8192, training=True).peak
    assert plan_micro_batches(SMALL, stages, None, 1, six, "torch") == (4, 2)
    assert plan_micro_batches(SMALL, stages, 3, 1, 0, "torch") == (2, 3)
    assert plan_micro_batches(SMALL, stages, 4, 2, 0, "torch") == (4, 2)
    with pytest.raises(HyenaDNAError, match="16384x6@1 has 6 sequences a step, which do not divide among 4 devices"):
        plan_micro_batches(SMALL, stages, None, 4, 0, "torch")
