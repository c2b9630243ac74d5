"""Schedules: how the learning rate changes over the steps, as a factor on it.

All but the last are pure functions of ``step`` (from 0; a number or an array) and ``total``, so a run resumed anywhere
knows its rate::

    optimizer.lr = 0.1 * cosine(step, total)

Most curves are torch's, named at each; `coslog4` and `flat_cos` are those of tabular networks.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from feedforward.nn.activations import Array
from feedforward.validation import COUNT_OR_ZERO, NOT_NEGATIVE, Rule, check_settings


def constant(step: ArrayLike, total: int) -> Array:
    """1, from the first step to the last.

    Examples
    --------
    >>> constant([0, 50], 100)
    array([1., 1.])
    """
    return np.ones(np.shape(step))


def step_decay(step: ArrayLike, total: int, *, drops: int = 2, gamma: float = 0.1) -> Array:
    """``gammaⁱ`` in the i-th of ``drops + 1`` equal parts (torch's StepLR).

    Examples
    --------
    >>> step_decay([0, 30, 60, 89], 90).round(3)
    array([1.  , 0.1 , 0.01, 0.01])
    """
    part = np.minimum(np.asarray(step) * (drops + 1) // total, drops)
    factors = np.array([gamma**i for i in range(drops + 1)])
    return np.asarray(factors[part])


def cosine(step: ArrayLike, total: int, *, floor: float = 0.0) -> Array:
    """Half a wave from 1 down to `floor` at step `total` (torch's CosineAnnealingLR). Loshchilov and Hutter (2017).

    Examples
    --------
    >>> cosine([0, 50, 100], 100)
    array([1. , 0.5, 0. ])
    """
    return _wave(np.asarray(step) / total, 1.0, floor)


def warmup_cosine(
    step: ArrayLike, total: int, *, warmup: float = 0.1, start: float = 0.01, floor: float = 0.0
) -> Array:
    """Rise straight from `start` to 1 in the first share `warmup` of the steps, then `cosine` (torch's LinearLR first).

    Examples
    --------
    >>> warmup_cosine([0, 5, 10, 55, 100], 100).round(3)
    array([0.01 , 0.505, 1.   , 0.5  , 0.   ])
    """
    turn = round(warmup * total)
    rising = start + (1 - start) * np.asarray(step) / max(turn, 1)
    return np.where(np.asarray(step) < turn, rising, cosine(np.asarray(step) - turn, max(total - turn, 1), floor=floor))


def one_cycle(
    step: ArrayLike, total: int, *, rise: float = 0.3, start: float = 1 / 25, end: float = 1 / 250_000
) -> Array:
    """Half a wave up from `start` to 1 in the share `rise` of the steps, another down to `end` (torch's OneCycleLR).

    The base rate is the highest; `end` is torch's ``1 / (div_factor · final_div_factor)``. Smith and Topin (2018).

    Examples
    --------
    >>> one_cycle([0, 29, 99], 100).round(3)
    array([0.04, 1.  , 0.  ])
    """
    step, peak, last = np.asarray(step), rise * total - 1, total - 1
    up = _wave(step / max(peak, 1e-9), start, 1.0)
    return np.where(step < peak, up, _wave((step - peak) / max(last - peak, 1e-9), 1.0, end))


def coslog4(step: ArrayLike, total: int) -> Array:
    """Four waves from 0 to 1 and back to 0, each twice as long as the one before: ``½ (1 − cos(2π log₂(1 + 15 t)))``.

    ``t = step / total``: it is 0 at 0, 1/15, 3/15, 7/15 and 1, so the very first step has a rate of 0. Holzmüller,
    Grinsztajn and Steinwart (2024), Better by default, arXiv:2407.04491.

    Examples
    --------
    >>> coslog4([0, 1, 2, 3, 7], 15).round(3)
    array([0.  , 0.  , 0.93, 0.  , 0.  ])
    """
    cycles = np.log2(1 + 15 * np.asarray(step) / total)
    result: Array = (1 - np.cos(2 * np.pi * cycles)) / 2
    return result


def flat_cos(step: ArrayLike, total: int) -> Array:
    """1 for the first half of the steps, then half a wave down to 0: ``½ (1 + cos(π (2t − 1)))``, ``t = step / total``.

    Holzmüller, Grinsztajn and Steinwart (2024), Better by default, arXiv:2407.04491.

    Examples
    --------
    >>> flat_cos([0, 50, 75, 100], 100)
    array([1. , 1. , 0.5, 0. ])
    """
    return _wave(2 * np.asarray(step) / total - 1, 1.0, 0.0)


def _wave(progress: Array, first: float, last: float) -> Array:
    """Half a cosine wave from `first` at 0 to `last` at 1, and flat outside."""
    result: Array = last + (first - last) * (1 + np.cos(np.pi * np.clip(progress, 0, 1))) / 2
    return result


SCHEDULES: dict[str, Callable[[ArrayLike, int], Array]] = {
    "constant": constant,
    "step": step_decay,
    "cosine": cosine,
    "warmup_cosine": warmup_cosine,
    "one_cycle": one_cycle,
    "coslog4": coslog4,
    "flat_cos": flat_cos,
}

_BELOW_ONE = Rule("a number of 0 or more and below 1", lambda value: NOT_NEGATIVE.holds(value) and value < 1)


class ReduceOnPlateau:
    """Multiply the rate by `factor` whenever the loss has not improved for more than `patience` epochs.

    It depends on what happened, so it is no function of the step but a small state (torch's ReduceLROnPlateau).

    Parameters
    ----------
    factor : float
        Of each reduction.
    patience : int
        Epochs without improvement to bear.
    threshold : float
        An improvement is a loss below ``best · (1 − threshold)``.
    cooldown : int
        Epochs to wait, not counting, after a reduction.
    floor : float
        The factor never falls below it.

    Attributes
    ----------
    state : dict
        The present factor, the best loss, the epochs without improvement and those left to wait, by name.

    Examples
    --------
    >>> plateau = ReduceOnPlateau(factor=0.5, patience=1)
    >>> [plateau.update(loss) for loss in (1.0, 1.0, 1.0, 0.2)]
    [1.0, 1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        floor: float = 0.0,
    ) -> None:
        self.factor, self.patience, self.threshold = factor, patience, threshold
        self.cooldown, self.floor = cooldown, floor
        check_settings(
            self,
            {
                "factor": _BELOW_ONE,
                "patience": COUNT_OR_ZERO,
                "threshold": _BELOW_ONE,
                "cooldown": COUNT_OR_ZERO,
                "floor": NOT_NEGATIVE,
            },
        )
        self.state: dict[str, Any] = {"factor": 1.0, "best": np.inf, "bad_epochs": 0, "waiting": 0}

    def update(self, loss: float) -> float:
        """Take the loss of an epoch, and return the factor for the next.

        Examples
        --------
        >>> ReduceOnPlateau().update(0.7)
        1.0
        """
        state = self.state
        if loss < state["best"] * (1 - self.threshold):
            state["best"], state["bad_epochs"] = loss, 0
        else:
            state["bad_epochs"] += 1
        if state["waiting"]:
            state["waiting"] -= 1
            state["bad_epochs"] = 0
        if state["bad_epochs"] > self.patience:
            state["factor"] = max(state["factor"] * self.factor, self.floor)
            state["bad_epochs"], state["waiting"] = 0, self.cooldown
        return float(state["factor"])
