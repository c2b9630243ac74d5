"""In which order the rows are read, epoch after epoch: shuffled, as they stand, or as someone wants it.

Each member of a stack reads all rows, or rows of its own.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from feedforward.errors import InputError
from feedforward.nn.random import row_orders
from feedforward.training.plan import Array

_AHEAD = 2**14  # rows to draw at once: one call for many small epochs


class RowOrders:
    """The order of the rows for each of `k` members in each epoch.

    Parameters
    ----------
    n, k : int
        Each member has n rows.
    seed : int
        Shuffled orders are ``nn.random.row_order(seed, member, epoch, n)``.
    epochs : int
        How many there will be.
    shuffle : bool
        False: the rows as they stand, in every epoch.
    given : array-like of shape (epochs, n) or (epochs, k, n), or callable, optional
        The order itself, or a function from the number of the epoch, from 0, to an order of shape (n,) or (k, n). A row
        may come twice, or not at all.
    member_rows : array of int64, shape (k, n), optional
        The rows of each member: what is ordered are their places here. Default: rows 0 to n − 1 for all.
    read : int, optional
        How many rows of its order an epoch reads. Default: all of them.

    Attributes
    ----------
    read : int

    Raises
    ------
    InputError
        If orders were given for fewer epochs; and, from `of_epochs`, if one has other rows, or more, or fewer.

    Examples
    --------
    >>> RowOrders(3, epochs=2, given=lambda epoch: [0, 1, 2] if epoch == 0 else [2, 1, 0]).of_epochs(0, 2)
    array([[0, 1, 2, 2, 1, 0]])
    >>> RowOrders(3, k=2, shuffle=False, member_rows=np.array([[5, 6, 7], [7, 8, 9]]), read=2).of_epochs(0, 2)
    array([[5, 6, 5, 6],
           [7, 8, 7, 8]])
    """

    def __init__(
        self,
        n: int,
        k: int = 1,
        seed: int = 0,
        epochs: int = 1,
        *,
        shuffle: bool = True,
        given: ArrayLike | Callable[[int], ArrayLike] | None = None,
        member_rows: Array | None = None,
        read: int | None = None,
    ) -> None:
        self.n, self.k, self.seed, self.epochs, self.shuffle = n, k, seed, epochs, shuffle
        self.member_rows, self.read = member_rows, read or n
        self.given = given if given is None or callable(given) else np.asarray(given)
        if isinstance(self.given, np.ndarray) and (self.given.ndim < 2 or len(self.given) < epochs):
            raise InputError(
                f"order must have an order of the rows for each of {epochs} epochs, shape ({epochs}, {n}); got shape "
                f"{self.given.shape}."
            )
        self._ahead = _AHEAD // n if given is None else 0
        self._drawn: tuple[int, Array] = (0, np.empty((k, 0), np.int64))  # the first epoch drawn, and the orders

    def of_epochs(self, first: int, last: int) -> Array:
        """Return the orders from epoch `first` up to, but not with, epoch `last`, shape (k, epochs · read).

        Examples
        --------
        >>> RowOrders(3, shuffle=False).of_epochs(4, 5)
        array([[0, 1, 2]])
        """
        begin, orders = self._drawn
        if first < begin or (last - begin) * self.read > orders.shape[1]:
            begin, orders = first, self._rows_of(first, max(last, min(first + self._ahead, self.epochs)))
            self._drawn = begin, orders
        return orders[:, (first - begin) * self.read : (last - begin) * self.read]

    def _rows_of(self, first: int, last: int) -> Array:
        """Return the rows in their order, of each epoch those that are read."""
        orders = self._of_epochs(first, last)
        if self.read < self.n:
            orders = orders.reshape(self.k, last - first, self.n)[..., : self.read].reshape(self.k, -1)
        return orders if self.member_rows is None else np.take_along_axis(self.member_rows, orders, axis=1)

    def _of_epochs(self, first: int, last: int) -> Array:
        given = self.given
        if given is not None:
            orders = (np.asarray(given(epoch) if callable(given) else given[epoch]) for epoch in range(first, last))
            return np.concatenate([self._checked(order, epoch) for epoch, order in enumerate(orders, first)], axis=1)
        if not self.shuffle:
            return np.tile(np.arange(self.n), (self.k, last - first))
        epochs = range(first, last)
        drawn = [row_orders(self.seed, member, epochs, self.n).reshape(1, -1) for member in range(self.k)]
        return drawn[0] if self.k == 1 else np.concatenate(drawn)  # no copy of the orders of a single network

    def _checked(self, order: Array, epoch: int) -> Array:
        if order.shape not in ((self.n,), (self.k, self.n)) or order.dtype.kind not in "iu":
            raise InputError(
                f"order must give {self.n} whole numbers for each epoch, one for each row; for epoch {epoch} (from 0) "
                f"it gives {order.dtype} of shape {order.shape}."
            )
        if order.min() < 0 or order.max() >= self.n:
            wrong = order[(order < 0) | (order >= self.n)][0]
            raise InputError(f"order must be of rows from 0 to {self.n - 1}; epoch {epoch} (from 0) has {wrong}.")
        return np.broadcast_to(order.astype(np.int64), (self.k, self.n))
