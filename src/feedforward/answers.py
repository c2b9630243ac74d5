"""A stored model and a table in, answers out, piece by piece."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feedforward.errors import InputError, ModelFileError, SettingError, TableError
from feedforward.fitting import ask, encoder_of, learner_of
from feedforward.storage.saving import read_model
from feedforward.tables.columns import DroppedColumn
from feedforward.tables.encoding import TableEncoder
from feedforward.tables.opening import name_of
from feedforward.tables.reading import target_of
from feedforward.tables.sources import Source
from feedforward.tables.streaming import read_pieces
from feedforward.tables.surprises import Surprises
from feedforward.validation import nearest

Array = NDArray[Any]
_FEWEST_ROWS, _MOST_ROWS = 256, 100_000
_NUMBERS = 4_000_000  # of a piece, once encoded


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
    feedforward.errors.ModelFileError: absent.safetensors cannot be read: no such file or directory. ...
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
    def column_names(self) -> list[str] | None:
        """The names of the columns that the model takes, in its order; None if it was trained on an array."""
        owner: Any = self.encoder or self.learner
        names = getattr(owner, "feature_names_in_", None)
        return None if names is None else [str(name) for name in names]

    @property
    def wanted(self) -> set[str] | None:
        """The names of the columns that count; None if all do."""
        return None if self.column_names is None else set(self.column_names) - set(self._dropped())

    def _dropped(self) -> list[str]:
        columns = {} if self.encoder is None else self.encoder.columns_
        return [name for name, column in columns.items() if isinstance(column, DroppedColumn)]

    def read_as(self, names: Sequence[str]) -> dict[str, str]:
        """Return what to read the columns of a file as, given their names, as `read_batches` has it."""
        if self.encoder is None:
            return dict.fromkeys(names, "boolean")  # which takes numbers too
        if self.column_names is not None:
            return self.encoder.read_as_
        kinds = (column.read_as for column in self.encoder.columns_.values())
        return {name: kind for name, kind in zip(names, kinds, strict=False) if kind is not None}

    def columns_of(self, table: Any, source: Source) -> tuple[Any, list[str]]:
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
                    f"{source.name} has {table.num_columns} columns, and the model takes {m}, which have no names. "
                    "Give these alone, in the order of training."
                )
            return table, []
        known, there, dropped = set(names), set(table.column_names), self._dropped()
        ignored = [name for name in table.column_names if name not in known]
        absent = [name for name in names if name not in there]
        needed = [name for name in absent if name not in dropped]
        if needed:
            more = f", nor {', '.join(map(repr, needed[1:6]))}{', ...' * (len(needed) > 6)}" if needed[1:] else ""
            near = nearest(needed[0], table.column_names, "columns") + source.doubts(table.column_names)
            raise TableError(f"{source.name} has no column {needed[0]!r}, which the model needs{more}. {near}")
        for name in absent:
            table = table.append_column(name, pa.nulls(table.num_rows))
        return table.select(names), ignored

    def _as_inputs(self, table: Any, source: Source) -> Any:
        if self.encoder is not None:
            return table
        for name in table.column_names:
            kind = table.column(name).type
            if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
                raise TableError(
                    f"{source.name}, column {name!r} is of type {kind}, and the model, stored without a "
                    "TableEncoder, takes numbers. Convert the column."
                )
        columns = [table.column(name).cast(pa.float64()) for name in table.column_names]
        rows = np.column_stack([column.to_numpy() for column in columns])
        if not hasattr(self.learner, "feature_names_in_"):
            return rows
        return pa.table(list(rows.T), names=table.column_names)

    def ask(self, method: str, columns: Any, source: Source, *arguments: Any) -> Array:
        """Return the answers of one of the model's methods; errors name the table, and the row within it."""
        try:
            return ask(self.model, method, columns, self._as_inputs(columns, source), *arguments)
        except InputError as error:  # what else it advises is for training
            fault = str(error).partition("; or, to learn from it,")[0].rstrip(".")
            raise InputError(f"{source.name}: {source.placed(fault)}.") from error


