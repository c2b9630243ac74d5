"""Rows made up from what a model knows of its columns, with gaps and values never seen: what an export is tried on."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from feedforward.exports.parts import Parts
from feedforward.exports.preprocessing import Dates, Levels, Numbers, Preprocessing, Reader
from feedforward.tables.dates import MONTHS, DateColumn
from feedforward.tables.encoding import TableEncoder

Rows = list[Any]  # dicts, or lists of numbers

_COUNT = 6
_NEW = "never seen"


def sample_rows(parts: Parts) -> Rows:
    """Return rows as a written-out model takes them: dicts of plain values, or lists where columns have no names.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.exports.parts import parts_of
    >>> len(sample_rows(parts_of(ff.Adaline().fit([[0.0], [1.0]], ["no", "yes"]))))
    6
    """
    found = parts.preprocessing
    if found is None:
        numbers = np.random.default_rng(0).normal(size=(_COUNT, parts.n_columns)).round(3).tolist()
        return numbers if parts.columns is None else [dict(zip(parts.columns, row, strict=True)) for row in numbers]
    columns = {reader.name: _cells(found, place, reader) for place, reader in enumerate(found.readers)}
    return [{name: cells[row] for name, cells in columns.items()} for row in range(_COUNT)]


def as_input(parts: Parts, rows: Rows) -> Any:
    """Return such rows as the model itself takes them: a table, or an array where its columns have no names.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.exports.parts import parts_of
    >>> parts = parts_of(ff.Adaline().fit([[0.0], [1.0]], ["no", "yes"]))
    >>> as_input(parts, sample_rows(parts)).shape
    (6, 1)
    """
    if parts.preprocessing is None:
        if parts.columns is None:
            return np.array(rows)
        return pa.table({name: [row[name] for row in rows] for name in parts.columns})
    encoder = encoder_of(parts.model)
    readers = {reader.name: reader for reader in parts.preprocessing.readers}
    columns = [
        _as_column([row[name] for row in rows], readers[name], fitted) if name in readers else [None] * len(rows)
        for name, fitted in encoder.columns_.items()
    ]
    if parts.columns is None:
        return np.array(
            [column.to_pylist() if isinstance(column, pa.Array) else column for column in columns], object
        ).T
    return pa.table(columns, names=parts.columns)


def encoder_of(model: Any) -> TableEncoder:
    """Return the fitted encoder of a model that has one."""
    encoder: TableEncoder = model.encoder_ if hasattr(model, "encoder_") else model[0]
    return encoder


def _cells(found: Preprocessing, place: int, reader: Reader) -> list[Any]:
    kinds = [(row + place) % 5 for row in range(_COUNT)]  # 4: a gap, 3: never seen
    return [None if kind == 4 else _cell(found, reader, row, kind == 3) for row, kind in enumerate(kinds)]


def _cell(found: Preprocessing, reader: Reader, row: int, is_new: bool) -> Any:
    if isinstance(reader, Levels):
        if not is_new:
            return reader.levels[row % len(reader.levels)]
        return {"text": _NEW, "number": max(reader.levels) + 1 if reader.holds == "number" else None}.get(reader.holds)
    spread = found.scale[reader.at] if np.isfinite(found.scale[reader.at]) else 1.0
    value = float(found.fill[reader.at] + (0.0, 0.7, -0.9, 2.5, 0.2, -1.6)[row] * spread)
    if isinstance(reader, Numbers):
        if reader.spikes and not is_new:
            return reader.spikes[row % len(reader.spikes)]
        return row % 2 == 0 if reader.boolean else float(f"{value:.6g}")
    return _as_written(
        datetime(1970, 1, 1) + timedelta(minutes=round(np.clip(value, -700_000, 2_900_000) * 1440)), reader
    )


def _as_written(moment: datetime, reader: Dates) -> str:
    day = reader.written.replace("YYYY", f"{moment.year:04}").replace("MM", f"{moment.month:02}")
    day = day.replace("Mon", MONTHS[moment.month - 1][:3].title())
    return f"{day.replace('DD', f'{moment.day:02}')} {moment:%H:%M:%S}"


def _as_column(cells: list[Any], reader: Reader, fitted: Any) -> Any:
    """Return cells as an Arrow array of the type that training had."""
    if isinstance(reader, Numbers):
        return pa.array(cells, pa.bool_() if reader.boolean else pa.float64())
    if isinstance(reader, Dates) and isinstance(fitted, DateColumn) and fitted.written:
        return pa.array(cells, pa.string())
    if isinstance(reader, Dates) or reader.holds == "date":
        return pa.array([None if cell is None else datetime.fromisoformat(cell) for cell in cells])
    return pa.array(cells, {"text": pa.string(), "boolean": pa.bool_()}.get(reader.holds))
