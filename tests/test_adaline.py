"""Adaline: its rules, its figures of record, its learning rate, what it says when training goes wrong."""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, SGDRegressor

from feedforward import Adaline
from feedforward.neurons.curvature import highest_safe_rate

X, y = make_blobs(n_samples=1000, n_features=2, centers=2, random_state=42, cluster_std=2.5)


def steepest(X: Any) -> float:
    """1/λmax of (1/n) X̃ᵀX̃: where the parabola of the loss stops being descended."""
    with_ones = np.column_stack([X, np.ones(len(X))])
    return float(1 / np.linalg.eigvalsh(with_ones.T @ with_ones / len(X))[-1])


def loss_of(neuron: Adaline, X: Any, y: Any) -> float:
    return float(np.mean((y - neuron.net_input(X)) ** 2))


def stochastic() -> Adaline:
    return Adaline(learning_rate=0.001, batch_size=1, max_epochs=20, random_state=69)


def test_figures_of_record_by_single_rows() -> None:
    neuron = stochastic().fit(X, y)
    assert_allclose(neuron.coef_, [[0.06636402, -0.05597241]], atol=5e-9)
    assert_allclose(neuron.intercept_, [0.72378509], atol=5e-9)


def test_figures_of_record_of_one_more_row() -> None:
    neuron = stochastic().fit(X, y).partial_fit(X[0], y[0])
    assert_allclose(neuron.coef_, [[0.06665753, -0.06029854]], atol=5e-9)
    assert_allclose(neuron.intercept_, [0.72308620], atol=5e-9)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_loss_falls_at_every_epoch_below_the_safe_rate(share: float) -> None:
    losses = Adaline(learning_rate=share * steepest(X), random_state=0).fit(X, y).history_["loss"]
    assert (np.diff(losses) < 0).all()


def test_loss_diverges_beyond_the_safe_rate() -> None:
    with pytest.warns(ConvergenceWarning, match="the loss rose"):
        losses = Adaline(learning_rate=1.01 * steepest(X), max_epochs=2000, random_state=0).fit(X, y).history_["loss"]
    assert losses[-1] > 1000 * losses[0]


def test_too_small_a_rate_crawls() -> None:
    crawling = Adaline(learning_rate=1e-3 * steepest(X), random_state=0).fit(X, y).history_["loss"][-1]
    assert crawling > 1.5 * Adaline(random_state=0).fit(X, y).history_["loss"][-1]


def test_settles_on_least_squares() -> None:
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    neuron = Adaline(max_epochs=5000, tolerance=0.0, random_state=0).fit(scaled, y)
    best = LinearRegression().fit(scaled, y)
    assert_allclose(neuron.coef_[0], best.coef_, atol=1e-6)
    assert_allclose(neuron.intercept_[0], best.intercept_, atol=1e-6)


def test_trap_the_gradient_is_that_of_the_stated_loss() -> None:
    """Mean of e², so 2/n: neither 1/n nor 1/2n. Central differences of the loss tell."""
    w, b, rate, h = np.array([0.3, -0.1]), 0.2, 1e-3, 1e-6
    neuron = Adaline(learning_rate=rate, max_epochs=1).fit(X, y, coef_init=w, intercept_init=b)
    step = np.append(neuron.coef_[0] - w, neuron.intercept_[0] - b)

    def loss(parameters: Any) -> float:
        return float(np.mean((y - X @ parameters[:2] - parameters[2]) ** 2))

    at = np.append(w, b)
    gradient = [(loss(at + h * axis) - loss(at - h * axis)) / (2 * h) for axis in np.eye(3)]
    assert_allclose(step / -rate, gradient, rtol=1e-6)
    assert neuron.history_["loss"][0] == pytest.approx(loss(at))


def test_trap_a_mini_batch_is_neither_one_row_nor_all() -> None:
    """A batch of n is the full batch, a batch of 1 is stochastic descent, and 32 rows are neither."""
    settings: dict[str, Any] = {"learning_rate": 1e-3, "max_epochs": 3, "shuffle": False, "random_state": 0}
    full, n, one, some = (Adaline(batch_size=size, **settings).fit(X, y) for size in (None, len(X), 1, 32))
    assert_allclose(full.coef_, n.coef_, rtol=1e-12)

    w, b = np.random.RandomState(0).normal(0, 0.01, 2), 0.0
    for _ in range(3):
        for row, target in zip(X, y, strict=True):
            error = target - (row @ w + b)
            w, b = w + 2e-3 * error * row, b + 2e-3 * error
    assert_allclose(one.coef_[0], w, rtol=1e-11)
    assert one.intercept_[0] == pytest.approx(b, rel=1e-11)

    w, b = np.random.RandomState(0).normal(0, 0.01, 2), 0.0
    for _ in range(3):
        for start in range(0, len(X), 32):
            rows, targets = X[start : start + 32], y[start : start + 32]
            errors = targets - (rows @ w + b)
            w, b = w + 2e-3 * errors @ rows / len(rows), b + 2e-3 * errors.mean()
    assert_allclose(some.coef_[0], w, rtol=1e-11)
    assert some.intercept_[0] == pytest.approx(b, rel=1e-11)


