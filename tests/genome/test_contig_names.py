import pytest

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.genome.contig_names import contig_names


@pytest.fixture
def genome(write_fasta):
    return open_genome(write_fasta({"chr1": "ACGT", "chrM": "ACGT"}))


@pytest.mark.parametrize(
    ("chr_prefix", "names"),
    [(None, ("1", "chr1", "chrM")), ("add", ("chr1", "chr1", "chrM")), ("strip", ("1", "1", "chrM"))],
)
def test_names_change_only_by_an_option(genome, tmp_path, chr_prefix, names):
    aliases = tmp_path / "aliases.tsv"
    aliases.write_text("# alias\tname\nMT\tchrM\n\nNC_012920.1\tchrM\r\n")
    rename = contig_names(genome, aliases, chr_prefix)
    assert tuple(map(rename, ("1", "chr1", "MT"))) == names
    assert rename("NC_012920.1") == "chrM"
    assert contig_names(genome)("MT") == "MT"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("MT\tchrMT", "aliases.tsv:2: no contig 'chrMT' in .*; the FASTA has chr1, chrM."),
        ("MT chrM", "aliases.tsv:2: expected an alias, a tab and a contig; the FASTA has chr1, chrM."),
        ("1\tchrM", "aliases.tsv:2: '1' is chr1 before and chrM here: remove one line."),
    ],
)
def test_a_wrong_line_of_aliases_is_named(genome, tmp_path, line, message):
    aliases = tmp_path / "aliases.tsv"
    aliases.write_text(f"1\tchr1\n{line}\n")
    with pytest.raises(HyenaDNAError, match=message):
        contig_names(genome, aliases)
