"""Columns found by name: any order, others beside them, and the ones that are not there."""

from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedforward import InputError
from feedforward.tables.alignment import aligned

NAMES = [f"column {i}" for i in range(8)]


@given(
    own=st.permutations(NAMES).flatmap(lambda names: st.integers(1, 8).map(lambda count: names[:count])),
    wanted=st.permutations(NAMES).flatmap(lambda names: st.integers(1, 8).map(lambda count: names[:count])),
)
def test_every_wanted_column_is_the_one_of_its_name(own: list[str], wanted: list[str]) -> None:
    table = pa.table({name: [NAMES.index(name), None] for name in own})
    missing = set(wanted) - set(own)
    if missing:
        with pytest.raises(InputError) as error:
            aligned(table, wanted)
        assert all(repr(name) in str(error.value) for name in missing)
    found = aligned(table, wanted, optional=missing)
    assert found.table.to_pydict() == {name: [None if name in missing else NAMES.index(name), None] for name in wanted}
    assert set(found.missing) == missing
    assert found.extra == [name for name in own if name not in wanted]
    common = [name for name in wanted if name in own]
    assert found.reordered == (common != sorted(common, key=own.index))
    assert (str(found) == "") == (own == wanted)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_every_library(library: Any) -> None:
    found = aligned(library({"b": [1, 2], "c": ["x", "y"], "a": [0.5, 1.5]}), ["a", "b"])
    assert found.table.to_pydict() == {"a": [0.5, 1.5], "b": [1, 2]}
    assert str(found) == "the columns were put into the order of training; not needed and left out: 'c'"


def test_many_missing_columns_are_not_all_named() -> None:
    with pytest.raises(InputError, match=r"no columns 'column 0', .*'column 9' and 5 more, .* For 'column 0': did you"):
        aligned(pa.table({"colunm 0": [1]}), [f"column {i}" for i in range(15)])


def test_a_repeated_name_is_refused() -> None:
    with pytest.raises(InputError, match="two columns named 'a'"):
        aligned(pa.table([[1], [2]], names=["a", "a"]), ["a"])


def test_columns_that_do_not_matter_need_not_be_there() -> None:
    found = aligned(pa.table({"a": [1, 2]}), ["a", "note"], optional=["note"])
    assert found.table.to_pydict() == {"a": [1, 2], "note": [None, None]}
    assert str(found) == "not there and not needed: 'note'"
