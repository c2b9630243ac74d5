"""Networks as estimators: what they learn is torch's, and what scikit-learn expects of an estimator holds."""

import copy
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_digits, load_iris, make_blobs, make_regression
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from feedforward import InputError, MLPClassifier, MLPRegressor, nn
from feedforward.training.predictor import outputs
from feedforward.training.recipe import ACTIVATIONS, OPTIMIZERS, Recipe

ENGINES = ["numpy", "compiled", "torch"]
each_engine = pytest.mark.parametrize("engine", ENGINES)
X_IRIS, Y_IRIS = scale(load_iris().data), load_iris().target
RNG = np.random.default_rng(0)
X_NUMBERS = RNG.normal(size=(150, 4))
Y_NUMBERS = np.tanh(X_NUMBERS @ RNG.normal(size=(4, 2)))
Y_SEVERAL = (X_NUMBERS @ RNG.normal(size=(4, 3)) > 0).astype(int)
WEIGHTS = RNG.integers(0, 4, 150).astype(float)


def classifier(**settings: Any) -> Any:
    return MLPClassifier(**{"hidden_sizes": (8,), "max_epochs": 20, "random_state": 0, **settings})


def regressor(**settings: Any) -> Any:
    return MLPRegressor(**{"hidden_sizes": (8,), "max_epochs": 20, "random_state": 0, **settings})


def alike(one: Any, other: Any, rtol: float = 0.0) -> None:
    ours, theirs = one.network_.parameters(), other.network_.parameters()
    assert list(ours) == list(theirs)
    for name in ours:
        assert_allclose(ours[name], theirs[name], rtol=rtol, atol=rtol / 100)


# What is learned: torch's ------------------------------------------------------------------------------------------


def torch_twin(network: nn.Sequential) -> Any:
    layers: list[Any] = []
    for layer in network:
        if isinstance(layer, nn.Linear):
            layers.append(torch.nn.Linear(layer.in_features, layer.out_features, dtype=torch.float64))
        else:
            layers.append(getattr(torch.nn, type(layer).__name__)())
    twin = torch.nn.Sequential(*layers)
    twin.load_state_dict({name: torch.tensor(array) for name, array in network.parameters().items()})
    return twin


def torch_training(twin: Any, X: Any, targets: Any, weights: Any, loss_of_rows: Any, epochs: int, rate: float) -> Any:
    """Train on all rows at once by Adam; return the losses before each update."""
    optimizer, losses = torch.optim.Adam(twin.parameters(), lr=rate), []
    X, targets, weights = torch.tensor(X), torch.tensor(targets), torch.tensor(weights)
    for _ in range(epochs):
        optimizer.zero_grad()
        rows = loss_of_rows(twin(X), targets)
        loss = (weights * rows).sum() / weights.sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def start(m: int, t: int, *after: nn.Layer) -> nn.Sequential:
    rng = np.random.default_rng(1)
    return nn.Sequential(nn.Linear(m, 6, rng=rng), nn.Tanh(), nn.Linear(6, t, rng=rng), *after)


def cross_entropy(outputs: Any, targets: Any) -> Any:
    return torch.nn.functional.cross_entropy(outputs, targets, reduction="none")


def of_each_column(outputs: Any, targets: Any) -> Any:
    loss = torch.nn.functional.binary_cross_entropy_with_logits(outputs, targets.double(), reduction="none")
    return loss.mean(dim=1)


def squared_error(outputs: Any, targets: Any) -> Any:
    return ((outputs - targets) ** 2).mean(dim=1)


def squared_error_of_one_hot(outputs: Any, targets: Any) -> Any:
    return squared_error(outputs, torch.nn.functional.one_hot(targets, 3))


LONG_WEIGHTS = {"none": np.ones(150), "whole": WEIGHTS + 1}


@each_engine
@pytest.mark.parametrize("weights", LONG_WEIGHTS)
@pytest.mark.parametrize(
    ("model", "network", "X", "y", "loss_of_rows"),
    [
        (classifier(), start(4, 3), X_IRIS, Y_IRIS, cross_entropy),
        (classifier(loss="squared_error"), start(4, 3, nn.Sigmoid()), X_IRIS, Y_IRIS, squared_error_of_one_hot),
        (classifier(), start(4, 3), X_NUMBERS, Y_SEVERAL, of_each_column),
        (regressor(), start(4, 2), X_NUMBERS, Y_NUMBERS, squared_error),
    ],
    ids=["classes", "classes by squared error", "several labels", "numbers"],
)
def test_fit_is_torchs_training(
    model: Any, network: Any, X: Any, y: Any, loss_of_rows: Any, weights: str, engine: str
) -> None:
    model = clone(model).set_params(batch_size=None, dtype="float64", learning_rate=0.02, engine=engine)
    given = None if weights == "none" else LONG_WEIGHTS[weights]
    before = network.copy()
    model.fit(X, y, given, network=network)
    twin = torch_twin(network)
    losses = torch_training(twin, X, y, LONG_WEIGHTS[weights], loss_of_rows, 20, 0.02)
    assert_allclose(model.history_["train_loss"], losses, rtol=1e-9)
    for name, array in twin.state_dict().items():
        assert_allclose(model.network_.parameters()[name], array.numpy(), rtol=1e-7, atol=1e-9)
        assert_array_equal(network.parameters()[name], before.parameters()[name])  # what was given is as it was


