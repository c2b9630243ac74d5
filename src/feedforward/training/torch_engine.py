"""The engine of autograd: the same steps by torch, on a CPU or a GPU.

Rows lie on the device as they are, a batch is one indexing of them, and nothing is asked of the device before a span
is over: if a number was not finite by then, the span is done again, with a look after each step.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse

from feedforward import nn
from feedforward.training.compiled.layout import check_codes
from feedforward.training.plan import Array, Outcome, Plan, Rows, part_of
from feedforward.training.scores import measures
from feedforward.training.torch_graph import GraphedSteps, pays
from feedforward.training.torch_known import embedded
from feedforward.training.torch_layers import Tensor, draws_of, outputs, passes_of
from feedforward.training.torch_parts import Walk, loss_of
from feedforward.training.torch_rows import DeviceRows

BLOCK = 256  # rows that are predicted together, on a CPU
LARGE_BLOCK = 8192  # and elsewhere
KEPT = 2**20  # outputs that are kept on the device before they are scored


class TorchEngine:
    """The steps of a plan by torch's autograd and optimizers; see `Engine` for what it takes.

    Parameters
    ----------
    device : str
        As torch names it.
    mixed : bool
        Whether products are of bfloat16, on a GPU; parameters, losses and updates stay in the network's dtype.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(1, 1, bias=False))
    >>> net.load_parameters({"0.weight": [[0.0]]})
    >>> rows = Rows(np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]))
    >>> engine = TorchEngine(net, nn.MSELoss(), nn.SGD(lr=0.1), rows, "squared_error")
    >>> plan = Plan(0, np.array([[0, 1]]), np.array([0, 2]), np.array([0.1]), np.array([0.0]), np.array([0], np.uint64))
    >>> engine.run(plan).losses, net[0].weight          # (2² + 4²) / 2;  0 + 0.1 · (2·2·1 + 2·4·2) / 2
    (array([[10.]]), array([[1.]]))
    """

    @torch.inference_mode(False)
    def __init__(
        self,
        network: nn.Sequential,
        loss: nn.Loss,
        optimizer: nn.Optimizer,
        rows: Rows,
        score: str,
        *,
        device: str = "cpu",
        mixed: bool = False,
    ) -> None:
        self._network, self._optimizer, self._host_rows, self._score = network, optimizer, rows, score
        self._loss, self._device, self._mixed = loss_of(loss), torch.device(device), mixed
        check_codes(embedded(network), rows.X)  # of one without weights a GPU would only say that something was wrong
        self._rows = DeviceRows(rows, self._device)
        self._may_graph = True
        self._take_up(decays=False)

    @torch.inference_mode(False)
    def run(self, plan: Plan) -> Outcome:
        """Do the steps of `plan`."""
        if self._walk.decays != bool(plan.weight_decay.any()):
            self._take_up(decays=not self._walk.decays)
        self._walk.load()
        record = _Record(plan, self._host_rows, self._score, self._network.members)
        self._do_steps(plan, record)
        if not (np.isfinite(record.losses).all() and self._walk.are_finite()):
            self._walk.load()
            record = _Record(plan, self._host_rows, self._score, self._network.members)
            self._do_steps(plan, record, careful=True)
        self._walk.store(record.done)
        return Outcome(record.done, record.losses, record.scores)

    @torch.inference_mode(False)
    def predict(self, X: Any) -> Array:
        """Return the outputs for the rows `X`, whatever rows are beside them."""
        check_codes(embedded(self._network), X)
        self._walk.load_parameters()
        size = BLOCK if self._device.type == "cpu" else LARGE_BLOCK
        passes = passes_of(self._network, self._walk.leaves, training=False)
        with torch.inference_mode():
            blocks = [outputs(passes, block, ()) for block in self._blocks(X, size)]
            return np.asarray(torch.cat(blocks, dim=-2)[..., : X.shape[-2], :].cpu().numpy())

    def _take_up(self, *, decays: bool) -> None:
        """Make leaves of the network's parameters, and functions of them."""
        self._walk = Walk(self._network, self._optimizer, self._device, decays=decays)
        self._passes = passes_of(self._network, self._walk.leaves, training=True)
        self._graph: GraphedSteps | None = None

    @torch.enable_grad()
    def _do_steps(self, plan: Plan, record: "_Record", *, careful: bool = False) -> None:
        """Do the steps one by one; if `careful`, look after each, and take back one that is not finite."""
        draws = self._draws(plan)
        if not careful and self._do_by_graph(plan, draws, record):
            return
        for i, (x, targets, shares) in enumerate(self._rows.batches(plan, self._network.members)):
            of_step = [*(draw[i][..., : x.shape[-2]] for draw in draws), float(plan.dropout[i])]
            found, value, gradients = self._do(x, targets, shares, of_step)
            before = [root.clone() for root in self._walk.moved] if careful else []
            self._walk.step(gradients, float(plan.learning_rate[i]), float(plan.weight_decay[i]))
            if careful and not self._walk.are_finite([value, *gradients]):
                for root, old in zip(self._walk.moved, before, strict=True):
                    root.copy_(old)
                break
            record.add(value.detach(), found.detach())
        record.close()

    def _do(self, x: Tensor, targets: Tensor, shares: Tensor | None, draws: list[Any]) -> tuple[Any, Any, Any]:
        """Return outputs, losses and gradients of one batch."""
        with torch.autocast(self._device.type, torch.bfloat16) if self._mixed else nullcontext():
            found = outputs(self._passes, x, draws)
            value = self._loss(found, targets, shares)
        return found, value, torch.autograd.grad(value.sum() if value.ndim else value, self._walk.roots)

    def _draws(self, plan: Plan) -> list[Tensor]:
        seeds = plan.seeds[0] if self._network.members is None else plan.seeds
        tables = draws_of(self._network, seeds, plan.first_step, plan.steps, int(np.diff(plan.bounds).max()))
        return [torch.from_numpy(table).to(self._device) for table in tables]

    def _do_by_graph(self, plan: Plan, draws: list[Tensor], record: "_Record") -> bool:
        """Do the steps by a CUDA graph, if that pays and can be; return whether they are done."""
        members = self._network.members
        if not (self._may_graph and pays(plan, self._rows, self._walk, members)):
            return False
        try:
            if self._graph is None or not self._graph.fits(plan, draws):
                self._graph = GraphedSteps(self._rows, self._walk, self._do, plan, draws, members)
            losses, found = self._graph.run(plan, draws)
        except RuntimeError:  # something in it cannot be captured: step by step, from here on
            self._may_graph, self._graph = False, None
            self._walk.load()
            return False
        for value, output in zip(losses.unbind(), found, strict=True):
            record.add(value, output)
        record.close()
        return True

    def _blocks(self, X: Any, size: int) -> Iterator[Tensor]:
        """Yield the rows in blocks of one size, the last one filled up with zeros."""
        for first in range(0, X.shape[-2], size):
            part = part_of(X, first, first + size)
            block = np.zeros((*X.shape[:-2], size, X.shape[-1]), self._network.dtype)
            block[..., : part.shape[-2], :] = part.toarray() if issparse(part) else part
            yield torch.from_numpy(block).to(self._device)


