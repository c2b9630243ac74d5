"""One-hot targets and mini-batches."""

from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.errors import InputError, SettingError


@pytest.mark.parametrize("y", [[0, 2, 1], [0.0, 2.0, 1.0], np.array([0, 2, 1], np.uint8)])
def test_one_hot_is_the_identity_matrix_by_rows(y: Any) -> None:
    np.testing.assert_array_equal(nn.one_hot(y, 3), np.eye(3)[[0, 2, 1]])


def test_one_hot_of_booleans_and_of_stacked_labels() -> None:
    np.testing.assert_array_equal(nn.one_hot([True, False], 2), [[0, 1], [1, 0]])
    assert nn.one_hot(np.zeros((4, 5), int), 3).shape == (4, 5, 3)
    assert nn.one_hot([0], 2, np.float32).dtype == np.float32


@pytest.mark.parametrize(
    ("y", "shown"), [([0, 3], "3 in row 1"), ([-1, 0], "-1 in row 0"), ([0, 1, 0.5], "0.5 in row 2"),
                     ([0, np.nan], "nan in row 1"), ([np.inf], "inf in row 0"), (["a"], "<U1"), ([None], "object")],
)  # fmt: skip
def test_bad_labels_are_named(y: Any, shown: str) -> None:
    with pytest.raises(InputError, match=rf"labels must be whole numbers from 0 to 2; got {shown}"):
        nn.one_hot(y, 3)


def test_every_row_comes_once_with_its_label() -> None:
    X, y = np.arange(20).reshape(10, 2), np.arange(10)
    batches = list(nn.minibatches(X, y, 3, np.random.default_rng(0)))
    assert [len(rows) for rows, _ in batches] == [3, 3, 3, 1]
    rows, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    np.testing.assert_array_equal(rows, X[labels])
    assert sorted(labels) == list(range(10))
    assert list(labels) != list(range(10))


@pytest.mark.parametrize("rng", [np.random.default_rng, np.random.RandomState])
def test_order_is_the_generators(rng: Any) -> None:
    X = np.arange(10)[:, None]
    order = rng(3).permutation(10)
    batches = nn.minibatches(X, X, 4, rng(3))
    np.testing.assert_array_equal(np.concatenate([rows.ravel() for rows, _ in batches]), order)


def test_without_generator_rows_keep_their_order_and_batches_are_copies() -> None:
    X = np.arange(4.0)[:, None]
    for rows, _ in nn.minibatches(X, X, 100):
        np.testing.assert_array_equal(rows, X)
        rows[...] = 0
    assert X.any()


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "2", None, True])
def test_batch_size_is_a_count(batch_size: Any) -> None:
    with pytest.raises(SettingError, match="batch_size must be a whole number of 1 or more"):
        next(nn.minibatches([[1]], [1], batch_size))


@pytest.mark.parametrize(("X", "y"), [([[1], [2]], [1]), ([], []), ([[1]], 1)])
def test_rows_and_targets_belong_together(X: Any, y: Any) -> None:
    with pytest.raises(InputError, match="as many rows in X as in y, at least one"):
        next(nn.minibatches(X, y, 1))
