import pytest

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.genome.contig_names import contig_names, read_aliases


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


# The layouts of chromAlias.txt: of a hub, and of UCSC's database (alias, contig, sources).
HUB = "# ucsc\tassembly\tgenbank\tncbi\trefseq\nchr1\t1\tCM000663.2\t1\tNC_000001.11\nchrM\tMT\tJ01415.2\tMT\t\n"
DATABASE = (
    "1\tchr1\tassembly,ensembl\nNC_000001.11\tchr1\trefseq\nMT\tchrM\tassembly,ensembl\nJ01415.2\tchrM\tgenbank\n"
    "X\tchrX\tensembl\nNC_000023.11\tchrX\trefseq\nCM000685.2\tchrX\tgenbank\n"
)


@pytest.mark.parametrize(("text", "more"), [(HUB, {"CM000663.2": "chr1"}), (DATABASE, {})])
def test_both_files_of_ucsc_are_read(genome, tmp_path, capsys, text, more):
    aliases = tmp_path / "chromAlias.txt"
    aliases.write_text(text)
    expected = {"1": "chr1", "NC_000001.11": "chr1", "MT": "chrM", "J01415.2": "chrM"} | more
    assert read_aliases(aliases, genome) == expected
    told = f"{aliases}: 3 lines name no contig of {genome.path}.\n"
    assert capsys.readouterr().err == told * (text == DATABASE)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("MT chrM", "aliases.tsv:2: expected an alias, a tab and a contig, not 'MT chrM'."),
        ("1\tchrM", "aliases.tsv:2: '1' is chr1 before and chrM here: remove one line."),
    ],
)
def test_a_wrong_line_of_aliases_is_named(genome, tmp_path, line, message):
    aliases = tmp_path / "aliases.tsv"
    aliases.write_text(f"1\tchr1\n{line}\n")
    with pytest.raises(HyenaDNAError, match=message):
        contig_names(genome, aliases)


def test_aliases_of_another_genome_are_one_line(genome, tmp_path):
    aliases = tmp_path / "aliases.tsv"
    aliases.write_text("I\tchrI\n")
    with pytest.raises(HyenaDNAError, match=r"No line of .*aliases.tsv names a contig of .*, which has chr1, chrM: "):
        contig_names(genome, aliases)
