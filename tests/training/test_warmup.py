import pytest

from hyenadna_core import HyenaDNAError, Stage
from hyenadna_core.training.warmup import bases_until, doubling, parse_stages, stage_at

STAGES = [Stage(64, 4, 2), Stage(128, 2, 3)]


def test_a_step_falls_in_its_stage_and_after_the_end_in_the_last():
    assert [stage_at(STAGES, step).seq_len for step in range(7)] == [64, 64, 128, 128, 128, 128, 128]


def test_bases_add_up():
    assert [bases_until(STAGES, step) for step in (0, 1, 2, 3, 5, 9)] == [0, 256, 512, 768, 1280, 1280]


def test_lengths_double_up_to_the_last():
    assert doubling(64, 1024) == [64, 128, 256, 512, 1024]
    assert doubling(64, 1000) == [64, 128, 256, 512, 1000]
    assert doubling(64, 64) == [64]


def test_stages_are_read_in_full():
    assert parse_stages("64x256@200, 128x128@100", 1, 1) == [Stage(64, 256, 200), Stage(128, 128, 100)]


def test_what_is_left_out_follows_from_the_batch_size_and_the_steps():
    assert parse_stages("64,128@5,1024x2", batch_size=4, steps=11) == [
        Stage(64, 64, 5),
        Stage(128, 32, 5),
        Stage(1024, 2, 6),
    ]


@pytest.mark.parametrize("steps", [5, 7, 800])
def test_shared_steps_add_up(steps):
    assert sum(stage.steps for stage in parse_stages("64,128,256,512,1024", 4, steps)) == steps


@pytest.mark.parametrize("text", ["", "64x", "64@", "x4", "64x4@2,", "sixty", "64x4@2;128", "-64"])
def test_what_cannot_be_read_shows_how_to_write_it(text):
    with pytest.raises(HyenaDNAError, match="SEQ_LENxBATCH_SIZE@STEPS"):
        parse_stages(text, 1, 1)


@pytest.mark.parametrize("text", ["0x4@2", "64x0@2", "64x4@0"])
def test_zero_is_no_stage(text):
    with pytest.raises(HyenaDNAError, match="has a zero"):
        parse_stages(text, 1, 1)


def test_fewer_steps_than_stages_is_an_error():
    with pytest.raises(
        HyenaDNAError, match="2 steps are too few for 3 stages of rising length: give --steps 3 or more"
    ):
        parse_stages("64,128,256", 1, 2)
