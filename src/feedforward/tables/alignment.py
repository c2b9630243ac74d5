"""The columns that a model needs, found by name in a table that may have others, or the same in another order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from feedforward.errors import InputError
from feedforward.tables.frames import frame_to_table
from feedforward.validation import nearest

_SHOWN = 10


@dataclass(frozen=True)
class Alignment:
    """A table with the columns that were asked for, in that order, and what was done for it.

    Attributes
    ----------
    table : pyarrow.Table
    extra, missing : list of str
        Columns left out, and columns that did not matter and were not there: they are empty now.
    reordered : bool
        Whether columns stood in another order.
    """

    table: Any
    extra: list[str]
    missing: list[str]
    reordered: bool

    def __str__(self) -> str:
        """Return in one line what was done; nothing if nothing was."""
        done = [
            *["the columns were put into the order of training"] * self.reordered,
            *[f"not needed and left out: {listed(self.extra)}"] * bool(self.extra),
            *[f"not there and not needed: {listed(self.missing)}"] * bool(self.missing),
        ]
        return "; ".join(done)


def aligned(table: Any, names: Sequence[str], optional: Collection[str] = ()) -> Alignment:
    """Return the columns of a table that have these names, in the order of the names.

    Parameters
    ----------
    table : DataFrame
        Of any library that `frame_to_table` takes.
    names : sequence of str
        All that are needed.
    optional : collection of str
        Those of `names` that need not be there, such as columns that an encoder drops: they become empty.

    Raises
    ------
    InputError
        If a column is not there, or two share a name.

    Examples
    --------
    >>> found = aligned(pa.table({"b": [1], "note": ["x"], "a": [2]}), ["a", "b"])
    >>> found.table.to_pydict(), str(found)
    ({'a': [2], 'b': [1]}, "the columns were put into the order of training; not needed and left out: 'note'")
    >>> aligned(pa.table({"agee": [1], "b": [2]}), ["age", "b"])
    Traceback (most recent call last):
    feedforward.errors.InputError: The table has no column 'age', which the model needs. Did you mean 'agee'?
    """
    table = frame_to_table(table)
    own, wanted, spare = set(table.column_names), set(names), set(optional)
    absent = [name for name in names if name not in own]
    needed = [name for name in absent if name not in spare]
    extra = [name for name in table.column_names if name not in wanted]
    if needed:
        fault = f"column {needed[0]!r}" if len(needed) == 1 else f"columns {listed(needed)}"
        advice = nearest(needed[0], extra or table.column_names, "columns")
        if len(needed) > 1:
            advice = f"For {needed[0]!r}: {advice[0].lower()}{advice[1:]}"
        raise InputError(f"The table has no {fault}, which the model needs. {advice}")
    common = [name for name in names if name in own]
    reordered = common != [name for name in table.column_names if name in wanted]
    gap = pa.nulls(table.num_rows)
    places = {name: place for place, name in enumerate(table.column_names)}
    columns = [table.column(places[name]) if name in places else gap for name in names]
    return Alignment(pa.table(columns, names=list(names)), extra, absent, reordered)


def listed(names: Sequence[str]) -> str:
    """Return names for a message, not too many of them.

    Examples
    --------
    >>> listed(["a", "b"]), listed([f"c{i}" for i in range(12)])[-15:]
    ("'a', 'b'", "'c9' and 2 more")
    """
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
