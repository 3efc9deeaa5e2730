"""Labels from annotation, in place of the 919 tracks of ENCODE: tables of chr20 and chr22.

python docs/experiments/annotation_labels.py write FOLDER GTF CHR20 CHR22 INTERVALS...
python docs/experiments/annotation_labels.py table RUN...

These are not chromatin profiles of DeepSEA. They are computed from public annotation, to measure
the task on real coordinates. A label is 1 if more than half of the central 200 bases of a window of
1,000 is in an interval of it:

- genes of GENCODE: exon, CDS, UTR (exons of protein-coding genes outside of CDS), and upstream,
  from 1,000 bases before to 100 bases behind the start of a transcript;
- intervals of GenomicBenchmarks, a part of those of Ensembl and FANTOM5: promoter, enhancer and ocr
  of human_ensembl_regulatory, and positives of human_enhancers_cohn. A row has its place in hg38,
  and its sequence, by which it is found in GRCh37. Bins that a set leaves out count as 0.

`write` keeps all bins of 200 bases with a label, and as many without one, drawn at random. Training
is chr20 before 48 million, validation chr20 behind, test chr22, where its 1,000 bases are known.
`table` prints the AUROC of each label of runs on these files, of the model and of k-mers.
"""

import csv
import gzip
import sys
from pathlib import Path

import numpy as np

BIN, WIDTH = 200, 1_000
VALID_FROM = 48_000_000
MOST = {"train": 6_000, "valid": 300, "test": 1_000}  # rows, drawn at random
GENES = ("exon", "CDS", "UTR", "upstream")
BEFORE, BEHIND = 1_000, 100  # bases of "upstream"
SETS = {  # label: the file and the class of its rows
    "promoter": ("human_ensembl_regulatory", "promoter"),
    "enhancer": ("human_ensembl_regulatory", "enhancer"),
    "open chromatin": ("human_ensembl_regulatory", "ocr"),
    "enhancer, cohn set": ("human_enhancers_cohn", "positive"),
}
LABELS = (*GENES, *SETS)
CHR_NO = {"chr20": 19, "chr22": 21}
COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")


def genes(gtf, lengths):
    """Return which bases are in the genes of each label: {contig: {label: (L,) bool}}."""
    masks = {contig: {label: np.zeros(length, bool) for label in GENES} for contig, length in lengths.items()}
    coding = {contig: np.zeros(length, bool) for contig, length in lengths.items()}
    with gzip.open(gtf, "rt", encoding="utf-8") as file:
        for line in file:
            contig, _, kind, first, last, _, strand, _, rest = line.split("\t")
            start, end = int(first) - 1, int(last)
            if kind in ("exon", "CDS"):
                masks[contig][kind][start:end] = True
            if kind == "exon" and 'gene_biotype "protein_coding"' in rest:
                coding[contig][start:end] = True
            if kind == "transcript":
                own = (start - BEFORE, start + BEHIND) if strand == "+" else (end - BEHIND, end + BEFORE)
                masks[contig]["upstream"][max(0, own[0]) : own[1]] = True
    for contig, mask in masks.items():
        mask["UTR"] = coding[contig] & ~mask["CDS"]
    return masks


def place_of(text, sequence, near, offsets):
    """Return the start of a sequence of either strand, or -1; `offsets` are tried first."""
    for strand in (sequence, sequence.translate(COMPLEMENT)[::-1]):
        for offset in offsets:
            if text.startswith(strand, near + offset):
                return near + offset
    for strand in (sequence, sequence.translate(COMPLEMENT)[::-1]):
        start = text.find(strand, max(0, near - 2_000_000), near + 2_000_000)
        if start >= 0:
            offsets.add(start - near)
            return start
    return -1


def regulatory(paths, texts):
    """Return which bases are in the intervals of each set: {contig: {label: (L,) bool}}."""
    masks = {contig: {label: np.zeros(len(text), bool) for label in SETS} for contig, text in texts.items()}
    offsets = {contig: set() for contig in texts}
    found, lost = dict.fromkeys(SETS, 0), dict.fromkeys(SETS, 0)
    for path in paths:
        labels = {kind: label for label, (name, kind) in SETS.items() if name in path.name}
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if (label := labels.get(row["class"])) is None:
                    continue
                contig, sequence = row["chrom"], row["sequence"].upper().encode()
                start = place_of(texts[contig], sequence, int(row["start_hg38"]), offsets[contig])
                if start < 0:
                    lost[label] += 1
                    continue
                found[label] += 1
                masks[contig][label][start : start + len(sequence)] = True
    for label in SETS:
        print(f"{label}: {found[label]:,} intervals, {lost[label]:,} not found")
    return masks