@each_engine
def test_partial_fit_takes_the_batches_in_the_order_given(engine: str) -> None:
    model = regressor(batch_size=32, dtype="float64", engine=engine).partial_fit(X_NUMBERS, Y_NUMBERS)
    fresh = regressor(batch_size=32, dtype="float64", engine=engine, optimizer="sgd", learning_rate=1e-300)
    twin = torch_twin(fresh.partial_fit(X_NUMBERS, Y_NUMBERS).network_)
    optimizer = torch.optim.Adam(twin.parameters(), lr=1e-3)
    for first in range(0, 150, 32):
        optimizer.zero_grad()
        outputs = twin(torch.tensor(X_NUMBERS[first : first + 32]))
        squared_error(outputs, torch.tensor(Y_NUMBERS[first : first + 32])).mean().backward()
        optimizer.step()
    for name, array in twin.state_dict().items():
        assert_allclose(model.network_.parameters()[name], array.numpy(), rtol=1e-8, atol=1e-12)


# Figures of record -------------------------------------------------------------------------------------------------

X_BLOBS, Y_BLOBS = make_blobs(n_samples=1000, n_features=2, centers=2, random_state=42, cluster_std=2.5)
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(X_BLOBS, Y_BLOBS, test_size=0.33, random_state=42)


def test_11_the_untrained_network_as_an_estimator() -> None:
    network = nn.Sequential(nn.Linear(2, 10), nn.Sigmoid(), nn.Linear(10, 2), nn.Sigmoid())
    network.load_parameters(
        {
            "0.weight": np.random.RandomState(1).normal(size=(10, 2), scale=0.1),
            "0.bias": np.zeros(10),
            "2.weight": np.random.RandomState(1).normal(size=(2, 10), scale=0.1),
            "2.bias": np.zeros(2),
        }
    )
    model = classifier(
        loss="squared_error", optimizer="sgd", learning_rate=1e-15, batch_size=None, max_epochs=1, dtype="float64"
    ).fit(X_TEST, Y_TEST, network=network)
    outputs = model.network_(X_TEST[:2])
    assert_allclose(outputs, [[0.46725763, 0.48185718], [0.51270125, 0.50086963]], atol=5e-9)
    assert model.history_["train_loss"] == [pytest.approx(0.24646401678734076, rel=1e-13)]
    assert model.history_["train_score"] == [pytest.approx(0.8515151515151516, rel=1e-13)]
    assert model.score(X_TEST, Y_TEST) == 0.8515151515151516
    assert_allclose(model.predict_proba(X_TEST[:2]), outputs / outputs.sum(axis=1, keepdims=True))


@each_engine
@pytest.mark.parametrize("sizes", [(10,), (10, 5)])
def test_14_sigmoid_networks_reach_97_percent(sizes: Any, engine: str) -> None:
    model = MLPClassifier(
        sizes,
        activation="sigmoid",
        loss="squared_error",
        learning_rate=0.02,
        batch_size=100,
        max_epochs=50,
        engine=engine,
        random_state=1,
    ).fit(X_TRAIN, Y_TRAIN, X_val=X_TEST, y_val=Y_TEST)
    assert model.history_["val_score"][-1] == model.score(X_TEST, Y_TEST) >= 0.97


def test_digits_by_the_defaults() -> None:
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
    assert MLPClassifier(random_state=0).fit(X_train, y_train).score(X_test, y_test) > 0.96


def test_numbers_by_the_defaults() -> None:
    X, y = make_regression(n_samples=1000, n_features=10, noise=10, random_state=0)
    model = TransformedTargetRegressor(MLPRegressor(random_state=0), transformer=StandardScaler())
    assert cross_val_score(model, X, y, cv=3).min() > 0.95


# Settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_defaults_are_those_of_the_recipe(estimator: Any) -> None:
    settings = {**signature(estimator).parameters}
    for field in fields(Recipe):
        if field.name in settings and (estimator, field.name) != (MLPRegressor, "loss"):
            assert settings[field.name].default == field.default, field.name
    assert settings["loss"].default == ("cross_entropy" if estimator is MLPClassifier else "squared_error")


@each_engine
@pytest.mark.parametrize("name", [*ACTIVATIONS, *OPTIMIZERS, "cosine", "plateau", "one_cycle", "huber", "smoothing"])
def test_each_setting_trains(name: str, engine: str) -> None:
    settings: dict[str, Any] = {"learning_rate": 0.01, "engine": engine, "batch_size": 32}
    if name in ACTIVATIONS:
        settings["activation"] = name
    elif name in OPTIMIZERS:
        settings["optimizer"] = name
    elif name == "smoothing":
        settings["loss"] = nn.CrossEntropyLoss(label_smoothing=0.1)
    elif name != "huber":
        settings["schedule"] = name
    if name == "huber":
        losses = regressor(loss=name, **settings).fit(X_NUMBERS, Y_NUMBERS).history_["train_loss"]
    else:
        losses = classifier(**settings).fit(X_IRIS, Y_IRIS).history_["train_loss"]
    assert losses[-1] < 0.9 * losses[0]


