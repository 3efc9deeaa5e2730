"""Write promoters, genes and biotypes of a GENCODE GTF for `hyenadna embed` and `hyenadna probe`.

    python docs/experiments/gencode_intervals.py gencode.gtf.gz genome.fa.gz OUT

OUT gets promoters.bed (1,000 bases before and 200 after each start of a transcript), genes.bed
(genes of at most 100,000 bases) and biotypes.tsv (a label for each gene). Intervals that reach over
the end of a contig, or have less than half of their bases as A, C, G or T, are left out.
"""

import gzip
import re
import sys
from pathlib import Path

import numpy as np

import hyenadna_core

BEFORE, AFTER, LONGEST = 1000, 200, 100_000  # bases
ATTRIBUTE = re.compile(r'(gene_name|gene_biotype|gene_type) "([^"]*)"')
KNOWN = np.isin(np.arange(256), list(b"ACGTacgt"))


def main(gtf, fasta, out):
    """Write the files."""
    genome, out = hyenadna_core.open_genome(fasta), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    promoters, genes, biotypes, counts = {}, {}, {}, {}
    with gzip.open(gtf, "rt") as lines:
        for line in lines:
            columns = line.rstrip("\n").split("\t")
            if len(columns) < 9 or columns[0] not in genome.contigs or columns[2] not in ("gene", "transcript"):
                continue
            chrom, kind, start, end, strand = columns[0], columns[2], int(columns[3]) - 1, int(columns[4]), columns[6]
            attributes = dict(ATTRIBUTE.findall(columns[8]))
            name = attributes["gene_name"]
            if kind == "transcript":
                edges = (start - BEFORE, start + AFTER) if strand == "+" else (end - AFTER, end + BEFORE)
                if (chrom, *edges, strand) not in promoters and is_known(genome, chrom, *edges):
                    counts[name] = counts.get(name, 0) + 1
                    promoters[chrom, *edges, strand] = f"{name}.{counts[name]}"
            elif end - start <= LONGEST and is_known(genome, chrom, start, end):
                while name in biotypes:
                    name += "'"
                genes[chrom, start, end, strand] = name
                biotypes[name] = attributes.get("gene_biotype") or attributes["gene_type"]
    for file, intervals in (("promoters.bed", promoters), ("genes.bed", genes)):
        rows = [
            f"{chrom}\t{start}\t{end}\t{name}\t.\t{strand}\n" for (chrom, start, end, strand), name in intervals.items()
        ]
        (out / file).write_text("".join(rows))
        print(f"{file}: {len(rows):,} intervals, {sum(end - start for _, start, end, _ in intervals):,} bases")
    kept = {name: biotypes[name] for name in genes.values()}
    (out / "biotypes.tsv").write_text("name\tlabel\n" + "".join(f"{name}\t{label}\n" for name, label in kept.items()))


def is_known(genome, chrom, start, end):
    """Return whether more than half of the bases of an interval are A, C, G or T."""
    if not 0 <= start < end <= genome.contigs[chrom]:
        return False
    return KNOWN[genome.read(chrom, start, end)].mean() > 0.5


if __name__ == "__main__":
    main(*sys.argv[1:])
