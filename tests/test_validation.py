"""Checks of settings and rows say what was wrong, what was given and what to do."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
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
