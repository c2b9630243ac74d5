"""What a table holds that training never saw: new categories, columns without a value, gaps where there were none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedforward.tables.categories import CategoryColumn, LevelColumn
from feedforward.tables.columns import DroppedColumn, FittedColumn, NumberColumn
from feedforward.tables.dates import DateColumn
from feedforward.tables.values import decoded, read_floats

_Told = NumberColumn | DateColumn | LevelColumn
_MOST = 10  # columns of which the same is said one by one


@dataclass
class _Seen:
    """What one column held so far: how many rows, and which is the first, without a value, and with a new one."""

    gaps: int = 0
    first_gap: int = 0
    new: int = 0
    first_new: int = 0
    value: Any = None


class Surprises:
    """What a table, given whole or in pieces, holds that training never saw.

    Parameters
    ----------
    columns : dict
        From name to what was fitted.

    Examples
    --------
    >>> import pyarrow as pa
    >>> town = CategoryColumn("text", ("Rome", "Bern"), other=False, gaps=False)
    >>> found = Surprises({"town": town})
    >>> found.add(pa.table({"town": ["Bern", "Oslo"]}))
    >>> found.add(pa.table({"town": ["Oslo"]}))
    >>> found.sentences()
    ["column 'town': 2 of 3 rows hold values not seen in training, first in row 1 (counted from 0): 'Oslo'. ..."]
    """

    def __init__(self, columns: Mapping[str, FittedColumn]) -> None:
        self._columns: dict[str, _Told] = {
            name: column for name, column in columns.items() if not isinstance(column, DroppedColumn)
        }
        self._seen = {name: _Seen() for name in self._columns}
        self._rows = 0

    def add(self, table: Any) -> None:
        """Look at the next rows: a pyarrow.Table of these columns, in any order."""
        for name, fitted in self._columns.items():
            column, seen = decoded(table.column(name)), self._seen[name]
            missing, unseen = _odd_rows(fitted, column, name)
            if missing.any() and not seen.gaps:
                seen.first_gap = self._rows + int(missing.argmax())
            if unseen.any() and not seen.new:
                seen.first_new, seen.value = self._rows + int(unseen.argmax()), column[unseen.argmax()].as_py()
            seen.gaps += int(missing.sum())
            seen.new += int(unseen.sum())
        self._rows += table.num_rows

    def sentences(self) -> list[str]:
        """Return a sentence for each column that holds such, by what that is; of more than ten, the rest together."""
        found: dict[str, dict[str, str]] = {}
        for name, fitted in self._columns.items():
            for kind, sentence in _said(fitted, self._seen[name], self._rows, name):
                found.setdefault(kind, {})[name] = sentence
        return [sentence for kind, sentences in found.items() for sentence in _shortened(kind, sentences)]


def _shortened(kind: str, sentences: Mapping[str, str]) -> list[str]:
    names = list(sentences)[_MOST:]
    if not names:
        return list(sentences.values())
    shown = ", ".join(map(repr, names[:_MOST])) + (", ..." if len(names) > _MOST else ".")
    return [*list(sentences.values())[:_MOST], f"{kind}, likewise, in {len(names)} more columns: {shown}"]


def _odd_rows(fitted: _Told, column: Any, name: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return for each row whether its value is missing, and whether training had none like it."""
    if isinstance(fitted, LevelColumn):
        codes, missing = fitted.codes(column, name)
        # What shares a column with rare levels may be one of them.
        shared = isinstance(fitted, CategoryColumn) and fitted.other
        return missing, (codes < 0) & ~missing & (not shared)
    if fitted.kind == "empty" or isinstance(fitted, DateColumn):
        missing = pc.is_null(column, nan_is_null=True).to_numpy()
        return missing, ~missing & (fitted.kind == "empty")
    missing = np.isnan(read_floats(column, name, fitted.kind, fitted.declared))
    return missing, np.zeros(len(column), dtype=bool)


def _said(fitted: _Told, seen: _Seen, rows: int, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(fitted, LevelColumn):  # flags and codes take missing values as they take rare ones
        had_gaps, taken = not isinstance(fitted, CategoryColumn) or fitted.gaps, "none of its categories"
    elif fitted.kind == "empty":
        had_gaps, taken = True, "0"
    else:
        had_gaps = fitted.marked
        taken = "the more common value of training" if fitted.kind == "boolean" else "the median of training"
    if seen.gaps == rows and fitted.kind != "empty":
        yield "No value", f"column {name!r}: none of {rows} rows holds a value, and in training some did."
    elif seen.gaps and not had_gaps:
        where = _rows(seen.gaps, rows, seen.first_gap, "holds no value", "hold no value")
        yield "Gaps", f"column {name!r}: {where}, and in training all did. A gap is taken for {taken}."
    if seen.new:
        where = _rows(seen.new, rows, seen.first_new, "holds a value", "hold values", " not seen in training")
        yield "New values", f"column {name!r}: {where}: {seen.value!r:.60}. Such a value is taken for {taken}."


def _rows(count: int, rows: int, first: int, one: str, many: str, what: str = "") -> str:
    return f"{count} of {rows} rows {one if count == 1 else many}{what}, first in row {first} (counted from 0)"
