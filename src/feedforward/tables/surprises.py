"""What a table holds that training never saw: new categories, columns without a value, gaps where there were none."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedforward.tables.categories import CategoryColumn, LevelColumn
from feedforward.tables.columns import DroppedColumn, FittedColumn
from feedforward.tables.dates import DateColumn
from feedforward.tables.values import decoded, read_floats

_MOST = 10  # columns of which the same is said one by one


def surprises(columns: Mapping[str, FittedColumn], table: Any) -> list[str]:
    """Return a sentence for each column of a table that holds what training never saw, by what that is.

    Parameters
    ----------
    columns : dict
        From name to what was fitted.
    table : pyarrow.Table
        Of these columns, in any order.

    Examples
    --------
    >>> import pyarrow as pa
    >>> town = CategoryColumn("text", ("Rome", "Bern"), other=False, gaps=False)
    >>> surprises({"town": town}, pa.table({"town": ["Bern", "Oslo"]}))
    ["column 'town': 1 of 2 rows holds a value not seen in training, first in row 1 (counted from 0): 'Oslo'. ..."]
    """
    found: dict[str, dict[str, str]] = {}
    for name, fitted in columns.items():
        for kind, sentence in _of_column(fitted, decoded(table.column(name)), name):
            found.setdefault(kind, {})[name] = sentence
    return [sentence for kind, sentences in found.items() for sentence in _shortened(kind, sentences)]


def _shortened(kind: str, sentences: Mapping[str, str]) -> list[str]:
    names = list(sentences)[_MOST:]
    if not names:
        return list(sentences.values())
    shown = ", ".join(map(repr, names[:_MOST])) + (", ..." if len(names) > _MOST else ".")
    return [*list(sentences.values())[:_MOST], f"{kind}, likewise, in {len(names)} more columns: {shown}"]


def _of_column(fitted: FittedColumn, column: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(fitted, DroppedColumn):
        return
    had_gaps = True  # flags and codes take missing values as they take rare ones
    if isinstance(fitted, LevelColumn):
        codes, missing = fitted.codes(column, name)
        unseen = (codes < 0) & ~missing
        if isinstance(fitted, CategoryColumn):
            unseen &= not fitted.other  # what shares a column with rare levels may be one of them
            had_gaps = fitted.gaps
        taken = "none of its categories"
    elif fitted.kind == "empty":
        missing = pc.is_null(column, nan_is_null=True).to_numpy()
        unseen, taken = ~missing, "0"
    else:
        had_gaps = fitted.marked
        if isinstance(fitted, DateColumn):
            missing = pc.is_null(column, nan_is_null=True).to_numpy()
        else:
            missing = np.isnan(read_floats(column, name, fitted.kind, fitted.declared))
        unseen = np.zeros(len(column), dtype=bool)
        taken = "the more common value of training" if fitted.kind == "boolean" else "the median of training"
    if missing.all() and fitted.kind != "empty":
        yield "No value", f"column {name!r}: none of {len(column)} rows holds a value, and in training some did."
    elif missing.any() and not had_gaps and fitted.kind != "empty":
        rows = _rows(missing, "holds no value", "hold no value")
        yield "Gaps", f"column {name!r}: {rows}, and in training all did. A gap is taken for {taken}."
    if unseen.any():
        rows, value = _rows(unseen, "holds a value", "hold values", " not seen in training"), column[unseen.argmax()]
        yield "New values", f"column {name!r}: {rows}: {value.as_py()!r:.60}. Such a value is taken for {taken}."


def _rows(where: NDArray[np.bool_], one: str, many: str, what: str = "") -> str:
    count = int(where.sum())
    hold = one if count == 1 else many
    return f"{count} of {len(where)} rows {hold}{what}, first in row {where.argmax()} (counted from 0)"
