"""How sure a measure is: the bootstrap over rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.measures import Answers, Measure

Array = NDArray[Any]

SHARE = 0.95  # of resamples that an interval holds

_FEWEST = 200  # resamples
_WORK = 2e8  # cells to be weighed, beyond which there are fewer resamples


@dataclass(frozen=True)
class Estimate:
    """A number and the interval that it may lie in, by the bootstrap.

    Examples
    --------
    >>> found = Estimate.of(500.0, np.arange(1001.0))
    >>> found.value, round(found.low, 6), round(found.high, 6)
    (500.0, 25.0, 975.0)
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, draws: Array) -> "Estimate":
        """Return the number with the middle 95 % of what resamples gave."""
        told = draws[np.isfinite(draws)]
        low, high = np.quantile(told, [(1 - SHARE) / 2, (1 + SHARE) / 2]) if len(told) else (np.nan, np.nan)
        return cls(float(value), float(low), float(high))


@dataclass(frozen=True)
class Resampled:
    """The measures of several models on the same rows, and on the same resamples of them.

    Attributes
    ----------
    values : list of dict
        For each model its measures.
    draws : list of dict
        For each model and measure an array, one number a resample.
    """

    values: list[dict[str, float]]
    draws: list[dict[str, Array]]

    def estimate(self, i: int, name: str) -> Estimate:
        """Return a measure of model i."""
        return Estimate.of(self.values[i][name], self.draws[i][name])

    def lead(self, i: int, j: int, name: str, higher_is_better: bool) -> Estimate:
        """Return by how much model i is better than j: above 0 if it is. The pairing takes out what rows share."""
        sign = 1.0 if higher_is_better else -1.0
        difference = sign * (self.draws[i][name] - self.draws[j][name])
        return Estimate.of(sign * (self.values[i][name] - self.values[j][name]), difference)


def resample(judged: Sequence[Answers], seed: int = 0, most: int = 1000) -> Resampled:
    """Return the measures of models on the same rows, and on many resamples of these, drawn with replacement.

    Parameters
    ----------
    judged : sequence of Answers
        One for each model; all for the same rows.
    seed : int
    most : int
        Resamples; of very many rows fewer, though no fewer than 200.

    References
    ----------
    Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics 7; the percentile interval.

    Examples
    --------
    >>> y = np.arange(100) % 2
    >>> good, bad = (Answers(y, np.where(np.arange(100) < right, y, 1 - y), np.array([0, 1])) for right in (90, 70))
    >>> found = resample([good, bad])
    >>> found.values[0], found.lead(0, 1, "accuracy", True).low > 0
    ({'accuracy': 0.9}, True)
    """
    measures = [answers.measures() for answers in judged]
    n = len(judged[0].y)
    cells = n * sum(1 if one.chances is None else one.chances.shape[1] for one in judged)
    rounds = min(most, max(int(_WORK / cells), _FEWEST))
    rng = np.random.default_rng(seed)
    draws = [{name: np.empty(rounds) for name in own} for own in measures]
    for i in range(rounds):
        w = np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)
        _measure_all(measures, w, draws, i)
    values = [{name: measure(np.ones(n)) for name, measure in own.items()} for own in measures]
    return Resampled(values, draws)


def _measure_all(measures: list[dict[str, Measure]], w: Array, draws: list[dict[str, Array]], i: int) -> None:
    for own, places in zip(measures, draws, strict=True):
        for name, measure in own.items():
            places[name][i] = measure(w)
