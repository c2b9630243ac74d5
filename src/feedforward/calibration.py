"""How sure answers are, told by rows they were not learned from: temperature for classes, intervals for numbers."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

Array = NDArray[np.float64]

_LOWEST, _HIGHEST = 0.1, 10.0  # temperatures


def softmax(logits: Array, temperature: float = 1.0) -> Array:
    """Return probabilities ``exp(z/T) / Σ exp(z/T)`` over the last axis.

    Examples
    --------
    >>> softmax(np.array([0.0, np.log(3.0)])).round(4), softmax(np.array([0.0, np.log(3.0)]), 2.0).round(4)
    (array([0.25, 0.75]), array([0.366, 0.634]))
    """
    z = logits / temperature
    result: Array = np.exp(z - logsumexp(z, axis=-1, keepdims=True))
    return result


def best_temperature(logits: Array, codes: NDArray[np.intp], weights: Array | None = None) -> float:
    """Return the temperature T that makes the log loss of ``softmax(z/T)`` smallest: Guo et al. (2017).

    Of several members, the log loss is that of their mean probabilities. A row that is right for certain is counted in
    with the others, so that answers that are all right do not ask for T = 0.

    Parameters
    ----------
    logits : array of shape (n, t), or (k, n, t) for k members
    codes : array of shape (n,)
        The class of each row.
    weights : array of shape (n,), optional

    Returns
    -------
    float
        From 0.1 to 10; 1 where nothing is better.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(20_000, 3))
    >>> codes = (z + rng.gumbel(size=z.shape)).argmax(axis=1)         # drawn from softmax(z): T is 1
    >>> abs(best_temperature(z, codes) - 1) < 0.05, abs(best_temperature(3 * z, codes) - 3) < 0.15
    (True, True)
    """
    z = logits if logits.ndim == 3 else logits[None]
    w = np.ones(len(codes)) if weights is None else weights.astype(np.float64)
    own = np.take_along_axis(z, codes[None, :, None], axis=-1)[..., 0]
    spread = np.ptp(z, axis=-1).mean() if z.size else 0.0

    def loss(log_t: float) -> float:
        temperature = np.exp(log_t)
        chances = own / temperature - logsumexp(z / temperature, axis=-1)
        return float(w @ (np.log(len(z)) - logsumexp(chances, axis=0)) + spread / temperature)

    found = minimize_scalar(loss, bounds=(np.log(_LOWEST), np.log(_HIGHEST)), method="bounded")
    return float(np.exp(found.x)) if np.isfinite(found.fun) and found.fun < loss(0.0) else 1.0


def radius(errors: Array, coverage: float, weights: Array | None = None) -> float:
    """Return what an interval reaches to either side, so that it holds a new row's target with that probability.

    Split conformal prediction: of the n errors ``|y − ŷ|`` of rows not learned from, the ⌈(n + 1)·coverage⌉-th
    smallest. It needs no assumption but that new rows come from where these came from. Vovk, Gammerman and Shafer
    (2005); for members that each leave out some rows, Barber et al. (2021). With weights, the smallest error that
    errors of the share `coverage` of all weight do not exceed, where the new row has the mean weight: rows like those
    of much weight are then expected more often. Tibshirani, Barber, Candès and Ramdas (2019).

    Parameters
    ----------
    errors : array of shape (n,)
        Sorted.
    coverage : float
    weights : array of shape (n,), optional
        Of the rows of these errors. Default: all count the same.

    Returns
    -------
    float
        Infinite where there are too few errors for such a coverage.

    Examples
    --------
    >>> radius(np.arange(1.0, 100.0), 0.9), radius(np.arange(3.0), 0.9)
    (90.0, inf)
    >>> radius(np.array([1.0, 2.0, 3.0]), 0.5, weights=np.array([4.0, 1.0, 1.0]))
    1.0
    """
    w = np.ones(len(errors)) if weights is None else weights / weights.mean()
    place = int(np.searchsorted(w.cumsum(), (len(errors) + 1) * coverage - 1e-9))
    return float(errors[place]) if place < len(errors) else float("inf")
