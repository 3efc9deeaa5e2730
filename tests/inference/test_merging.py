import shutil
import subprocess
import zipfile

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.inference.locked_output import locked_output, parts_folder
from hyenadna_core.inference.merging import merge
from hyenadna_core.inference.shard import Shard
from hyenadna_core.inference.shard_file import open_shard

NOWHERE = {"vcf": None, "fasta": None}


@pytest.fixture
def shards(squares, numbers, tmp_path):
    """Compute three shards of a job; return their paths."""
    paths = [tmp_path / f"{number}.shard" for number in (1, 2, 3)]
    for number, path in enumerate(paths, 1):
        squares.run(numbers, path, squares.job_of(numbers, shard=Shard(number, 3), chosen={"batch": number}))
    return paths


@pytest.fixture
def joined(squares, tmp_path):
    """Return a function that merges shards and returns the output."""

    def join(paths, inputs=NOWHERE):
        out = tmp_path / "joined.tsv"
        merge(out, paths, inputs, {"squares": lambda: squares.SQUARES})
        return out.read_bytes()

    return join


@pytest.fixture
def refused(joined, tmp_path):
    """Return a function that merges shards, which fails; it returns the message."""

    def join(paths, inputs=NOWHERE):
        before = sorted(tmp_path.iterdir())
        with pytest.raises(HyenaDNAError) as error:
            joined(paths, inputs)
        assert sorted(tmp_path.iterdir()) == before
        return str(error.value)

    return join


@pytest.mark.parametrize("count", [2, 9])
def test_merged_shards_have_the_bytes_of_the_whole(squares, numbers, tmp_path, joined, count):
    squares.run(numbers, tmp_path / "whole.tsv", squares.job_of(numbers))
    paths = [tmp_path / f"{number}.shard" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        squares.run(numbers, path, squares.job_of(numbers, shard=Shard(number, count)))
    assert joined(reversed(paths)) == (tmp_path / "whole.tsv").read_bytes()


def test_a_shard_has_the_same_bytes_each_time(squares, numbers, shards, tmp_path):
    squares.run(numbers, tmp_path / "again.shard", open_shard(shards[1]).job)
    assert (tmp_path / "again.shard").read_bytes() == shards[1].read_bytes()


def test_a_missing_shard_is_named(shards, refused):
    assert refused(shards[1:2]).startswith("Shards are missing: 1/3, 3/3: compute them with --shard")


def test_a_shard_that_is_there_twice_is_named(shards, refused, tmp_path):
    shutil.copy(shards[1], tmp_path / "copy.shard")
    message = f"Shard 2/3 is there twice, in {shards[1]} and {tmp_path / 'copy.shard'}: name it once."
    assert refused([*shards, tmp_path / "copy.shard"]) == message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"power": 3}, "--power is 2 in {first}, and 3 in {other}"),
        ({"shard": Shard(3, 4)}, "--shard is 1/3 in {first}, and 3/4 in {other}"),
    ],
)
def test_shards_of_different_runs_are_refused(squares, numbers, shards, refused, tmp_path, changes, reason):
    other = tmp_path / "other.shard"
    squares.run(numbers, other, squares.job_of(numbers, **{"shard": Shard(3, 3)} | changes))
    reason = reason.format(first=shards[0], other=other)
    message = f"The shards are of different runs: {reason}: merge the shards of one run."
    assert refused([shards[0], shards[1], other]) == message


def test_a_truncated_shard_is_refused(shards, refused):
    content = shards[2].read_bytes()
    for length in (0, 20, len(content) // 2, len(content) - 1):
        shards[2].write_bytes(content[:length])
        assert refused(shards).startswith(f"{shards[2]} ")
        assert "truncated: compute" in refused(shards)


def test_a_shard_with_a_changed_part_is_refused(shards, refused):
    content = shards[1].read_bytes()
    place = content.index(b"F64") + 200
    shards[1].write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    assert refused(shards) == f"{shards[1]}: part 1 is missing or damaged: compute --shard 2/3 again."


def test_a_shard_whose_job_was_edited_is_refused(shards, refused):
    for path in shards:
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content.replace(b'"power": 2', b'"other": 2'))

    assert refused(shards) == f"{shards[0]} was edited or truncated: compute --shard 1/3 again."


