"""In which order the rows are read, epoch after epoch: shuffled, as they stand, or as someone wants it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from feedforward.errors import InputError
from feedforward.nn.random import row_orders
from feedforward.training.plan import Array


class RowOrders:
    """The order of `n` rows for each of `k` members in each epoch.

    Parameters
    ----------
    n, k : int
    seed : int
        Shuffled orders are ``nn.random.row_order(seed, member, epoch, n)``.
    shuffle : bool
        False: the rows as they stand, in every epoch.
    given : array-like of shape (epochs, n) or (epochs, k, n), or callable, optional
        The order itself, or a function from the number of the epoch, from 0, to an order of shape (n,) or (k, n). A row
        may come twice, or not at all.

    Raises
    ------
    InputError
        From `of_epochs`, if an order was given that has not as many rows as there are, or other rows.

    Examples
    --------
    >>> RowOrders(3, given=lambda epoch: [0, 1, 2] if epoch == 0 else [2, 1, 0]).of_epochs(0, 2)
    array([[0, 1, 2, 2, 1, 0]])
    """

    def __init__(
        self,
        n: int,
        k: int = 1,
        seed: int = 0,
        *,
        shuffle: bool = True,
        given: ArrayLike | Callable[[int], ArrayLike] | None = None,
    ) -> None:
        self.n, self.k, self.seed, self.shuffle, self.given = n, k, seed, shuffle, given
        self._latest: tuple[int, int, Array] = (0, 0, np.empty((k, 0), np.int64))

    def of_epochs(self, first: int, last: int) -> Array:
        """Return the orders from epoch `first` up to, but not with, epoch `last`, shape (k, epochs · n).

        Examples
        --------
        >>> RowOrders(3, shuffle=False).of_epochs(4, 5)
        array([[0, 1, 2]])
        """
        if self._latest[:2] != (first, last):  # a long epoch is asked for span by span
            self._latest = (first, last, self._of_epochs(first, last))
        return self._latest[2]

    def _of_epochs(self, first: int, last: int) -> Array:
        if self.given is not None:
            return np.concatenate([self._given(epoch) for epoch in range(first, last)], axis=1)
        if not self.shuffle:
            return np.tile(np.arange(self.n), (self.k, last - first))
        orders = [row_orders(self.seed, member, range(first, last), self.n).reshape(-1) for member in range(self.k)]
        return np.stack(orders)

    def _given(self, epoch: int) -> Array:
        if callable(self.given):
            given: Any = self.given(epoch)
        else:
            given = np.asarray(self.given)
            if epoch >= len(given):
                raise InputError(f"order has rows for {len(given)} epochs, and epoch {epoch} (from 0) needs one more.")
            given = given[epoch]
        order = np.asarray(given)
        if order.shape not in ((self.n,), (self.k, self.n)) or order.dtype.kind not in "iu":
            raise InputError(
                f"order must give {self.n} whole numbers for each epoch, one for each row; for epoch {epoch} (from 0) "
                f"it gives an array of {order.dtype} of shape {order.shape}."
            )
        if order.min() < 0 or order.max() >= self.n:
            wrong = order[(order < 0) | (order >= self.n)][0]
            raise InputError(f"order must be of rows from 0 to {self.n - 1}; epoch {epoch} (from 0) has {wrong}.")
        return np.broadcast_to(order.astype(np.int64), (self.k, self.n))
