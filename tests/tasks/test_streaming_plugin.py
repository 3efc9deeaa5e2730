"""The task with rows that stream in docs/plugins.md keeps its promises."""

import re
from pathlib import Path

import numpy as np
import pytest

from hyenadna_core import Draw
from hyenadna_core.testing import check_rows

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
WINDOW = 40  # bases; in longer ones a model that hardly learned sees no difference

pytestmark = [pytest.mark.one_backend, pytest.mark.usefixtures("trains")]


@pytest.fixture
def task(tmp_path, tiny_fasta):
    """Return the task of the page, with a genome of three contigs and 60 intervals."""
    (block,) = re.findall(r"^```python\n# my_peaks.py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    namespace = {"__name__": "my_peaks"}
    exec(compile(block, str(PAGE), "exec"), namespace)
    namespace["WINDOW"] = WINDOW
    task = namespace["PeaksTask"]()
    task.fasta = tiny_fasta(contigs={"chr1": 5_000, "chr7": 3_000, "chr8": 3_000})
    random, lines = np.random.default_rng(0), []
    for contig, length in {"chr1": 5_000, "chr7": 3_000, "chr8": 3_000}.items():
        for middle in random.integers(600, length - 600, 20):
            lines.append(f"{contig}\t{middle - 50}\t{middle + 50}\t{middle % 100};{middle % 7}\n")
    task.bed = tmp_path / "peaks.bed"
    task.bed.write_text("".join(lines))
    return task


def test_the_task_of_the_page_keeps_its_promises(task, check_task):
    figures = check_task(task, WINDOW)
    assert {"auroc", "auroc_median_TF", "auroc_median_HM"} <= figures["test"].keys()


def test_its_rows_are_windows_of_the_genome_and_training_moves_them(task):
    rows = task.split("train")
    check_rows(rows, WINDOW)
    bases, labels = rows.row(3)
    start, middle = int(rows.starts[3]), int(rows.starts[3]) + WINDOW // 2
    np.testing.assert_array_equal(bases, rows.genome.read("chr1", start, start + WINDOW))
    assert np.flatnonzero(labels).tolist() == sorted({middle % 100, middle % 7})
    moved = {bytes(rows.window(Draw("train", step, WINDOW, 4, 0), 3)[0]) for step in range(5)}
    assert len(moved) > 1
