r"""Print how long it takes to generate bases one by one, compared with full forward passes.

    KERAS_BACKEND=jax python docs/experiments/generate_speed.py passes
    KERAS_BACKEND=jax python docs/experiments/generate_speed.py doublings
    KERAS_BACKEND=jax python docs/experiments/generate_speed.py quadratic
    KERAS_BACKEND=jax python docs/experiments/generate_speed.py samples

- passes: 16,376 bases with tiny-16k-d128, compared with a full pass for each base. Passes run twice
  at 16 lengths spread over 16,384; the mean time of the second runs, times 16,376, is that of all.
- doublings: 8,192 to 65,536 bases with 2 blocks of 128 channels and max_seq_len 131,074.
- quadratic: the last doubling, 32,768 to 65,536 bases, compared with that of the obvious
  convolution, which adds up all earlier inputs for each base (tests/model/quadratic_tiles.py). It
  is too slow to run whole: blocks of 64 bases run four times at 8 places spread over the length,
  and the shortest times after the first runs are integrated. The time of the tiles is added for
  the rest of a step.
- samples: 4,096 bases of 8 samples at once, compared with one.

All times of generating include the compilation. The models are untrained.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
from keras import ops

from hyenadna_backends.blocks import backend
from hyenadna_core import CausalLM, HyenaBackbone, generate
from hyenadna_core.model.tiles import BLOCK, Filters

PROMPT = "ACGTTGCA"
LONG = 16_384


def seconds_of(function: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def generating(model: Any, bases: int, samples: int = 1) -> float:
    """Return the seconds in which bases are generated."""

    def run() -> None:
        for _ in generate(model, PROMPT, bases, samples=samples):
            pass

    return seconds_of(run)


def passes() -> None:
    """Print the time of a full pass for each base over that of generating."""
    model = CausalLM.from_preset("tiny-16k-d128", weights=None)
    bases = LONG - len(PROMPT)
    ours, ids = generating(model, bases), np.full((1, LONG), 7, np.int32)
    times = []
    for length in np.linspace(LONG / 16, LONG, 16, dtype=int):
        model.predict_on_batch(ids[:, :length])
        times.append(seconds_of(lambda length=length: model.predict_on_batch(ids[:, :length])))
    whole = np.mean(times) * bases
    print(f"{backend()}: {bases:,} bases in {ours:.2f} s ({1e3 * ours / bases:.3f} ms a base)")
    print(f"a full pass for each base: {whole:,.0f} s (mean of 16 passes: {np.mean(times):.3f} s)")
    print(f"times as fast: {whole / ours:,.0f}")


def doublings() -> None:
    """Print the time for each length, and its ratio to that of half the length."""
    model = CausalLM(HyenaBackbone(2, 128, 131_074))
    before = None
    for bases in (8_192, 16_384, 32_768, 65_536):
        seconds = generating(model, bases)
        print(
            f"{backend()}: {bases:,} bases in {seconds:.2f} s" + (f", {seconds / before:.2f} times" if before else "")
        )
        before = seconds


def quadratic() -> None:
    """Print the ratio of the last doubling, and that of the obvious convolution."""
    twin = run_path(str(Path(__file__).parents[2] / "tests/model/quadratic_tiles.py"))["QuadraticTiles"]
    model, longest = CausalLM(HyenaBackbone(2, 128, 131_074)), 65_536
    fast = {bases: generating(model, bases) for bases in (256, longest // 2, longest)}
    rng, filters = np.random.default_rng(0), Filters(np.zeros((128, longest), np.float32))
    places, times = np.linspace(longest / 8, longest - BLOCK, 8, dtype=int) // BLOCK * BLOCK, []
    for place in places:
        tiles = twin(filters, ops.zeros((1, 128, longest)))
        tiles.append(ops.convert_to_tensor(rng.normal(size=(1, 128, place)).astype("float32")))
        ops.convert_to_numpy(tiles.next_block())
        times.append(min(seconds_of(lambda tiles=tiles: ops.convert_to_numpy(tiles.next_block())) for _ in range(3)))
    own = model.hyena_config.n_layer * (model.hyena_config.order - 1)
    at = np.arange(0, longest, BLOCK)
    blocks = own * np.interp(at, [0, *places], [0, *times])  # seconds of each block
    slow = {bases: blocks[at < bases].sum() + fast[bases] for bases in (longest // 2, longest)}
    for name, seconds in (("tiles", fast), ("obvious, integrated from 8 places", slow)):
        half, whole = seconds[longest // 2], seconds[longest]
        print(f"{backend()}: {name}: {longest // 2:,} bases in {half:.1f} s, {longest:,} in {whole:.1f} s, ", end="")
        print(f"{whole / half:.2f} times")


def samples() -> None:
    """Print the time of 8 samples over that of one."""
    model = CausalLM.from_preset("tiny-16k-d128", weights=None)
    for number in (1, 8):
        generating(model, 256, number)
    one, eight = (generating(model, 4_096, number) for number in (1, 8))
    print(f"{backend()}: one sample {one:.2f} s, 8 samples {eight:.2f} s: {eight / one:.2f} times")


WHAT = {each.__name__: each for each in (passes, doublings, quadratic, samples)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=WHAT)
    WHAT[parser.parse_args().what]()