def write(folder, gtf, chr20, chr22, *intervals):
    """Write genome.fa, labels.tsv and a coordinate table for each split."""
    from hyenadna_core import open_genome

    folder.mkdir(parents=True, exist_ok=True)
    texts = {}
    for contig, path in (("chr20", chr20), ("chr22", chr22)):
        genome = open_genome(path)
        texts[contig] = genome.read(contig, 0, genome.contigs[contig]).tobytes().upper()
    with (folder / "genome.fa").open("wb") as file:
        for contig, text in texts.items():
            file.write(b">" + contig.encode() + b"\n" + text + b"\n")
    of_genes = genes(gtf, {contig: len(text) for contig, text in texts.items()})
    of_sets = regulatory(intervals, texts)
    random, rows = np.random.default_rng(0), {split: [] for split in MOST}
    for contig, text in texts.items():
        bins = len(text) // BIN
        masks = of_genes[contig] | of_sets[contig]
        overlaps = np.stack([masks[label][: bins * BIN].reshape(bins, BIN).sum(axis=1) for label in LABELS], axis=1)
        labels = overlaps > BIN // 2  # (bins, K)
        known = np.frombuffer(text, np.uint8) != ord("N")
        starts = np.arange(bins) * BIN - (WIDTH - BIN) // 2
        inside = (starts >= 0) & (starts + WIDTH <= len(text))
        sums = np.concatenate([[0], np.cumsum(known)])
        inside[inside] = sums[starts[inside] + WIDTH] - sums[starts[inside]] == WIDTH
        split = np.where(starts < VALID_FROM, "train", "valid") if contig == "chr20" else np.full(bins, "test")
        for name in np.unique(split):
            own = inside & (split == name)
            positive, negative = (
                np.flatnonzero(own & present) for present in (labels.any(axis=1), ~labels.any(axis=1))
            )
            half = min(len(positive), len(negative), MOST[name] // 2)
            chosen = [random.choice(each, half, replace=False) for each in (positive, negative)]
            for at in np.sort(np.concatenate(chosen)):
                rows[name].append([CHR_NO[contig], starts[at], starts[at] + WIDTH, *labels[at].astype(int)])
    for name, of_split in rows.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["Chr_No", "Start", "End", *(f"y_{label}" for label in LABELS)], *of_split])
        print(f"{name}: {len(of_split):,} windows, positives {np.sum(of_split, axis=0)[3:].tolist()}")
    lines = [f"{label}\t{'genes' if label in GENES else 'regulatory'}" for label in LABELS]
    (folder / "labels.tsv").write_text("name\tgroup\n" + "\n".join(lines) + "\n", encoding="utf-8")


def table(*runs):
    """Print the AUROC of each label on test: of each run, and of k-mers on its windows."""
    from sklearn.metrics import roc_auc_score

    from hyenadna_core import fit_baseline, open_run

    columns, positives = {}, []
    for path in runs:
        run = open_run(path)
        with (path / "labels.tsv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        names, positives = [row["name"] for row in rows], [row["positives"] for row in rows]
        columns[f"model, {run.task.window:,}"] = [float(row["auroc"]) for row in rows]
        test = run.task.split("test")
        targets = np.array([test.row(index)[1] for index in range(len(test))])
        predicted = fit_baseline(run.task, "kmer").predicted
        values = [roc_auc_score(targets[:, label], predicted[:, label]) for label in range(len(names))]
        columns[f"k-mers, {run.task.window:,}"] = values
    print("| label | positives |", " | ".join(columns), "|\n| --- | --- |", " --- |" * len(columns))
    for number, name in enumerate(names):
        cells = [f"{values[number]:.3f}" for values in columns.values()]
        print("|", " | ".join([name, positives[number], *cells]), "|")
    means = [f"{np.nanmedian(values):.3f}" for values in columns.values()]
    print("|", " | ".join(["median", "", *means]), "|")


if __name__ == "__main__":
    {"write": write, "table": table}[sys.argv[1]](*map(Path, sys.argv[2:]))
