from itertools import chain

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyenadna_core.inference.shard import Shard, shard_option


@given(st.integers(0, 300), st.integers(1, 40))
def test_each_part_is_in_one_shard_and_shards_are_balanced(parts, count):
    shards = [Shard(number, count).parts(parts) for number in range(1, count + 1)]
    assert list(chain.from_iterable(shards)) == list(range(parts))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


OTHERS = ["0/4", "5/4", "1/0", "-1/4", "1", "1/4/2", " 1/4", "a/b", "1/9999999", "1/4\n", "\u0661/\u0664"]


@pytest.mark.parametrize("text", OTHERS)
def test_other_texts_are_no_shards(text):
    assert Shard.from_text(text) is None


def test_the_text_of_a_shard_is_read_back():
    assert Shard.from_text(str(Shard(3, 8))) == Shard(3, 8)


def test_a_wrong_shard_on_the_command_line_is_wrong_usage():
    command = shard_option(click.Command("score"))
    with pytest.raises(click.BadParameter, match=r"'5/4' is not I/N with I from 1 to N, such as 2/8\."):
        command.make_context("score", ["--shard", "5/4"])
    assert command.make_context("score", []).params["shard"] == Shard(1, 1)
