"""A stored model and a table in; answers, or how good they are, out."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv, parquet

from feedforward.disk import write_bytes
from feedforward.errors import InputError, ModelFileError, SettingError, TableError
from feedforward.fitting import ask, encoder_of, learner_of
from feedforward.measures import measured
from feedforward.storage.labels import label_from_facts
from feedforward.storage.saving import read_model
from feedforward.tables.columns import DroppedColumn
from feedforward.tables.encoding import TableEncoder
from feedforward.tables.opening import name_of
from feedforward.tables.reading import read_rows
from feedforward.validation import nearest

Array = NDArray[Any]
_SUFFIXES = (".csv", ".parquet", ".pq")
_KIND_WORDS = {"U": "text", "O": "text", "b": "booleans", "i": "numbers", "u": "numbers", "f": "numbers"}


@dataclass(frozen=True)
class StoredModel:
    """A model from a file that can answer for the rows of a table.

    Attributes
    ----------
    path : path
    model : estimator or Pipeline
    about : dict or None
        What was stored beside it, as by ``feedforward train``.

    Examples
    --------
    >>> StoredModel.open("absent.safetensors")
    Traceback (most recent call last):
    feedforward.errors.ModelFileError: absent.safetensors cannot be read: no such file or directory.
    """

    path: Path
    model: Any
    about: dict[str, Any] | None

    @classmethod
    def open(cls, path: str | Path) -> "StoredModel":
        """Return the model in a file; `ModelFileError` if it is damaged, or answers for no rows."""
        model, about = read_model(path)
        if not hasattr(model, "predict"):
            raise ModelFileError(f"{path} holds a {type(model).__name__}, which predicts nothing. Give a fitted model.")
        return cls(Path(path), model, about)

    @property
    def learner(self) -> Any:
        """The part that learned: a neuron or a network."""
        return learner_of(self.model)

    @property
    def encoder(self) -> TableEncoder | None:
        """The part that makes numbers of columns, if there is one."""
        return encoder_of(self.model)

    @property
    def text_columns(self) -> list[str]:
        """The columns to be read as text: those that were, and those that do not count."""
        if self.encoder is None:
            return []
        dropped = [name for name, column in self.encoder.columns_.items() if isinstance(column, DroppedColumn)]
        return [*self.encoder.text_columns_, *dropped]

    @property
    def column_names(self) -> list[str] | None:
        """The names of the columns that the model takes, in its order; None if it was trained on an array."""
        owner: Any = self.encoder or self.learner
        names = getattr(owner, "feature_names_in_", None)
        return None if names is None else [str(name) for name in names]

    def columns_of(self, table: Any, source: str) -> tuple[Any, list[str]]:
        """Return the columns of a table that the model takes, in its order, and the names of those that it does not.

        Raises
        ------
        TableError
            If the table lacks a column, or has one that cannot be what the model needs.
        """
        names = self.column_names
        if names is None:  # columns count by their place
            m = (self.encoder or self.learner).n_features_in_
            if table.num_columns != m:
                raise TableError(
                    f"{source} has {table.num_columns} columns, and the model takes {m}, which have no names. Give "
                    "these alone, in the order of training."
                )
            return table, []
        ignored = [name for name in table.column_names if name not in names]
        dropped = {} if self.encoder is None else self.encoder.columns_
        for name in names:
            if name in table.column_names:
                continue
            if not isinstance(dropped.get(name), DroppedColumn):
                near = nearest(name, table.column_names, "columns")
                raise TableError(f"{source} has no column {name!r}, which the model needs. {near}")
            table = table.append_column(name, pa.nulls(table.num_rows))
        return table.select(names), ignored

    def _as_inputs(self, table: Any, source: str) -> Any:
        if self.encoder is not None:
            return table
        for name in table.column_names:
            kind = table.column(name).type
            if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
                raise TableError(
                    f"{source}, column {name!r} is of type {kind}, and the model, stored without a TableEncoder, takes "
                    "numbers. Convert the column."
                )
        columns = [table.column(name).cast(pa.float64()) for name in table.column_names]
        rows = np.column_stack([column.to_numpy() for column in columns])
        if not hasattr(self.learner, "feature_names_in_"):
            return rows
        return pa.table(list(rows.T), names=table.column_names)

    def notes(self, columns: Any) -> list[str]:
        """Say if columns are taken by their place, and what they hold that training never saw, as far as is known."""
        names = columns.column_names
        shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
        by_place = [f"the model knows no names of columns, and takes these by their place: {shown}"]
        surprises = [] if self.encoder is None else self.encoder.surprises(columns)
        return [*(by_place if self.column_names is None else []), *surprises]

    def ask(self, method: str, columns: Any, source: str) -> Array:
        """Return the answers of one of the model's methods; errors name the table."""
        try:
            return ask(self.model, method, columns, self._as_inputs(columns, source))
        except InputError as error:  # what else it advises is for training
            fault = str(error).partition(", give the column the type it had in training")[0].rstrip(".")
            raise InputError(f"{source}: {fault}.") from error


# Prediction --------------------------------------------------------------------------------------------------------


