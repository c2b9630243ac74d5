"""Who learns from which rows: the folds of bagging.

Every row is used: each member learns from all parts but one, and is judged on the part that it has not seen.
"""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def folds(n: int, members: int, parts: int, seed: int, codes: NDArray[np.intp] | None = None) -> tuple[Rows, Rows]:
    """Return the rows that each member learns from, and those it is judged on.

    The rows are shuffled, by classes if there are any, and dealt out like cards to `parts` parts, so that each has its
    share of each class; what cannot be dealt out evenly, and the only row of a class, is learned by all. Members beyond
    `parts` deal anew.

    Parameters
    ----------
    n : int
        Rows.
    members, parts : int
    seed : int
    codes : array of shape (n,), optional
        The class of each row.

    Returns
    -------
    training : array of shape (members, n - v)
    validation : array of shape (members, v)
        With v = 0 where there are too few rows to set any aside.

    Examples
    --------
    >>> training, validation = folds(10, members=2, parts=5, seed=0)
    >>> training.shape, validation.shape, sorted([*training[0], *validation[0]]) == list(range(10))
    ((2, 8), (2, 2), True)
    """
    learned, judged = [], []
    for member in range(members):
        validation = _part(_dealt(n, np.random.default_rng([seed, member // parts]), codes), parts, member)
        learned.append(np.setdiff1d(np.arange(n), validation))
        judged.append(validation)
    return np.stack(learned).astype(np.int64), np.stack(judged).astype(np.int64)


def _part(dealt: Rows, parts: int, member: int) -> Rows:
    parts = min(parts, len(dealt))
    if parts < 2:
        return dealt[:0]
    v = len(dealt) // parts
    return np.sort(dealt[: v * parts].reshape(v, parts)[:, member % parts])


def _dealt(n: int, rng: np.random.Generator, codes: NDArray[np.intp] | None) -> Rows:
    """Return the rows in the order in which they are dealt out."""
    order = rng.permutation(n)
    if codes is None:
        return order
    counts = np.bincount(codes)
    order = order[counts[codes[order]] > 1]
    return order[np.argsort(codes[order], kind="stable")]
