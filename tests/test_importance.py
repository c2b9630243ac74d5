"""Permutation importance: it finds what a model needs, in every kind of table, and touches nothing."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.inspection import permutation_importance as scikit_learns
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

import feedforward as ff

N = 200


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "noise": rng.normal(size=N),
        "colour": rng.choice(["red", "blue", "green"], N).tolist(),
        "size": rng.normal(size=N),
    }


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_it_finds_the_column_that_decides_in_every_kind_of_frame(make: Any) -> None:
    table = make(columns())
    y = np.array([colour == "red" for colour in columns()["colour"]])
    model = make_pipeline(ff.TableEncoder(), LogisticRegression()).fit(table, y)
    found = ff.permutation_importance(model, table, y, seed=1)
    assert found.ranked()[0][0] == "colour"
    assert found.measure == "log_loss"
    others = [loss for name, loss, _ in found.ranked() if name != "colour"]
    assert max(np.abs(others)) < 0.1 * found.mean.max()


def test_rows_of_pandas_change_places_whatever_their_index() -> None:
    frame = pd.DataFrame(columns())
    y = frame["size"] * 2
    model = make_pipeline(ff.TableEncoder(), LinearRegression()).fit(frame, y)
    expected = ff.permutation_importance(model, frame, y).losses
    frame.index = np.repeat(np.arange(N // 2), 2)[::-1]
    np.testing.assert_array_equal(ff.permutation_importance(model, frame, y.to_numpy()).losses, expected)


def test_it_is_near_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3))
    y = X @ [3.0, 1.0, 0.0] + rng.normal(size=2000)
    model = LinearRegression().fit(X, y)
    ours = ff.permutation_importance(model, X, y, repeats=10)
    theirs = scikit_learns(model, X, y, n_repeats=10, random_state=0).importances_mean
    np.testing.assert_allclose(ours.mean, theirs, atol=0.03)
    # Shuffling x_j adds 2 w_j² to the squared error, of a variance of 3² + 1² + 1 = 11.
    np.testing.assert_allclose(ours.mean, [18 / 11, 2 / 11, 0.0], atol=0.06)


def test_neither_rows_nor_model_change() -> None:
    X = np.random.default_rng(0).normal(size=(50, 2))
    y = X[:, 0] > 0
    model, before = ff.Perceptron(random_state=0).fit(X, y), X.copy()
    weights = model.coef_.copy()
    found = ff.permutation_importance(model, X, y)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(model.coef_, weights)
    assert (found.measure, found.columns) == ("accuracy", ["x0", "x1"])
    assert found.losses.shape == (2, 5)
    np.testing.assert_array_equal(found.losses, ff.permutation_importance(model, X, y).losses)


def test_a_tabular_network_is_asked_as_others_are() -> None:
    table = pa.table(columns())
    y = np.asarray(columns()["size"]) * 2
    model = ff.TabularRegressor(preset="fast", engine="numpy", random_state=0).fit(table, y)
    assert ff.permutation_importance(model, table, y, repeats=2).ranked()[0][0] == "size"


def test_what_does_not_fit_is_named() -> None:
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    with pytest.raises(ff.InputError, match="X has 2 rows and y has 1"):
        ff.permutation_importance(model, [[0.0], [1.0]], [0.0])
    with pytest.raises(ff.InputError, match="rows and columns; got a list of shape"):
        ff.permutation_importance(model, [0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ff.SettingError, match="repeats must be a whole number of 1 or more; got 0"):
        ff.permutation_importance(model, [[0.0], [1.0]], [0.0, 1.0], repeats=0)


def test_answers_that_no_model_could_give_are_named() -> None:
    X = np.arange(12.0).reshape(6, 2)
    numbers, classes = LinearRegression().fit(X, X[:, 0]), LogisticRegression().fit(X, ["no", "yes"] * 3)
    for model, y, words in (
        (numbers, "size", r"got the text 'size'; a column is taken by table\['size'\]"),
        (numbers, [1.0, np.nan, 2.0, 3.0, 4.0, 5.0], "y has no value, or an infinite one, at row 1"),
        (numbers, list("abcdef"), "y: could not convert string to float: 'a'"),
        (classes, [None, "yes"] * 3, "at row 0"),
        (classes, [1, 2] * 3, "knows none of the labels of y, such as 1; its classes are .'no', 'yes'."),
    ):
        with pytest.raises(ff.InputError, match=words):
            ff.permutation_importance(model, X, y)
    with pytest.raises(ff.InputError, match="R² needs two rows or more; got 1"):
        ff.permutation_importance(numbers, X[:1], [0.0])
    with pytest.raises(ff.InputError, match="must be a fitted estimator, with predict; got an int"):
        ff.permutation_importance(3, X, X[:, 0])


def test_answers_in_a_column_and_rows_in_lists_are_taken_as_they_are() -> None:
    rng = np.random.default_rng(0)
    rows = [
        [float(size), town] for size, town in zip(rng.normal(size=90), rng.choice(["Rome", "Bern"], 90), strict=True)
    ]
    y = np.array([town == "Rome" for _, town in rows])
    model = ff.TabularClassifier(preset="fast", max_epochs=8, engine="numpy", random_state=0).fit(rows, y)
    found = ff.permutation_importance(model, rows, y[:, None], repeats=2)
    assert found.ranked()[0][0] == "x1"
    array = np.array(rows, dtype=object)
    np.testing.assert_array_equal(found.losses, ff.permutation_importance(model, array, y, repeats=2).losses)


def test_an_array_for_a_model_of_named_columns_is_warned_of_once() -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
    model = ff.TabularClassifier(preset="fast", max_epochs=1, random_state=0).fit(X, X["a"] > 0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ff.permutation_importance(model, X.to_numpy(), X["a"] > 0)
    assert 1 <= sum("valid feature names" in str(warning.message) for warning in caught) <= 2  # predict, predict_proba
