"""Small problems in two dimensions to learn on: rows and labels, the same for the same `random_state`.

Blobs, moons and circles are scikit-learn's, spirals and XOR are ours. Every function gives exactly `n` rows, as evenly
spread over the classes as `n` allows.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feedforward.errors import SettingError
from feedforward.validation import COUNT, NOT_NEGATIVE, NUMBER, POSITIVE, RANDOM_STATE, Rule, check_setting

RandomState = int | np.random.RandomState | None
Rows = tuple[NDArray[np.float64], NDArray[np.int64]]

_FACTOR = Rule("a number from 0 to below 1", lambda value: NOT_NEGATIVE.holds(value) and value < 1)


def blobs(
    n: int = 200,
    *,
    centers: int | ArrayLike = 2,
    n_features: int = 2,
    cluster_std: float | ArrayLike = 1.0,
    random_state: RandomState = None,
) -> Rows:
    """Draw round clouds, one a class: separable by straight lines if they lie far enough apart.

    Parameters
    ----------
    n : int, default=200
        Rows.
    centers : int or array-like of shape (k, n_features), default=2
        How many clouds, their centres drawn at random, or the centres themselves.
    n_features : int, default=2
        Columns of `X`.
    cluster_std : number or array-like of shape (k,), default=1.0
        Standard deviation of every cloud, or one for each.
    random_state : int, RandomState or None, default=None
        Where the draws come from.

    Returns
    -------
    X : array of shape (n, n_features)
    y : array of shape (n,)
        Whole numbers from 0.

    Raises
    ------
    SettingError
        If an argument has a value it cannot have.

    See Also
    --------
    sklearn.datasets.make_blobs : the generator; equal arguments give equal rows.

    Examples
    --------
    >>> X, y = blobs(n=5, random_state=0)
    >>> X.shape, y.tolist()
    ((5, 2), [0, 1, 1, 0, 0])
    """
    from sklearn.datasets import make_blobs

    _check("blobs", n, random_state)
    check_setting("blobs", "n_features", n_features, COUNT)
    k = _number_of_clouds(centers, n_features)
    _check_spread(cluster_std, k)
    X, y = make_blobs(
        n_samples=n, n_features=n_features, centers=centers, cluster_std=cluster_std, random_state=random_state
    )
    return X, y


def moons(n: int = 200, *, noise: float = 0.1, random_state: RandomState = None) -> Rows:
    """Draw two half circles that reach into each other: no straight line separates them.

    Parameters
    ----------
    n : int, default=200
        Rows.
    noise : number, default=0.1
        Standard deviation of what is added to every coordinate; 0 for points on the curves.
    random_state : int, RandomState or None, default=None
        Where the draws come from.

    Returns
    -------
    X : array of shape (n, 2)
    y : array of shape (n,)
        0 and 1.

    Raises
    ------
    SettingError
        If an argument has a value it cannot have.

    See Also
    --------
    sklearn.datasets.make_moons : the generator; equal arguments give equal rows.

    Examples
    --------
    >>> X, y = moons(n=5, random_state=0)
    >>> X.shape, sorted(y.tolist())
    ((5, 2), [0, 0, 1, 1, 1])
    """
    from sklearn.datasets import make_moons

    _check("moons", n, random_state)
    check_setting("moons", "noise", noise, NOT_NEGATIVE)
    X, y = make_moons(n_samples=n, noise=noise, random_state=random_state)
    return X, y


def circles(n: int = 200, *, noise: float = 0.05, factor: float = 0.5, random_state: RandomState = None) -> Rows:
    """Draw a circle within a circle: no straight line separates them, the distance from the middle does.

    Parameters
    ----------
    n : int, default=200
        Rows.
    noise : number, default=0.05
        Standard deviation of what is added to every coordinate; 0 for points on the circles.
    factor : number from 0 to below 1, default=0.5
        Radius of the inner circle; that of the outer one is 1.
    random_state : int, RandomState or None, default=None
        Where the draws come from.

    Returns
    -------
    X : array of shape (n, 2)
    y : array of shape (n,)
        0 outside, 1 inside.

    Raises
    ------
    SettingError
        If an argument has a value it cannot have.

    See Also
    --------
    sklearn.datasets.make_circles : the generator; equal arguments give equal rows.

    Examples
    --------
    >>> X, y = circles(n=100, noise=0, random_state=0)
    >>> sorted({(label, round(radius, 6)) for label, radius in zip(y.tolist(), np.hypot(*X.T).tolist())})
    [(0, 1.0), (1, 0.5)]
    """
    from sklearn.datasets import make_circles

    _check("circles", n, random_state)
    check_setting("circles", "noise", noise, NOT_NEGATIVE)
    check_setting("circles", "factor", factor, _FACTOR)
    X, y = make_circles(n_samples=n, noise=noise, factor=factor, random_state=random_state)
    return X, y


def spirals(
    n: int = 200, *, arms: int = 2, turns: float = 1.5, noise: float = 0.03, random_state: RandomState = None
) -> Rows:
    """Draw arms that wind around each other: a classic that is hard for small networks.

    Parameters
    ----------
    n : int, default=200
        Rows.
    arms : int, default=2
        How many spirals, one a class.
    turns : number above 0, default=1.5
        How often each winds around the middle on its way from radius 0.1 to 1.
    noise : number, default=0.03
        Standard deviation of what is added to every coordinate; 0 for points on the curves.
    random_state : int, RandomState or None, default=None
        Where the draws come from, and the order of the rows.

    Returns
    -------
    X : array of shape (n, 2)
    y : array of shape (n,)
        Whole numbers from 0 to ``arms - 1``.

    Raises
    ------
    SettingError
        If an argument has a value it cannot have.

    Examples
    --------
    >>> X, y = spirals(n=10, arms=3, random_state=0)
    >>> X.shape, np.bincount(y).tolist()
    ((10, 2), [4, 3, 3])
    """
    _check("spirals", n, random_state)
    check_setting("spirals", "arms", arms, COUNT)
    check_setting("spirals", "turns", turns, POSITIVE)
    check_setting("spirals", "noise", noise, NOT_NEGATIVE)
    rng = _generator(random_state)
    row = rng.permutation(n)
    y = row % arms
    way = (row // arms) / max((n - 1) // arms, 1)  # 0 at the inner end of an arm, 1 at the outer
    angle = 2 * np.pi * (turns * way + y / arms)
    X = (0.1 + 0.9 * way)[:, np.newaxis] * np.column_stack([np.cos(angle), np.sin(angle)])
    return X + rng.normal(scale=noise, size=(n, 2)), y


def xor(n: int = 200, *, noise: float = 0.15, random_state: RandomState = None) -> Rows:
    """Draw four clouds around the corners of the unit square, labelled by exclusive or.

    The smallest problem that one neuron cannot solve. Rows take the corners in turn, in the order of the truth table,
    so ``xor(4, noise=0)`` is that table.

    Parameters
    ----------
    n : int, default=200
        Rows.
    noise : number, default=0.15
        Standard deviation of every cloud; 0 for the corners themselves.
    random_state : int, RandomState or None, default=None
        Where the draws come from.

    Returns
    -------
    X : array of shape (n, 2)
    y : array of shape (n,)
        1 where exactly one coordinate of the corner is 1, else 0.

    Raises
    ------
    SettingError
        If an argument has a value it cannot have.

    Examples
    --------
    >>> X, y = xor(4, noise=0)
    >>> X.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    _check("xor", n, random_state)
    check_setting("xor", "noise", noise, NOT_NEGATIVE)
    corner = np.arange(n) % 4
    a, b = corner // 2, corner % 2
    X = np.column_stack([a, b]) + _generator(random_state).normal(scale=noise, size=(n, 2))
    return X, a ^ b


