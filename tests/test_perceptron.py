"""The perceptron: its rule, its figures of record, when it stops, what it says."""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Perceptron as TheirPerceptron

from feedforward import Perceptron

BLOBS = make_blobs(n_samples=1000, n_features=2, centers=2, random_state=42, cluster_std=2.5)
SEPARABLE = make_blobs(n_samples=1000, n_features=2, centers=2, random_state=42, cluster_std=1.0)
# mistakes in each of 40 epochs on BLOBS, learning rate 10, threshold 0.5, in the order given
MISTAKES = [49, 43, 44, 42, 37, 40, 32, 33, 38, 36, 35, 36, 37, 39, 35, *[36] * 6, 35, *[36] * 9, 37, *[36] * 8]


def record(**settings: Any) -> Perceptron:
    return Perceptron(learning_rate=10, threshold=0.5, random_state=1, shuffle=False, max_epochs=40, **settings)


@pytest.mark.filterwarnings("ignore:.*still .* mistakes:sklearn.exceptions.ConvergenceWarning")
def test_figures_of_record_on_classes_that_overlap() -> None:
    neuron = record().fit(*BLOBS)
    assert neuron.history_["mistakes"] == MISTAKES
    assert_allclose(neuron.coef_, [[162.10445742, -177.34945748]], atol=5e-9)
    assert_allclose(neuron.intercept_, [640])
    assert neuron.n_iter_ == 40


def test_separable_classes_are_learned_by_the_second_epoch() -> None:
    neuron = record().fit(*SEPARABLE)
    assert neuron.history_["mistakes"][-1] == 0
    assert neuron.n_iter_ == 2
    assert neuron.score(*SEPARABLE) == 1.0


def test_threshold_form_and_bias_form_are_the_same_neuron() -> None:
    rng = np.random.default_rng(0)
    X, w, thresholds = rng.normal(size=(500, 3)), rng.normal(size=3), rng.normal(size=20)
    for threshold in thresholds:
        with_threshold, with_bias = Perceptron(threshold=threshold), Perceptron()
        for neuron, bias in ((with_threshold, 0.0), (with_bias, -threshold)):
            # no mistake is possible where every label is what the neuron says: the start stays
            neuron.fit(X, X @ w >= threshold, coef_init=w, intercept_init=bias)
            assert neuron.n_iter_ == 1
        assert_array_equal(with_threshold.predict(X), with_bias.predict(X))
        assert_allclose(with_threshold.decision_function(X), with_bias.decision_function(X), atol=1e-12)


def angle(w: Any, x: Any) -> float:
    return float(np.degrees(np.arccos(min(1.0, w @ x / np.linalg.norm(w) / np.linalg.norm(x)))))


@pytest.mark.parametrize(
    ("start", "learning_rate", "degrees"),
    [
        ((0, 0, 0), 0.1, 0.0),
        ((0, 0, 0), 0.01, 0.0),
        ((-0.00165135, -0.01933613, 0.00012572), 0.1, 2.552882324525421),
        ((-0.00165135, -0.01933613, 0.00012572), 0.01, 31.218586527045833),
    ],
)
def test_trap_from_a_zero_start_the_learning_rate_only_scales_the_weights(
    start: tuple[float, ...], learning_rate: float, degrees: float
) -> None:
    x = np.array([1.0, 2.0, 3.0])
    neuron = Perceptron(learning_rate=learning_rate, threshold=0.5, max_epochs=1, shuffle=False)
    with pytest.warns(ConvergenceWarning):
        neuron.fit([x, -1000 * x], [1, 0], coef_init=start)  # the second row is no mistake: one update
    assert neuron.history_["mistakes"] == [1]
    assert angle(neuron.coef_[0], x) == pytest.approx(degrees, abs=1e-5)


def test_trap_the_learning_rate_is_without_effect_only_where_the_threshold_is_zero_too() -> None:
    def predictions(learning_rate: float, threshold: float) -> Any:
        neuron = Perceptron(learning_rate=learning_rate, threshold=threshold, max_epochs=3, initial_scale=0.0)
        return neuron.set_params(shuffle=False).fit(*BLOBS).predict(BLOBS[0])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert_array_equal(predictions(0.001, 0.0), predictions(64.0, 0.0))
        assert (predictions(0.001, 0.5) != predictions(64.0, 0.5)).any()


def test_trap_it_converges_only_if_a_line_can_separate_the_classes() -> None:
    corners, xor = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    with pytest.warns(ConvergenceWarning, match="no straight boundary"):
        neuron = Perceptron(max_epochs=500, random_state=0).fit(corners, xor)
    assert neuron.score(corners, xor) <= 0.75
    assert Perceptron(random_state=0).fit(corners, [0, 0, 0, 1]).history_["mistakes"][-1] == 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("epochs", [1, 2, 7])
def test_rule_walks_the_path_of_scikit_learn(epochs: int) -> None:
    X, y = BLOBS
    start, bias = np.array([[0.3, -0.2]]), np.array([0.1])
    theirs = TheirPerceptron(max_iter=epochs, tol=None, shuffle=False)
    theirs.fit(X, y, coef_init=start.copy(), intercept_init=bias.copy())
    ours = Perceptron(max_epochs=epochs, shuffle=False).fit(X, y, coef_init=start, intercept_init=bias)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10)


def test_stops_at_max_mistakes() -> None:
    neuron = record(max_mistakes=37).fit(*BLOBS)
    assert neuron.history_["mistakes"] == MISTAKES[:5]


def test_still_mistaken_at_the_end_says_what_to_do() -> None:
    with pytest.warns(ConvergenceWarning, match=r"Perceptron: still 36 mistakes in epoch 40.*Adaline.*max_epochs=40"):
        record().fit(*BLOBS)


def test_mistakes_are_counted_before_the_update() -> None:
    X, y = np.array([[1.0], [1.0]]), np.array([1, 1])
    neuron = Perceptron(threshold=0.5, max_epochs=1, initial_scale=0.0)
    neuron.partial_fit(X, y, classes=[0, 1])
    assert neuron.history_["mistakes"] == [1]  # the first row is a mistake, and mends the second


def test_a_pass_that_overflows_is_taken_back() -> None:
    X = np.array([[1e300, 1e300], [-1e300, 1e300], [1e300, -1e300], [-1e300, -1e300]])
    with pytest.warns(ConvergenceWarning, match="no longer finite"):
        neuron = Perceptron(learning_rate=1e300, max_epochs=50, random_state=0).fit(X, [0, 1, 1, 0])
    assert np.isfinite(neuron.coef_).all()
    assert np.isfinite(neuron.intercept_).all()
