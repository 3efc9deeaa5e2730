import math
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import pytest

from hyenadna_core import Stage
from hyenadna_core.fields import FieldError, OneOf, Range, from_json


@dataclass(frozen=True)
class Inner:
    rate: Annotated[float, Range(0, 1, open_most=True)]


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    count: Annotated[int, Range(1)] | None = None
    on: bool = False
    sizes: tuple[int, ...] = ()
    kind: Annotated[str, OneOf(("a", "b"))] = "a"
    sums: dict[str, str] | None = None
    stages: tuple[Stage, ...] = ()
    any: Any = None


WHOLE = {"name": "x", "inner": {"rate": 0}, "count": 3, "sizes": [1, 2], "sums": {"a": "b"}, "stages": ["16x2@3"]}


def test_each_field_gets_its_type():
    made = from_json(Outer, WHOLE)
    assert made == Outer("x", Inner(0.0), 3, sizes=(1, 2), sums={"a": "b"}, stages=(Stage(16, 2, 3),))
    assert type(made.inner.rate) is float
    assert from_json(Inner, asdict(made.inner)) == made.inner
    assert from_json(Outer, WHOLE | {"more": 1, "count": None}, others=True).count is None


WRONG = [
    ({"name": 1}, "name is 1, not text"),
    ({"name": None}, "name is None, not text"),
    ({"inner": {}}, "inner.rate is missing"),
    ({"inner": []}, r"inner is \[\], not a table"),
    ({"inner": {"rate": 1}}, "inner.rate is 1, not a number of at least 0 and below 1"),
    ({"inner": {"rate": math.nan}}, "inner.rate is nan, not a finite number"),
    ({"inner": {"rate": 10**400}}, "inner.rate is 1000.*, not a finite number"),
    ({"inner": {"rate": True}}, "inner.rate is True, not a number"),
    ({"inner": {"rate": 0, "more": 1}}, "inner.more is unknown"),
    ({"count": 0}, "count is 0, not a number of at least 1"),
    ({"count": 1.0}, "count is 1.0, not a whole number"),
    ({"count": True}, "count is True, not a whole number"),
    ({"on": 1}, "on is 1, not true or false"),
    ({"sizes": 1}, "sizes is 1, not a list"),
    ({"sizes": "12"}, "sizes is '12', not a list"),
    ({"sizes": [1, "2"]}, r"sizes\[1\] is '2', not a whole number"),
    ({"kind": "c"}, "kind is 'c', not one of a, b"),
    ({"sums": {"a": 1}}, "sums.a is 1, not text"),
    ({"stages": ["16x2"]}, r"stages\[0\] is '16x2', not a stage such as 64x256@200"),
    ({"stages": ["0x2@3"]}, "not a stage"),
    ({"stages": [f"16x2@{'9' * 5000}"]}, "not a stage"),
    ({"\x1b[31m" + "x" * 10**6: 1}, r"\\x1b.* is unknown"),
    ({"name": ["\x1b[31m" * 10**6]}, "name is .*, not text"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_a_wrong_field_is_named_with_its_value(change, message):
    with pytest.raises(FieldError, match=message) as error:
        from_json(Outer, WHOLE | change)
    assert len(str(error.value)) < 300
    assert str(error.value).isprintable()


@pytest.mark.parametrize("values", [[], 1, None, "x"])
def test_what_is_no_table_is_said(values):
    with pytest.raises(FieldError, match=r"the content is .*, not a table"):
        from_json(Outer, values)
