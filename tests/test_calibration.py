"""Temperature and intervals: against closed forms, simulations and scikit-learn's log loss."""

import numpy as np
import pytest
from scipy.special import softmax as scipy_softmax
from sklearn.metrics import log_loss

from feedforward.calibration import best_temperature, radius, softmax


@pytest.fixture(scope="module")
def calibrated() -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes drawn from their softmax (the Gumbel trick): their temperature is 1."""
    rng = np.random.default_rng(0)
    z = 2 * rng.normal(size=(40_000, 4))
    return z, (z + rng.gumbel(size=z.shape)).argmax(axis=1)


def test_softmax_is_scipys() -> None:
    z = np.random.default_rng(1).normal(size=(3, 5, 4)) * 300
    np.testing.assert_allclose(softmax(z, 2.5), scipy_softmax(z / 2.5, axis=-1), rtol=1e-12)


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_temperature_undoes_a_factor_on_the_logits(calibrated: tuple[np.ndarray, np.ndarray], factor: float) -> None:
    z, codes = calibrated
    assert best_temperature(factor * z, codes) == pytest.approx(factor, rel=0.03)


def test_temperature_has_the_lowest_log_loss(calibrated: tuple[np.ndarray, np.ndarray]) -> None:
    z, codes = 3 * calibrated[0][:2000], calibrated[1][:2000]
    best = best_temperature(z, codes)
    losses = {T: log_loss(codes, softmax(z, T)) for T in (best, 0.95 * best, 1.05 * best)}
    assert min(losses, key=losses.__getitem__) == best


def test_of_members_the_mean_is_judged(calibrated: tuple[np.ndarray, np.ndarray]) -> None:
    z, codes = calibrated[0][:3000], calibrated[1][:3000]
    members = 3 * z + np.random.default_rng(3).normal(size=(4, *z.shape))
    best = best_temperature(members, codes)
    losses = {T: log_loss(codes, softmax(members, T).mean(axis=0)) for T in (best, 0.95 * best, 1.05 * best)}
    assert min(losses, key=losses.__getitem__) == best


def test_weights_are_repetitions(calibrated: tuple[np.ndarray, np.ndarray]) -> None:
    z, codes = 2 * calibrated[0][:300], calibrated[1][:300]
    weights = (np.arange(300) % 3 + 1).astype(np.float64)
    times = weights.astype(int)
    assert best_temperature(z, codes, weights) == pytest.approx(
        best_temperature(np.repeat(z, times, axis=0), np.repeat(codes, times)), rel=1e-2
    )


def test_perfect_answers_do_not_ask_for_no_temperature() -> None:
    z = np.where(np.arange(3) == np.arange(30)[:, None] % 3, 5.0, -5.0)
    assert best_temperature(z, np.arange(30) % 3) >= 0.1


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_intervals_cover_what_they_say(coverage: float) -> None:
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(400):
        errors = np.sort(np.abs(rng.standard_cauchy(60)))  # no moments: only ranks can do this
        covered.append((np.abs(rng.standard_cauchy(100)) <= radius(errors, coverage)).mean())
    assert coverage - 0.02 <= np.mean(covered) <= coverage + 1 / 61 + 0.02


def test_too_few_errors_promise_nothing() -> None:
    assert radius(np.empty(0), 0.5) == np.inf
    assert radius(np.arange(9.0), 0.95) == np.inf
    assert radius(np.arange(19.0), 0.95) == 18


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_weighted_intervals_cover_rows_as_often_as_their_weights_say(coverage: float) -> None:
    rng = np.random.default_rng(3)
    spread = np.repeat([1.0, 20.0], 1000)  # both as many, but the first are to count nine times as much
    weights = np.repeat([9.0, 1.0], 1000)
    errors = np.abs(rng.standard_cauchy(2000)) * spread
    order = errors.argsort()
    reach = radius(errors[order], coverage, weights[order])
    new = np.abs(rng.standard_cauchy(20_000)) * np.repeat([1.0, 20.0], [18_000, 2_000])
    assert abs((new <= reach).mean() - coverage) < 0.03
    assert abs((new <= radius(errors[order], coverage)).mean() - coverage) > 0.03


def test_equal_weights_and_tiny_coverages_of_intervals() -> None:
    errors = np.arange(1.0, 20.0)
    for coverage in np.linspace(0.01, 0.99, 50):
        assert radius(errors, coverage, np.full(19, 0.3)) == radius(errors, coverage)
    assert radius(errors, 1e-12) == 1.0
