import pytest
from hyenadna_benchmarks.benchmark_set import SUITES, all_sets, find_set, sets_of

from hyenadna_core import HyenaDNAError, SequenceTask, Target


def test_every_suite_has_its_published_sets():
    assert {suite: len(sets_of(suite)) for suite in SUITES} == {
        "genomic-benchmarks": 9,
        "nt-original": 18,
        "nt-revised": 18,
        "gue": 36,
    }
    assert len({each.full_name for each in all_sets()}) == 81


def test_numbers_of_rows_add_up_where_all_are_known():
    known = [each for each in all_sets() if set(each.rows) == set(each.splits)]
    assert len(known) > 50
    assert [each.full_name for each in known if sum(each.rows.values()) != each.total] == []


def test_a_set_has_all_facts_of_its_row():
    tf_0 = find_set("gue", "tf_0")
    assert (tf_0.folder, tf_0.classes, tf_0.metric, tf_0.median_length) == ("tf/0", ("0", "1"), "mcc", 101)
    assert tf_0.rows == {"train": 32378, "dev": 1000, "test": 1000}
    assert tf_0.folders == ("tf/0", "tf_0", "human_tf_0")
    assert sorted(tf_0.sha256) == ["tf/0/dev.csv", "tf/0/test.csv", "tf/0/train.csv"]
    assert {len(each) for each in tf_0.sha256.values()} == {64}


def test_metrics_are_names_of_the_core():
    class OfClasses(SequenceTask):
        name, target = "of-classes", Target("classes", ("0", "1"))

        def sequences(self, split):
            return None

    names = {metric.name for metric in OfClasses().chosen_metrics()}
    assert {each.metric for each in all_sets()} == {"accuracy", "mcc", "f1"}
    assert {"accuracy", "mcc", "f1"} <= names


def test_the_two_releases_of_the_nucleotide_transformer_differ():
    original, revised = sets_of("nt-original"), sets_of("nt-revised")
    assert sorted(original.keys() & revised.keys())[:4] == ["H3K36me3", "H3K4me1", "H3K4me2", "H3K4me3"]
    assert (original["H3K4me3"].median_length, revised["H3K4me3"].median_length) == (500, 1000)


@pytest.mark.parametrize("name", ["tf_0", "gue/tf_0", "tf/0", "human_tf_0"])
def test_a_set_is_found_by_any_of_its_names(name):
    assert find_set("gue", name).full_name == "gue/tf_0"


@pytest.mark.parametrize(
    ("suite", "name", "message"),
    [
        ("gue", "prom_core_tatta", "gue has no set 'prom_core_tatta': do you mean prom_core_tata or "),
        ("nt-revised", "h4k20ME1x", "do you mean H4K20me1"),
        ("gue", "zzz", "^gue has no set 'zzz': `hyenadna datasets gue` lists its 36 sets.$"),
        ("glue", "tf_0", "Unknown suite 'glue': choose one of genomic-benchmarks, nt-original"),
    ],
)
def test_an_unknown_set_is_one_line_with_names_like_it(suite, name, message):
    with pytest.raises(HyenaDNAError, match=message):
        find_set(suite, name)


def test_pandas_writes_a_class_with_a_decimal_point():
    tf_0, promoters = find_set("gue", "tf_0"), find_set("genomic-benchmarks", "human_nontata_promoters")
    for benchmark in (tf_0, promoters):
        assert [benchmark.class_id(label) for label in ("0.0", "1.0", "2.0", "1.5", ".0")] == [0, 1, None, None, None]
    assert (tf_0.has_names, promoters.has_names) == (False, True)


def test_a_label_is_the_name_or_the_place_of_a_class():
    promoters = find_set("genomic-benchmarks", "human_nontata_promoters")
    assert [promoters.class_id(label) for label in ("negative", "positive", "0", "1", "2", "-1", "pos")] == [
        0,
        1,
        0,
        1,
        None,
        None,
        None,
    ]
