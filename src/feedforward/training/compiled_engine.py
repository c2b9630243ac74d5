"""The compiled engine: a span of steps as one call of machine code, over flat arrays that are made once.

It trains networks of Linear, activations and Dropout, with the losses and optimizers of `feedforward.nn`; the first
call on a machine compiles, and the machine code is cached on disk. The GIL is released, so members run in parallel.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.kernels import one_thread_products, thread_count
from feedforward.nn.activations import Array
from feedforward.training.compiled.elementwise import CHUNK
from feedforward.training.compiled.layout import OUTPUTS, Layout
from feedforward.training.compiled.memory import aligned, views, writable
from feedforward.training.compiled.objectives import BINARY, CLASS_CODES, CLASS_SHARES, HUBER, SQUARED, SQUARED_ERROR
from feedforward.training.compiled.passes import LANES
from feedforward.training.compiled.predictor import Predictor, predictor_of
from feedforward.training.compiled.span import run_span
from feedforward.training.compiled.updates import ADAM, RMSPROP, SGD
from feedforward.training.compiled.waves import constants
from feedforward.training.plan import Outcome, Plan, Rows
from feedforward.training.scores import SCORES

PIECES = 8  # of a span, for members that are more than the threads


class CompiledEngine:
    """See `feedforward.training.plan.Engine`.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(1, 1))
    >>> X = np.array([[0.0], [1.0]])
    >>> engine = CompiledEngine(network, nn.MSELoss(), nn.SGD(0.1), Rows(X, 2 * X + 1), "squared_error")
    >>> order, bounds, seeds = np.tile([[0, 1]], 500), np.arange(0, 1001, 2), np.zeros(1, np.uint64)
    >>> plan = Plan(0, order, bounds, np.full(500, 0.5), np.zeros(500), seeds)
    >>> engine.run(plan).done
    500
    >>> network(X).round(3)
    array([[1.],
           [3.]])
    """

    _layout: Layout
    _flat: Array
    _buffers: "list[Buffers]"
    _state_views: dict[str, Array]

    def __init__(self, network: nn.Sequential, loss: nn.Loss, optimizer: nn.Optimizer, rows: Rows, score: str) -> None:
        self._network, self._optimizer, self._rows, self._dtype = network, optimizer, rows, network.dtype
        self._score = SCORES.index(score)
        self._take_up(predictor_of(network, rows.X.shape[1]))
        if isinstance(rows.X, np.ndarray):
            self._layout.check_codes(rows.X)
        self._loss = _loss_codes(loss, rows.targets)
        self._labels = writable(rows.targets) if self._loss[0] == CLASS_CODES else np.empty(0, np.int64)
        self._targets = np.empty((0, 0), self._dtype) if self._loss[0] == CLASS_CODES else writable(rows.targets)
        self._weights = np.empty(0, self._dtype) if rows.weights is None else writable(rows.weights)

    def run(self, plan: Plan) -> Outcome:
        """Do the steps of `plan`."""
        predictor = predictor_of(self._network, self._rows.X.shape[1])
        if predictor.flat is not self._flat:  # someone has put other arrays into the network
            self._take_up(predictor)
        widest = int(np.diff(plan.bounds).max())
        if not self._buffers or self._buffers[0].batch < widest:
            self._buffers = [Buffers(self._layout, self._outputs, widest, self._dtype) for _ in range(self._k)]
        columns = self._outputs if self._score == SQUARED_ERROR else 1
        losses = np.full((self._k, plan.steps), np.nan)
        scores = np.zeros((self._k, plan.steps, columns))
        tensors, factors = self._tensors(plan)
        before = int(self._optimizer.state.get("step", 0))

        def run_piece(j: int, first: int, last: int) -> int:
            steps = slice(first, last)
            X, labels, targets, weights, order, bounds = self._data(plan.order[j], plan.bounds[first : last + 1])
            done: int = run_span(
                *(X, self._layout.columns, labels, targets, weights),
                *(self._layout.layers, self._layout.alphas, self._layout.shares, *self._loss, self._score),
                *(self._code, self._hyper, tensors, factors),
                *(self._flat[j], self._spare[j], self._state_1[j], self._state_2[j], *self._buffers[j].arrays),
                *(order, bounds, plan.learning_rate[steps], plan.weight_decay[steps], plan.dropout[steps]),
                *(plan.first_step + first, before + first, plan.seeds[j], losses[j, steps], scores[j, steps]),
            )
            return done

        done = run_piece(0, 0, plan.steps) if self._k == 1 else _by_turns(run_piece, self._k, plan.steps)
        self._optimizer.state.update(self._state_views, step=np.array(before + done))
        return Outcome(done, losses.T, scores.swapaxes(0, 1))

    def predict(self, X: Any) -> Array:
        """Return the outputs for the rows `X`, whatever rows are beside them."""
        return predictor_of(self._network, X.shape[-1])(X)

    def _take_up(self, predictor: Predictor) -> None:
        """Share the network's flat parameters, and move the optimizer's state to flat arrays that it shares too."""
        self._layout, self._flat, self._k = predictor.layout, predictor.flat, len(predictor.flat)
        self._outputs = int(self._layout.layers[-1, OUTPUTS])
        self._buffers = []
        parameters, count = self._network.parameters(), self._flat.shape[1]
        self._spare = aligned((self._k, count), self._dtype)
        self._code, self._hyper, names = _optimizer_codes(self._optimizer)
        states = [aligned((self._k, count if i < len(names) else 0), self._dtype) for i in range(2)]
        self._state_1, self._state_2 = states
        self._state_views = {}
        for flat, name in zip(states, names, strict=False):
            for parameter, view in views(parameters, flat).items():
                self._state_views[f"{parameter}.{name}"] = view
                if f"{parameter}.{name}" in self._optimizer.state:
                    view[...] = self._optimizer.state[f"{parameter}.{name}"]

    def _tensors(self, plan: Plan) -> tuple[Array, Array]:
        """Return the bounds of each parameter and its factors on rate and decay; one for all where they are equal."""
        bounds, factors, start = [], [], 0
        for name, array in self._network.parameters().items():
            own = 0.0 if name.endswith("bias") else 1.0
            decay = self._optimizer.decay_factors.get(name, own) if plan.weight_decay.any() else 0.0
            bounds.append((start, start := start + array.size // self._k))
            factors.append((self._optimizer.rate_factors.get(name, 1.0), decay))
        if len(set(factors)) == 1:
            bounds, factors = [(0, start)], factors[:1]
        return np.array(bounds, np.int64), np.array(factors)

    def _data(self, order: Array, bounds: Array) -> tuple[Array, ...]:
        """Return rows, labels, targets, weights, and order and bounds of the steps; sparse rows become dense."""
        targets = (self._labels, self._targets, self._weights)
        if isinstance(self._rows.X, np.ndarray):
            return writable(self._rows.X), *targets, order, bounds
        read, places = np.unique(order[bounds[0] : bounds[-1]], return_inverse=True)
        picked = (array[read] if len(array) else array for array in targets)
        X = self._rows.X[read].toarray()
        self._layout.check_codes(X)
        return X, *picked, places, bounds - bounds[0]


def _by_turns(run_piece: Callable[[int, int, int], int], k: int, steps: int) -> int:
    """Have every member's steps done on several threads, and return how many all of them have done.

    Where members cannot be shared out evenly, each is done in pieces, and who waits longest is next: then no thread
    stands idle before the last pieces.
    """
    threads = min(k, thread_count())
    piece = steps if k % threads == 0 else -(-steps // PIECES)
    waiting, done = deque((j, 0) for j in range(k)), [0] * k

    def work(_: int) -> None:
        while waiting:
            try:
                j, first = waiting.popleft()
            except IndexError:  # another thread was faster
                return
            last = min(first + piece, steps)
            done[j] += run_piece(j, first, last)
            if done[j] == last < steps:
                waiting.append((j, last))

    with one_thread_products, ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return min(done)


class Buffers:
    """What one member's steps write to: made once, for the largest batch."""

    def __init__(self, layout: Layout, outputs: int, batch: int, dtype: Any) -> None:
        self.batch = batch
        width = -(-batch // LANES) * LANES
        factors = layout.units * width if layout.shares.any() else 0
        power = aligned((CHUNK,), dtype)
        bits = power.view(np.int32 if dtype == np.float32 else np.int64)
        self.arrays = (
            aligned((layout.units * width,), dtype),
            aligned((factors,), dtype),
            aligned((2, layout.widest * width), dtype),
            aligned((4, width), dtype),
            aligned((outputs * width,), dtype),
            np.zeros(width, np.int64),
            np.zeros(width, np.int32 if dtype == np.float32 else np.int64),  # as wide as the outputs
            np.zeros(width, np.uint64),
            aligned((2, CHUNK), dtype),
            constants(dtype),
            power,
            bits,
        )


def _loss_codes(loss: nn.Loss, targets: Array) -> tuple[int, float]:
    if isinstance(loss, nn.CrossEntropyLoss):
        return (CLASS_CODES if targets.ndim == 1 else CLASS_SHARES), float(loss.label_smoothing)
    if isinstance(loss, nn.HuberLoss):
        return HUBER, float(loss.delta)
    return (BINARY if isinstance(loss, nn.BCEWithLogitsLoss) else SQUARED), 0.0


def _optimizer_codes(optimizer: nn.Optimizer) -> tuple[int, Array, tuple[str, ...]]:
    """Return the optimizer's code, its numbers and the names of what it remembers."""
    if isinstance(optimizer, nn.SGD):
        hyper = [optimizer.momentum, optimizer.dampening, optimizer.nesterov]
        return SGD, np.array(hyper, np.float64), ("velocity",) if optimizer.momentum else ()
    if isinstance(optimizer, nn.RMSprop):
        return RMSPROP, np.array([optimizer.alpha, optimizer.eps]), ("mean_square",)
    assert isinstance(optimizer, nn.Adam)
    hyper = [*optimizer.betas, optimizer.eps, isinstance(optimizer, nn.AdamW)]
    return ADAM, np.array(hyper, np.float64), ("mean", "mean_square")