def test_single_rows_walk_the_path_of_scikit_learn() -> None:
    theirs = SGDRegressor(
        max_iter=5, tol=None, shuffle=False, alpha=0.0, learning_rate="constant", eta0=2e-3, loss="squared_error"
    )  # theirs is the loss e²/2: twice the rate is the same step
    theirs.fit(X, y, coef_init=np.array([0.3, -0.2]), intercept_init=np.array([0.1]))
    ours = Adaline(learning_rate=1e-3, batch_size=1, max_epochs=5, shuffle=False)
    ours.fit(X, y, coef_init=[0.3, -0.2], intercept_init=0.1)
    assert_allclose(ours.coef_[0], theirs.coef_, rtol=1e-10)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10)


def test_automatic_rate_is_half_the_safe_one() -> None:
    assert Adaline().fit(X, y).learning_rate_ == pytest.approx(steepest(X) / 2, rel=1e-12)
    longest = (np.square(X).sum(axis=1) + 1).max()
    assert Adaline(batch_size=1).fit(X, y).learning_rate_ == pytest.approx(0.5 / longest, rel=1e-12)


def test_automatic_rate_of_weighted_rows_is_that_of_repeated_rows() -> None:
    counts = np.random.RandomState(0).randint(0, 4, len(X))
    weighted = Adaline().fit(X, y, sample_weight=counts)
    assert weighted.learning_rate_ == pytest.approx(steepest(X.repeat(counts, axis=0)) / 2, rel=1e-12)


@pytest.mark.parametrize("batch_size", [1, 2, 8, 32, 100, 500, None])
def test_automatic_rate_never_diverges(batch_size: int | None) -> None:
    for seed in range(5):
        rng = np.random.RandomState(seed)
        rows = rng.normal(size=(500, 5)) * rng.lognormal(sigma=1.5, size=5) + rng.normal(size=5)
        labels = rows @ rng.normal(size=5) + rng.normal(size=500) > 0
        losses = Adaline(batch_size=batch_size, random_state=seed, max_epochs=30).fit(rows, labels).history_["loss"]
        assert losses[-1] <= losses[0]


def test_rate_of_many_columns_is_found_without_the_matrix() -> None:
    wide = np.random.RandomState(0).normal(size=(300, 1200)) * np.linspace(0.1, 2, 1200)
    expected = steepest(wide)
    assert highest_safe_rate(wide, np.ones(300), None) == pytest.approx(expected, rel=1e-3)
    assert highest_safe_rate(csr_matrix(wide), np.ones(300), None) == pytest.approx(expected, rel=1e-3)


def test_stops_at_tolerance() -> None:
    neuron = Adaline(tolerance=1e-3, random_state=0).fit(X, y)
    drops = -np.diff(neuron.history_["loss"])
    assert neuron.n_iter_ < 200
    assert drops[-1] <= 1e-3
    assert (drops[:-1] > 1e-3).all()


@pytest.mark.parametrize("batch_size", [None, 32, 1])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_divergence_names_a_rate_that_works_and_keeps_finite_weights(batch_size: int | None, dtype: Any) -> None:
    rows = X.astype(dtype)
    wild = Adaline(learning_rate=5.0, batch_size=batch_size, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"Try learning_rate=[\d.e-]+, or \"auto\"") as caught:
        wild.fit(rows, y)
    assert np.isfinite(wild.coef_).all()
    assert np.isfinite(wild.intercept_).all()
    assert wild.n_iter_ == len(wild.history_["loss"]) < 200
    named = float(str(caught[0].message).split("Try learning_rate=")[1].split(",")[0])
    calm = Adaline(learning_rate=named, batch_size=batch_size, random_state=0).fit(rows, y)
    assert calm.history_["loss"][-1] < calm.history_["loss"][0]
    assert named == pytest.approx(Adaline(batch_size=batch_size).fit(rows, y).learning_rate_, rel=0.05)


def test_partial_fit_that_diverges_is_taken_back_and_says_so() -> None:
    neuron = Adaline(learning_rate=0.5).fit(np.eye(2) / 10, [0, 1])
    before = neuron.coef_.copy()
    with pytest.warns(ConvergenceWarning, match="no longer finite"):
        neuron.partial_fit(np.array([[1e200, 1e200]]), [1])
    assert_allclose(neuron.coef_, before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_too_large_to_be_squared_are_named_as_the_trouble(dtype: Any) -> None:
    huge = X.astype(dtype) * dtype(np.sqrt(np.finfo(dtype).max))
    with pytest.warns(ConvergenceWarning, match="Scale the columns first"):
        neuron = Adaline(random_state=0).fit(huge, y)
    assert np.isfinite(neuron.coef_).all()


def test_automatic_rate_only_shrinks_in_partial_fit() -> None:
    neuron = Adaline(batch_size=1).partial_fit(X[:50], y[:50], classes=[0, 1])
    first = neuron.learning_rate_
    assert neuron.partial_fit(X[:50] / 100, y[:50]).learning_rate_ == first
    assert neuron.partial_fit(X[:50] * 10, y[:50]).learning_rate_ < first


def test_full_batch_weights_are_repetitions() -> None:
    counts = np.random.RandomState(0).randint(0, 4, len(X))
    weighted = Adaline(learning_rate=1e-3, random_state=0).fit(X, y, sample_weight=counts)
    repeated = Adaline(learning_rate=1e-3, random_state=0).fit(X.repeat(counts, axis=0), y.repeat(counts))
    assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-10)


def test_noise_of_single_rows_is_no_trouble() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(10):
            Adaline(batch_size=1, learning_rate=1e-3, random_state=seed).fit(X, y)
