"""Rows given to `train` by hand: what does not fit is refused before any engine reads it."""

from typing import Any

import numpy as np
import pytest

import feedforward as ff
from feedforward import nn
from feedforward.errors import InputError, SettingError
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.recipe import Recipe
from feedforward.training.state import Training

X = np.random.default_rng(0).normal(size=(20, 2))
Y = (X[:, 0] > 0).astype(np.int64)


def run(rows: Rows, loss: nn.Loss | None = None, score: str = "accuracy", **settings: Any) -> Training:
    rng = np.random.default_rng(1)
    network = nn.Sequential(nn.Linear(2, 4, rng=rng), nn.Tanh(), nn.Linear(4, 2, rng=rng))
    training = Training(network, nn.Adam(), seed=0)
    train(training, rows, Recipe(max_epochs=2), loss=loss or nn.CrossEntropyLoss(), score=score, **settings)
    return training


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (Rows(X, Y + 10**9), "whole numbers from 0 to 1"),
        (Rows(X, Y - 1), "whole numbers from 0 to 1"),
        (Rows(X, Y.astype(str)), "whole numbers from 0 to 1"),
        (Rows(X, Y + 0.5), "whole numbers from 0 to 1"),
        (Rows(X, Y[:5]), "5 targets"),
        (Rows(X[:, [0, 1, 0, 1]], Y), "expects 2 columns and got 4"),
        (Rows(np.where(X > 1, np.nan, X), Y), "finite"),
        (Rows([["a", "b"]] * 20, Y), "must be numbers"),
        (Rows(X, Y, -np.ones(20)), "not negative"),
        (Rows(X, Y, np.zeros(20)), "not all 0"),
        (Rows(X, Y, np.ones(3)), r"got shape \(3,\)"),
    ],
)
def test_what_does_not_fit_is_refused(rows: Rows, words: str, engine: str) -> None:
    with pytest.raises(InputError, match=words):
        run(rows, engine=engine)
    with pytest.raises(InputError, match=words):
        run(Rows(X, Y), validation=rows, engine=engine)


def test_an_unknown_score_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'accuracy'"):
        run(Rows(X, Y), score="acuracy")


@pytest.mark.parametrize(
    "rows",
    [
        Rows(X.tolist(), Y),
        Rows(np.asfortranarray(X), Y.astype(np.int8)),
        Rows(X, Y.astype(float), np.ones(20, np.int8)),
    ],
    ids=["lists", "Fortran", "other dtypes"],
)
def test_what_can_be_converted_is(rows: Rows) -> None:
    assert run(rows).history["train_loss"] == run(Rows(X, Y)).history["train_loss"]


def test_predictions_of_weights_that_do_not_fit_are_refused() -> None:
    model = ff.MLPClassifier((8,), max_epochs=1, random_state=0).fit(X, Y)
    model.network_[0].bias = np.ones(1, np.float32)
    with pytest.raises(InputError, match=r"layer 0 .* needs a bias of float32, shape \(8,\)"):
        model.predict(X)
    model.network_ = nn.Sequential(nn.Linear(7, 2)).copy(np.float32)
    with pytest.raises(InputError, match="expects 7 columns and gets 2"):
        model.predict(X)


def test_a_useless_regression_says_so() -> None:
    with pytest.warns(UserWarning, match="worse than always giving the mean"):
        ff.MLPRegressor(random_state=0).fit(X, X[:, 0] + 1e5)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint64])
def test_narrow_whole_numbers_are_settings_too(kind: Any) -> None:
    settings = {"batch_size": kind(7), "max_epochs": kind(7), "schedule": "cosine", "random_state": 0}
    model = ff.MLPClassifier((4,), **settings).fit(np.tile(X, (60, 1)), np.tile(Y, 60))
    assert len(model.history_["train_loss"]) == 7


def test_a_layer_in_two_places_is_refused() -> None:
    twice = nn.Linear(4, 4)
    network = nn.Sequential(nn.Linear(2, 4), twice, nn.Tanh(), twice, nn.Linear(4, 2))
    with pytest.raises(InputError, match="one layer in two places"):
        ff.MLPClassifier(max_epochs=1).fit(X, Y, network=network)


def test_a_weight_that_is_not_a_number_decides_no_class() -> None:
    model = ff.MLPClassifier((8,), max_epochs=1, random_state=0).fit(X, Y)
    model.network_[0].weight[0, 0] = np.nan
    with pytest.raises(ff.InputError, match="its weights reach nan"):
        model.predict_proba(X)
