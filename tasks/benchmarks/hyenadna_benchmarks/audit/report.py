"""The files of an audit: audit.json and pairs.tsv."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from hyenadna_benchmarks.audit.result import Audit
from hyenadna_core import file_written_aside

COLUMNS = ("split", "row", "label", "compared with", "match", "its label", "similarity", "strand", "kind")


def files_of(folder: Path) -> list[Path]:
    """Return the paths of the files of an audit in a folder."""
    return [folder / "audit.json", folder / "pairs.tsv"]


def write_audit(
    audit: Audit, folder: Path, names: Mapping[str, Sequence[str]], labels: Mapping[str, Sequence[str]]
) -> list[Path]:
    """Write audit.json and pairs.tsv, which has each row of test and dev with its match.

    Args:
        names, labels: the name and the label of each row, by split.
    """
    paths = files_of(folder)
    with file_written_aside(paths[0]) as aside:
        aside.write_text(audit.to_text(), encoding="utf-8")
    with file_written_aside(paths[1]) as aside, aside.open("w", encoding="utf-8") as file:
        for cells in _pairs(audit, names, labels):
            file.write("\t".join(" ".join(cell.split()) for cell in cells) + "\n")
    return paths


def _pairs(
    audit: Audit, names: Mapping[str, Sequence[str]], labels: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for (split, other), matches in sorted(audit.matches.items(), key=lambda item: item[0][0] != "test"):
        kinds = np.select([matches.copied, matches.near], ["copy", "near"], "")
        for row, match in enumerate(matches.row.tolist()):
            ours = (split, names[split][row], labels[split][row], other)
            if match < 0:
                yield (*ours, "", "", "", "", "")
                continue
            similarity, strand = f"{matches.similarity[row]:.4f}", "+" if matches.strand[row] > 0 else "-"
            yield (*ours, names[other][match], labels[other][match], similarity, strand, str(kinds[row]))
