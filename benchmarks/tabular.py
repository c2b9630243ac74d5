"""Steps of tabular networks: one, two and five members on two cores, against the matrix products and plain PyTorch.

    python benchmarks/tabular.py            two tables, two batch sizes, both activations: about three minutes
    python benchmarks/tabular.py --quick    fewer rounds
    python benchmarks/tabular.py --write    and write docs/results-tabular.md

The network is that of the tabular presets, float32: a periodic embedding of every number and one of every code, a
scaling layer, three hidden layers of 256 units with parametric activations and dropout 0.15, two classes; AdamW. Times
are of the steps of one span, compilation and data there before. The products are those of NumPy, of one member, on one
thread. Medians of turns taken in rounds, each contender in a process of its own.
"""

import argparse
import itertools
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from contest import RATE, THREADS, Array, Contender, Player, Task, installed, limit_threads
from networks import Sheet, machine, micro, number, race, ratio

RESULTS = Path(__file__).parent.parent / "docs" / "results-tabular.md"
BETAS, DECAY, DROPOUT, WIDTH, LEVELS = (0.9, 0.95), 0.02, 0.15, 8, 1000


@dataclass(frozen=True)
class TableTask(Task):
    """A table of numbers and codes for the network above; `sizes` are those of its Linears."""

    numbers: int = 8
    codes: int = 0
    activation: str = "SELU"

    @property
    def name(self) -> str:
        return f"{self.numbers} numbers, {self.codes} codes; {self.activation}, batch {self.batch}"

    def data(self) -> tuple[Array, Array]:
        rng = np.random.default_rng(0)
        numbers = rng.normal(size=(self.rows, self.numbers))
        X = np.hstack([numbers, rng.integers(0, LEVELS, (self.rows, self.codes))])
        return X.astype(np.float32), (numbers[:, 0] * numbers[:, 1] > 0).astype(np.int64)


def task_of(numbers: int, codes: int, activation: str, batch: int) -> TableTask:
    sizes = (4 * numbers + WIDTH * codes, 256, 256, 256, 2)
    return TableTask(sizes, batch, 40, 1, numbers=numbers, codes=codes, activation=activation)


class Ours(Contender):
    """The steps of the compiled engine: one member."""

    name = "feedforward, 1 member"
    members = 1

    def start(self) -> None:
        from feedforward import nn
        from feedforward.training.engines import build_engine
        from feedforward.training.plan import Rows

        network = nn.stack([self.network(np.random.default_rng(j)) for j in range(self.members)])
        optimizer = nn.AdamW(RATE, BETAS, weight_decay=DECAY)
        self.engine = build_engine(
            "compiled", network, nn.CrossEntropyLoss(), optimizer, Rows(self.X, self.y), "accuracy"
        )

    def network(self, rng: Any) -> Any:
        from feedforward import nn

        task: Any = self.task
        m, width = task.numbers, task.sizes[0]
        places = [(i, i + 1) for i in range(m, m + task.codes)]
        embeddings = [(place, nn.Embedding(LEVELS, WIDTH, rng=rng)) for place in places]
        layers: list[nn.Layer] = [nn.Columns([((0, m), nn.PeriodicEmbedding(m, rng=rng)), *embeddings])]
        layers.append(nn.Scale(width))
        for h in task.sizes[1:-1]:
            activation = nn.ParametricActivation(getattr(nn, task.activation)(), h)
            layers += [nn.Linear(width, h, rng=rng), activation, nn.Dropout(DROPOUT)]
            width = h
        return nn.Sequential(*layers, nn.Linear(width, task.sizes[-1], rng=rng)).copy(np.float32)

    def train(self, epochs: int) -> None:
        from feedforward.training.plan import Plan

        k, steps = self.members, epochs * self.task.batches
        order = np.stack([np.random.default_rng(j).permutation(self.task.rows) for j in range(k)])
        bounds = np.arange(steps + 1) * self.task.batch
        seeds = np.arange(k, dtype=np.uint64)
        done = self.engine.run(Plan(0, order, bounds, np.full(steps, RATE), np.full(steps, DECAY), seeds)).done
        assert done == steps


