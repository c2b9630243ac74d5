"""The engine to read: the layers' own forward and backward, step by step, for any network, loss and optimizer."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import issparse

from feedforward import nn
from feedforward.training import predictor
from feedforward.training.plan import Array, Outcome, Plan, Rows
from feedforward.training.scores import score_sums


class NumpyEngine:
    """The loop of training as a book has it; see `Engine` for what it takes.

    Works for a single network and for a stack of k. Sparse rows become dense batch by batch.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(1, 1, bias=False))
    >>> net.load_parameters({"0.weight": [[0.0]]})
    >>> rows = Rows(np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]))
    >>> engine = NumpyEngine(net, nn.MSELoss(), nn.SGD(lr=0.1), rows, "squared_error")
    >>> plan = Plan(0, np.array([[0, 1]]), np.array([0, 2]), np.array([0.1]), np.array([0.0]), np.array([0], np.uint64))
    >>> engine.run(plan).losses, net[0].weight          # (2² + 4²) / 2;  0 + 0.1 · (2·2·1 + 2·4·2) / 2
    (array([[10.]]), array([[1.]]))
    """

    def __init__(self, network: nn.Sequential, loss: nn.Loss, optimizer: nn.Optimizer, rows: Rows, score: str) -> None:
        self.network, self.loss, self.rows, self.score = network, loss, rows, score
        self.optimizer = copy.copy(optimizer)  # shares its state, but takes the rate and the decay of each step
        self._members = network.members
        self._before = {name: array.copy() for name, array in network.parameters().items()}

    def run(self, plan: Plan) -> Outcome:
        """Do the steps of `plan`."""
        losses, scores = [], []
        with np.errstate(all="ignore"):  # numbers that are not finite end the span: no need to warn of each
            for i in range(plan.steps):
                x, targets, weights = self._batch(plan.batch(i))
                outputs, saved = self._forward(x, plan, i)
                value, gradient = self.loss.value_and_gradient(outputs, targets, weights)
                gradients = self.network.gradients(gradient, saved)
                if not (np.isfinite(value).all() and self._update(plan, i, gradients)):
                    break
                losses.append(value)
                scores.append(score_sums(self.score, outputs, targets, weights))
        return self._outcome(plan, losses, scores)

    def _forward(self, x: Array, plan: Plan, i: int) -> tuple[Array, list[Any]]:
        """Run step `i` forwards, each Dropout with its p times the factor of the step."""
        factor, drops = float(plan.dropout[i]), list(_drops(self.network))
        shares = [layer.p for layer in drops]
        try:
            for layer, share in zip(drops, shares, strict=True):
                layer.p = share * factor
            return self.network.forward(x, training=(self._of_members(plan.seeds), plan.first_step + i))
        finally:
            for layer, share in zip(drops, shares, strict=True):
                layer.p = share

    def _update(self, plan: Plan, i: int, gradients: dict[str, Array]) -> bool:
        """Make the update of step `i`; if it leaves a number that is not finite, take it back and return False."""
        if not _are_finite(gradients):
            return False
        self.optimizer.lr, self.optimizer.weight_decay = float(plan.learning_rate[i]), float(plan.weight_decay[i])
        parameters, is_good = self.network.parameters(), False
        for name, array in parameters.items():
            np.copyto(self._before[name], array)
        try:
            self.optimizer.step(parameters, gradients)
            is_good = _are_finite(parameters)
        finally:  # also where Ctrl-C comes in between
            if not is_good:
                self.network.load_parameters(self._before)
        return is_good

    def predict(self, X: Any) -> Array:
        """Return the outputs for the rows `X`, shape (n, t) or (k, n, t), whatever rows are beside them."""
        return predictor.outputs(self.network, X, compiled=False)

    def _batch(self, rows: Array) -> tuple[Array, Array, Array | None]:
        """Return inputs, targets and weights of these rows, of shape (k, batch): a single network has no axis k."""
        X, weights = self.rows.X, self.rows.weights
        rows = self._of_members(rows)
        x = X[rows] if isinstance(X, np.ndarray) else _dense(X[rows.ravel()]).reshape(*rows.shape, -1)
        return x, self.rows.targets[rows], None if weights is None else weights[rows]

    def _of_members(self, array: Array) -> Any:
        return array[0] if self._members is None else array

    def _outcome(self, plan: Plan, losses: list[Any], scores: list[Array]) -> Outcome:
        k, done = len(plan.order), len(losses)
        measures = self.rows.targets.shape[1] if self.score == "squared_error" else 1
        outcome = Outcome(done, np.full((plan.steps, k), np.nan), np.full((plan.steps, k, measures), np.nan))
        if done:
            outcome.losses[:done] = np.reshape(losses, (done, k))
            outcome.scores[:done] = np.reshape(scores, (done, k, measures))
        return outcome


def _drops(network: nn.Layer) -> Iterator[nn.Dropout]:
    """Yield each Dropout of a network, and of what is inside it, once."""
    seen: dict[int, nn.Dropout] = {}
    inside = [network]
    while inside:
        layer = inside.pop()
        inside += getattr(layer, "layers", ())
        if isinstance(layer, nn.Dropout):
            seen[id(layer)] = layer
    yield from seen.values()


def _dense(X: Any) -> Any:
    return X.toarray() if issparse(X) else X


def _are_finite(arrays: dict[str, Array]) -> bool:
    return all(np.isfinite(array).all() for array in arrays.values())
