"""Published median AUROC of the 919 labels, beside that of a run."""

from collections.abc import Mapping

from hyenadna_chromatin.label_set import TABLES
from hyenadna_core import tab_separated

GROUPS = ("TF", "DHS", "HM")
CAUTION = (
    "Published: 100 x median AUROC on chromosomes 8 and 9, by the papers' own training. Compare only a run on the same "
    "windows and split."
)


def published_rows() -> list[dict[str, str]]:
    """Return the rows of tables/published.tsv."""
    lines = (TABLES / "published.tsv").read_text(encoding="utf-8").splitlines()
    columns, *rows = (line.split("\t") for line in lines)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def beside_published(figures: Mapping[str, Mapping[str, float | None]], bases: int, split: str) -> str:
    """Return a table of the median AUROC of each group: of the models of a run, and published.

    Args:
        figures: of a run, by model and name. A group has none if no label of it has both classes.
        bases: of the windows of the run.
        split: whose figures they are.
    """
    rows = [["model", "split", "bases", *(f"{group} ({count})" for group, count in counts().items())]]
    for model, of_model in figures.items():
        medians = [of_model.get(f"auroc_median_{group}") for group in GROUPS]
        values = ["-" if median is None else f"{100 * median:.1f}" for median in medians]
        rows.append([model, split, str(bases), *values])
    for row in published_rows():
        rows.append([row["model"], "published", row["bases"], *(row[group] for group in GROUPS)])
    return f"{CAUTION}\n\n{tab_separated(rows)}"


def counts() -> dict[str, int]:
    """Return the number of labels of each group."""
    from hyenadna_chromatin.label_set import deepsea_labels

    groups = deepsea_labels().groups
    return {group: groups.count(group) for group in GROUPS}
