"""Scores and counts in words, the same wherever they are printed."""

from typing import Any

MEASURE_NAMES = {
    "log_loss": "log loss",
    "auc": "AUC",
    "accuracy": "accuracy",
    "r2": "R²",
    "root_mean_squared_error": "RMSE",
    "mean_absolute_error": "mean abs. error",
}
IN_UNITS = ("root_mean_squared_error", "mean_absolute_error")  # of the target


def always_answer(task: str, answer: Any) -> str:
    """Return the name of the answer that needs no model.

    Examples
    --------
    >>> always_answer("regression", 2.0), always_answer("classification", "no")
    ('always 2', "always 'no'")
    """
    return f"always {answer:.4g}" if task == "regression" else f"always {answer!r}"


def figure(name: str, score: float | None) -> str:
    """Return a score as it is printed.

    Examples
    --------
    >>> figure("accuracy", 0.975), figure("r2", -1e-9)
    ('97.5 %', '0.000')
    """
    if score is None:
        return "none"
    if name == "accuracy":
        return f"{100 * score:.1f} %"
    return f"{score:.4g}" if name in IN_UNITS else f"{round(score, 3) + 0.0:.3f}"


def counted(count: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "answer"), counted(1200, "row")
    ('1 answer', '1,200 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 'es' if noun.endswith('s') else 's'}"