def test_settings_as_objects_are_those_by_name() -> None:
    named = classifier(activation="tanh", optimizer="momentum", learning_rate=0.05).fit(X_IRIS, Y_IRIS)
    momentum = nn.SGD(0.05, momentum=0.9)
    objects = classifier(activation=nn.Tanh(), optimizer=momentum, loss=nn.CrossEntropyLoss()).fit(X_IRIS, Y_IRIS)
    alike(named, objects)
    assert momentum.state == {}


@pytest.mark.parametrize("sizes", [(), 5, [5], np.array([5, 3]), (4, 4, 4)], ids=str)
def test_hidden_sizes(sizes: Any) -> None:
    network = classifier(hidden_sizes=sizes, max_epochs=1).fit(X_IRIS, Y_IRIS).network_
    widths = [layer.out_features for layer in network if isinstance(layer, nn.Linear)]
    assert widths == [*np.atleast_1d(np.asarray(sizes, int)).tolist(), 3]


def test_without_a_hidden_layer_it_is_logistic_regression() -> None:
    # Full-batch descent on a convex loss comes to its only minimum, which shrinking makes finite.
    X, y = X_IRIS[50:], Y_IRIS[50:]
    model = classifier(
        hidden_sizes=(), batch_size=None, max_epochs=3000, learning_rate=0.05, dtype="float64", patience=200
    )
    probabilities = model.fit(X, y).predict_proba(X)[:, 1]
    error = np.append(X, np.ones((100, 1)), axis=1).T @ (probabilities - (y == 2)) / 100  # the gradient there
    assert np.abs(error).max() < 2e-3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_that_of_the_network(dtype: str) -> None:
    model = classifier(dtype=dtype).fit(X_IRIS.astype(np.float32 if dtype == "float64" else np.float64), Y_IRIS)
    assert {array.dtype for array in model.network_.parameters().values()} == {np.dtype(dtype)}
    assert model.predict_proba(X_IRIS).dtype == dtype


def test_seed_is_what_random_state_came_to() -> None:
    model = classifier(random_state=7).fit(X_IRIS, Y_IRIS)
    assert model.seed_ == 7
    alike(model, classifier(random_state=np.int64(7)).fit(X_IRIS, Y_IRIS))
    drawn = classifier(random_state=np.random.RandomState(3)).fit(X_IRIS, Y_IRIS)
    alike(drawn, classifier(random_state=drawn.seed_).fit(X_IRIS, Y_IRIS))
    assert drawn.seed_ == classifier(random_state=np.random.RandomState(3)).fit(X_IRIS, Y_IRIS).seed_
    two = [classifier(random_state=None).fit(X_IRIS, Y_IRIS) for _ in range(2)]
    assert two[0].seed_ != two[1].seed_
    assert not np.array_equal(two[0].network_[0].weight, two[1].network_[0].weight)


def test_verbose_speaks_on_stderr(capsys: Any) -> None:
    classifier(verbose=True, max_epochs=3).fit(X_IRIS, Y_IRIS)
    said = capsys.readouterr()
    assert said.out == ""
    assert "engine" in said.err
    assert "loss" in said.err


# Labels and outputs ------------------------------------------------------------------------------------------------

LABELS: list[Any] = [
    ["no", "yes", "perhaps"],
    [7, 2, 40],
    [-1, 1, 0],
    [1.0, 3.0, 2.0],
    np.array(["b", "a", "c"], dtype=object),
    [True, False],
    ["only"],
]


@pytest.mark.filterwarnings("ignore:.*nothing to tell apart")
@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_any_labels(labels: Any) -> None:
    names = np.sort(np.asarray(labels))
    rows = len(names) > Y_IRIS
    plain, model = classifier().fit(X_IRIS[rows], Y_IRIS[rows]), classifier().fit(X_IRIS[rows], names[Y_IRIS[rows]])
    assert_array_equal(model.classes_, names)
    assert model.predict(X_IRIS).dtype == names.dtype
    assert_array_equal(model.predict(X_IRIS), names[plain.predict(X_IRIS)])
    assert model.score(X_IRIS[rows], names[Y_IRIS[rows]]) == plain.score(X_IRIS[rows], Y_IRIS[rows])


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_probabilities_sum_to_one_and_the_largest_decides(loss: str) -> None:
    model = classifier(loss=loss, dtype="float64").fit(X_IRIS, Y_IRIS)
    probabilities = model.predict_proba(X_IRIS)
    assert probabilities.shape == (150, 3)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)
    assert probabilities.min() >= 0
    assert_array_equal(model.predict(X_IRIS), probabilities.argmax(axis=1))


