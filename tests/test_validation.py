"""Checks of settings and rows say what was wrong, what was given and what to do."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator

from feedforward.errors import InputError, SettingError
from feedforward.validation import (
    COUNT,
    NONE,
    NOT_NEGATIVE,
    NUMBER,
    POSITIVE,
    RANDOM_STATE,
    SWITCH,
    Rule,
    check_rows,
    check_settings,
    one_of,
)

RULES: list[tuple[Rule, list[Any], list[Any]]] = [
    (POSITIVE, [1, 0.5, np.float32(2)], [0, -1, np.nan, np.inf, True, "1", None]),
    (NOT_NEGATIVE, [0, 3.5], [-0.1, np.inf, False]),
    (NUMBER, [-3, 0.0], [np.nan, "3", 1j]),
    (COUNT, [1, np.int64(7)], [0, 1.0, True, "1"]),
    (SWITCH, [True, np.bool_(False)], [0, 1, "True", None]),
    (NONE | COUNT, [None, 3], [0, False]),
    (one_of("auto") | POSITIVE, ["auto", 1.0], ["Auto", -1]),
    (RANDOM_STATE, [None, 0, 2**32 - 1, np.random.RandomState(0)], [-1, 2**32, 0.5, np.random.default_rng(0)]),
]


@pytest.mark.parametrize(("rule", "good", "bad"), RULES, ids=lambda value: getattr(value, "requirement", ""))
def test_rules(rule: Rule, good: list[Any], bad: list[Any]) -> None:
    assert all(rule.holds(value) for value in good)
    assert not any(rule.holds(value) for value in bad)


def test_the_first_broken_rule_is_named_with_what_was_given() -> None:
    with pytest.raises(SettingError, match=r"SimpleNamespace: b must be a number above 0; got 'x'\."):
        check_settings(SimpleNamespace(a=1, b="x"), {"a": POSITIVE, "b": POSITIVE})


@pytest.mark.parametrize("make", [np.array, csr_matrix, pd.DataFrame, lambda X: pa.table({"0": X[:, 0], "1": X[:, 1]})])
def test_the_first_cell_that_is_not_finite_is_named(make: Any) -> None:
    X = np.array([[1.0, 2.0], [3.0, np.inf], [np.nan, 1.0]])
    with pytest.raises(InputError, match=r"row 1 \(counted from 0\), column '?1'?: inf"):
        check_rows(BaseEstimator(), make(X), reset=True)


NA_ROWS: list[tuple[str, Any, str]] = [
    ("Int64", pd.array([1, pd.NA, 3], dtype="Int64"), "Input X contains NaN"),
    ("boolean", pd.array([True, pd.NA, False], dtype="boolean"), "Input X contains NaN"),
    ("objects", np.array([1, pd.NA, 3], dtype=object), "float.. argument must be .*'NAType'"),
    ("None", np.array([1, None, 3], dtype=object), "Input X contains NaN"),
]


@pytest.mark.parametrize(("column", "sentence"), [case[1:] for case in NA_ROWS], ids=[case[0] for case in NA_ROWS])
def test_the_first_missing_cell_of_a_column_that_is_no_float_is_named(column: Any, sentence: str) -> None:
    frame = pd.DataFrame({"size": [1.0, 2.0, 3.0], "age": column})
    with pytest.raises(
        InputError, match=rf"^{sentence}.* First at row 1 .*, column 'age': .*Correct or drop these rows"
    ):
        check_rows(BaseEstimator(), frame, reset=True)


UNFIT: list[tuple[str, Any, str]] = [
    ("unread", pl.LazyFrame({"a": [1.0]}), "X is a LazyFrame, whose rows are not there yet. Give X.collect()"),
    ("dates", pd.DataFrame({"a": [1.0], "b": pd.to_datetime(["2020-02-01"])}), "row 0 .*, column 'b': 2020-02-01"),
    (
        "a dict in a cell",
        np.array([[1.0, {}]], dtype=object),
        "argument must be .*row 0 .*, column 1: {}. Give rows",
    ),
    ("ragged", [[1.0], [1.0, 2.0]], "Give rows of equal length"),
    ("huge", [[1, 10**400]], "int too large to convert to float. First at row 0 .*, column 1: 10+. Give rows"),
    ("None", None, "Expected 2D array, got scalar array instead.* X is None: give rows of numbers"),
    ("numbers", np.arange(5.0), "got 1D array instead. Reshape your data either using"),
    ("pictures", np.zeros((3, 4, 4)), r"Found array with dim 3.* X.reshape\(len\(X\), -1\) makes one row of each"),
    ("complex", np.ones((2000, 2)) * 1j, "^Complex data not supported.$"),
    ("names", pd.DataFrame([[1.0, 2.0]], columns=["a", 1]), "Feature names are only supported if all input features"),
]


@pytest.mark.parametrize(("X", "message"), [case[1:] for case in UNFIT], ids=[case[0] for case in UNFIT])
def test_rows_of_no_numbers(X: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        check_rows(BaseEstimator(), X, reset=True)
    assert len(str(caught.value)) < 500


def test_a_wide_sparse_matrix_is_not_made_dense_to_find_its_bad_cell() -> None:
    wide = csr_matrix(([1.0, np.nan, np.inf], ([5, 70_000, 70_000], [3, 99_999_999, 2])), shape=(10**6, 10**8))
    with pytest.raises(InputError, match=r"row 70000 .*, column 2: inf"):
        check_rows(BaseEstimator(), wide, reset=True)