def _check(owner: str, n: Any, random_state: Any) -> None:
    check_setting(owner, "n", n, COUNT)
    check_setting(owner, "random_state", random_state, RANDOM_STATE)


def _generator(random_state: RandomState) -> np.random.RandomState:
    from sklearn.utils import check_random_state

    rng: np.random.RandomState = check_random_state(random_state)
    return rng


def _number_of_clouds(centers: Any, n_features: int) -> int:
    if COUNT.holds(centers):
        return int(centers)
    table = _numbers(centers)
    if table is None or table.ndim != 2 or table.shape[1] != n_features or len(table) == 0:
        raise SettingError(
            f"blobs: centers must be {COUNT.requirement} or rows of n_features={n_features} finite numbers, one row a "
            f"cloud; got {centers!r}."
        )
    return len(table)


def _check_spread(cluster_std: Any, k: int) -> None:
    if NUMBER.holds(cluster_std):
        check_setting("blobs", "cluster_std", cluster_std, NOT_NEGATIVE)
        return
    spreads = _numbers(cluster_std)
    if spreads is None or spreads.shape != (k,) or (spreads < 0).any():
        raise SettingError(
            f"blobs: cluster_std must be {NOT_NEGATIVE.requirement}, or one for each of the {k} centers; "
            f"got {cluster_std!r}."
        )


def _numbers(values: Any) -> NDArray[np.float64] | None:
    """Return an array of finite numbers, or None where that is not what `values` are."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array if np.isfinite(array).all() else None