class ModelRows:
    """The rows of a file as a model takes them, piece by piece, so that the file may be larger than memory.

    Parameters
    ----------
    model : StoredModel
    path : path
        Of the table: CSV, Parquet or Arrow; ``-`` for standard input. The model's columns are found by their names.
    encoding, delimiter, decimal
        Of a CSV file, as `read_table` has them.
    target : tuple of (str, str), optional
        The column with the right answers, and what to read it as.
    rows : int, optional
        Of a piece. Default: as many as make four million numbers, 100,000 at most.

    Attributes
    ----------
    name : str
        Of the table, for messages.
    ignored : list of str
        The columns that were not needed, once all was read.

    Raises
    ------
    FileError, TableError, SettingError
        Naming the file, row and column, and what to do.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = ff.Adaline().fit([[0.0], [1.0]], [0, 1])
    >>> ModelRows(StoredModel(Path("m"), model, None), "absent.csv")
    Traceback (most recent call last):
    feedforward.errors.FileError: absent.csv does not exist. ...
    """

    def __init__(
        self,
        model: StoredModel,
        path: str | Path,
        *,
        encoding: str = "utf-8",
        delimiter: str | None = None,
        decimal: str = ".",
        target: tuple[str, str] | None = None,
        rows: int | None = None,
    ) -> None:
        self.name, self.ignored, self._model, self._target = name_of(path), list[str](), model, target
        encoder, wanted = model.encoder, model.wanted
        width = model.learner.n_features_in_ if encoder is None else len(encoder.get_feature_names_out())
        rows = rows or max(_FEWEST_ROWS, min(_MOST_ROWS, _NUMBERS // max(width, 1)))
        if target is not None and wanted is not None:
            wanted = {*wanted, target[0]}
        self._surprises = Surprises({} if encoder is None else encoder.columns_)
        self._by_place: list[str] = []
        self._whole = Source(self.name)
        self._pieces = read_pieces(path, rows, self._read_as, wanted, encoding, delimiter, decimal)

    def _read_as(self, names: Sequence[str]) -> dict[str, str]:
        if self._target is None:
            return self._model.read_as(names)
        name, kind = self._target
        return {**self._model.read_as([one for one in names if one != name]), name: kind}

    def __iter__(self) -> Iterator[tuple[Source, Any, Array | None]]:
        """Yield where a piece comes from, its columns, and the right answers."""
        encoder = self._model.encoder
        for source, table in self._pieces:
            self._whole = replace(source, rows=None)
            y = None
            if self._target is not None:
                y = target_of(table, self._target[0], source, is_whole=False)
                table = table.drop_columns([self._target[0]])
            columns, self.ignored = self._model.columns_of(table, source)
            if self._model.column_names is None:
                self._by_place = columns.column_names
            yield source, columns, y
            if encoder is not None:
                self._surprises.add(columns.rename_columns(list(encoder.columns_)))

    def notes(self) -> list[str]:
        """Say if columns were taken by their place, and what they held that training never saw, in all of the file."""
        names = self._by_place
        shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
        by_place = [f"the model knows no names of columns, and takes these by their place: {shown}"] if names else []
        sentences = "\n".join(self._surprises.sentences())  # each is one line
        return [*by_place, *self._whole.placed(sentences).splitlines()]


def predict_rows(
    model: StoredModel, rows: ModelRows, *, proba: bool = False, interval: float | None = None
) -> Iterator[Any]:
    """Return tables with an answer for each row, in order, one for each piece that is read.

    Parameters
    ----------
    model : StoredModel
    rows : ModelRows
        Of this model.
    proba : bool
        Give the probability of each class beside the answer.
    interval : float, optional
        Give two numbers that a quantity lies between with this probability.

    Yields
    ------
    pyarrow.Table
        Columns "prediction" and, if asked for, "probability_<class>", or "lower" and "upper".

    Raises
    ------
    SettingError
        If the model gives no such; at once.
    FileError, TableError, InputError
        Naming the file, row and column, and what to do.
    """
    kind = type(model.learner).__name__
    if proba and not hasattr(model.model, "predict_proba"):
        raise SettingError(
            f"{kind} gives no probabilities. Leave --proba away, or train a tabular or mlp that tells classes apart."
        )
    if interval is not None and not hasattr(model.model, "predict_interval"):
        raise SettingError(f"{kind} gives no intervals. Leave --interval away, or train a tabular for a quantity.")
    return (_answers(model, columns, source, proba, interval) for source, columns, _ in rows)


def _answers(model: StoredModel, columns: Any, source: Source, proba: bool, interval: float | None) -> Any:
    places = range(getattr(model.learner, "n_outputs_", 1))
    answers = _columns("prediction", places, model.ask("predict", columns, source))
    if proba:
        answers |= _columns("probability", model.learner.classes_, model.ask("predict_proba", columns, source))
    if interval is not None:
        ends = model.ask("predict_interval", columns, source, interval)
        answers |= _columns("lower", places, ends[..., 0]) | _columns("upper", places, ends[..., 1])
    return pa.table(answers)


def _columns(name: str, parts: Any, values: Array) -> dict[str, Any]:
    if values.ndim == 1:
        return {name: pa.array(values.tolist() if values.dtype == object else values)}
    return {f"{name}_{part}": pa.array(values[:, j]) for j, part in enumerate(parts)}
