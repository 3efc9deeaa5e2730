"""Outputs that cannot be written are found before the work."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import write_text
from hyenadna_core.files.output import check_outputs, check_space, check_stdout


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.vcf"
    path.write_text("bases")
    return path


def test_new_files_and_files_from_before_are_allowed(tmp_path, source):
    (tmp_path / "old.bw").write_text("old")
    check_outputs([tmp_path / "old.bw", tmp_path / "new" / "folder" / "new.bw"], [source])
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_an_output_is_one_line(tmp_path, source):
    (tmp_path / "folder").mkdir()
    (tmp_path / "soft").symlink_to(source)
    os.link(source, tmp_path / "hard")
    for name, message in (
        ("folder", "is a folder: name a file"),
        ("in.vcf", "is the input .*in.vcf: name another file"),
        ("soft", "is the input"),
        ("hard", "is the input"),
        ("in.vcf/new", "in.vcf is not a folder: name another one"),
    ):
        with pytest.raises(HyenaDNAError, match=message):
            check_outputs([tmp_path / name], [source])


def test_a_device_is_refused_and_stays(tmp_path):
    with pytest.raises(HyenaDNAError, match="/dev/null is not a regular file: name another one"):
        check_outputs([Path("/dev/null")], [])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for check in (lambda: check_outputs([pipe], []), lambda: write_text(pipe, "text")):
        with pytest.raises(HyenaDNAError, match="pipe is not a regular file"):
            check()
    assert pipe.is_fifo()


def test_two_outputs_of_one_name_are_refused(tmp_path, source):
    with pytest.raises(HyenaDNAError, match=r"a\.tsv is named for two outputs"):
        check_outputs([tmp_path / "a.tsv", tmp_path / "b.tsv", tmp_path / "folder" / ".." / "a.tsv"], [source])


def test_a_link_to_nowhere_is_not_a_folder(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(HyenaDNAError, match="link is not a folder: name another one"):
        check_outputs([tmp_path / "link" / "a.tsv"], [])


def test_stdout_that_is_closed_or_an_input_is_refused(source, monkeypatch, tmp_path):
    with source.open("a") as appended:
        monkeypatch.setattr(sys, "stdout", appended)
        with pytest.raises(HyenaDNAError, match=r"stdout is the input .*in\.vcf: send the output to another file"):
            check_stdout([source])
        check_stdout([tmp_path / "missing"])
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(HyenaDNAError, match="stdout is closed: name a file with --out"):
        check_stdout([source])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    check_space(tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: full)
    with suppress(OSError), Path("/dev/full").open("wb") as full, pytest.raises(OSError, match="No space left"):
        check_space(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path, source):
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    with pytest.raises(HyenaDNAError, match=f"you may not write into {folder}: name another folder"):
        check_outputs([folder / "a.tsv"], [source])


def test_the_longest_name_can_be_written_and_a_longer_one_is_refused(tmp_path):
    longest = os.pathconf(tmp_path, "PC_NAME_MAX") - len(".-12345678")
    for letter in ("a", "ä"):
        name = letter * (longest // len(letter.encode()))
        check_outputs([tmp_path / name], [])
        write_text(tmp_path / name, "text")
        with pytest.raises(HyenaDNAError, match="the name is too long: choose a shorter one"):
            check_outputs([tmp_path / f"{name}{letter}"], [])


@pytest.mark.parametrize("name", ["run.json", "report.txt", "checkpoints/best/model.safetensors", "FITTED/x.tsv"])
def test_a_file_of_a_run_is_never_an_output(tmp_path, name):
    check_outputs([tmp_path / name, tmp_path / "other.tsv"], [])
    (tmp_path / "run.json").write_text("{}")
    check_outputs([tmp_path / "other.tsv"], [])
    with pytest.raises(HyenaDNAError, match=rf"{name} is for the run {tmp_path.name} itself: name another file\.$"):
        check_outputs([tmp_path / name], [])
