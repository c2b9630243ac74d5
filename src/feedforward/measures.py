"""How good answers are: the measures of each task."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, r2_score

Array = NDArray[Any]


def _accuracy(y: Array, answers: Array) -> float:
    # scikit-learn's refuses fractions, and a table that a stored model is judged on may hold some.
    return float(np.mean(y == answers))


MEASURES: dict[str, dict[str, Callable[[Array, Array], float]]] = {
    "classification": {"accuracy": _accuracy},
    "regression": {"r2": r2_score, "mean_absolute_error": mean_absolute_error},
}


def measured(task: str, y: Array, answers: Array) -> dict[str, float | None]:
    """Return each measure of a task; None where there is no such number, which JSON does not know either.

    Parameters
    ----------
    task : {"classification", "regression"}
    y, answers : arrays of shape (n,)
        What is right, and what was answered.

    Examples
    --------
    >>> measured("classification", np.array(["a", "b"]), np.array(["a", "a"]))
    {'accuracy': 0.5}
    >>> measured("regression", np.array([1.0]), np.array([3.0]))
    {'r2': None, 'mean_absolute_error': 2.0}
    """
    found: dict[str, float | None] = {}
    for name, measure in MEASURES[task].items():
        found[name] = None
        if (answers.dtype.kind != "f" or np.isfinite(answers).all()) and (name != "r2" or len(y) > 1):
            score = float(measure(y, answers))
            found[name] = score if np.isfinite(score) else None
    return found
