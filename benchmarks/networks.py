"""Networks against their peers: same rows, batches, steps and optimizer, float32, medians of turns taken in rounds.

    python benchmarks/networks.py                  all of it, about a quarter of an hour
    python benchmarks/networks.py --quick          fewer rounds
    python benchmarks/networks.py --only JAX       only libraries, or networks, of that name; may be given again
    python benchmarks/networks.py --write          and write docs/results-networks.md

Times are of whole calls of `fit` (ours, scikit-learn, Keras) or of training loops whose weights, shuffled indices and
compilation are there before (all others), over the number of steps. Ratios are medians over the rounds. How the
libraries are used stands in ours.py and peers.py; what is trained and how turns are taken, in contest.py.
"""

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from contest import PAUSE, RATE, THREADS, Contender, Player, Task, installed, limit_threads
from ours import Engine, Fit, TorchEngine
from peers import Jax, Keras, NumpyProducts, ScikitLearn, Skorch, Torch, TorchLoader, TorchProducts

LINEUP: list[type[Contender]] = [
    NumpyProducts,
    Fit,
    Engine,
    TorchEngine,
    TorchProducts,
    Jax,
    Torch,
    TorchLoader,
    Skorch,
    Keras,
    ScikitLearn,
]
PRODUCTS = "matrix products"  # of NumPy or torch, whichever are faster
TASKS = [
    Task((2, 10, 2), batch=20, batches=50, epochs=100),
    Task((64, 100, 10), batch=128, batches=14, epochs=100),
    Task((784, 256, 128, 10), batch=256, batches=40, epochs=5),
    Task((50, 256, 256, 2), batch=256, batches=40, epochs=10),
    Task((784, 1024, 1024, 10), batch=1024, batches=8, epochs=4),
    # Our choice: a small table, a deep and narrow network, a middling one with many classes.
    Task((30, 64, 32, 2), batch=32, batches=30, epochs=50),
    Task((20, 128, 128, 128, 128, 5), batch=64, batches=50, epochs=10),
    Task((300, 512, 512, 20), batch=512, batches=20, epochs=5),
]
# How many times as fast as each our fit is to be (1: ahead), and how many times as long as the products it may take.
GOALS: dict[str, dict[str, float]] = {
    "2-10-2": {ScikitLearn.name: 50, Torch.name: 80, Jax.name: 4},
    "64-100-10": {ScikitLearn.name: 4, Torch.name: 4, PRODUCTS: 2},
    "784-256-128-10": {ScikitLearn.name: 2, PRODUCTS: 1.3},
    "50-256-256-2": {ScikitLearn.name: 2, PRODUCTS: 1.3},
    "784-1024-1024-10": {PRODUCTS: 1.15},
}
DIGITS = Task((64, 100, 10), batch=32, batches=44, epochs=60, digits=True)
MANY = 100_000  # rows to predict
RESULTS = Path(__file__).parent.parent / "docs" / "results-networks.md"
Times = dict[str, list[float]]  # seconds of each contender, one a round


@dataclass
class Sheet:
    """A table for the terminal and for markdown, with words below it."""

    title: str
    headings: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    words: str = ""

    def show(self, console: Console) -> None:
        table = Table(title=self.title, title_justify="left")
        for i, heading in enumerate(self.headings):
            table.add_column(heading, justify="right" if i else "left")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        console.print(self.words + "\n" if self.words else "")

    def markdown(self) -> str:
        lines = [self.headings, ["---", *["---:"] * (len(self.headings) - 1)], *self.rows]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.title}\n\n{body}\n" + (f"\n{self.words}\n" if self.words else "")


