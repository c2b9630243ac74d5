"""One neuron against its peers: same rows, epochs and order, whole calls of ``fit``, medians of interleaved runs.

    python benchmarks/neurons.py            all of it, a few minutes
    python benchmarks/neurons.py --quick    fewer rounds

scikit-learn and feedforward take the rows in the order given. mlxtend always shuffles, so there only epochs and rows
are the same; it is run on one epoch, once, and its time is multiplied. Every result is checked for quality: the
accuracies on the training rows lie within two points of each other.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from mlxtend.classifier import Adaline as MlxtendAdaline
from mlxtend.classifier import Perceptron as MlxtendPerceptron
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import Perceptron as SklearnPerceptron
from sklearn.linear_model import SGDClassifier, SGDRegressor

import feedforward as ff

RATE = 1e-3
PEERS_EPOCHS = {200_000: 10, 5_000: 100}  # of the perceptron and of single rows; all rows at once take 200, the default
COLUMNS = 20


def rows(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, m))
    return X, (X @ rng.normal(size=m) + rng.normal(size=n) > 0).astype(np.int64)


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def race(actions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each action; the rounds go through all of them in turn."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append(seconds(action))
    return {name: statistics.median(values) for name, values in times.items()}


def perceptrons(X: np.ndarray, y: np.ndarray, rounds: int) -> list[list[str]]:
    epochs = PEERS_EPOCHS[len(X)]
    ours = ff.Perceptron(max_epochs=epochs, shuffle=False, random_state=0)
    theirs = SklearnPerceptron(max_iter=epochs, tol=None, shuffle=False)
    mlxtend = MlxtendPerceptron(eta=0.5, epochs=1, random_seed=0)
    for model in (ours, theirs, mlxtend):
        model.fit(X, y)
    quality = {"feedforward": ours.score(X, y), "scikit-learn": theirs.score(X, y), "mlxtend": mlxtend.score(X, y)}
    times = race({"feedforward": lambda: ours.fit(X, y), "scikit-learn": lambda: theirs.fit(X, y)}, rounds)
    times["mlxtend"] = epochs * seconds(lambda: mlxtend.fit(X, y))
    return report("perceptron", X, times, quality, epochs)


def single_rows(X: np.ndarray, y: np.ndarray, rounds: int) -> list[list[str]]:
    epochs = PEERS_EPOCHS[len(X)]
    ours = ff.Adaline(learning_rate=RATE / 2, batch_size=1, max_epochs=epochs, shuffle=False, random_state=0)
    settings: dict[str, Any] = {"max_iter": epochs, "tol": None, "shuffle": False, "alpha": 0.0, "eta0": RATE}
    regressor = SGDRegressor(learning_rate="constant", **settings)
    classifier = SGDClassifier(loss="squared_error", learning_rate="constant", **settings)
    mlxtend = MlxtendAdaline(eta=RATE, epochs=1, minibatches=len(X), random_seed=0)
    for model in (ours, regressor, classifier, mlxtend):
        model.fit(X, y)
    quality = {
        "feedforward": ours.score(X, y),
        "scikit-learn SGDRegressor": float(np.mean((regressor.predict(X) >= 0.5) == y)),
        "scikit-learn SGDClassifier": classifier.score(X, y),
        "mlxtend": mlxtend.score(X, y),
    }
    times = race(
        {
            "feedforward": lambda: ours.fit(X, y),
            "scikit-learn SGDRegressor": lambda: regressor.fit(X, y),
            "scikit-learn SGDClassifier": lambda: classifier.fit(X, y),
        },
        rounds,
    )
    times["mlxtend"] = epochs * seconds(lambda: mlxtend.fit(X, y))
    return report("Adaline, single rows", X, times, quality, epochs)


def all_rows(X: np.ndarray, y: np.ndarray, rounds: int) -> list[list[str]]:
    epochs = 200
    ours = ff.Adaline(learning_rate=0.1, max_epochs=epochs, random_state=0).fit(X, y)
    w, v = np.ones(X.shape[1]), np.ones(X.shape[0])

    def products() -> None:
        for _ in range(epochs):
            np.dot(X, w)
            np.dot(X.T, v)

    times = race({"feedforward": lambda: ours.fit(X, y), "X @ w and X.T @ e alone": products}, rounds)
    return report("Adaline, all rows", X, times, {"feedforward": ours.score(X, y)}, epochs)


def report(
    what: str, X: np.ndarray, times: dict[str, float], quality: dict[str, float], epochs: int
) -> list[list[str]]:
    assert max(quality.values()) - min(quality.values()) < 0.02, f"{what}: the results differ in quality: {quality}"
    shape = f"{X.shape[0]:,} × {X.shape[1]}"
    return [
        [
            what if name == "feedforward" else "",
            shape if name == "feedforward" else "",
            str(epochs) if name == "feedforward" else "",
            name,
            f"{1e3 * value / epochs:,.3f}",
            f"{value / times['feedforward']:,.2f}"
            if value / times["feedforward"] < 100
            else f"{value / times['feedforward']:,.0f}",
            f"{100 * quality[name]:.1f} %" if name in quality else "",
        ]
        for name, value in times.items()
    ]


def first_call() -> tuple[float, float]:
    """Return the seconds of the first fit in a fresh process, with an empty and with a filled cache."""
    code = (
        "import time, numpy as np, feedforward as ff\n"
        "from sklearn.base import BaseEstimator\n"
        "X, y, neuron = np.eye(4), [0, 1, 0, 1], ff.Perceptron(random_state=0)\n"
        "start = time.perf_counter(); neuron.fit(X, y); print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-c", code]
        cold, warm = (
            float(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout)
            for _ in range(2)
        )
    return cold, warm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of fifteen")
    rounds = 3 if parser.parse_args().quick else 15
    warnings.simplefilter("ignore")
    table = Table(title=f"One neuron, float64, Python {platform.python_version()}, {os.cpu_count()} cores")
    for heading in ("learner", "rows × columns", "epochs", "library", "ms an epoch", "× feedforward", "accuracy"):
        table.add_column(heading, justify="left" if heading in ("learner", "library") else "right")
    for n in PEERS_EPOCHS:
        X, y = rows(n, COLUMNS)
        for contest in (perceptrons, single_rows, all_rows):
            for line in contest(X, y, rounds):
                table.add_row(*line)
            table.add_section()
    console = Console(width=120)
    console.print(table)
    cold, warm = first_call()
    console.print(
        f"First fit in a new process: {cold:.2f} s where nothing is compiled yet, {warm:.2f} s from the cache on disk "
        "(left out above)."
    )


if __name__ == "__main__":
    main()
