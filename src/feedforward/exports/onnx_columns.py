"""Columns of a table to the matrix that a network reads, as nodes of ONNX: one input a column.

Numbers, booleans, dates and categories that are numbers come as doubles, NaN where a value is missing; dates as days
since 1970-01-01. Text comes as strings, the empty one where a value is missing.
"""

from typing import Any

import numpy as np

from feedforward.errors import InputError
from feedforward.exports.graph import Graph, Value
from feedforward.exports.onnx_calendar import calendar
from feedforward.exports.parts import Parts
from feedforward.exports.preprocessing import Dates, Levels, Numbers, Preprocessing

_DOUBLE = np.dtype(np.float64)
_MOST = 3.4028234663852886e38
_EXACT = 2**53  # up to which every whole number is a double


def encoded(graph: Graph, parts: Parts) -> Value:
    """Return the matrix, of doubles, after making an input of each column that is read."""
    if parts.preprocessing is None:
        if parts.columns is None:
            return graph.input("rows", _DOUBLE, (None, parts.n_columns), "numbers, none of them missing")
        columns = [graph.input(name, _DOUBLE, (None, 1), "number, none missing") for name in parts.columns]
        return graph.node("Concat", *columns, axis=1)
    found = parts.preprocessing
    pieces: dict[int, Value] = {}  # from the first column of each to the raw numbers
    for reader in found.readers:
        if isinstance(reader, Numbers):
            words = "boolean: 0, 1 or NaN" if reader.boolean else "number, or NaN"
            x = graph.input(reader.name, _DOUBLE, (None, 1), words)
            pieces[reader.at] = x
            _mark(graph, pieces, x, reader.mark)
            if reader.spikes:
                values = graph.array(np.array([reader.spikes], np.float32))
                same = graph.node("Equal", graph.cast(x, np.float32), values)
                pieces[reader.flags] = graph.cast(same, np.float64)
        elif isinstance(reader, Dates):
            x = graph.input(reader.name, _DOUBLE, (None, 1), "date: days since 1970-01-01, or NaN")
            pieces |= _dates(graph, reader, x)
            _mark(graph, pieces, x, reader.mark)
        else:
            pieces |= _levels(graph, reader)
    return _scaled(graph, found, _side_by_side(graph, found, pieces))


def _mark(graph: Graph, pieces: dict[int, Value], x: Value, mark: int | None) -> None:
    if mark is not None:
        pieces[mark] = graph.cast(graph.node("IsNaN", x), np.float64)


def _side_by_side(graph: Graph, found: Preprocessing, pieces: dict[int, Value]) -> Value:
    """Return the raw matrix; a column that nothing is written into is 0."""
    empty = set(range(found.width)) - {place for reader in found.readers for place in _places(reader)}
    if empty:
        one = graph.node("Gather", next(iter(pieces.values())), graph.array(np.array([0])), axis=1)
        marks = graph.cast(graph.node("IsNaN", one), np.float64)
        pieces |= dict.fromkeys(empty, graph.node("Mul", marks, graph.array(np.array(0.0))))
    return graph.node("Concat", *(pieces[place] for place in sorted(pieces)), axis=1)


def _places(reader: Numbers | Dates | Levels) -> list[int]:
    """Return the columns of the matrix that a reader writes into."""
    if isinstance(reader, Levels):
        width = len(reader.levels) if reader.form == "flags" else 1
        extra = (reader.other, reader.missing)
    else:
        width = 1 + len(reader.parts) if isinstance(reader, Dates) else 1
        extra = (reader.mark, None)
    flags = range(reader.flags, reader.flags + len(reader.spikes)) if isinstance(reader, Numbers) else ()
    return [*range(reader.at, reader.at + width), *(place for place in extra if place is not None), *flags]


def _scaled(graph: Graph, found: Preprocessing, raw: Value) -> Value:
    """Return the raw matrix filled, scaled and clipped: ``u = (x - center) / scale``, ``u / sqrt(1 + (u/limit)²)``."""
    x = graph.node("Where", graph.node("IsNaN", raw), graph.array(found.fill), raw)
    half = graph.node("Mul", x, graph.array(np.array(0.5)))  # a difference of the largest doubles overflows
    u = graph.node("Div", graph.node("Sub", half, graph.array(found.center / 2)), graph.array(found.scale / 2))
    u = graph.node("Max", graph.node("Min", u, graph.array(np.array(_MOST))), graph.array(np.array(-_MOST)))
    if not np.isfinite(found.limit).any():
        return u
    part = graph.node("Div", u, graph.array(found.limit))
    square = graph.node("Add", graph.node("Mul", part, part), graph.array(np.array(1.0)))
    return graph.node("Div", u, graph.node("Sqrt", square))


