"""Compare scores with the classes of ClinVar: AUROC and AUPRC, pathogenic against benign.

python docs/experiments/clinvar_vcf.py clinvar_GRCh37_chr22_splice_snv.tsv.gz clinvar.vcf
hyenadna score clinvar.vcf genome.fa.gz --allow-mismatch --out scores.vcf
python docs/experiments/clinvar_auc.py scores.vcf
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from hyenadna_core.genome.vcf_text import INFO, vcf_source, vcf_text
from hyenadna_core.terminal import tab_separated

CLASSES = {"pathogenic": 1, "benign": 0}
PREDICTORS = {"|score|": np.abs, "-score": np.negative}


def scored(path: Path) -> Iterator[tuple[int, float]]:
    """Yield class and score of each allele that is pathogenic or benign and has a score."""
    with vcf_source(path) as source:
        for _, columns in vcf_text(source).records:
            info = dict(field.partition("=")[::2] for field in columns[INFO].split(";"))
            if info["CLASS"] in CLASSES and info["HDNA_LLR"] != ".":
                yield CLASSES[info["CLASS"]], float(info["HDNA_LLR"])


def main() -> None:
    """Print a row for |score| and one for -score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path, help="A VCF that hyenadna score wrote.")
    classes, scores = (np.array(values) for values in zip(*scored(parser.parse_args().scores), strict=True))
    rows = [["predictor", "pathogenic", "benign", "AUROC", "AUPRC", "AUPRC of chance"]]
    for name, predict in PREDICTORS.items():
        areas = (roc_auc_score(classes, predict(scores)), average_precision_score(classes, predict(scores)))
        counts = (classes.sum(), (1 - classes).sum())
        rows.append([name, *map(str, counts), *(f"{area:.3f}" for area in (*areas, classes.mean()))])
    sys.stdout.write(tab_separated(rows) + "\n")


if __name__ == "__main__":
    main()
