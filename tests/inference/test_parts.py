import json
from contextlib import contextmanager
from dataclasses import replace

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.inference.parts import opened_parts
from hyenadna_core.inference.shard import Shard

SQUARED = "".join(f"{number}\t{float(number) ** 2}\n" for number in range(18))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_leaves_its_output_and_nothing_else(squares, numbers, job, out, tmp_path):
    squares.run(numbers, out, job)
    assert out.read_text() == SQUARED
    assert names(tmp_path) == ["numbers.txt", "out.tsv"]


def test_a_resumed_run_computes_only_missing_parts(squares, numbers, job, out, folder, capsys):
    assert names(folder) == [".lock", "job.json", "part-000000.safetensors", "part-000001.safetensors"]
    computed = []
    squares.run(numbers, out, job, resume=True, compute=squares.compute_from(numbers, job, computed))
    assert computed == [2, 3, 4]
    assert out.read_text() == SQUARED
    assert capsys.readouterr().err == f"Continuing with {folder}: 2 of 5 parts are done.\n"
    assert not folder.exists()


def test_a_damaged_part_is_computed_again_with_one_line(squares, numbers, job, out, folder, capsys):
    part = folder / "part-000001.safetensors"
    part.write_bytes(part.read_bytes()[:-1])
    computed = []
    squares.run(numbers, out, job, resume=True, compute=squares.compute_from(numbers, job, computed))
    assert computed == [1, 2, 3, 4]
    assert out.read_text() == SQUARED
    assert f"{part} is damaged: it is computed again." in capsys.readouterr().err.splitlines()


def test_a_link_in_place_of_a_part_is_not_followed(squares, numbers, job, out, folder, tmp_path):
    part, elsewhere = folder / "part-000001.safetensors", tmp_path / "elsewhere"
    part.rename(elsewhere)
    part.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    computed = []
    squares.run(numbers, out, job, resume=True, compute=squares.compute_from(numbers, job, computed))
    assert (computed[0], elsewhere.read_bytes()) == (1, before)


def test_a_part_that_is_damaged_while_the_others_run_is_one_line(squares, numbers, job, out, folder):
    compute = squares.compute_from(numbers, job)

    def damages(part, advance):
        (folder / "part-000000.safetensors").write_bytes(b"")
        return compute(part, advance)

    with pytest.raises(HyenaDNAError, match=r"part-000000\.safetensors was damaged in the meantime") as error:
        squares.run(numbers, out, job, resume=True, compute=damages)
    assert str(error.value).count("continue with: hyenadna") == 1
    assert not out.exists()
    squares.run(numbers, out, job, resume=True)
    assert out.read_text() == SQUARED


def test_an_existing_folder_needs_resume(squares, numbers, job, out, folder):
    message = f"{folder} has parts of an earlier run: add --resume to continue it, or remove it."
    with pytest.raises(HyenaDNAError) as error:
        squares.run(numbers, out, job)
    assert str(error.value) == message
    assert len(names(folder)) == 4


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"options": {"power": 3, "seconds": 0.0}}, "--power is 2 there, and 3 now"),
        ({"options": {"power": 2, "seconds": 0.0, "new_one": "x"}}, "--new-one is missing there, and x now"),
        ({"options": {"power": 2}}, "--seconds is 0.0 there, and missing now"),
        ({"command": "score"}, "the command is squares there, and score now"),
        ({"version": "0.0.1"}, "the version of hyenadna is 0.1.0 there, and 0.0.1 now"),
        ({"shard": Shard(1, 2)}, "--shard is 1/1 there, and 1/2 now"),
    ],
)
def test_the_parts_of_another_job_are_refused_with_what_differs(
    squares, numbers, job, out, folder, changes, reason, monkeypatch
):
    monkeypatch.setattr("hyenadna_core.inference.parts.SUFFIX", ".other" if "shard" not in changes else ".tsv")
    with pytest.raises(HyenaDNAError) as error:
        squares.run(numbers, out, replace(job, **changes), resume=True)
    assert str(error.value) == f"{folder} is of another run: {reason}: use the same, or remove {folder}."
    assert len(names(folder)) == 4


def test_parts_of_an_input_that_has_changed_are_refused(squares, numbers, out, folder):
    numbers.write_text(numbers.read_text().replace("7", "8"))
    with pytest.raises(HyenaDNAError, match=f"the file vcf is {numbers} there, and {numbers} with other content now"):
        squares.run(numbers, out, squares.job_of(numbers), resume=True)