class OursTwo(Ours):
    """Two members."""

    name = "feedforward, 2 members"
    members = 2


class OursFive(Ours):
    """Five members."""

    name = "feedforward, 5 members"
    members = 5


class Products(Contender):
    """The matrix products of one member, on one thread, into memory that is there."""

    name = "matrix products, 1 thread"

    def start(self) -> None:
        rng = np.random.default_rng(0)
        self.products = []
        for m, h in itertools.pairwise(self.task.sizes):
            W, x, d = (rng.normal(size=shape).astype(np.float32) for shape in self.shapes(m, h))
            self.products += [(W, x, d.copy()), (d, x.T, W.copy()), (W.T, d, x.copy())]

    def shapes(self, m: int, h: int) -> list[tuple[int, int]]:
        return [(h, m), (m, self.task.batch), (h, self.task.batch)]

    def train(self, epochs: int) -> None:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            for _ in range(epochs * self.task.batches):
                for a, b, out in self.products:
                    np.dot(a, b, out=out)


class PlainTorch(Contender):
    """The loop that everyone writes, sliced tensors, of one member."""

    name = "torch, sliced tensors, 1 member"
    needs = "torch"
    forms = ("grouped AdamW", "fused AdamW")

    def start(self) -> None:
        import torch

        from tabular_torch import Network

        torch.set_num_threads(THREADS)
        task: Any = self.task
        self.network = Network(task.numbers, task.codes, LEVELS, WIDTH, task.sizes, task.activation, DROPOUT)
        form = {"fused": True} if self.form.startswith("fused") else {"foreach": True}
        self.optimizer = torch.optim.AdamW(self.network.parameters(), RATE, BETAS, weight_decay=DECAY, **form)
        self.tensors = torch.from_numpy(self.X), torch.from_numpy(self.y)

    def train(self, epochs: int) -> None:
        import torch
        from torch.nn.functional import cross_entropy

        X, y = self.tensors
        for _ in range(epochs):
            order: Any = torch.randperm(len(X))
            for batch in order.split(self.task.batch):
                self.optimizer.zero_grad()
                loss: Any = cross_entropy(self.network(X[batch]), y[batch])
                loss.backward()
                self.optimizer.step()


KINDS: list[type[Contender]] = [Products, Ours, OursTwo, OursFive, PlainTorch]
TASKS = [
    *(task_of(8, 0, activation, batch) for activation in ("SELU", "Mish") for batch in (256, 128)),
    *(task_of(50, 5, "SELU", batch) for batch in (256, 128)),
]


def sheet_of(task: TableTask, players: list[Player], rounds: int) -> Sheet:
    for player in players:
        player.ask("prepare", task)
    times = race(players, rounds, "train")
    sheet = Sheet(task.name, ["contender", "µs a step", "µs a step and member", "× products", "torch takes ×"])
    for player in players:
        name, k = player.kind.name, getattr(player.kind, "members", 1)
        step = statistics.median(times[name]) / task.steps
        row = [name, micro(step), micro(step / k), number(ratio(times, name, Products.name) / k)]
        torch = number(k * ratio(times, PlainTorch.name, name)) if PlainTorch.name in times else ""
        sheet.rows.append([*row, torch])
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of fifteen")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} as well")
    options = parser.parse_args()
    limit_threads()
    console, sheets = Console(width=120), []
    players = [Player(kind) for kind in KINDS if installed(kind.needs)]
    for task in TASKS:
        sheets.append(sheet_of(task, players, 3 if options.quick else 15))
        sheets[-1].show(console)
    for player in players:
        player.leave()
    if options.write:
        words = "\n\n".join((__doc__ or "").split("\n\n")[2:]).strip()
        head = f"# Tabular networks: measured results\n\nWritten by `python benchmarks/tabular.py --write`. {words}\n"
        RESULTS.write_text("\n".join([head, f"{machine()}\n", *(sheet.markdown() for sheet in sheets)]))


if __name__ == "__main__":
    main()