def race(players: list[Player], rounds: int, method: str, *given: int) -> Times:
    """Ask all players in turn, `rounds` times; those that are slow, less often."""
    times: Times = {player.kind.name: [] for player in players}
    for i in range(rounds):
        for player in players:
            if player.kind.quick or i < max(3, rounds // 4):
                times[player.kind.name].append(player.ask(method, *given))
    return times


def ratio(times: Times, name: str, base: str) -> float:
    """Return how many times as long as `base` the contender `name` takes: the median over the rounds of both."""
    return statistics.median(a / b for a, b in zip(times[name], times[base], strict=False))


def baseline(names: Sequence[str]) -> str:
    """Return with whom the others are compared: our whole fit, if it takes part."""
    return Fit.name if Fit.name in names else names[0]


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def micro(seconds: float) -> str:
    return number(1e6 * seconds)


@dataclass
class Match:
    """What came of one task: training, and the prediction of one row and of all."""

    task: Task
    training: Times
    predictions: dict[int, Times]
    sheet: Sheet


def match(task: Task, players: list[Player], rounds: int) -> Match:
    forms = {player.kind.name: player.ask("prepare", task) for player in players}
    training = race(players, rounds, "train")
    work = {player.kind.name: player.ask("work_done") for player in players}
    check(task, {name: done for name, done in work.items() if done})
    predictions = {n: race(players, rounds, "predict", n) for n in (1, task.rows)}
    base = baseline(list(training))
    sheet = Sheet(
        f"{task.name}, batch {task.batch}: {task.epochs} epochs of {task.batches} steps",
        ["library", "µs a step", f"× {base}", "loss after", "1 row, µs", "×", f"{task.rows:,} rows, µs", "×"],
    )
    for name, times in training.items():
        row = [f"{name} ({forms[name]})" if forms[name] else name]
        row += [micro(statistics.median(times) / task.steps), number(ratio(training, name, base))]
        row += [f"{work[name][1]:.3f}" if work[name] else ""]
        for prediction in predictions.values():
            row += [micro(statistics.median(prediction[name])), number(ratio(prediction, name, base))]
        sheet.rows.append(row)
    return Match(task, training, predictions, sheet)


def check(task: Task, work: dict[str, tuple[int, float]]) -> None:
    """Hold that all made the same steps and came as far; how long they took is held nowhere."""
    middle = statistics.median(loss for _, loss in work.values()) if work else 0.0
    for name, (steps, loss) in work.items():
        assert steps == task.steps, f"{task.name}: {name} made {steps} steps, not {task.steps}"
        assert abs(loss - middle) < 0.1 * middle + 0.05, f"{task.name}: the losses differ: {work}"


def summary(matches: list[Match]) -> Sheet:
    """How many times as fast as each peer the whole fit is; how many times as long as the products it takes."""
    present = [name for name in matches[0].training if name not in (Fit.name, Engine.name, TorchEngine.name)]
    peers = [name for name in present if not name.startswith(PRODUCTS)]
    ours_too = TorchEngine.name in matches[0].training
    torch_peers = [peer.name for peer in (Torch, TorchLoader) if ours_too and peer.name in peers]
    sheet = Sheet(
        "Our whole fit: how many times as fast as each peer, how many times as long as the matrix products",
        [
            "network, batch",
            *peers,
            "takes × products",
            "the engine alone × products",
            *(f"{TorchEngine.name}: × {peer}" for peer in torch_peers),
        ],
        words="In brackets what is wanted. The products are those of NumPy or of torch, whichever are faster there.",
    )
    for each in matches:
        times, wanted = each.training, GOALS.get(each.task.name, {})
        row = [f"{each.task.name}, {each.task.batch}"]
        row += [f"{number(ratio(times, peer, Fit.name))} (≥ {number(wanted.get(peer, 1))})" for peer in peers]
        if products := [name for name in present if name.startswith(PRODUCTS)]:
            limit = min(products, key=lambda name: statistics.median(times[name]))
            most = f" (≤ {number(wanted[PRODUCTS])})" if PRODUCTS in wanted else ""
            row += [number(ratio(times, Fit.name, limit)) + most]
            row += [number(ratio(times, Engine.name, limit)) if Engine.name in times else ""]
        row += [number(ratio(times, peer, TorchEngine.name)) for peer in torch_peers]
        sheet.rows.append(row)
    return sheet


def many_rows(task: Task, players: list[Player], rounds: int) -> Sheet:
    for player in players:
        player.ask("prepare", task)
    times = race(players, rounds, "predict", MANY)
    base = baseline(list(times))
    sheet = Sheet(
        f"Prediction of {MANY:,} rows by {task.name}",
        ["library", "ms", f"× {base}"],
        words=f'"{Engine.name}" is the compiled network alone, "{Fit.name}" is `predict_proba`. '
        "Wanted of it: ≤ 1.3 × the products.",
    )
    for name, seconds in times.items():
        sheet.rows.append([name, number(1e3 * statistics.median(seconds)), number(ratio(times, name, base))])
    return sheet


def time_to_accuracy(players: list[Player], seeds: int, accuracy: float = 0.97) -> Sheet:
    times: Times = {}
    epochs: dict[str, list[int]] = {}
    learners = [player for player in players if not player.kind.name.startswith(PRODUCTS)]
    for player in learners:
        player.ask("prepare", replace(DIGITS, epochs=1))
        found = [player.ask("time_to", accuracy, replace(DIGITS, seed=seed)) for seed in range(seeds)]
        epochs[player.kind.name], times[player.kind.name] = [e for e, _ in found], [s for _, s in found]
    base = baseline(list(times))
    sheet = Sheet(
        f"Time to {accuracy:.0%} of scikit-learn's digits right: {DIGITS.name}, batch {DIGITS.batch}",
        ["library", "epochs, by seed", "ms, median", f"× {base}"],
        words=f"{DIGITS.rows:,} rows to learn from and {1797 - DIGITS.rows} to test on, the same for all. "
        f"Adam, η = {RATE}. Sought beforehand: the first number of epochs that gets there. Timed: so many epochs.",
    )
    for name, seconds in times.items():
        median = statistics.median(seconds)
        counts = " ".join(map(str, epochs[name]))
        if median < float("inf"):
            figures = [number(1e3 * median), number(median / statistics.median(times[base]))]
        else:
            figures = ["not reached", ""]
        sheet.rows.append([name, counts, *figures])
    return sheet


def memory(task: Task, lineup: list[type[Contender]]) -> Sheet:
    """Peak over the data and the libraries of one training, each in a fresh process."""
    values = 5 * task.parameters + task.batch * (sum(task.sizes) + sum(task.sizes[1:]))
    sheet = Sheet(
        f"Memory at its peak, over data and libraries: {task.name}, batch {task.batch}",
        ["library", "MB"],
        [["5 × parameters + a batch of activations and deltas + 20 MB", number(4 * values / 1e6 + 20)]],
        "A fresh process each, after a training of another, tiny network; JAX also compiles for the new shapes.",
    )
    for kind in lineup:
        if kind in (Fit, Engine, Torch, Jax):  # scikit-learn has its arrays from the start here
            player = Player(kind)
            sheet.rows.append([kind.name, number(player.ask("peak", task) / 1e6)])
            player.leave()
    return sheet


def allocations(task: Task) -> str:
    os.environ["NUMBA_NRT_STATS"] = "1"
    player = Player(Engine)
    player.ask("prepare", task)
    engine, traced, arrays = player.ask("call", "allocations")
    player.leave()
    return (
        f"A step more in a span of the {engine} engine ({task.name}) allocates {traced:.1f} bytes by Python's count "
        f"(its loss and its score, which the span gives back, take 16) and {arrays:.2f} arrays by numba's."
    )


def first_fit() -> str:
    """The first fit in a fresh process, with an empty and with a filled cache."""
    code = (
        "import time, numpy as np, feedforward as ff; import sklearn.base\n"
        "X, y = np.eye(4, dtype=np.float32), [0, 1, 0, 1]\n"
        "start = time.perf_counter(); ff.MLPClassifier(max_epochs=1).fit(X, y); print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-W", "ignore", "-c", code]
        cold, warm = (
            float(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout)
            for _ in range(2)
        )
    return (
        f"The first fit in a new process takes {cold:.2f} s where nothing is compiled yet, {warm:.2f} s from the cache "
        "on disk; neither is in the tables."
    )


def machine() -> str:
    """Return what all this was measured on, in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    modules = ("feedforward", "numpy", "scipy", "numba", "sklearn", "torch", "jax", "keras", "skorch")
    names = ["scikit-learn" if name == "sklearn" else name for name in modules if installed(name)]
    found = [f"{name} {version(name).split('+')[0]}" for name in names]
    return (
        f"{datetime.date.today()}, {models[0] if models else platform.processor()}, {os.cpu_count()} cores, "
        f"{THREADS} threads each, Python {platform.python_version()}, {', '.join(found)}."
    )


def chosen(only: list[str]) -> tuple[list[type[Contender]], list[Task]]:
    """Return those libraries, and those networks, that a name in `only` is part of; all where none is."""
    lineup = [kind for kind in LINEUP if any(name.lower() in kind.name.lower() for name in only)]
    tasks = [task for task in TASKS if any(name == task.name for name in only)]
    return lineup or LINEUP, tasks or TASKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of twenty, one seed instead of five")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a library or a network")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} as well")
    options = parser.parse_args()
    rounds, seeds = (3, 1) if options.quick else (20, 5)
    limit_threads()
    console = Console(width=150)
    lineup, tasks = chosen(options.only)
    for kind in lineup:
        if not installed(kind.needs):
            console.print(f"{kind.name} is left out: {kind.needs} is not installed (make bench installs it).")
    lineup = [kind for kind in lineup if installed(kind.needs)]
    sheets: list[Sheet] = []

    def add(sheet: Sheet) -> None:
        sheets.append(sheet)
        sheet.show(console)

    players = [Player(kind) for kind in lineup]
    matches = []
    for task in tasks:
        matches.append(match(task, players, rounds))
        add(matches[-1].sheet)
    if Fit in lineup:
        add(summary(matches))
        sheets.insert(0, sheets.pop())
    add(many_rows(TASKS[1], players, rounds))
    add(time_to_accuracy(players, seeds))
    for player in players:
        player.leave()
    for task in (TASKS[2], TASKS[4]):
        add(memory(task, lineup))
    notes = [allocations(TASKS[2]), first_fit()] if Engine in lineup else []
    console.print(*notes, machine(), sep="\n")
    if options.write:
        RESULTS.write_text(page(sheets, notes), encoding="utf-8")


def page(sheets: list[Sheet], notes: list[str]) -> str:
    head = (
        "# Networks: measured results\n\nWritten by `python benchmarks/networks.py --write`. Networks of ReLU units, "
        "softmax cross-entropy, Adam, float32; same rows, batches and steps for all, each library in its best form "
        f"and in a process of its own, turns in rounds with pauses of {PAUSE} s, medians.\n\n{machine()}\n"
    )
    return "\n".join([head, *[sheet.markdown() for sheet in sheets], "\n\n".join(notes)]) + "\n"


if __name__ == "__main__":
    main()
