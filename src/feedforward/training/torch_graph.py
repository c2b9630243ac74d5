"""Steps of a small network as one CUDA graph: launched at once, where a GPU would else wait for Python.

A graph repeats the same work on the same memory. So the number of the step lies on the device, and everything that
changes from step to step is a table that is read there: rows, draws of dropout and the factor on its p, rate.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from feedforward import nn
from feedforward.training.plan import Plan
from feedforward.training.torch_layers import Tensor
from feedforward.training.torch_parts import Walk
from feedforward.training.torch_rows import DeviceRows, shaped

UP_TO = 2**30  # parameters times rows of a batch: beyond, a GPU is busy while Python gets the next step ready
AT_LEAST = 32  # steps of a span
WARM_UP = 3  # steps before a graph is taken, which torch asks for

# From inputs, targets, shares and draws to outputs, values and gradients.
Pass = Callable[..., tuple[Tensor, Tensor, Sequence[Tensor]]]


def pays(plan: Plan, rows: DeviceRows, walk: Walk, members: int | None) -> bool:
    """Whether a span is to be done by a graph: many equal steps of a small network, by Adam or AdamW, on a GPU.

    Examples
    --------
    >>> from feedforward.training.plan import Rows
    >>> plan = Plan(0, np.array([[0]]), np.array([0, 1]), np.ones(1), np.zeros(1), np.zeros(1, np.uint64))
    >>> network, device = nn.Sequential(nn.Linear(1, 1)), torch.device("cpu")
    >>> rows = DeviceRows(Rows(np.ones((1, 1)), np.ones((1, 1))), device)
    >>> pays(plan, rows, Walk(network, nn.Adam(), device, decays=False), None)
    False
    """
    batch = int(np.diff(plan.bounds).max())
    work = batch * sum(root.numel() for root in walk.roots)
    same_decay = len({*plan.weight_decay.tolist()}) == 1
    is_graphable = rows.resident and type(walk.ours) in (nn.Adam, nn.AdamW) and same_decay
    return rows.device.type == "cuda" and is_graphable and plan.steps >= AT_LEAST and work <= UP_TO


class GraphedSteps:
    """The steps of spans, by a graph where they are of full batches, else one by one.

    Parameters
    ----------
    rows : DeviceRows
        All on the device.
    walk : Walk
        Its numbers are taken over by ``walk.load``; while the graph is taken they are changed.
    do : callable
        The two passes of a step.
    plan : Plan
        The first span: later ones may be of other lengths, up to `capacity`.
    members : int or None
    """

    def __init__(self, rows: DeviceRows, walk: Walk, do: Pass, plan: Plan, draws: list[Tensor], members: int | None):
        self.rows, self.walk, self.do, self.members = rows, walk, do, members
        self.batch, self.capacity = int(np.diff(plan.bounds).max()), plan.steps
        self.decay = float(plan.weight_decay[0])
        device = rows.device
        self.counter = torch.zeros(1, dtype=torch.int64, device=device)
        self.order = torch.zeros((plan.steps, (members or 1) * self.batch), dtype=torch.int64, device=device)
        self.rates = torch.zeros(plan.steps, dtype=torch.float32, device=device)
        self.dropout = torch.ones(plan.steps, dtype=torch.float64, device=device)
        self.draws = [torch.empty_like(table) for table in draws]
        self.losses: Tensor | None = None
        self.outputs: Tensor | None = None
        self._fill(plan, draws)
        self.replay = self._taken()

    def fits(self, plan: Plan, draws: list[Tensor]) -> bool:
        """Whether the tables are large enough for a span."""
        return (
            plan.steps <= self.capacity
            and int(np.diff(plan.bounds).max()) == self.batch
            and float(plan.weight_decay[0]) == self.decay
            and [table.shape[1:] for table in draws] == [table.shape[1:] for table in self.draws]
        )

    def run(self, plan: Plan, draws: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Do the steps of a span; return the losses, shape (steps, …), and the outputs of each step."""
        self._fill(plan, draws)
        assert self.losses is not None
        assert self.outputs is not None
        ragged: dict[int, Tensor] = {}
        for i, size in enumerate(np.diff(plan.bounds).tolist()):
            if size == self.batch:
                self.replay()
            else:
                ragged[i] = self._ragged(i, size)
        outputs = [ragged.get(i, self.outputs[i]) for i in range(plan.steps)]
        return self.losses[: plan.steps].clone(), outputs

    def _fill(self, plan: Plan, draws: list[Tensor]) -> None:
        """Write the tables for a span, and count from 0."""
        table = np.zeros((plan.steps, len(plan.order), self.batch), np.int64)
        for i in range(plan.steps):
            rows = plan.batch(i)
            table[i, :, : rows.shape[1]] = rows
        self.order[: plan.steps].copy_(torch.from_numpy(table.reshape(plan.steps, -1)))
        self.rates[: plan.steps].copy_(torch.from_numpy(plan.learning_rate.astype(np.float32)))
        self.dropout[: plan.steps].copy_(torch.from_numpy(plan.dropout))
        for own, given in zip(self.draws, draws, strict=True):
            own[: plan.steps].copy_(given)
        self.counter.zero_()

    def _step(self) -> None:
        """Do the step whose number the counter has."""
        rows = self.order.index_select(0, self.counter).view(-1)
        found, value = self._on(rows, self.batch)
        if self.losses is None or self.outputs is None:
            self.losses = torch.zeros((self.capacity, *value.shape), dtype=value.dtype, device=value.device)
            self.outputs = torch.zeros((self.capacity, *found.shape), dtype=found.dtype, device=found.device)
        self.losses.index_copy_(0, self.counter, value.unsqueeze(0))
        self.outputs.index_copy_(0, self.counter, found.unsqueeze(0))
        self.counter.add_(1)

    def _ragged(self, i: int, size: int) -> Tensor:
        """Do step `i`, of a smaller batch, by itself; return its outputs."""
        rows = self.order[i].view(self.members or 1, self.batch)[:, :size].reshape(-1)
        found, value = self._on(rows, size)
        assert self.losses is not None
        self.losses[i].copy_(value)
        self.counter.add_(1)
        return found

    def _on(self, rows: Tensor, size: int) -> tuple[Tensor, Tensor]:
        x, targets = self.rows.X.index_select(0, rows), self.rows.targets.index_select(0, rows)
        weights = None if self.rows.weights is None else self.rows.weights.index_select(0, rows)
        shape = (size,) if self.members is None else (self.members, size)
        draws = [table.index_select(0, self.counter).squeeze(0)[..., :size] for table in self.draws]
        factor = self.dropout.index_select(0, self.counter).squeeze(0)
        found, value, gradients = self.do(*shaped(shape, x, targets, weights), [*draws, factor])
        self.walk.step(gradients, self.rates.index_select(0, self.counter).squeeze(0), self.decay)
        return found.detach(), value.detach()

    def _taken(self) -> Callable[[], Any]:
        """Warm up beside the main stream, take the graph, and put everything back to the start."""
        side = torch.cuda.Stream(self.rows.device)  # type: ignore[no-untyped-call]  # torch's is untyped
        side.wait_stream(torch.cuda.current_stream(self.rows.device))
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._step()
        torch.cuda.current_stream(self.rows.device).wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        self.walk.load()
        return graph.replay
