"""How good a stored model's answers are for a table that has the right ones."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.answers import ModelRows, StoredModel
from feedforward.errors import SettingError, TableError
from feedforward.measures import Answers, chances_method, with_chances
from feedforward.storage.labels import label_from_facts

Array = NDArray[Any]
_KIND_WORDS = {"U": "text", "O": "text", "b": "booleans", "i": "numbers", "u": "numbers", "f": "numbers"}
_MOST_CHANCES = 2**27  # numbers that are kept at once: a gigabyte
_READ_AS = {"text": "text", "booleans": "boolean", "numbers": "whole"}


def evaluate_table(
    model: StoredModel,
    path: str | Path,
    target: str | None = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str = ".",
    piece: int | None = None,
) -> dict[str, Any]:
    """Return how good a model's answers are for a table that has the right ones, beside the answer that needs no model.

    Parameters
    ----------
    model : StoredModel
    path : path
        Of the table.
    target : str, optional
        The column with the right answers. Default: that which the model was trained on.
    encoding, delimiter, decimal
        Of a CSV file, as `read_table` has them.
    piece : int, optional
        How many rows are in memory at a time, but for their right answers and the model's. Default: as `ModelRows`.

    Raises
    ------
    FileError, TableError, InputError, SettingError
        Naming the file, row and column, and what to do.
    """
    about, classes = model.about or {}, getattr(model.learner, "classes_", None)
    target = target or about.get("target")
    if target is None:
        raise SettingError(f"{model.path} does not say what it predicts. Name the column with --target.")
    if _is_several(model):
        raise SettingError(f"{model.path} gives several answers a row, and a table has one target. Use its score.")
    if target in (model.column_names or []):
        raise SettingError(f"{target!r} is a column that {model.path} reads, not one that it predicts. Name another.")
    read_as = "number" if classes is None else _READ_AS[_KIND_WORDS[np.array(classes.tolist()).dtype.kind]]
    rows = ModelRows(
        model,
        path,
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        target=(target, read_as),
        rows=piece,
    )
    judged, notes = _judged(model, rows, classes)
    y = judged.y
    task = "regression" if classes is None else "classification"
    found: dict[str, Any] = {
        "model": str(model.path),
        "table": rows.name,
        "estimator": type(model.learner).__name__,
        "target": target,
        "task": task,
        "rows": len(y),
        "baseline": None,
        "unknown_labels": _check_answers(classes, y, f"{rows.name}, column {target!r}"),
        "ignored_columns": rows.ignored,
        "notes": [*rows.notes(), *notes],
    }
    found |= judged.scores()
    if "baseline" in about:
        baseline = label_from_facts(about["baseline"]["answer"])
        found["baseline"] = {"answer": baseline, **Answers(y, np.full(len(y), baseline), classes).scores()}
    return found


def _judged(model: StoredModel, rows: ModelRows, classes: Array | None) -> tuple[Answers, list[str]]:
    """Return right answers and the model's, with what it gave each class, unless that is too much; and say so then."""
    right, answers, chances, kept = list[Array](), list[Array](), list[Array](), 0
    method = None if classes is None else chances_method(model.model)
    for source, columns, y in rows:
        right.append(np.asarray(y))
        answers.append(model.ask("predict", columns, source))
        if method is not None and kept <= _MOST_CHANCES:
            chances.append(model.ask(method, columns, source))
            kept += chances[-1].size
    y, found = np.concatenate(right), np.concatenate(answers)
    if kept > _MOST_CHANCES:
        return Answers(y, found, classes), ["log loss and AUC are left out: for so many rows they need too much memory"]
    if classes is None or method is None or np.asarray(y).dtype.kind != np.array(classes.tolist()).dtype.kind:
        return Answers(y, found, classes), []
    return with_chances(y, found, classes, np.concatenate(chances), method == "predict_proba"), []


def _is_several(model: StoredModel) -> bool:
    learner = model.learner
    return bool(getattr(learner, "_several", not hasattr(learner, "classes_") and learner.n_outputs_ > 1))


def _check_answers(classes: Any, y: Array, where: str) -> dict[str, int]:
    """Return the labels that the model does not know, with their counts; refuse answers of another type."""
    kind = _KIND_WORDS[y.dtype.kind]
    if classes is None:
        if kind == "text":
            raise TableError(f"{where}: {y[0]!s} is no number, and the model predicts numbers. Name another target.")
        return {}
    labels, counts = np.unique(y, return_counts=True)
    known = classes.tolist()
    kind_known = _KIND_WORDS[np.array(known).dtype.kind]
    shown = ", ".join(map(repr, known[:10])) + (", ..." if len(known) > 10 else "")
    if kind != kind_known:
        raise TableError(
            f"{where} holds {kind}, such as {labels.tolist()[0]!r}, and the model's classes are {kind_known}: {shown}. "
            "Name another target."
        )
    if not set(labels.tolist()) & set(known):
        raise TableError(
            f"{where} holds none of the model's classes, {shown}, but others, such as {labels.tolist()[0]!r}. Name "
            "another target."
        )
    found = zip(labels.tolist(), counts.tolist(), strict=True)
    return {str(label): count for label, count in found if label not in known}
