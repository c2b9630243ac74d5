"""A fair contest: the same task for all, each contender in a process of its own, and turns one after the other.

On two cores the idle threads of one library spin for a while against those that work and cost a factor of ten. So each
contender has a process, and between two turns all are given time to fall asleep. A contender that has several good
forms (say, fused or grouped updates) runs each of them once and goes on with the fastest.
"""

import importlib.util
import multiprocessing
import os
import statistics
import time
import timeit
import traceback
import warnings
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

Array = np.ndarray[Any, Any]
THREADS = 2
RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-8  # Adam's, the same for all
PAUSE = 0.1  # seconds until idle threads sleep: OpenBLAS's spin for 26 ms, those of OpenMP and XLA for less


@dataclass(frozen=True)
class Task:
    """What to train: a network of ReLU units, softmax cross-entropy, Adam; rows, order and start from one seed."""

    sizes: tuple[int, ...]
    batch: int
    batches: int  # an epoch: all batches are full, so every library makes equal steps
    epochs: int
    seed: int = 0
    digits: bool = False

    @property
    def name(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def rows(self) -> int:
        return self.batch * self.batches

    @property
    def steps(self) -> int:
        return self.epochs * self.batches

    @property
    def parameters(self) -> int:
        return sum((m + 1) * h for m, h in zip(self.sizes, self.sizes[1:], strict=False))

    def data(self) -> tuple[Array, Array]:
        """Return X and y: labels of a random linear teacher that is not sure of itself, or the digits to learn from."""
        if self.digits:
            return digits(self.rows)[:2]
        rng = np.random.default_rng(0)
        X = rng.normal(size=(self.rows, self.sizes[0])).astype(np.float32)
        teacher = rng.normal(size=(self.sizes[0], self.sizes[-1])) * 3 / self.sizes[0] ** 0.5
        return X, np.argmax(X @ teacher + rng.gumbel(size=(self.rows, self.sizes[-1])), axis=1)

    def weights(self) -> list[tuple[Array, Array]]:
        """Return each layer's weights, shape (out, in), and biases to start from: He's for ReLU, biases 0."""
        rng = np.random.default_rng(self.seed)
        bounds = [((6 / m) ** 0.5, h, m) for m, h in zip(self.sizes, self.sizes[1:], strict=False)]
        return [(rng.uniform(-b, b, (h, m)).astype(np.float32), np.zeros(h, np.float32)) for b, h, m in bounds]

    def order(self) -> Array:
        """Return the order of the rows in each epoch, shape (epochs, n)."""
        rng = np.random.default_rng(self.seed)
        return np.stack([rng.permutation(self.rows) for _ in range(self.epochs)])


def digits(n: int) -> tuple[Array, Array, Array, Array]:
    """Return scikit-learn's digits, scaled to 0…1: `n` rows and labels to learn from, the others to be judged on."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split((X / 16).astype(np.float32), y, train_size=n, random_state=0, stratify=y)
    return X, y, X_test, y_test


class Contender:
    """One library. `start` makes fresh weights and is not timed; `train` and `predict` are."""

    name: ClassVar[str]
    needs: ClassVar[str] = "numpy"
    forms: ClassVar[tuple[str, ...]] = ("",)
    quick: ClassVar[bool] = True  # the others take part in fewer rounds

    def __init__(self, task: Task, form: str) -> None:
        self.task, self.form = task, form
        self.X, self.y = task.data()

    def start(self) -> None:
        raise NotImplementedError  # each library has its own

    def train(self, epochs: int) -> None:
        raise NotImplementedError  # each library has its own

    def steps(self) -> int | None:
        """Return how many steps were made, as the library counts them; None: it does not learn."""
        return None

    def predict(self, X: Array) -> Array:
        """Return probabilities, NumPy in and NumPy out."""
        raise NotImplementedError  # each library has its own

    def probabilities(self, X: Array) -> Array:
        """Return them where `predict` gives something else."""
        return self.predict(X)


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


class Seat:
    """The far side: what a contender's own process does when asked."""

    def __init__(self, kind: type[Contender]) -> None:
        self.kind = kind
        self.contender: Contender
        self.repeats: dict[int, int] = {}

    def prepare(self, task: Task) -> str:
        """Compile, warm up, and go on with the fastest form; return which that is."""
        self.repeats, times = {}, {}
        for form in self.kind.forms:
            self.contender = self.kind(task, form)
            self.train()
            times[form] = self.train() if len(self.kind.forms) > 1 else 0.0
        if (best := min(times, key=lambda form: times[form])) != self.contender.form:
            self.contender = self.kind(task, best)
            self.train()
        return best

    def train(self) -> float:
        self.contender.start()
        start = time.perf_counter()
        self.contender.train(self.contender.task.epochs)
        return time.perf_counter() - start

    def work_done(self) -> tuple[int, float] | None:
        """Return the steps of the last training and the loss of all rows after it."""
        steps = self.contender.steps()
        if steps is None:
            return None
        p = self.contender.probabilities(self.contender.X)[np.arange(len(self.contender.y)), self.contender.y]
        return steps, float(-np.log(np.maximum(p, 1e-12), dtype=np.float64).mean())

    def predict(self, n: int) -> float:
        """Return the seconds that `n` rows take."""
        X = np.resize(self.contender.X, (n, self.contender.X.shape[1]))
        timer = timeit.Timer(lambda: self.contender.predict(X))
        if n not in self.repeats:
            self.repeats[n] = timer.autorange()[0] // 4 + 1
        return timer.timeit(self.repeats[n]) / self.repeats[n]

    def time_to(self, accuracy: float, task: Task) -> tuple[int, float]:
        """Return the first number of epochs that reaches `accuracy` on the test rows, and the seconds they take."""
        _, _, X_test, y_test = digits(task.rows)
        self.contender = self.kind(task, self.contender.form)
        for epochs in range(1, task.epochs + 1):
            self.contender.start()
            self.contender.train(epochs)
            if np.mean(self.contender.predict(X_test).argmax(axis=1) == y_test) >= accuracy:
                self.contender.task = replace(task, epochs=epochs)
                return epochs, statistics.median(self.train() for _ in range(3))
        return task.epochs, float("inf")

    def peak(self, task: Task) -> float:
        """Return the bytes that a training takes at its peak, over the data and the libraries."""
        self.prepare(Task((4, 8, 3), batch=16, batches=4, epochs=2))
        self.contender = self.kind(task, self.kind.forms[0])
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
        before = memory("VmRSS")
        self.train()
        return memory("VmHWM") - before

    def call(self, method: str, *given: Any) -> Any:
        """Return the result of a method of the contender itself."""
        return getattr(self.contender, method)(*given)


def memory(what: str) -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * float(lines[what].split()[0])


class Player:
    """The near side: calls to it run in the contender's process."""

    def __init__(self, kind: type[Contender]) -> None:
        self.kind = kind
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_play, args=(theirs, kind), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, method: str, *given: Any) -> Any:
        time.sleep(PAUSE)
        self.connection.send((method, given))
        try:
            answer, trouble = self.connection.recv()
        except EOFError:
            self.process.join()
            raise RuntimeError(f"{self.kind.name}, {method}: its process ended, code {self.process.exitcode}") from None
        if trouble:
            raise RuntimeError(f"{self.kind.name}, {method}: {trouble}")
        return answer

    def leave(self) -> None:
        self.connection.close()
        self.process.join()


def _play(connection: Connection, kind: type[Contender]) -> None:
    """Answer calls until the other side hangs up."""
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):  # libraries that count cores themselves find as many as the others
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    seat = Seat(kind)
    while True:
        try:
            method, given = connection.recv()
        except EOFError:
            return
        try:
            connection.send((getattr(seat, method)(*given), ""))
        except Exception:
            connection.send((None, traceback.format_exc()))


def limit_threads() -> None:
    """Give every process that starts from here on the same number of threads."""
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ[f"{library}_NUM_THREADS"] = str(THREADS)
