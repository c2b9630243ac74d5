"""One fit of `accuracy.py`: a model, a table, a split, in a process of its own; and the file of what came of them.

A result is a line of JSON. The file is only ever appended to, and a fit that has its line is not made again.
"""

import json
import logging
import multiprocessing
import os
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accuracy_tables import Array, Table, sources

Record = dict[str, Any]
WARM_UP_ROWS = 200
LEAST_PROBABILITY = 1e-7  # what float32 can hold below 1; the same for all, so that no log loss is infinite


@dataclass(frozen=True)
class Fit:
    """What makes a fit the same fit."""

    table: str
    model: str
    seed: int
    version: str
    max_rows: int | None


def measured_apart(fit: Fit, folder: Path | None, threads: int) -> Record:
    """Return the record of a fit made in a new process; what went wrong, if it did, is its "error"."""
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ[f"{library}_NUM_THREADS"] = str(threads)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            found = pool.submit(measure, fit, folder, threads).result()
        except BrokenProcessPool:
            found = {"error": "the process was ended from outside, most likely for its memory"}
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
    return {**asdict(fit), "threads": threads, **found}


def measure(fit: Fit, folder: Path | None, threads: int) -> Record:
    """Return measures on the test rows and seconds: of the clock, and of all threads together."""
    from accuracy_models import MODELS

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    table = sources(folder)[fit.table]().cut(fit.max_rows)
    train, test = table.split(fit.seed)
    X, estimator = MODELS[fit.model].build(table, fit.seed, threads)
    y = table.y.astype(np.int64) if table.n_classes else table.y
    with suppress(Exception):  # compiles and imports; so few rows may hold too few of a class
        few = train[:WARM_UP_ROWS]
        _fit_and_predict(estimator, X, y, few, few, bool(table.n_classes))
    X, estimator = MODELS[fit.model].build(table, fit.seed, threads)
    answers, seconds = _fit_and_predict(estimator, X, y, train, test, bool(table.n_classes))
    facts = {"n_classes": table.n_classes, "train_rows": len(train), "test_rows": len(test), "columns": X.shape[1]}
    return {**facts, **scores(table, y[test], np.asarray(answers, np.float64)), **seconds}


def scores(table: Table, y: Array, answers: Array) -> dict[str, float]:
    """Return how good the answers are: probabilities, shape (n, classes), or numbers, shape (n,)."""
    from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error

    if not np.isfinite(answers).all():
        raise ValueError(f"{np.sum(~np.isfinite(answers))} of the answers are not finite")
    if not table.n_classes:
        answers = answers.reshape(-1)
        return {"r2": float(r2_score(y, answers)), "rmse": float(root_mean_squared_error(y, answers))}
    if answers.shape[1] != table.n_classes:
        raise ValueError(f"{answers.shape[1]} probabilities a row for {table.n_classes} classes")
    p = np.clip(answers, LEAST_PROBABILITY, 1)
    p /= p.sum(axis=1, keepdims=True)
    return {
        "log_loss": float(log_loss(y, p, labels=np.arange(table.n_classes))),
        "auc": auc(y, p),
        "accuracy": float(accuracy_score(y, answers.argmax(axis=1))),
    }


def auc(y: Array, p: Array) -> float:
    """Return the mean over the classes of the test rows of each one's area under the curve against the rest."""
    from sklearn.metrics import roc_auc_score

    here = [1] if p.shape[1] == 2 else [k for k in range(p.shape[1]) if (y == k).any()]
    return float(np.mean([roc_auc_score(y == k, p[:, k]) for k in here]))


def read_records(path: Path) -> list[Record]:
    """Return the records of a file; a line that was cut short is left out."""
    return list(_lines(path)) if path.exists() else []


def append_record(path: Path, record: Record) -> None:
    """Add a line; where the one before was cut short, it stays by itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else b""
    start = "\n" if before and not before.endswith(b"\n") else ""
    with path.open("a", encoding="utf-8") as file:
        file.write(start + json.dumps(record, ensure_ascii=False) + "\n")


def key(record: Record) -> Fit:
    return Fit(*(record[name] for name in ("table", "model", "seed", "version", "max_rows")))


def _lines(path: Path) -> Iterator[Record]:
    for line in path.read_text(encoding="utf-8").splitlines():
        with suppress(json.JSONDecodeError):
            yield json.loads(line)


def _fit_and_predict(
    estimator: Any, X: Any, y: Array, train: Array, test: Array, classes: bool
) -> tuple[Any, dict[str, float]]:
    parts = X.iloc[train], y[train], X.iloc[test]
    clocks = [(time.perf_counter(), time.process_time())]
    estimator.fit(*parts[:2])
    clocks.append((time.perf_counter(), time.process_time()))
    answers = estimator.predict_proba(parts[2]) if classes else estimator.predict(parts[2])
    clocks.append((time.perf_counter(), time.process_time()))
    (fit, fit_cpu), (predict, predict_cpu) = np.diff(clocks, axis=0).round(6).tolist()
    names = ("fit_seconds", "fit_cpu_seconds", "predict_seconds", "predict_cpu_seconds")
    return answers, dict(zip(names, (fit, fit_cpu, predict, predict_cpu), strict=True))