# Categories ---------------------------------------------------------------------------------------------------------


def _levels(graph: Graph, reader: Levels) -> dict[int, Value]:
    of = _places_of_text if reader.holds in ("text", "date") else _places_of_numbers
    place, missing = of(graph, reader)  # counted from 1, and 0 for none
    if reader.form == "code":
        return {reader.at: place}
    if reader.form == "pair":  # 0, 1, 2 -> 0, -1, 1
        code = graph.cast(place, np.int64)
        return {reader.at: graph.node("Gather", graph.array(np.array([0.0, -1.0, 1.0])), code, axis=0)}
    counted = graph.array(np.arange(1.0, len(reader.levels) + 1)[None])
    found = {reader.at: graph.cast(graph.node("Equal", place, counted), np.float64)}
    if reader.missing is not None:
        found[reader.missing] = missing
    if reader.other is not None:
        none = graph.cast(graph.node("Equal", place, graph.array(np.array(0.0))), np.float64)
        found[reader.other] = graph.node("Sub", none, missing)
    return found


def _places_of_text(graph: Graph, reader: Levels) -> tuple[Value, Value]:
    """Return the place of each text among the levels, and 1 where it is missing, else 0."""
    words = "category, text, or empty" if reader.holds == "text" else "category, a date as text, or empty"
    x = graph.input(reader.name, np.dtype(object), (None, 1), words)
    levels = [str(level) for level in reader.levels]
    empty = [] if "" in levels else [""]  # where "" is a level, a missing value cannot be told from it
    code = _encoded(graph, x, "keys_strings", [*levels, *empty])
    gap = graph.node("Equal", code, graph.array(np.array(len(levels) + 1)))
    place = graph.node("Where", gap, graph.array(np.array(0)), code)
    return graph.cast(place, np.float64), graph.cast(gap, np.float64)


def _places_of_numbers(graph: Graph, reader: Levels) -> tuple[Value, Value]:
    """Return the same of numbers and booleans."""
    x = graph.input(reader.name, _DOUBLE, (None, 1), f"category, {reader.holds}, or NaN")
    missing = graph.cast(graph.node("IsNaN", x), np.float64)
    for level in reader.levels:
        if isinstance(level, int) and abs(level) > _EXACT:
            raise InputError(
                f"Column {reader.name!r} has the category {level}, which no double is exactly, and categories that are "
                "numbers are doubles in ONNX. Make text of the column and train again."
            )
    levels = np.array(reader.levels, np.float64)
    counted = np.arange(1.0, len(levels) + 1)
    if (levels != np.floor(levels)).any() or (np.abs(levels) > _EXACT).any():
        flags = graph.cast(graph.node("Equal", x, graph.array(levels[None])), np.float64)
        return graph.node("MatMul", flags, graph.array(counted[:, None])), missing
    whole = graph.cast(x, np.int64)
    code = graph.cast(_encoded(graph, whole, "keys_int64s", levels.astype(np.int64).tolist()), np.float64)
    is_whole = graph.node("Equal", x, graph.cast(whole, np.float64))
    return graph.node("Where", is_whole, code, graph.array(np.array(0.0))), missing


def _encoded(graph: Graph, x: Value, kind: str, keys: list[Any]) -> Value:
    """Return the place of each value among the keys, counted from 1; 0 where it is none of them."""
    settings = {kind: keys, "values_int64s": list(range(1, len(keys) + 1)), "default_int64": 0}
    return graph.node("LabelEncoder", x, domain="ai.onnx.ml", **settings)


# Dates --------------------------------------------------------------------------------------------------------------


def _dates(graph: Graph, reader: Dates, x: Value) -> dict[int, Value]:
    if not reader.parts:
        return {reader.at: x}
    gap = graph.node("IsNaN", x)
    known = graph.node("Where", gap, graph.array(np.array(0.0)), x)
    found = calendar(graph, known)
    nan = graph.array(np.array(np.nan))
    pieces = {reader.at: x}
    for place, part in enumerate(reader.parts, start=reader.at + 1):
        pieces[place] = graph.node("Where", gap, nan, graph.cast(found[part], np.float64))
    return pieces