def test_an_input_that_changes_during_the_run_is_one_line(squares, numbers, job, out):
    compute = squares.compute_from(numbers, job)

    def changes(part, advance):
        numbers.write_text("1\n" * 18)
        return compute(part, advance)

    with pytest.raises(HyenaDNAError, match=r"numbers\.txt is not the vcf that was computed"):
        squares.run(numbers, out, job, compute=changes)
    assert not out.exists()


def test_a_resumed_run_keeps_the_choices_of_the_first(squares, numbers, job, out, folder):
    assert folder.is_dir()
    with opened_parts(out, squares.job_of(numbers, chosen={"batch": 99}), resume=True) as parts:
        assert parts.job.chosen == {"batch": 2}
        assert parts.missing == [2, 3, 4]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({}, None),
        ({"batch": "2"}, r"job\.json: chosen\.batch is '2', not a whole number; it was edited"),
        ({"batch": 0}, r"job\.json: chosen\.batch is 0, .*; it was edited"),
    ],
)
def test_choices_that_were_edited_are_those_of_now_or_one_line(squares, job, out, folder, chosen, message):
    path = folder / "job.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chosen": chosen}))
    if message:
        with pytest.raises(HyenaDNAError, match=message), opened_parts(out, job, resume=True):
            pass
    else:
        with opened_parts(out, job, resume=True) as parts:
            assert parts.job.chosen == {"batch": 2}


def test_a_folder_in_the_place_of_a_part_is_found_before_the_work(squares, numbers, job, out, folder):
    (folder / "part-000004.safetensors").mkdir()
    with pytest.raises(HyenaDNAError, match=r"part-000004\.safetensors is a folder: remove it\."):
        squares.run(numbers, out, job, resume=True, compute=None)
    assert (folder / "part-000000.safetensors").exists()


def test_folders_that_a_failed_run_made_are_removed(squares, numbers, job, tmp_path, stop_at):
    (tmp_path / "there").mkdir()
    for out in (tmp_path / "new" / "deep" / "out.tsv", tmp_path / "there" / "out.tsv"):
        with pytest.raises(HyenaDNAError, match="no more"):
            squares.run(numbers, out, job, compute=stop_at(numbers, job, 0, HyenaDNAError("no more")))
    assert not (tmp_path / "new").exists()
    assert list((tmp_path / "there").iterdir()) == []
    with pytest.raises(HyenaDNAError, match="no more"):
        squares.run(
            numbers, tmp_path / "new" / "out.tsv", job, compute=stop_at(numbers, job, 1, HyenaDNAError("no more"))
        )
    assert (tmp_path / "new" / "out.tsv.parts" / "part-000000.safetensors").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", r"it is not JSON .*: remove .*out\.tsv\.parts, and start again without --resume\."),
        ('{"command": "squares"}', "inputs is missing; it was edited, or another version of hyenadna wrote it: remove"),
        (None, "No such file or directory: remove"),
    ],
)
def test_a_damaged_description_of_the_job_is_one_line(squares, numbers, job, out, folder, content, reason):
    if content is None:
        (folder / "job.json").unlink()
    else:
        (folder / "job.json").write_text(content)
    with pytest.raises(HyenaDNAError, match=reason):
        squares.run(numbers, out, job, resume=True)


def test_resume_without_parts_starts_and_says_so(squares, numbers, job, out, capsys):
    squares.run(numbers, out, job, resume=True)
    assert out.read_text() == SQUARED
    assert capsys.readouterr().err == f"There are no parts in {out}.parts: starting from the beginning.\n"


def test_resume_of_a_finished_run_changes_nothing(squares, numbers, job, out):
    squares.run(numbers, out, job)
    with pytest.raises(HyenaDNAError, match=r"is finished, and .* has no parts of it: remove .* to compute it again"):
        squares.run(numbers, out, job, resume=True)
    assert out.read_text() == SQUARED
    assert names(out.parent) == ["numbers.txt", "out.tsv"]