def test_confident_where_classes_are_far_apart() -> None:
    X, y = make_blobs(200, centers=[[-3, -3], [3, 3]], cluster_std=0.3, random_state=0)
    model = MLPClassifier(learning_rate=0.01, random_state=0).fit(X, y)
    assert model.predict_proba(X)[np.arange(200), y].min() > 0.99


@pytest.mark.parametrize("kind", [int, bool, float])
def test_several_labels_a_row(kind: Any) -> None:
    model = classifier(learning_rate=0.02, max_epochs=100).fit(X_NUMBERS, Y_SEVERAL.astype(kind))
    predicted, probabilities = model.predict(X_NUMBERS), model.predict_proba(X_NUMBERS)
    assert predicted.shape == probabilities.shape == Y_SEVERAL.shape
    assert set(np.unique(predicted)) == {0, 1}
    assert_array_equal(predicted, probabilities > 0.5)
    assert_array_equal(model.classes_, [0, 1, 2])
    assert model.score(X_NUMBERS, Y_SEVERAL) > 0.9
    same = classifier(learning_rate=0.02, max_epochs=100).fit(X_NUMBERS, csr_matrix(Y_SEVERAL))
    alike(model, same)


def test_shape_of_predictions_is_that_of_targets() -> None:
    y = Y_NUMBERS[:, 0]
    flat = regressor().fit(X_NUMBERS, y)
    assert flat.predict(X_NUMBERS).shape == (150,)
    assert regressor().fit(X_NUMBERS, Y_NUMBERS).predict(X_NUMBERS).shape == (150, 2)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        column = regressor().fit(X_NUMBERS, y[:, None])
    alike(flat, column)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        labels = classifier().fit(X_IRIS, Y_IRIS[:, None])
    alike(labels, classifier().fit(X_IRIS, Y_IRIS))


def test_targets_of_any_container() -> None:
    names = load_iris().target_names[Y_IRIS]
    plain = classifier().fit(X_IRIS, names)
    for labels in (names.tolist(), pd.Series(names), pd.Series(names, dtype="category"), pd.Series(names, dtype="str")):
        alike(plain, classifier().fit(X_IRIS, labels))
    several = classifier().fit(X_NUMBERS, Y_SEVERAL)
    for indicators in (Y_SEVERAL.tolist(), pd.DataFrame(Y_SEVERAL), csr_matrix(Y_SEVERAL)):
        alike(several, classifier().fit(X_NUMBERS, indicators))
    numbers = regressor().fit(X_NUMBERS, Y_NUMBERS)
    for targets in (Y_NUMBERS.tolist(), pd.DataFrame(Y_NUMBERS), pd.DataFrame(Y_NUMBERS, dtype="Float64")):
        alike(numbers, regressor().fit(X_NUMBERS, targets))
    one = regressor().fit(X_NUMBERS, Y_NUMBERS[:, 0])
    for column in (Y_NUMBERS[:, 0].tolist(), pd.Series(Y_NUMBERS[:, 0])):
        alike(one, regressor().fit(X_NUMBERS, column))


@pytest.mark.parametrize("rows", [1, 7, 64, 100])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", [np.float32, np.float64])
def test_predictions_do_not_depend_on_the_rows_beside(rows: int, dtype: str, given: Any) -> None:
    X = X_NUMBERS.astype(given)
    model = regressor(hidden_sizes=(33, 17), dtype=dtype).fit(X, Y_NUMBERS)
    whole = model.predict(X)
    assert_array_equal(np.concatenate([model.predict(X[i : i + rows]) for i in range(0, 150, rows)]), whole)
    assert_array_equal(model.predict(X[::-1])[::-1], whole)
    assert_array_equal(model.predict(np.asfortranarray(X)), whole)
    assert_array_equal(model.predict(X.tolist() if given is np.float64 else pd.DataFrame(X)), whole)
    assert_array_equal(model.predict(csr_matrix(X)), whole)


def test_scores_in_history_are_those_of_scikit_learn() -> None:
    # The rate is so small that nothing changes, so the means over batches are the scores of the network.
    still = {"optimizer": "sgd", "learning_rate": 1e-15, "max_epochs": 1, "batch_size": 40, "dtype": "float64"}
    weights = WEIGHTS + 0.5
    model = classifier(**still).fit(X_IRIS, Y_IRIS, weights)
    expected = accuracy_score(Y_IRIS, model.predict(X_IRIS), sample_weight=weights)
    assert model.history_["train_score"] == [pytest.approx(expected)]
    several = classifier(**still).fit(X_NUMBERS, Y_SEVERAL, X_val=X_NUMBERS[:50], y_val=Y_SEVERAL[:50])
    assert several.history_["train_score"] == [pytest.approx(several.score(X_NUMBERS, Y_SEVERAL))]
    assert several.history_["val_score"] == [pytest.approx(several.score(X_NUMBERS[:50], Y_SEVERAL[:50]))]
    numbers = regressor(**still).fit(X_NUMBERS, Y_NUMBERS, weights, X_val=X_NUMBERS[:50], y_val=Y_NUMBERS[:50])
    expected = r2_score(Y_NUMBERS, numbers.predict(X_NUMBERS), sample_weight=weights)
    assert numbers.history_["train_score"] == [pytest.approx(expected)]
    assert numbers.history_["val_score"] == [pytest.approx(numbers.score(X_NUMBERS[:50], Y_NUMBERS[:50]))]


