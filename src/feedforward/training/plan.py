"""What the loop and the engines say to each other: rows, a plan for a span of steps, and what came of it.

The loop decides everything and writes it into a `Plan`, which is arrays; an engine does the arithmetic and decides
nothing. So any engine can run any plan, and all of them come to the same numbers.

Letters: n rows, m features, t outputs, k members (networks of equal shape that are trained at once; 1 if there is no
member axis).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from feedforward import nn

Array = NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """What a network learns from, or is judged on: checked, and without rows of weight 0.

    A stack may be judged on rows of each member's own: then all arrays have a leading axis of k members, and `X` is no
    CSR.

    Attributes
    ----------
    X : array of shape (n, m), C-ordered, of the network's dtype; or CSR
    targets : array
        Class codes of shape (n,), or numbers of the network's dtype, of shape (n, t): as the loss takes them.
    weights : array of shape (n,), of the network's dtype, or None
        None: all alike.
    """

    X: Any
    targets: Array
    weights: Array | None = None

    def __len__(self) -> int:
        """How many rows there are, for each member."""
        return self.targets.shape[1] if self.are_of_members else len(self.targets)

    @property
    def are_of_members(self) -> bool:
        """Whether each member has rows of its own."""
        return np.ndim(self.X) > 2


def part_of(X: Any, first: int, last: int) -> Any:
    """Return the rows from `first` up to, but not with, `last`, of each member where `X` has that axis.

    Examples
    --------
    >>> part_of(np.zeros((5, 2)), 1, 4).shape, part_of(np.zeros((3, 5, 2)), 4, 8).shape
    ((3, 2), (3, 1, 2))
    """
    return X[first:last] if X.ndim == 2 else X[:, first:last]


@dataclass(frozen=True)
class Plan:
    """A span of training steps, decided in full.

    Attributes
    ----------
    first_step : int
        Number of the span's first step, counted from 0 over the whole training: dropout depends on it.
    order : array of int64, shape (k, p)
        For each member the rows it reads, batch after batch.
    bounds : array of int64, shape (s + 1,)
        Step i of the span reads ``order[:, bounds[i]:bounds[i + 1]]``.
    learning_rate, weight_decay : array of float64, shape (s,)
    seeds : array of uint64, shape (k,)
        Where each member's dropout is drawn from.
    dropout : array of float64, shape (s,), default ones
        A factor on the p of every Dropout.
    active : array of bool, shape (k,), default all
        Whose steps are to be done. What an engine does with the others is taken back; their losses are no matter.

    Examples
    --------
    Two steps over three rows:

    >>> rates, decays, seeds = np.full(2, 0.1), np.zeros(2), np.array([7], np.uint64)
    >>> plan = Plan(0, np.array([[2, 0, 1]]), np.array([0, 2, 3]), rates, decays, seeds)
    >>> plan.steps, plan.batch(1), plan.dropout
    (2, array([[1]]), array([1., 1.]))
    """

    first_step: int
    order: Array
    bounds: Array
    learning_rate: Array
    weight_decay: Array
    seeds: Array
    dropout: Any = None
    active: Any = None

    def __post_init__(self) -> None:
        if self.dropout is None:
            object.__setattr__(self, "dropout", np.ones(self.steps))
        if self.active is None:
            object.__setattr__(self, "active", np.ones(len(self.order), bool))

    @property
    def steps(self) -> int:
        """How many steps the span has."""
        return len(self.bounds) - 1

    def batch(self, i: int) -> Array:
        """Return the rows of step `i` of the span, shape (k, batch)."""
        rows: Array = self.order[:, self.bounds[i] : self.bounds[i + 1]]
        return rows


@dataclass(frozen=True)
class Outcome:
    """What came of a span.

    Attributes
    ----------
    done : int
        Steps done. Fewer than planned if the loss, a gradient or a new parameter was not finite: that step's update
        was not made, the parameters are those before it, and the optimizer's state is not to be used any more.
    losses : array of float64, shape (s, k)
        The loss of each batch before its update; what was not done is NaN.
    scores : array of float64, shape (s, k, c)
        Sums over the batch of weight times measure, by the name of the score: for "accuracy" and "exact" 1 for each
        row that is right (c = 1), for "squared_error" the squared error of each output (c = t).
    """

    done: int
    losses: Array
    scores: Array


class Engine(Protocol):
    """The arithmetic of training.

    Parameters
    ----------
    network : Sequential
        Changed in place by `run`; possibly a stack of k. An engine may move its parameters to arrays of its own.
    loss : Loss
    optimizer : Optimizer
        Its ``state`` is read at the start and kept up to date by `run`; its rate and decay are the plan's.
    rows : Rows
    score : str
        "accuracy": the largest output is that of the target. "exact": every output is on its target's side of 0.
        "squared_error".
    """

    def __init__(
        self, network: nn.Sequential, loss: nn.Loss, optimizer: nn.Optimizer, rows: Rows, score: str
    ) -> None: ...

    def run(self, plan: Plan) -> Outcome:
        """Do the steps of `plan`."""
        ...

    def predict(self, X: Any) -> Array:
        """Return the outputs for the rows `X`, shape (n, t) or (k, n, t), whatever rows are beside them.

        The rows of a stack may be each member's own, shape (k, n, m).
        """
        ...
