"""How steep the squared error of a linear neuron is, and so how large a step may be."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator, eigsh

WIDE = 1000  # columns from which the largest eigenvalue is found without the whole matrix


def highest_safe_rate(X: Any, weights: NDArray[Any], batch_size: int | None) -> float:
    """Return the learning rate beyond which gradient descent on the mean squared error diverges.

    For all rows at once that is ``1 / λmax``, the largest eigenvalue of ``(1/n) Σ s x̃ x̃ᵀ`` with ``x̃ = (x, 1)``: the
    loss is a parabola of curvature ``2 λmax`` in its steepest direction. A single row diverges beyond
    ``1 / max s ‖x̃‖²``, and B rows drawn at random beyond ``B / (max s ‖x̃‖² + (B - 1) λmax)``.

    Parameters
    ----------
    X : array or CSR matrix of shape (n, m)
    weights : array of shape (n,)
        Row weights s.
    batch_size : int or None
        B; None for all rows.

    Returns
    -------
    float
        0 where the squares of `X` overflow: no rate is safe.

    References
    ----------
    Ma, Bassily & Belkin (2018), The power of interpolation, arXiv:1712.06559, theorem 4.

    Examples
    --------
    >>> highest_safe_rate(np.array([[0.0], [0.0]]), np.ones(2), None)
    1.0
    """
    n, X = X.shape[0], X.astype(np.float64) if issparse(X) else X
    squares = X.multiply(X).sum(axis=1) if issparse(X) else np.square(X, dtype=np.float64).sum(axis=1)
    norms = weights * (np.asarray(squares, dtype=np.float64).ravel() + 1.0)
    if not np.isfinite(norms.sum()):
        return 0.0
    if batch_size is None or batch_size >= n:
        return 1.0 / _largest_eigenvalue(X, weights)
    longest = float(norms.max())
    if batch_size == 1:
        return 1.0 / longest
    return batch_size / (longest + (batch_size - 1) * _largest_eigenvalue(X, weights))


def _largest_eigenvalue(X: Any, weights: NDArray[Any]) -> float:
    """Return λmax of ``(1/n) Σ s x̃ x̃ᵀ``: exactly for few columns, to one part in 10⁴ for many."""
    n, m = X.shape
    share = weights.astype(np.float64) / n
    if m < WIDE:
        weighted = X.multiply(share[:, np.newaxis]).tocsr() if issparse(X) else X * share[:, np.newaxis]
        matrix = np.empty((m + 1, m + 1))
        product = weighted.T @ X
        matrix[:m, :m] = product.toarray() if issparse(product) else product
        matrix[:m, m] = matrix[m, :m] = np.asarray(weighted.sum(axis=0)).ravel()
        matrix[m, m] = share.sum()
        return float(np.linalg.eigvalsh(matrix)[-1])

    def multiply(v: NDArray[np.float64]) -> NDArray[np.float64]:
        v = v.ravel()
        z = share * (X @ v[:m] + v[m])
        return np.append(X.T @ z, z.sum())

    operator = LinearOperator((m + 1, m + 1), matvec=multiply, dtype=np.float64)
    return float(eigsh(operator, k=1, v0=np.ones(m + 1), tol=1e-4, return_eigenvectors=False)[0])