# Weights -----------------------------------------------------------------------------------------------------------


@each_engine
@pytest.mark.parametrize("fraction", [0.0, 0.3])
def test_rows_of_weight_0_are_left_out(fraction: float, engine: str) -> None:
    settings = {"engine": engine, "validation_fraction": fraction, "batch_size": 32, "dropout": 0.2}
    kept = WEIGHTS > 0
    weighted = classifier(**settings).fit(X_IRIS, Y_IRIS, WEIGHTS)
    alike(weighted, classifier(**settings).fit(X_IRIS[kept], Y_IRIS[kept], WEIGHTS[kept]))
    numbers = regressor(**settings).fit(X_NUMBERS, Y_NUMBERS, WEIGHTS)
    alike(numbers, regressor(**settings).fit(X_NUMBERS[kept], Y_NUMBERS[kept], WEIGHTS[kept]))


def test_a_class_whose_rows_have_weight_0_is_left_out() -> None:
    model = classifier().fit(X_IRIS, Y_IRIS, Y_IRIS != 1)
    assert model.classes_.tolist() == [0, 2]


@pytest.mark.parametrize("factor", [1e-30, 3.0, 1e30])
def test_only_ratios_of_weights_matter(factor: float) -> None:
    one, other = classifier().fit(X_IRIS, Y_IRIS, WEIGHTS), classifier().fit(X_IRIS, Y_IRIS, factor * WEIGHTS)
    alike(one, other, rtol=1e-3)


@each_engine
def test_whole_weights_are_repeated_rows(engine: str) -> None:
    settings = {"batch_size": None, "dtype": "float64", "engine": engine}
    repeated = np.repeat(np.arange(150), WEIGHTS.astype(int))
    weighted = classifier(**settings).fit(X_IRIS, Y_IRIS, WEIGHTS)
    alike(weighted, classifier(**settings).fit(X_IRIS[repeated], Y_IRIS[repeated]), rtol=1e-7)


def test_class_weight_is_the_sample_weight_it_stands_for() -> None:
    by_class, factors = {0: 1.0, 1: 3.0, 2: 0.5}, np.array([1.0, 3.0, 0.5])[Y_IRIS]
    alike(classifier(class_weight=by_class).fit(X_IRIS, Y_IRIS), classifier().fit(X_IRIS, Y_IRIS, factors))
    both = classifier(class_weight=by_class).fit(X_IRIS, Y_IRIS, WEIGHTS)
    alike(both, classifier().fit(X_IRIS, Y_IRIS, WEIGHTS * factors))
    rows = np.r_[0:50, 50:60, 100:140]
    balanced = classifier(class_weight="balanced").fit(X_IRIS[rows], Y_IRIS[rows])
    counts = np.array([50, 10, 40])
    alike(balanced, classifier().fit(X_IRIS[rows], Y_IRIS[rows], (100 / (3 * counts))[Y_IRIS[rows]]), rtol=1e-5)
    none = classifier(class_weight={1: 0.0}, learning_rate=0.05, max_epochs=100).fit(X_IRIS, Y_IRIS)
    assert none.classes_.tolist() == [0, 1, 2]
    assert 1 not in none.predict(X_IRIS)


# Going on ----------------------------------------------------------------------------------------------------------


@each_engine
@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_passes_over_all_rows_are_a_fit(schedule: str, engine: str) -> None:
    settings = {"batch_size": None, "dtype": "float64", "schedule": schedule, "engine": engine, "max_epochs": 10}
    fitted, going_on = regressor(**settings).fit(X_NUMBERS, Y_NUMBERS), regressor(**settings)
    for _ in range(10):
        going_on.partial_fit(X_NUMBERS, Y_NUMBERS)
    alike(fitted, going_on, rtol=1e-7)
    assert_allclose(fitted.history_["train_loss"], going_on.history_["train_loss"], rtol=1e-9)
    assert going_on.n_iter_ == 10


def test_a_pass_in_pieces_is_a_pass() -> None:
    whole, pieces = classifier(batch_size=30), classifier(batch_size=30)
    whole.partial_fit(X_IRIS, Y_IRIS)
    for first in range(0, 150, 30):
        pieces.partial_fit(X_IRIS[first : first + 30], Y_IRIS[first : first + 30], classes=[0, 1, 2])
    alike(whole, pieces)
    assert (whole.n_iter_, pieces.n_iter_) == (1, 5)


def test_partial_fit_goes_on_after_fit() -> None:
    settings = {"batch_size": None, "dtype": "float64"}
    longer = regressor(max_epochs=13, **settings).fit(X_NUMBERS, Y_NUMBERS)
    model = regressor(max_epochs=10, **settings).fit(X_NUMBERS, Y_NUMBERS)
    for _ in range(3):
        model.partial_fit(X_NUMBERS, Y_NUMBERS)
    alike(model, longer, rtol=1e-8)  # the optimizer's means were kept
    assert model.n_iter_ == len(model.history_["train_loss"]) == 13