class _Record:
    """Losses and scores of a span: kept on the device for a while, then taken to the host."""

    def __init__(self, plan: Plan, rows: Rows, score: str, members: int | None) -> None:
        self.plan, self.rows, self.score, self.members = plan, rows, score, members
        columns = rows.targets.shape[1] if score == "squared_error" else 1
        self.done, self._counted = 0, 0
        self.losses = np.full((plan.steps, len(plan.order)), np.nan)
        self.scores = np.full((*self.losses.shape, columns), np.nan)
        self._values: list[Tensor] = []
        self._outputs: list[Tensor] = []
        self._kept = 0

    def add(self, value: Tensor, found: Tensor) -> None:
        self._values.append(value)
        self._outputs.append(found)
        self._kept += found.numel()
        self.done += 1
        if self._kept > KEPT:
            self.close()

    @np.errstate(all="ignore")
    def close(self) -> None:
        """Take to the host what the steps since the last time have come to."""
        if not self._values:
            return
        first, last, plan = self._counted, self.done, self.plan
        self.losses[first:last] = _on_host(torch.stack(self._values)).reshape(last - first, -1)
        order = plan.order[:, plan.bounds[first] : plan.bounds[last]]
        order = order[0] if self.members is None else order
        measure = measures(self.score, _on_host(torch.cat(self._outputs, dim=-2)), self.rows.targets[order])
        measure = measure.astype(np.float64, copy=False)
        if self.rows.weights is not None:
            measure = measure * self.rows.weights[order][..., None]
        sums = np.add.reduceat(measure, plan.bounds[first:last] - plan.bounds[first], axis=-2)
        self.scores[first:last] = sums[:, None] if self.members is None else sums.swapaxes(0, 1)
        self._counted, self._kept, self._values, self._outputs = last, 0, [], []


def _on_host(tensor: Tensor) -> Array:
    """Return the numbers as an array; those of bfloat16, which NumPy does not know, as float32."""
    array: Array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).cpu().numpy()
    return array
