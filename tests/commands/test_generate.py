"""`hyenadna generate`: FASTA with the settings in the header, and a table of log P."""

import lzma
import re

import numpy as np
import pytest

pytestmark = pytest.mark.one_backend


@pytest.fixture
def generate(cli, weights):
    return lambda *words: cli("generate", *words, "--weights", weights)


def records(text):
    """Return (header, sequence) of each record of a FASTA."""
    entries = [entry.partition("\n") for entry in text.split(">")[1:]]
    return [(header, body.replace("\n", "")) for header, _, body in entries]


def test_a_prompt_is_continued_on_stdout(generate, weights):
    status, stdout, _ = generate("ACGTTG", "--bases", "50", "--seed", "3", "--bias", "G=0.5", "--forced", "NTATAA")
    ((header, sequence),) = records(stdout)
    assert (status, len(sequence), sequence[1:6]) == (0, 50, "TATAA")
    assert re.fullmatch(
        r"prompt/1 prompt_bases=6 weights=\S+ sha256=[0-9a-f]{12} seed=3 forced=NTATAA temperature=1.0 top_k=4 "
        r"top_p=1.0 bias=0,0,0.5,0",
        header,
    )


def test_samples_and_records_of_a_file_have_names(generate, tmp_path, fasta):
    (tmp_path / "prompts.fa").write_text(">one\nACGT\n>two\nggat\n")
    words = ("--bases", "20", "--samples", "2", "--out", "new.fa", "--log-likelihoods", "new.tsv")
    assert generate("prompts.fa", *words)[:2] == (0, "")
    made = records((tmp_path / "new.fa").read_text())
    assert [header.split(" ")[0] for header, _ in made] == ["one/1", "one/2", "two/1", "two/2"]
    rows = [line.split("\t") for line in (tmp_path / "new.tsv").read_text().splitlines()]
    assert rows[0] == ["name", "sample", "position", "base", "log_p"]
    assert "".join(row[3] for row in rows[1:]) == "".join(sequence for _, sequence in made)
    assert [row[:3] for row in rows[21:24]] == [["one", "2", "1"], ["one", "2", "2"], ["one", "2", "3"]]
    assert (np.array([float(row[4]) for row in rows[1:]]) < 0).all()


def test_a_region_and_stdin_are_prompts(generate, fasta, tmp_path, stdin_from):
    from hyenadna_core.genome.fasta import open_genome

    bases = open_genome(fasta).read("chr1", 4, 20).tobytes().decode()
    expected = records(generate(bases, "--bases", "30")[1])[0][1]
    assert records(generate("chr1:5-20", "--fasta", fasta, "--bases", "30")[1])[0][1] == expected
    marked = (f"\ufeff{bases}\n", f"\ufeff>a\n{bases}\n")
    for text in (f"{bases[:7]}\n{bases[7:]}\n", f">x y\n{bases[:5]}\r\n{bases[5:]}\n", f"\n>a b\n{bases}", *marked):
        (tmp_path / "stdin").write_text(text)
        with stdin_from(tmp_path / "stdin"):
            assert records(generate("-", "--bases", "30")[1])[0][1] == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The sequence of stdin is empty"),
        (b"\xff\x00", "neither bases"),
        (b">a\nAC\n>a\nGT\n", "Error: stdin has two contigs named 'a'"),
        (lzma.compress(b"ACGT"), "stdin is compressed with xz, which is not read"),
    ],
)
def test_a_stdin_that_is_no_prompt_is_one_line(generate, one_line, tmp_path, content, reason, stdin_from):
    (tmp_path / "stdin").write_bytes(content)
    with stdin_from(tmp_path / "stdin"):
        status, _, stderr = generate("-", "--bases", "30")
    assert (status, reason in one_line(stderr)) == (1, True)


def test_each_record_has_its_own_draws(generate, tmp_path):
    (tmp_path / "same.fa").write_text(">a\nACGT\n>b\nACGT\n")
    first, second = records(generate("same.fa", "--bases", "40")[1])
    assert first[1] != second[1]
    assert records(generate("ACGT", "--bases", "40")[1])[0][1] == first[1]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("", "--bases", "5"), "The prompt is empty: give at least one base."),
        (("missing.fa", "--bases", "5"), "'missing.fa' is neither bases nor a FASTA file"),
        (("ACNT", "--bases", "5"), "The sequence of prompt has 'N' at base 3"),
        (("ACGT", "--bases", "61"), "A prompt of 4 bases with 61 new ones is longer than the 64 bases of the training"),
        (("ACGT", "--bases", "5", "--top-p", "0"), "top_p is 0.0: expected over 0, at most 1."),
        (("ACGT", "--bases", "5", "--forced", "ACGTAC"), "6 bases are forced, but only 5 are generated"),
        (("ACGT", "--bases", "5", "--out", "folder"), "folder is a folder: name a file."),
        (("n.fa", "--bases", "5"), "The sequence of gap has 'N' at base 1"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_writes_nothing(generate, one_line, tmp_path, words, reason):
    (tmp_path / "folder").mkdir()
    (tmp_path / "n.fa").write_text(">gap\nNNN\n")
    before = sorted(tmp_path.rglob("*"))
    status, stdout, stderr = generate(*words)
    assert (status, stdout) == (1, "")
    assert one_line(stderr).startswith(f"Error: {reason}")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_longer_sequence_than_in_training_needs_an_option(generate):
    status, stdout, _ = generate("ACGT", "--bases", "70", "--allow-longer")
    assert (status, len(records(stdout)[0][1])) == (0, 70)


@pytest.mark.parametrize("text", ["Z=1", "A", "A=x", "=1"])
def test_a_bias_is_base_and_nats(generate, text):
    status, _, stderr = generate("ACGT", "--bases", "5", "--bias", text)
    assert status == 2
    assert f"{text!r} is not BASE=NATS, such as G=0.5." in stderr
