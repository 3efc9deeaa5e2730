"""Every set as a dataset of the core: listed by `hyenadna datasets`, fetched by its name."""

from functools import partial

from hyenadna_benchmarks.benchmark_set import all_sets
from hyenadna_benchmarks.data_folder import fetch
from hyenadna_benchmarks.suites import SUITES
from hyenadna_core import Dataset


def datasets() -> list[Dataset]:
    """Return a dataset for each set of each suite, named SUITE/SET."""
    return [
        Dataset(
            name=each.full_name,
            description=each.description,
            licence=each.licence,
            source=each.source,
            fetch=partial(fetch, each),
            task=SUITES[each.suite].task,
            sequences=each.total,
            classes=len(each.classes),
            median_length=each.median_length,
            metric=each.metric,
        )
        for each in all_sets()
    ]