def test_what_a_killed_merge_left_is_removed(shards, joined, tmp_path):
    left = tmp_path / ".joined.tsv-12345678"
    left.mkdir()
    (left / "joined.tsv").write_text("half")
    joined(shards)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "1.shard",
        "2.shard",
        "3.shard",
        "joined.tsv",
        "numbers.txt",
    ]


def test_an_output_that_another_process_writes_is_refused(shards, refused, tmp_path):
    out = tmp_path / "joined.tsv"
    with locked_output(out, parts_folder(out), [out]):
        assert refused(shards).startswith(f"{out} is being written by another process")


def test_an_output_that_is_an_input_is_refused(shards, squares, numbers):
    before = numbers.read_text()
    with pytest.raises(HyenaDNAError, match=f"{numbers} is the input {numbers}: name another file"):
        merge(numbers, shards, NOWHERE, {"squares": lambda: squares.SQUARES})
    assert numbers.read_text() == before


def test_a_shard_without_a_part_or_with_compression_is_refused(shards, refused, tmp_path):
    with zipfile.ZipFile(shards[1]) as archive:
        job, comment = archive.read("job.json"), archive.comment
    with zipfile.ZipFile(shards[1], "w") as archive:
        archive.comment = comment
        archive.writestr("job.json", job)
    with pytest.raises(HyenaDNAError, match="part 1 is missing or damaged: compute --shard 2/3 again"):
        open_shard(shards[1])
    with zipfile.ZipFile(shards[1], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("job.json", job)
    assert refused(shards) == f"{shards[1]} is not a .shard file, or it is truncated: compute it again."


def test_a_shard_of_another_version_is_refused(squares, numbers, tmp_path, refused):
    for number in (1, 2):
        job = squares.job_of(numbers, shard=Shard(number, 2), version="0.0.1")
        squares.run(numbers, tmp_path / f"{number}.shard", job)
    message = refused([tmp_path / "1.shard", tmp_path / "2.shard"])
    assert "was written by hyenadna 0.0.1, and this is" in message


def test_inputs_that_have_moved_can_be_named(shards, joined, refused, numbers, tmp_path):
    before, moved = joined(shards), tmp_path / "moved.txt"
    numbers.rename(moved)
    assert refused(shards) == (
        f"Cannot read {numbers}: No such file or directory: the output needs the vcf of the run: name it with --vcf."
    )
    assert joined(shards, {"vcf": moved}) == before
    moved.write_text("1\n")
    assert f"{moved} is not the vcf that was computed: its SHA-256 is" in refused(shards, {"vcf": moved})


def test_an_input_that_the_command_does_not_have_is_refused(shards, refused, tmp_path):
    message = f"`hyenadna squares` has no --fasta: leave out --fasta {tmp_path}."
    assert refused(shards, {"fasta": tmp_path}) == message


def test_an_input_that_is_named_is_compared_although_the_output_does_not_need_it(squares, shards, tmp_path, numbers):
    needs_none = {"squares": lambda: squares.SQUARES._replace(inputs=(), write=lambda job, parts, out: None)}
    merge(tmp_path / "joined.tsv", shards, {"vcf": numbers}, needs_none)
    with pytest.raises(HyenaDNAError, match=r"1\.shard is not the vcf that was computed"):
        merge(tmp_path / "joined.tsv", shards, {"vcf": shards[0]}, needs_none)


def test_an_output_in_the_place_of_a_shard_is_refused(shards):
    with pytest.raises(HyenaDNAError, match="has the suffix of a shard: name the output first, then the shards"):
        merge(shards[0], shards[1:], NOWHERE, {})


def test_a_command_without_shards_is_refused(cli, shards, one_line):
    status, _, stderr = cli("merge", "out.tsv", *shards)
    assert (status, one_line(stderr)) == (
        1,
        f"Error: {shards[0]} is of `hyenadna squares`, which cannot be merged.",
    )


def test_the_command_merges_shards_that_were_computed_by_commands(squares, numbers, tmp_path):
    def run(*words):
        subprocess.run([*squares.words, *map(str, words)], check=True, cwd=tmp_path)

    for number in (1, 2):
        run("squares", numbers, "--out", f"{number}.shard", "--shard", f"{number}/2")
    run("merge", "joined.tsv", "1.shard", "2.shard")
    assert (tmp_path / "joined.tsv").read_text().splitlines()[17] == "17\t289.0"
