"""Our torch engine on a GPU against the plain loop in PyTorch: a small, a middling and a large network.

    python benchmarks/gpu.py                   float32 and bfloat16, about two minutes

Times are of the steps of one span, data and compilation there before; turns are taken in rounds, and the GPU is waited
for. The share of the card is that of the matrix products of a step in what the card does of one large product. A
second table holds the GPU against the engine that this machine's CPU would take, by the work of a step.
"""

import math
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from contest import RATE, Task

TASKS = [
    Task((64, 100, 10), batch=128, batches=200, epochs=2),
    Task((784, 1024, 1024, 10), batch=1024, batches=50, epochs=2),
    Task((2048, 8192, 8192, 8192, 10), batch=8192, batches=4, epochs=2),
]
CROSSING = [
    Task((16, 32, 2), batch=32, batches=100, epochs=2),
    Task((64, 100, 10), batch=128, batches=100, epochs=2),
    Task((64, 128, 128, 10), batch=256, batches=100, epochs=2),
    Task((64, 256, 256, 10), batch=256, batches=100, epochs=2),
    Task((128, 512, 512, 10), batch=256, batches=50, epochs=2),
    Task((256, 1024, 1024, 10), batch=512, batches=20, epochs=2),
]
ROUNDS = 7
SIDE = 8192  # of the product that the card's rate is measured by


def ours(task: Task, mixed: bool = False, device: str = "cuda") -> Callable[[], Any]:
    from feedforward import nn
    from feedforward.training.engines import build_engine
    from feedforward.training.plan import Plan, Rows

    layers: list[nn.Layer] = []
    for w, b in task.weights():
        linear = nn.Linear(1, 1)
        linear.in_features, linear.out_features = w.shape[1], w.shape[0]
        linear.weight, linear.bias = w, b
        layers += [linear, nn.ReLU()]
    network, (X, y) = nn.Sequential(*layers[:-1]), task.data()
    rows = Rows(X, y.astype(np.int64))
    name, parts = "compiled" if device == "cpu" else "torch", (network, nn.CrossEntropyLoss(), nn.Adam(RATE), rows)
    engine = build_engine(name, *parts, "accuracy", device, mixed)
    order = task.order().reshape(1, -1)
    bounds = np.arange(0, order.size + 1, task.batch)
    steps = len(bounds) - 1
    plan = Plan(0, order, bounds, np.full(steps, RATE), np.zeros(steps), np.zeros(1, np.uint64))
    return lambda: engine.run(plan)


def plain(task: Task, mixed: bool) -> Callable[[], Any]:
    import torch
    from torch.nn.functional import cross_entropy

    from peers import torch_network

    network = torch_network(task).cuda()
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    X, y = (torch.from_numpy(array).cuda() for array in task.data())
    order: Any = torch.from_numpy(task.order()).cuda()

    def train() -> None:
        for batch in order.flatten().split(task.batch):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cuda", torch.bfloat16, enabled=mixed):
                loss: Any = cross_entropy(network(X[batch]), y[batch])
            loss.backward()
            optimizer.step()

    return train


def seconds(call: Callable[[], Any]) -> float:
    import torch

    torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def rate(dtype: Any) -> float:
    """Return the operations a second of one large product."""
    import torch

    a, b = (torch.randn(SIDE, SIDE, device="cuda", dtype=dtype) for _ in range(2))
    seconds(lambda: a @ b)
    return 2 * SIDE**3 / min(seconds(lambda: a @ b) for _ in range(10))


def operations(task: Task) -> int:
    """Return those of the products of a step: forward, ∂L/∂W and, but for the first layer, ∂L/∂A."""
    products = [m * h for m, h in zip(task.sizes[:-1], task.sizes[1:], strict=True)]
    return 2 * task.batch * (3 * sum(products) - products[0])


def rounds(contenders: dict[str, Callable[[], Any]], steps: int) -> dict[str, list[float]]:
    """Return the seconds a step of each, turn by turn."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        seconds(call)
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            times[name].append(seconds(call) / steps)
    return times


def ratio(times: dict[str, list[float]], over: str, under: str) -> float:
    return statistics.median(a / b for a, b in zip(times[over], times[under], strict=True))


def table_of(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left")
    return table


def against_plain(title: str) -> Table:
    import torch

    table = table_of(
        title, "network, batch, dtype", "ours, µs a step", "plain, µs a step", "× plain", "share of the card"
    )
    for mixed, dtype in ((False, torch.float32), (True, torch.bfloat16)):
        card = rate(dtype)
        for task in TASKS:
            times = rounds({"ours": ours(task, mixed), "plain": plain(task, mixed)}, task.steps)
            mine, theirs = (statistics.median(times[name]) for name in ("ours", "plain"))
            share = f"{operations(task) / mine / card:.1%}"
            figures = [f"{1e6 * mine:,.0f}", f"{1e6 * theirs:,.0f}", f"{ratio(times, 'plain', 'ours'):.2f}", share]
            table.add_row(f"{task.name}, {task.batch}, {str(dtype).removeprefix('torch.')}", *figures)
    return table


def against_cpu(title: str) -> Table:
    headings = "network, batch", "log2 of parameters × batch", "GPU, µs a step", "CPU, µs a step", "× CPU"
    table = table_of(title, *headings)
    for task in CROSSING:
        times = rounds({"GPU": ours(task), "CPU": ours(task, device="cpu")}, task.steps)
        figures = [f"{1e6 * statistics.median(times[name]):,.0f}" for name in ("GPU", "CPU")]
        work = math.log2(task.parameters * task.batch)
        table.add_row(f"{task.name}, {task.batch}", f"{work:.1f}", *figures, f"{ratio(times, 'CPU', 'GPU'):.2f}")
    return table


def main() -> None:
    console = Console(width=120)
    try:
        import torch
    except ImportError:
        console.print("Skipped: torch is not installed (make bench installs it).")
        return
    if not torch.cuda.is_available():
        console.print(f"Skipped: torch {torch.__version__} finds no GPU of NVIDIA here.")
        return
    title = f"{torch.cuda.get_device_name()}, torch {torch.__version__}, Adam"
    console.print(against_plain(title))
    console.print(against_cpu(f"{title}, float32; a CPU of {os.cpu_count()} cores"))


if __name__ == "__main__":
    main()