def test_a_new_learning_rate_acts_at_once() -> None:
    model = regressor(optimizer="sgd", batch_size=None).partial_fit(X_NUMBERS, Y_NUMBERS)
    before = model.network_.copy()
    model.set_params(learning_rate=1e-15).partial_fit(X_NUMBERS, Y_NUMBERS)
    for name, array in before.parameters().items():
        assert_allclose(model.network_.parameters()[name], array, rtol=1e-6)


def test_history_is_filled_up_where_there_was_nothing_to_judge_on() -> None:
    model = regressor(max_epochs=2).fit(X_NUMBERS, Y_NUMBERS)
    model.partial_fit(X_NUMBERS, Y_NUMBERS, X_val=X_NUMBERS, y_val=Y_NUMBERS).partial_fit(X_NUMBERS, Y_NUMBERS)
    assert_array_equal(np.isfinite(model.history_["val_loss"]), [False, False, True, False])
    assert {len(values) for values in model.history_.values()} == {4}


def test_rows_one_by_one() -> None:
    model = classifier()
    for row in (0, 60, 120):
        model.partial_fit(X_IRIS[row], Y_IRIS[row], classes=[0, 1, 2])
    assert model.n_iter_ == 3


# Validation and stopping -------------------------------------------------------------------------------------------


@each_engine
def test_the_best_weights_come_back(engine: str) -> None:
    model = classifier(
        hidden_sizes=(50,), learning_rate=0.05, max_epochs=300, patience=5, engine=engine, dtype="float64"
    )
    noise = np.random.default_rng(0).normal(size=X_IRIS.shape)
    model.fit(X_IRIS[::2] + noise[::2], Y_IRIS[::2], X_val=X_IRIS[1::2] + noise[1::2], y_val=Y_IRIS[1::2])
    losses = model.history_["val_loss"]
    assert model.should_stop_
    assert model.n_iter_ == len(losses) < 300
    assert model.n_iter_ - 1 - int(np.argmin(losses)) == 5
    probabilities = model.predict_proba(X_IRIS[1::2] + noise[1::2])
    assert -np.log(probabilities[np.arange(75), Y_IRIS[1::2]]).mean() == pytest.approx(min(losses), rel=1e-9)


def test_patience_without_validation_watches_the_training_loss() -> None:
    model = regressor(max_epochs=500, patience=3, learning_rate=0.3).fit(X_NUMBERS, Y_NUMBERS)
    assert model.n_iter_ < 500
    assert int(np.argmin(model.history_["train_loss"])) == model.n_iter_ - 4


def test_validation_rows_are_a_share_of_each_class() -> None:
    # Training on all but the rows that judge is training on the rest: history says how many there are.
    seen: list[int] = []
    y = np.repeat([0, 1], [120, 30])
    model = classifier(validation_fraction=0.2, max_epochs=2, callbacks=[lambda training: seen.append(training.step)])
    model.fit(X_IRIS, y)
    assert model.history_.keys() == {"train_loss", "train_score", "val_loss", "val_score", "seconds"}
    # 24 and 6 rows: any other count would give a score that is no multiple of 1/30.
    assert (np.array(model.history_["val_score"]) * 30) % 1 == pytest.approx(0, abs=1e-9)


def test_a_small_share_still_sets_a_row_of_each_class_aside() -> None:
    model = classifier(validation_fraction=0.01, max_epochs=1).fit(X_IRIS, Y_IRIS)
    assert model.history_["val_score"][0] * 3 % 1 == pytest.approx(0, abs=1e-9)


def test_should_stop_says_so_in_partial_fit() -> None:
    model = regressor(patience=2, learning_rate=1e-15, optimizer="sgd", dtype="float64")
    stops = []
    for _ in range(4):
        model.partial_fit(X_NUMBERS, Y_NUMBERS, X_val=X_NUMBERS, y_val=Y_NUMBERS + 100)
        stops.append(model.should_stop_)
    assert stops[0] is False
    assert any(stops)
    assert model.n_iter_ == 4


def test_callbacks_are_called_after_each_epoch_and_may_stop() -> None:
    epochs: list[int] = []

    def until_the_third(training: Any) -> Any:
        epochs.append(training.epoch)
        assert len(training.history["train_loss"]) == training.epoch
        return training.epoch == 3

    model = classifier(callbacks=[until_the_third]).fit(X_IRIS, Y_IRIS)
    assert epochs == [1, 2, 3]
    assert model.n_iter_ == 3
    assert model.should_stop_
    alike(model, classifier(max_epochs=3).fit(X_IRIS, Y_IRIS))
    model.partial_fit(X_IRIS, Y_IRIS)
    assert epochs == [1, 2, 3, 4]


