"""The small data sets: scikit-learn's rows, our own shapes, errors that name the argument."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_blobs, make_circles, make_moons

from feedforward import datasets
from feedforward.errors import SettingError

EVERY = [datasets.blobs, datasets.moons, datasets.circles, datasets.spirals, datasets.xor]


@pytest.mark.parametrize("draw", EVERY)
@pytest.mark.parametrize("n", [1, 2, 3, 7, 200])
def test_there_are_exactly_n_rows(draw: Any, n: Any) -> None:
    X, y = draw(n, random_state=0)
    assert X.shape == (n, 2)
    assert y.shape == (n,)
    assert X.dtype == np.float64
    assert y.dtype.kind == "i"


@pytest.mark.parametrize("draw", EVERY)
def test_classes_are_as_even_as_they_can_be(draw: Any) -> None:
    counts = np.bincount(draw(201, random_state=0)[1])
    assert counts.sum() == 201
    assert np.ptp(counts) == 1


@pytest.mark.parametrize("draw", EVERY)
def test_the_same_random_state_gives_the_same_rows(draw: Any) -> None:
    for state in (3, lambda: np.random.RandomState(3)):
        first, second = (draw(50, random_state=state() if callable(state) else state) for _ in range(2))
        assert_array_equal(first[0], second[0])
        assert_array_equal(first[1], second[1])
    assert not np.array_equal(draw(50, random_state=3)[0], draw(50, random_state=4)[0])


def test_blobs_are_those_of_scikit_learn() -> None:
    X, y = datasets.blobs(n=1000, cluster_std=2.5, random_state=42)
    expected = make_blobs(n_samples=1000, n_features=2, centers=2, random_state=42, cluster_std=2.5)
    assert_array_equal(X, expected[0])
    assert_array_equal(y, expected[1])


def test_blobs_take_centres_and_a_spread_for_each() -> None:
    centers, spreads = [[0.0, 0.0, 0.0], [5.0, 5.0, 5.0], [9.0, 0.0, 9.0]], [0.1, 0.2, 0.3]
    X, y = datasets.blobs(60, centers=centers, n_features=3, cluster_std=spreads, random_state=1)
    expected = make_blobs(n_samples=60, n_features=3, centers=np.array(centers), cluster_std=spreads, random_state=1)
    assert_array_equal(X, expected[0])
    assert_array_equal(y, expected[1])


def test_moons_and_circles_are_those_of_scikit_learn() -> None:
    for ours, theirs in [
        (datasets.moons(101, noise=0.2, random_state=5), make_moons(n_samples=101, noise=0.2, random_state=5)),
        (
            datasets.circles(101, noise=0.2, factor=0.3, random_state=5),
            make_circles(n_samples=101, noise=0.2, factor=0.3, random_state=5),
        ),
    ]:
        assert_array_equal(ours[0], theirs[0])
        assert_array_equal(ours[1], theirs[1])


@pytest.mark.parametrize("arms", [1, 2, 5])
def test_each_arm_of_a_spiral_winds_outward_at_its_own_angle(arms: Any) -> None:
    X, y = datasets.spirals(100 * arms, arms=arms, turns=2, noise=0, random_state=0)
    radius = np.hypot(*X.T)
    assert_allclose([radius.min(), radius.max()], [0.1, 1.0])
    # Radius and angle grow together: taking the winding off leaves the angle of the arm.
    winding = np.exp(-2j * np.pi * 2 * (radius - 0.1) / 0.9)
    assert_allclose((X[:, 0] + 1j * X[:, 1]) / radius * winding, np.exp(2j * np.pi * y / arms), atol=1e-9)


def test_spirals_come_in_no_order() -> None:
    assert len(set(datasets.spirals(200, random_state=0)[1][:20])) == 2


def test_xor_without_noise_is_the_truth_table() -> None:
    X, y = datasets.xor(4, noise=0)
    assert_array_equal(X, [[0, 0], [0, 1], [1, 0], [1, 1]])
    assert_array_equal(y, [0, 1, 1, 0])


def test_xor_spreads_round_the_corners() -> None:
    X, y = datasets.xor(4000, noise=0.1, random_state=0)
    corner = np.arange(4000) % 4
    assert_array_equal(y, np.isin(corner, [1, 2]))
    assert_allclose(X[corner == 2].mean(axis=0), [1, 0], atol=0.01)
    assert_allclose(X[corner == 2].std(axis=0), 0.1, atol=0.01)


@pytest.mark.parametrize(
    ("draw", "arguments", "sentence"),
    [
        (datasets.blobs, {"n": 0}, "blobs: n must be a whole number of 1 or more; got 0."),
        (datasets.moons, {"n": 2.5}, "moons: n must be a whole number of 1 or more; got 2.5."),
        (datasets.xor, {"n": True}, "xor: n must be a whole number of 1 or more; got True."),
        (datasets.circles, {"random_state": -1}, "circles: random_state must be None, a whole number"),
        (datasets.spirals, {"random_state": "a"}, "spirals: random_state must be"),
        (datasets.blobs, {"centers": 0}, "blobs: centers must be a whole number of 1 or more or rows of n_features=2"),
        (datasets.blobs, {"centers": [[0.0, 0.0, 0.0]]}, "blobs: centers must be"),
        (datasets.blobs, {"centers": [[0.0, np.nan]]}, "blobs: centers must be"),
        (datasets.blobs, {"centers": "two"}, "blobs: centers must be"),
        (datasets.blobs, {"n_features": 0}, "blobs: n_features must be"),
        (datasets.blobs, {"cluster_std": -1}, "blobs: cluster_std must be a number of 0 or more; got -1."),
        (datasets.blobs, {"cluster_std": [1.0, 2.0, 3.0]}, "one for each of the 2 centers"),
        (datasets.blobs, {"cluster_std": [1.0, -2.0]}, "blobs: cluster_std must be"),
        (datasets.moons, {"noise": -0.1}, "moons: noise must be a number of 0 or more; got -0.1."),
        (datasets.moons, {"noise": None}, "moons: noise must be"),
        (datasets.circles, {"noise": np.inf}, "circles: noise must be"),
        (datasets.circles, {"factor": 1.0}, "circles: factor must be a number from 0 to below 1; got 1.0."),
        (datasets.spirals, {"arms": 0}, "spirals: arms must be"),
        (datasets.spirals, {"turns": 0}, "spirals: turns must be a number above 0; got 0."),
        (datasets.spirals, {"noise": "much"}, "spirals: noise must be"),
        (datasets.xor, {"noise": -1}, "xor: noise must be"),
    ],
)
def test_a_bad_argument_is_named(draw: Any, arguments: Any, sentence: Any) -> None:
    with pytest.raises(SettingError) as caught:
        draw(**arguments)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_importing_costs_numpy_only() -> None:
    code = "import sys, feedforward.datasets; print(sorted({'sklearn', 'scipy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
