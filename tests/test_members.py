"""Folds of bagging: every row is learned, judged by those who have not seen it, and classes keep shares."""

import numpy as np
import pytest

from feedforward.estimators.members import folds


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9, 10, 11, 103])
@pytest.mark.parametrize("members", [1, 3, 5, 12])
def test_no_row_is_lost_or_on_both_sides(n: int, members: int) -> None:
    training, validation = folds(n, members, 5, seed=0)
    assert training.shape[0] == validation.shape[0] == members
    for learned, judged in zip(training, validation, strict=True):
        assert sorted([*learned, *judged]) == list(range(n))
        assert len(judged) <= n / 2


def test_five_members_judge_every_row_once() -> None:
    _, validation = folds(100, 5, 5, seed=3)
    assert sorted(validation.ravel()) == list(range(100))


def test_more_members_deal_anew() -> None:
    _, validation = folds(100, 10, 5, seed=3)
    assert sorted(validation[5:].ravel()) == list(range(100))
    assert {tuple(part) for part in validation[:5]}.isdisjoint(tuple(part) for part in validation[5:])


def test_member_0_does_not_depend_on_how_many_there_are() -> None:
    np.testing.assert_array_equal(folds(50, 1, 5, seed=1)[1][0], folds(50, 7, 5, seed=1)[1][0])


def test_classes_keep_their_shares() -> None:
    codes = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [100, 50, 10]))
    _, validation = folds(160, 5, 5, seed=0, codes=codes)
    for judged in validation:
        assert np.bincount(codes[judged], minlength=3).tolist() == [20, 10, 2]


def test_the_only_row_of_a_class_is_learned_by_all() -> None:
    codes = np.array([0] * 20 + [1] + [2] * 2)
    training, _ = folds(23, 5, 5, seed=0, codes=codes)
    assert all(20 in learned for learned in training)
    for learned in training:
        assert set(codes[learned]) == {0, 1, 2}