def test_ctrl_c_leaves_a_network_to_use() -> None:
    def interrupt(training: Any) -> None:
        if training.epoch == 3:
            raise KeyboardInterrupt

    model = classifier(callbacks=[interrupt])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X_IRIS, Y_IRIS)
    assert model.n_iter_ == len(model.history_["train_loss"]) == 3
    alike(model, classifier(max_epochs=3).fit(X_IRIS, Y_IRIS))
    assert model.predict(X_IRIS).shape == (150,)


# Warnings ----------------------------------------------------------------------------------------------------------


@each_engine
def test_diverging_warns_keeps_finite_weights_and_says_what_to_do(engine: str) -> None:
    model = regressor(optimizer="sgd", learning_rate=1e6, engine=engine)
    with pytest.warns(ConvergenceWarning, match="MLPRegressor: .*learning_rate=1000000.0 is too high") as caught:
        model.fit(X_NUMBERS, Y_NUMBERS)
    assert all(warning.filename == __file__ for warning in caught)
    assert all(np.isfinite(array).all() for array in model.network_.parameters().values())
    assert model.predict(X_NUMBERS).shape == (150, 2)
    with pytest.warns(ConvergenceWarning, match="too high") as caught:
        model.set_params(learning_rate=1e30).partial_fit(X_NUMBERS, Y_NUMBERS)
    assert all(warning.filename == __file__ for warning in caught)


def test_columns_of_far_scales_are_named() -> None:
    table = pd.DataFrame({"age": X_IRIS[:, 0], "pay": X_IRIS[:, 1] * 1e6})
    with pytest.warns(ConvergenceWarning, match="MLPClassifier: .*'pay'.*'age'"):
        classifier(max_epochs=1).fit(table, Y_IRIS)


def test_one_class_is_predicted_with_a_warning() -> None:
    with pytest.warns(ConvergenceWarning, match="every row has the class 'a': there is nothing to tell apart"):
        model = classifier().fit(X_IRIS, ["a"] * 150)
    assert set(model.predict(X_IRIS)) == {"a"}
    assert_array_equal(model.predict_proba(X_IRIS), np.ones((150, 1)))


# scikit-learn ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_a_pickled_model_is_the_same(activation: str) -> None:
    model = regressor(activation=activation, dropout=0.1).fit(X_NUMBERS, Y_NUMBERS)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict(X_NUMBERS), model.predict(X_NUMBERS))
    assert twin.network_ is twin._training.network
    for one in (model, twin):
        one.partial_fit(X_NUMBERS, Y_NUMBERS)
    alike(model, twin)


def test_a_copied_model_goes_its_own_way() -> None:
    model = regressor().fit(X_NUMBERS, Y_NUMBERS)
    before, twin = model.predict(X_NUMBERS), copy.deepcopy(model)
    twin.partial_fit(X_NUMBERS, Y_NUMBERS)
    assert_array_equal(model.predict(X_NUMBERS), before)
    assert not np.array_equal(twin.predict(X_NUMBERS), before)


def test_clone_keeps_settings_and_nothing_else() -> None:
    model = classifier(callbacks=(print,), optimizer=nn.Adam(0.01), activation=nn.ELU(2.0), hidden_sizes=[3])
    twin = clone(model)
    assert repr(twin) == repr(model)
    assert not hasattr(clone(classifier().fit(X_IRIS, Y_IRIS)), "network_")
    with pytest.raises(NotFittedError):
        twin.predict(X_IRIS)


def test_grid_search_over_hidden_sizes() -> None:
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier(learning_rate=0.05)),
        {"mlpclassifier__hidden_sizes": [(1,), (16,), (8, 8)]},
        cv=3,
    ).fit(load_iris().data, load_iris().target_names[Y_IRIS])
    assert search.best_score_ > 0.9
    assert set(search.predict(load_iris().data)) == {*load_iris().target_names}


def test_calibration_and_cross_validation() -> None:
    model = classifier(learning_rate=0.02, max_epochs=40)
    assert CalibratedClassifierCV(model, cv=3).fit(X_IRIS, Y_IRIS).score(X_IRIS, Y_IRIS) > 0.9
    assert cross_val_score(model, X_IRIS, Y_IRIS, scoring="neg_log_loss").mean() > -0.3
    assert cross_val_score(model, X_IRIS, Y_IRIS, scoring="roc_auc_ovr").mean() > 0.97


def test_a_pipeline_can_transform_the_validation_rows() -> None:
    X, y = load_iris().data, Y_IRIS
    with config_context(enable_metadata_routing=True):
        mlp = classifier().set_fit_request(X_val=True, y_val=True)
        model = Pipeline([("scale", StandardScaler()), ("mlp", mlp)], transform_input=["X_val"])
        model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert model[-1].history_["val_score"][-1] == pytest.approx(model.score(X[1::2], y[1::2]))


@pytest.mark.parametrize("ensemble", [AdaBoostClassifier, BaggingClassifier, OneVsRestClassifier])
def test_ensembles(ensemble: Any) -> None:
    model = ensemble(classifier(learning_rate=0.02, max_epochs=40))
    model.set_params(**({} if ensemble is OneVsRestClassifier else {"n_estimators": 3, "random_state": 0}))
    assert model.fit(X_IRIS, Y_IRIS).score(X_IRIS, Y_IRIS) > 0.9


