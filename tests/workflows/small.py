"""Run workflows/Snakefile on a piece of the bundled genome; compare with runs without shards.

`python tests/workflows/small.py FOLDER` needs `hyenadna` and `snakemake` on the PATH; `nox -s
workflows` runs it. The first try of each shard fails, so Snakemake starts it again.
"""

import gzip
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

SNAKEFILE = Path(__file__).parents[2] / "workflows" / "Snakefile"
GENOME = SNAKEFILE.parents[1] / "hyenadna_core" / "data" / "ecoli_K12_MG1655.fa.gz"
BASES, VARIANTS = 4000, 40
COLUMNS = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
CONFIG = """\
fasta: genome.fa
vcf: variants.vcf
score: out/scores.vcf
track: out/track.bedgraph
shards: 3
threads: 1
options:
  score: --window 64
  track: --window 64 --context 32 --what logo
"""
# Stands for `hyenadna` on the PATH: the first call with each output fails.
FAILS_ONCE = """\
#!/bin/bash
name=$(printf %s "$*" | cksum | cut -d ' ' -f 1)
case "$*" in *--shard*) [ -e {folder}/$name ] || {{ touch {folder}/$name; exit 1; }} ;; esac
exec {hyenadna} "$@"
"""


def write_inputs(folder):
    """Write a piece of the genome, substitutions in it, and config.yaml."""
    with gzip.open(GENOME, "rt") as file:
        next(file)
        sequence = "".join(next(file).strip() for _ in range(BASES // 50))[:BASES]
    draw = random.Random(1)
    places = sorted(draw.sample(range(len(sequence)), VARIANTS))
    lines = ["##fileformat=VCFv4.3", f"##contig=<ID=ecoli,length={len(sequence)}>", "#" + "\t".join(COLUMNS)]
    for place in places:
        ref = sequence[place]
        lines.append(f"ecoli\t{place + 1}\t.\t{ref}\t{draw.choice('ACGT'.replace(ref, ''))}\t.\t.\t.")
    (folder / "genome.fa").write_text(f">ecoli\n{sequence}\n")
    (folder / "variants.vcf").write_text("\n".join(lines) + "\n")
    (folder / "config.yaml").write_text(CONFIG)


def compare(folder):
    """Run the workflow and the commands; return a sentence about the equal outputs.

    Raises:
        AssertionError: the outputs differ, or the workflow left other files.
    """
    folder.mkdir(parents=True)
    write_inputs(folder)
    hyenadna = shutil.which("hyenadna")
    score = ("score", "variants.vcf", "genome.fa", "--out", "scores.vcf", "--window", "64")
    track = ("track", "genome.fa", "--out", "track.bedgraph", "--window", "64", "--context", "32", "--what", "logo")
    for command in (score, track):
        subprocess.run([hyenadna, *command], cwd=folder, check=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "hyenadna").write_text(FAILS_ONCE.format(folder=folder / "bin", hyenadna=hyenadna))
    (folder / "bin" / "hyenadna").chmod(0o755)
    environment = os.environ | {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    snakemake = ("snakemake", "--snakefile", SNAKEFILE, "--configfile", "config.yaml", "--cores", "2", "--quiet")
    subprocess.run(snakemake, cwd=folder, env=environment, check=True)
    names = ["scores.vcf", *(f"track.{base}.bedgraph" for base in "ACGT")]
    for name in names:
        assert (folder / name).read_bytes() == (folder / "out" / name).read_bytes(), name
    assert sorted(path.name for path in (folder / "out").iterdir()) == names
    return "scores and track of the workflow are equal to those of runs without shards"


if __name__ == "__main__":
    sys.stdout.write(compare(Path(sys.argv[1]).resolve()) + "\n")