def predict_table(
    model: StoredModel,
    path: str | Path,
    *,
    proba: bool = False,
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> tuple[Any, list[str], list[str]]:
    """Return a table with an answer for each row of a table, in its order, and what is worth to know of that table.

    Parameters
    ----------
    model : StoredModel
    path : path
        Of the table: CSV, Parquet or Arrow; ``-`` for standard input. The model's columns are found by their names.
    proba : bool
        Give the probability of each class beside the answer.
    encoding, delimiter
        Of a CSV file, as `read_table` has them.

    Returns
    -------
    pyarrow.Table
        Columns "prediction" and, with `proba`, "probability_<class>".
    list of str
        The columns that were not needed.
    list of str
        What there is to note of the others, as what they hold that training never saw.

    Raises
    ------
    FileError, TableError, InputError, SettingError
        Naming the file, row and column, and what to do.
    """
    if proba and not hasattr(model.model, "predict_proba"):
        raise SettingError(
            f"{type(model.learner).__name__} gives no probabilities. Leave --proba away, or train an mlp that tells "
            "classes apart."
        )
    table, _ = read_rows(
        path, encoding=encoding, delimiter=delimiter, text_columns=model.text_columns, wanted=model.column_names
    )
    source = name_of(path)
    columns, ignored = model.columns_of(table, source)
    places = range(getattr(model.learner, "n_outputs_", 1))
    answers = _columns("prediction", places, model.ask("predict", columns, source))
    if proba:
        answers |= _columns("probability", model.learner.classes_, model.ask("predict_proba", columns, source))
    target = (model.about or {}).get("target")
    return pa.table(answers), [name for name in ignored if name != target], model.notes(columns)


def _is_several(model: StoredModel) -> bool:
    learner = model.learner
    return bool(getattr(learner, "_several", not hasattr(learner, "classes_") and learner.n_outputs_ > 1))


def _columns(name: str, parts: Any, values: Array) -> dict[str, Any]:
    if values.ndim == 1:
        return {name: pa.array(values.tolist() if values.dtype == object else values)}
    return {f"{name}_{part}": pa.array(values[:, j]) for j, part in enumerate(parts)}


def write_answers(table: Any, path: str | Path | None) -> bytes:
    """Write a table as a whole, as its suffix says; return it as CSV where there is no path.

    Raises
    ------
    SettingError
        If the suffix is neither ``.csv`` nor ``.parquet``.
    FileError
        If it cannot be written.

    Examples
    --------
    >>> print(write_answers(pa.table({"prediction": ["yes", "no"]}), None).decode(), end="")
    prediction
    yes
    no
    """
    sink = io.BytesIO()
    if path is not None and suffix_of(path) != ".csv":
        parquet.write_table(table, sink)
    else:
        sink.write(_as_csv(table))
    if path is not None:
        write_bytes(path, sink.getvalue())
    return sink.getvalue()


def _as_csv(table: Any) -> bytes:
    texts = [column for column in table.columns if pa.types.is_string(column.type)]
    has_empty = any(pc.any(pc.equal(column, "")).as_py() for column in texts)  # without quotes, that is no row
    names = [
        f'"{name.replace(chr(34), chr(34) * 2)}"' if set(name) & set(',"\r\n') else name for name in table.column_names
    ]
    for quoting in ("needed",) if has_empty else ("none", "needed"):  # "needed" is Arrow's word for "every text"
        sink = io.BytesIO()
        sink.write(",".join(names).encode() + b"\n")
        try:
            csv.write_csv(table, sink, csv.WriteOptions(include_header=False, quoting_style=quoting))
        except pa.ArrowInvalid:  # a text has a quote, a comma or a line break in it
            continue
        break
    return sink.getvalue()


def suffix_of(path: str | Path) -> str:
    """Return the suffix of a file for answers, in lower case.

    Examples
    --------
    >>> suffix_of("answers.xlsx")
    Traceback (most recent call last):
    feedforward.errors.SettingError: answers.xlsx: answers are written as .csv, .parquet or .pq. Name such a file.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise SettingError(f"{path}: answers are written as .csv, .parquet or .pq. Name such a file.")
    return suffix


# Evaluation --------------------------------------------------------------------------------------------------------


def evaluate_table(
    model: StoredModel,
    path: str | Path,
    target: str | None = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> dict[str, Any]:
    """Return how good a model's answers are for a table that has the right ones, beside the answer that needs no model.

    Parameters
    ----------
    model : StoredModel
    path : path
        Of the table.
    target : str, optional
        The column with the right answers. Default: that which the model was trained on.
    encoding, delimiter
        Of a CSV file, as `read_table` has them.

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
    has_words = classes is not None and isinstance(classes.tolist()[0], str)
    as_text = [*model.text_columns, *([target] if has_words else [])]
    wanted = None if model.column_names is None else [*model.column_names, target]
    source = name_of(path)
    table, y = read_rows(path, target, encoding=encoding, delimiter=delimiter, text_columns=as_text, wanted=wanted)
    answers = np.asarray(y)
    unknown = _check_answers(classes, answers, f"{source}, column {target!r}")
    columns, ignored = model.columns_of(table, source)
    task = "regression" if classes is None else "classification"
    found = {
        "model": str(model.path),
        "table": source,
        "estimator": type(model.learner).__name__,
        "target": target,
        "task": task,
        "rows": len(answers),
        **measured(task, answers, model.ask("predict", columns, source)),
        "baseline": None,
        "unknown_labels": unknown,
        "ignored_columns": ignored,
        "notes": model.notes(columns),
    }
    if "baseline" in about:
        baseline = label_from_facts(about["baseline"]["answer"])
        found["baseline"] = {"answer": baseline, **measured(task, answers, np.full(len(answers), baseline))}
    return found


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
