"""Our side of `networks.py`: the whole of `fit`, and the steps inside its engine."""

import tracemalloc
from typing import Any

import numpy as np

from contest import RATE, THREADS, Array, Contender, Task


def start_network(task: Task) -> Any:
    """Return a network of the weights that all start from."""
    from feedforward import nn

    layers: list[nn.Layer] = []
    for w, b in task.weights():
        linear = nn.Linear(w.shape[1], w.shape[0])
        linear.weight, linear.bias = w, b
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Fit(Contender):
    """A whole call of `fit`: checks, network, row order, history and all; `predict_proba`."""

    name = "feedforward, fit"

    def start(self) -> None:
        import feedforward as ff

        task = self.task
        self.model = ff.MLPClassifier(batch_size=task.batch, random_state=task.seed)
        self.network = start_network(task)

    def train(self, epochs: int) -> None:
        self.model.set_params(max_epochs=epochs).fit(self.X, self.y, network=self.network)

    def steps(self) -> int:
        return int(self.model.n_iter_) * self.task.batches

    def predict(self, X: Array) -> Array:
        return np.asarray(self.model.predict_proba(X))


class Engine(Contender):
    """The steps inside the engine that "auto" chooses, as one span; its outputs for rows, which are logits."""

    name = "feedforward, engine"
    asked = "auto"

    def start(self) -> None:
        from feedforward import nn
        from feedforward.training.engines import build_engine, choose_engine
        from feedforward.training.plan import Rows

        self.network = start_network(self.task)
        parts = self.network, nn.CrossEntropyLoss(), nn.Adam(RATE), Rows(self.X, self.y.astype(np.int64))
        self.chosen, _ = choose_engine(self.asked, *parts)
        self.engine = build_engine(self.chosen, *parts, "accuracy")
        self.order = self.task.order()

    def train(self, epochs: int) -> None:
        self.done: int = self.engine.run(self.plan(epochs)).done

    def plan(self, epochs: int) -> Any:
        from feedforward.training.plan import Plan

        order = self.order[:epochs].reshape(1, -1)
        bounds = np.arange(0, order.size + 1, self.task.batch)
        steps = len(bounds) - 1
        return Plan(0, order, bounds, np.full(steps, RATE), np.zeros(steps), np.zeros(1, np.uint64))

    def steps(self) -> int:
        return self.done

    def predict(self, X: Array) -> Array:
        return np.asarray(self.engine.predict(X))

    def probabilities(self, X: Array) -> Array:
        from feedforward import nn

        return np.asarray(nn.CrossEntropyLoss().probabilities(self.engine.predict(X)))

    def allocations(self) -> tuple[str, float, float]:
        """Return the engine's name and what a step more in a span allocates: bytes by Python, arrays by numba."""
        from numba.core.runtime import rtsys  # counts with NUMBA_NRT_STATS=1

        found = []
        for epochs in (1, 2, 2, 4):  # the first two warm up
            plan = self.plan(epochs)
            tracemalloc.start()
            arrays = rtsys.get_allocation_stats().alloc
            self.engine.run(plan)
            found.append((tracemalloc.get_traced_memory()[1], rtsys.get_allocation_stats().alloc - arrays))
            tracemalloc.stop()
        (bytes_2, arrays_2), (bytes_4, arrays_4) = found[2:]
        steps = 2 * self.task.batches
        return self.chosen, (bytes_4 - bytes_2) / steps, (arrays_4 - arrays_2) / steps


class TorchEngine(Engine):
    """The same steps inside our torch engine, on the CPU."""

    name = "feedforward, torch engine"
    needs = "torch"
    asked = "torch"

    def start(self) -> None:
        import torch

        torch.set_num_threads(THREADS)
        super().start()
