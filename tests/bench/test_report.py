"""The tables of `hyenadna bench`, on made-up numbers."""

import json

import numpy as np
import pytest

from hyenadna_core.bench import figures, report
from hyenadna_core.bench.measure import Contender
from hyenadna_core.errors import HyenaDNAError


def test_a_transformer_is_extrapolated_along_power_laws_and_it_is_said(results):
    """Compare quadratic with linear times: the ratio doubles if the length doubles."""
    lengths = (1000, 2000, 4000)
    times = {
        "jax:native": {L: [L * 1e-3] for L in lengths} | {8000: [8.0]},
        "jax:attention": {L: [L**2 * 5e-7] for L in lengths} | {8000: None},
    }
    rows = figures.rows(results(times), [Contender("jax", "native"), Contender("jax", "attention")])
    (crossing,) = figures.crossings(rows)
    np.testing.assert_allclose(list(crossing.ratios.values()), [0.5, 1.0, 2.0])
    np.testing.assert_allclose((crossing.crosses_at, crossing.extrapolated), (2000.0, 500.0))
    text = report.table(rows)
    assert "EXTRAPOLATED, not measured: 500x at 1,000,000 bases" in text
    assert "\tjax:attention\tgone\t" in text


def test_tables_go_between_the_markers_of_a_page(tmp_path, results):
    contenders = [Contender("jax", "native"), Contender("jax", "plain")]
    times = {"jax:native": {10: [1.0], 100: [10.0]}, "jax:plain": {10: [3.0], 100: [40.0]}}
    rows = figures.rows(results(times), contenders)
    run = json.loads(json.dumps(figures.as_json(rows, report.machine(2, {"jax": "1.0 on cpu"}, beside=2))))
    assert report.rows_of(run)[0].ratios == rows[0].ratios
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n")
    report.write_page(page, [run])
    report.write_page(page, [run])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert text.count("| forward | 100 | 1 | - | jax:native | 10 |") == 1
    assert "- forward, jax:native: time grows as bases^1.00 (10 to 100)" in text
    assert "- Measured beside 2 busy processes.\n" in text
    assert report.table(rows, beside=1).endswith("\nMeasured beside 1 busy process.")
    assert "beside" not in report.table(rows)
    page.write_text("no markers")
    with pytest.raises(HyenaDNAError, match="has no place for tables"):
        report.write_page(page, [run])