@pytest.mark.parametrize("resume", [True, False])
def test_parts_that_a_finished_run_could_not_remove_are_removed(squares, numbers, job, out, folder, resume):
    (folder / "job.json").unlink()
    out.write_text("finished")
    if resume:
        with pytest.raises(HyenaDNAError, match="is finished, and"):
            squares.run(numbers, out, job, resume=True)
    else:
        squares.run(numbers, out, job)
    assert out.read_text() == ("finished" if resume else SQUARED)
    assert names(out.parent) == ["numbers.txt", "out.tsv"]


def test_a_run_that_fails_before_its_first_part_leaves_nothing(squares, numbers, job, out, tmp_path, stop_at):
    with pytest.raises(HyenaDNAError, match="no more"):
        squares.run(numbers, out, job, compute=stop_at(numbers, job, 0, HyenaDNAError("no more")))
    assert names(tmp_path) == ["numbers.txt"]


def test_unfinished_files_of_a_killed_run_are_removed(squares, numbers, job, out, folder, tmp_path):
    for unfinished in (folder / ".part-000002.safetensors-abcdefgh", tmp_path / ".out.tsv-abcdefgh"):
        unfinished.mkdir()
        (unfinished / unfinished.name[1:-9]).touch()
    for name in ("values", "working.bw", "text.vcf", "out.tsv.tbi"):
        (tmp_path / ".out.tsv-abcdefgh" / name).touch()
    squares.run(numbers, out, job, resume=True)
    assert names(tmp_path) == ["numbers.txt", "out.tsv"]


def test_unfinished_files_of_all_outputs_are_removed(job, tmp_path):
    for name in (".x.A.bw-abcdefgh", ".x.B.bw-abcdefgh"):
        (tmp_path / name).mkdir()
    with opened_parts(tmp_path / "x.bw", job, resume=False, outputs=[tmp_path / "x.A.bw"]):
        assert names(tmp_path) == [".x.B.bw-abcdefgh", "numbers.txt", "x.bw.parts"]


def test_other_files_in_the_folder_stay(squares, numbers, job, out, folder):
    (folder / "notes.txt").touch()
    squares.run(numbers, out, job, resume=True)
    assert names(folder) == ["notes.txt"]


def test_two_runs_with_one_output_are_refused(squares, numbers, job, out):
    with opened_parts(out, job, resume=False):
        with pytest.raises(HyenaDNAError, match="is being written by another process: wait for it, or choose another"):
            squares.run(numbers, out, job)
        assert out.with_name("out.tsv.parts").is_dir()


def test_the_progress_bar_starts_with_what_is_done(squares, numbers, job, out, folder, monkeypatch):
    steps = []

    @contextmanager
    def progress(_, total):
        steps.append(total)
        yield steps.append

    monkeypatch.setattr("hyenadna_core.inference.parts.progress", progress)
    squares.run(numbers, out, job, resume=True)
    assert steps == [5, *[1] * 5, 20, 8, 4, 4, 2]


def test_without_a_file_there_is_nothing_to_resume(squares, numbers, job, out, folder, tmp_path):
    stdout = out.with_name("-").relative_to(tmp_path)
    with pytest.raises(HyenaDNAError, match="--resume needs a file: name it with --out"):
        squares.run(numbers, stdout, job, resume=True)
    with opened_parts(stdout, job, resume=False) as parts:
        assert parts.folder.is_dir()
        parts.run(squares.compute_from(numbers, job), "Squares", [4] * 5)
    assert not parts.folder.exists()


@pytest.mark.parametrize(("shard", "name"), [(Shard(1, 2), "out.tsv"), (Shard(1, 1), "out.shard")])
def test_the_suffix_of_a_shard_is_that_of_shards_only(job, tmp_path, shard, name):
    with (
        pytest.raises(HyenaDNAError, match=r"file of type \.shard"),
        opened_parts(tmp_path / name, replace(job, shard=shard), resume=False),
    ):
        pass
    assert names(tmp_path) == ["numbers.txt"]


@pytest.mark.parametrize("make", ["symlink", "file"])
def test_something_else_in_place_of_the_folder_is_one_line(squares, numbers, job, out, tmp_path, make):
    folder = out.with_name("out.tsv.parts")
    folder.symlink_to(tmp_path) if make == "symlink" else folder.touch()
    with pytest.raises(HyenaDNAError, match=r"out\.tsv\.parts(: File exists\.| is a link: remove it\.)"):
        squares.run(numbers, out, job)
    assert names(tmp_path) == ["numbers.txt", "out.tsv.parts"]
