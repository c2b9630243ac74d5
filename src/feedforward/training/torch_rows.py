"""Rows on a device: all of them at once where they fit, else a part ahead of the steps that read it."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse

from feedforward.training.compiled.memory import writable
from feedforward.training.plan import Array, Plan, Rows

Tensor = torch.Tensor
Batch = tuple[Tensor, Tensor, Tensor | None]  # inputs, targets, and each row's share of the batch's loss

SHARE_OF_MEMORY = 0.5  # of what is free on a GPU: so much may the rows take
PART = 2**26  # bytes of rows that are sent to a GPU at once, where not all of them fit


class DeviceRows:
    """The rows that a training reads, batch by batch.

    On a CPU, and where they fit on a GPU, a batch is one indexing of tensors that lie there. Where they do not fit, the
    rows of some steps are gathered into pinned memory and sent while the steps before are at work. Sparse rows are
    gathered too, and made dense.

    Parameters
    ----------
    rows : Rows
    device : torch.device
    resident : bool, optional
        Whether all rows lie on the device. Default: if they are dense and fit.

    Examples
    --------
    >>> rows = DeviceRows(Rows(np.array([[1.0], [2.0], [3.0]]), np.array([0, 1, 0])), torch.device("cpu"))
    >>> plan = Plan(0, np.array([[2, 0, 1]]), np.array([0, 2, 3]), np.ones(2), np.zeros(2), np.zeros(1, np.uint64))
    >>> [x.flatten().tolist() for x, targets, shares in rows.batches(plan, None)]
    [[3.0, 1.0], [2.0]]
    """

    def __init__(self, rows: Rows, device: torch.device, resident: bool | None = None) -> None:
        self.rows, self.device = rows, device
        self.resident = not issparse(rows.X) and (resident if resident is not None else _fits(rows, device))
        if self.resident:
            self.X, self.targets = self._sent(rows.X), self._sent(rows.targets)
            self.weights = None if rows.weights is None else self._sent(rows.weights)

    def batches(self, plan: Plan, members: int | None) -> Iterator[Batch]:
        """Yield inputs, targets and shares of each step, with a leading axis of members if there is one."""
        yield from self._indexed(plan, members) if self.resident else self._streamed(plan, members)

    def _indexed(self, plan: Plan, members: int | None) -> Iterator[Batch]:
        order = plan.order[:, plan.bounds[0] : plan.bounds[-1]]
        places = self._sent(order[0] if members is None else order)
        for rows in torch.split(places, np.diff(plan.bounds).tolist(), dim=-1):
            flat = rows if members is None else rows.reshape(-1)
            x, targets = self.X.index_select(0, flat), self.targets.index_select(0, flat)
            weights = None if self.weights is None else self.weights.index_select(0, flat)
            yield shaped(rows.shape, x, targets, weights)

    def _streamed(self, plan: Plan, members: int | None) -> Iterator[Batch]:
        sizes, starts = np.diff(plan.bounds), plan.bounds - plan.bounds[0]
        width = self.rows.X.shape[1] * self.rows.X.dtype.itemsize * len(plan.order)
        at_once = 1 if self.device.type == "cpu" else max(1, PART // max(1, int(width * sizes.max())))
        cuts = [*range(0, plan.steps, at_once), plan.steps]
        spans = list(pairwise(cuts))
        side = torch.cuda.Stream(self.device) if self.device.type == "cuda" else None  # type: ignore[no-untyped-call]  # torch's is untyped
        ahead = self._part(plan, *spans[0], side)
        for j, (first, last) in enumerate(spans):
            part = ahead
            if side is not None:
                torch.cuda.current_stream(self.device).wait_stream(side)
                for tensor in part:
                    tensor.record_stream(torch.cuda.current_stream(self.device))
            if j + 1 < len(spans):
                ahead = self._part(plan, *spans[j + 1], side)
            for i in range(first, last):
                a, b = starts[i] - starts[first], starts[i + 1] - starts[first]
                x, targets, *weights = (tensor[:, a:b] for tensor in part)
                shape = (b - a,) if members is None else (len(plan.order), b - a)
                flat = [tensor.reshape(-1, *tensor.shape[2:]) for tensor in (x, targets, *weights)]
                yield shaped(shape, flat[0], flat[1], flat[2] if weights else None)

    def _part(self, plan: Plan, first: int, last: int, side: Any) -> list[Tensor]:
        """Return the rows of some steps, each of shape (k, rows, …), on their way to the device."""
        order = plan.order[:, plan.bounds[first] : plan.bounds[last]]
        flat, arrays = order.ravel(), [self.rows.targets, self.rows.weights]
        x = self.rows.X[flat]
        found = [x.toarray() if issparse(x) else x, *(array[flat] for array in arrays if array is not None)]
        tensors = [torch.from_numpy(array).reshape(*order.shape, *array.shape[1:]) for array in found]
        if side is None:
            return [tensor.to(self.device) for tensor in tensors]
        with torch.cuda.stream(side):
            return [tensor.pin_memory().to(self.device, non_blocking=True) for tensor in tensors]

    def _sent(self, array: Array) -> Tensor:
        return torch.from_numpy(writable(np.ascontiguousarray(array))).to(self.device)


def shaped(shape: tuple[int, ...], x: Tensor, targets: Tensor, weights: Tensor | None) -> Batch:
    """Return a batch in the shape (rows,) or (k, rows), with shares in place of weights.

    Examples
    --------
    >>> shaped((2,), torch.ones(2, 1), torch.zeros(2), torch.tensor([1.0, 3.0]))[2]
    tensor([0.2500, 0.7500])
    """
    if weights is not None:
        weights = weights.view(shape)
        weights = weights / weights.sum(dim=-1, keepdim=True)
    if len(shape) > 1:
        x, targets = x.view(*shape, -1), targets.view(*shape, *targets.shape[1:])
    return x, targets, weights


def _fits(rows: Rows, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    needed = sum(array.nbytes for array in (rows.X, rows.targets, rows.weights) if array is not None)
    free, _ = torch.cuda.mem_get_info(device)
    return needed <= SHARE_OF_MEMORY * free
