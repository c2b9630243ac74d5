"""What a fitted TableEncoder does, as little as an export has to repeat: raw numbers by column, one scaling of all.

Each column of a table becomes columns of a raw matrix, NaN where a number is missing. Then, for every column of the
matrix alike, NaN becomes `fill`, and ``u = (x - center) / scale`` becomes ``u / sqrt(1 + (u / limit)²)``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.tables.categories import CategoryColumn, CodeColumn, FlagColumn, LevelColumn
from feedforward.tables.columns import DroppedColumn, FittedColumn, NumberColumn
from feedforward.tables.dates import DateColumn
from feedforward.tables.encoding import TableEncoder
from feedforward.tables.layout import Layout
from feedforward.tables.scaling import UNSCALED, Scaler


@dataclass(frozen=True)
class Numbers:
    """A column of numbers or booleans: into column `at`; 1 into column `mark`, if there is one, where it is missing.

    Where the number is, in float32, one of `spikes`, 1 into the column of that: `flags` and its place among them.
    """

    name: str
    at: int
    mark: int | None = None
    boolean: bool = False
    spikes: tuple[float, ...] = ()
    flags: int = 0


@dataclass(frozen=True)
class Dates:
    """A column of dates: days since 1970-01-01 into column `at`, then `parts` of the calendar into those behind it.

    `written` is how text is read: the format of the dates, such as DD.MM.YYYY.
    """

    name: str
    at: int
    parts: tuple[str, ...]
    written: str
    mark: int | None = None


@dataclass(frozen=True)
class Levels:
    """A column of categories, in one of three forms.

    "flags": 1 into the column of its level, which is `at` and its place among `levels`, 0 into the others; a value that
    is no level is a 1 in column `other`, and a missing one in column `missing`, if there are such. "pair": -1 into
    column `at` for the first level, 1 for the second, else 0. "code": its place, counted from 1, into column `at`, else
    0.

    `holds` is what values are: text, number, boolean or date.
    """

    name: str
    at: int
    form: str
    holds: str
    levels: tuple[Any, ...]
    other: int | None = None
    missing: int | None = None


Reader = Numbers | Dates | Levels


@dataclass(frozen=True)
class Preprocessing:
    """All columns that are read, and how the raw matrix is scaled.

    Attributes
    ----------
    readers : tuple of Reader
    labels : list of str
        Of the columns of the matrix.
    fill, center, scale, limit : arrays of shape (width,)
        A scale of infinity makes 0 of every number, a limit of infinity leaves it as it is.
    """

    readers: tuple[Reader, ...]
    labels: list[str]
    fill: NDArray[np.float64]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    limit: NDArray[np.float64]

    @property
    def width(self) -> int:
        """Number of columns of the matrix."""
        return len(self.labels)


def preprocessing_of(encoder: TableEncoder) -> Preprocessing:
    """Return what a fitted encoder does.

    Examples
    --------
    >>> import pyarrow as pa
    >>> found = preprocessing_of(TableEncoder().fit(pa.table({"a": [1.0, 3.0, None], "b": ["x", "y", "x"]})))
    >>> found.readers[0]
    Numbers(name='a', at=0, mark=1, boolean=False, spikes=(), flags=0)
    >>> found.center.tolist(), found.scale.tolist()
    ([2.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0])
    """
    layout: Layout = encoder._layout()
    scalers = [UNSCALED] * layout.width
    readers: list[Reader] = []
    for (name, column), values, marks in zip(encoder.columns_.items(), layout.values, layout.marks, strict=True):
        for place, scaler in zip(range(values.start or 0, values.stop), _scalers(column), strict=True):
            scalers[place] = scaler
        mark = None
        if column.marked:
            mark = int(marks.start)
            scalers[mark] = getattr(column, "gaps", None) or UNSCALED
        flags = 0
        if isinstance(column, NumberColumn) and column.spikes:
            flags = int(marks.stop) - len(column.spikes)
            scalers[flags : marks.stop] = [spike.flag for spike in column.spikes]
        reader = _reader(name, column, values.start or 0, mark, flags)
        if reader is not None:
            readers.append(reader)
    return Preprocessing(
        tuple(readers),
        [str(label) for label in encoder.get_feature_names_out()],
        np.array([scaler.fill for scaler in scalers]),
        np.array([scaler.center for scaler in scalers]),
        np.array([scaler.scale or np.inf for scaler in scalers]),
        np.array([3.0 if scaler.clipped else np.inf for scaler in scalers]),
    )


def _scalers(column: FittedColumn) -> list[Scaler]:
    """Return the scaler of each column of values."""
    if isinstance(column, DateColumn):
        return list(column.values)
    if isinstance(column, NumberColumn):
        return [column.value]
    if isinstance(column, FlagColumn):
        return list(column.scalers)
    return [UNSCALED] * len(column.labels(""))


def _reader(name: str, column: FittedColumn, at: int, mark: int | None, flags: int) -> Reader | None:
    if isinstance(column, DroppedColumn) or column.kind == "empty":
        return None
    if isinstance(column, NumberColumn):
        spikes = tuple(spike.value for spike in column.spikes)
        return Numbers(name, at, mark, column.kind == "boolean", spikes, flags)
    if isinstance(column, DateColumn):
        return Dates(name, at, column.parts, column.written or "YYYY-MM-DD", mark)
    return _levels(name, column, at)


def _levels(name: str, column: LevelColumn, at: int) -> Levels:
    holds, levels = column.holds, column.levels
    if isinstance(column, CategoryColumn):
        other = at + len(levels) if column.other else None
        missing = at + len(levels) + column.other if column.gaps else None
        return Levels(name, at, "flags", holds, levels, other, missing)
    if isinstance(column, CodeColumn):
        return Levels(name, at, "code", holds, levels)
    return Levels(name, at, "pair" if len(levels) == 2 else "flags", holds, levels)
