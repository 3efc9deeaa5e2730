"""A tiny model, a genome of two contigs, and `hyenadna score` in this process."""

import pytest

LENGTHS = {"chr1": 700, "chr2": 40}
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
OTHER = dict(zip("ACGT", "CGTA", strict=True))


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    from hyenadna_core import CausalLM, HyenaBackbone, save

    folder = tmp_path_factory.mktemp("weights") / "tiny"
    save(CausalLM(HyenaBackbone(1, 8, 66, seed=3)), folder)
    return folder


@pytest.fixture(scope="session")
def bases(random_bases):
    return {name: random_bases(length, seed) for seed, (name, length) in enumerate(LENGTHS.items())}


@pytest.fixture(scope="session")
def fasta(bases, tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in bases.items()))
    return path


@pytest.fixture
def snvs(bases):
    """Return a function that makes records of SNVs at 1-based positions of chr1."""
    return lambda *positions: [f"chr1 {at} {bases['chr1'][at - 1]} {OTHER[bases['chr1'][at - 1]]}" for at in positions]


@pytest.fixture(scope="session")
def vcf_of():
    """Return a function that gives the text of a VCF from records such as "chr1 5 A C"."""
    header = [*(f"##contig=<ID={name},length={length}>" for name, length in LENGTHS.items()), COLUMNS]

    def text(records, header=("##fileformat=VCFv4.2", *header)):
        rows = ["{}\t{}\t.\t{}\t{}\t.\t.\tDP=1".format(*record.split(" ")) for record in records]
        return "".join(f"{line}\n" for line in [*header, *rows])

    return text


@pytest.fixture
def score(cli, tmp_path, fasta, weights, vcf_of):
    """Return a function that scores records or the text of a VCF: (status, stdout, stderr)."""

    def run(records, *options, out="out.tsv", genome=fasta):
        content = vcf_of(records) if isinstance(records, list) else records
        if content is not None:
            (tmp_path / "in.vcf").write_bytes(content if isinstance(content, bytes) else content.encode())
        return cli("score", "in.vcf", genome, "--weights", weights, "--out", out, *options)

    return run


@pytest.fixture
def table(score, tmp_path):
    """Return a function that scores records: rows of (pos, alt, score or None, reason)."""

    def run(records, *options):
        status, _, stderr = score(records, *options)
        assert status == 0, stderr
        rows = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()[1:]]
        return [(int(row[1]), row[3], float(row[4]) if row[4] else None, row[5]) for row in rows]

    return run


@pytest.fixture
def names(tmp_path):
    """Return a function that lists the folder of the test."""
    return lambda: sorted(path.name for path in tmp_path.iterdir())