def test_one_model_serves_many_threads() -> None:
    model = classifier(hidden_sizes=(50, 50)).fit(X_IRIS, Y_IRIS)
    alone = model.predict_proba(X_IRIS)
    with ThreadPoolExecutor(4) as pool:
        for together in pool.map(lambda _: model.predict_proba(X_IRIS), range(40)):
            assert_array_equal(together, alone)


def test_tables_with_names() -> None:
    table = pd.DataFrame(X_IRIS, columns=list("abcd"))
    model = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas").fit(table, Y_IRIS)
    assert model[-1].feature_names_in_.tolist() == list("abcd")
    assert_array_equal(
        model.predict(table), make_pipeline(StandardScaler(), classifier()).fit(X_IRIS, Y_IRIS).predict(X_IRIS)
    )
    bare = classifier().fit(table, Y_IRIS)
    with pytest.raises(InputError, match="feature names"):
        bare.predict(table[list("badc")])
    with pytest.warns(UserWarning, match="valid feature names"):
        bare.predict(X_IRIS)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_wide_sparse_rows_are_predicted_as_dense_ones_and_the_same_in_any_company(layers: int, dtype: Any) -> None:
    rng, m = np.random.default_rng(0), 20_000
    columns = rng.integers(0, m, (300, 40))
    numbers = rng.normal(size=(300, 40)).astype(dtype)
    numbers[7] = 0
    X = csr_matrix((numbers.ravel(), columns.ravel(), np.arange(301) * 40), shape=(300, m))  # unsorted, some twice
    whole = [nn.Linear(m, 6), nn.ReLU(), nn.Linear(6, 3)]
    network = nn.Sequential(*whole[:layers]).copy(dtype)
    found = outputs(network, X)
    assert found.dtype == dtype
    assert_allclose(found, network(X.toarray()), rtol=1e-4 if dtype == np.float32 else 1e-10, atol=1e-6)
    for first, last in [(0, 1), (7, 8), (5, 70), (100, 300)]:
        np.testing.assert_array_equal(outputs(network, X[first:last]), found[first:last])


@each_engine
@pytest.mark.parametrize("kind", [csr_matrix, csr_array])
def test_sparse_rows_are_the_dense_ones(kind: Any, engine: str) -> None:
    X = np.where(np.abs(X_IRIS) > 0.8, X_IRIS, 0.0)
    settings = {"batch_size": 40, "dtype": "float64", "engine": engine}
    dense = classifier(**settings).fit(X, Y_IRIS, WEIGHTS, X_val=X, y_val=Y_IRIS)
    sparse = classifier(**settings).fit(kind(X), Y_IRIS, WEIGHTS, X_val=kind(X), y_val=Y_IRIS)
    alike(dense, sparse, rtol=1e-9)
    assert_allclose(sparse.history_["val_loss"], dense.history_["val_loss"], rtol=1e-9)
    assert_allclose(sparse.predict_proba(kind(X)), dense.predict_proba(X), rtol=1e-9)


def test_what_was_given_is_not_changed() -> None:
    X, y, weights = X_NUMBERS.astype(np.float32), Y_NUMBERS.copy(), WEIGHTS.copy()
    for array in (X, y, weights):
        array.flags.writeable = False
    regressor().fit(X, y, weights, X_val=X, y_val=y).partial_fit(X, y, weights)


def test_a_failed_fit_leaves_no_network_for_other_data() -> None:
    model = classifier().fit(X_IRIS, Y_IRIS)
    with pytest.raises(InputError):
        model.fit(X_IRIS[:, :2], ["a"] * 149 + [None])
    with pytest.raises(NotFittedError):
        model.predict(X_IRIS)


def test_a_given_network_decides_its_layers() -> None:
    rng = np.random.default_rng(0)
    inside = nn.Sequential(nn.GELU(), nn.Dropout(0.2))
    network = nn.Sequential(nn.Linear(4, 5, rng=rng), inside, nn.Linear(5, 3, rng=rng))
    model = classifier(engine="numpy", learning_rate=0.05).fit(X_IRIS, Y_IRIS, network=network)
    assert repr(model.network_) == repr(network)
    assert model.network_.dtype == np.float32
    assert model.score(X_IRIS, Y_IRIS) > 0.8
    again = classifier(engine="numpy").fit(X_IRIS, Y_IRIS, network=model.network_)
    assert again.history_["train_loss"][0] < model.history_["train_loss"][0]


def test_older_scikit_learn_has_plain_callbacks() -> None:
    code = """
import sys
import sklearn.pipeline, sklearn.model_selection
sys.modules["sklearn.callback"] = None          # as if there were none
import feedforward as ff
model = ff.MLPClassifier(activation="tanh", max_epochs=3, callbacks=[lambda training: training.epoch == 2])
print(model.fit([[0.0], [1.0]], [0, 1]).n_iter_, hasattr(model, "set_callbacks"))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.split() == ["2", "False"]
