"""One column of a table to columns of numbers: how each kind is fitted, applied and named.

Number, date and boolean columns become one number a row and share `NumberColumn`; category columns become one 0/1
column a level.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedforward.errors import InputError
from feedforward.tables.values import holding, read_categories, read_floats

_LARGEST = float(np.finfo(np.float32).max)

# A text column is an identifier or free text if it has more distinct values than this, and nearly one a row. The honest
# categories of a small table are fewer, those of a large one repeat.
_MANY = 100
_NEARLY_ALL = 0.9


# Numbers -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NumberColumn:
    """A number, date or boolean column, or one without any value: (x - center) / scale, gaps filled.

    Attributes
    ----------
    kind : str
        number, date, boolean, or empty, which is always 0.
    declared : bool
        Whether the user named the kind, so that text is parsed.
    gaps : bool
        Whether training had missing values: they are marked in a column of their own.
    fill, center, scale : float
        What a missing value becomes, and the scaling. A scale of 0 gives zeros: the column was constant.

    Examples
    --------
    >>> column = NumberColumn.fit(pa.chunked_array([[1.0, 3.0, None]]), "a", "number", False, "standard")
    >>> column.labels("a"), column.fill, column.center, column.scale
    (['a', 'a (missing)'], 2.0, 2.0, 1.0)
    """

    kind: str
    declared: bool
    gaps: bool
    fill: float
    center: float
    scale: float

    @classmethod
    def fit(cls, column: Any, name: str, kind: str, declared: bool, scaling: str) -> "NumberColumn":
        """Return the column fitted to training values."""
        values = read_floats(column, name, kind, declared)
        missing = np.isnan(values)
        if missing.all():
            return cls("empty", declared, False, 0.0, 0.0, 0.0)
        present, gaps = values[~missing], bool(missing.any())
        if kind == "boolean":
            return cls(kind, declared, gaps, float(present.mean() >= 0.5), 0.0, 1.0)
        return cls(kind, declared, gaps, *_statistics(present, scaling))

    def labels(self, name: str) -> list[str]:
        """Return the names of the columns this one becomes."""
        return [name, f"{name} (missing)"] if self.gaps else [name]

    def write(self, column: Any, name: str, out: NDArray[np.float64]) -> None:
        """Write the encoded column into `out`, of shape (n, number of labels)."""
        if self.kind == "empty":
            out[:] = 0.0
            return
        values = read_floats(column, name, self.kind, self.declared)
        missing = np.isnan(values)
        out[:, 0] = _scaled(np.where(missing, self.fill, values), self.center, self.scale)
        if self.gaps:
            out[:, 1] = missing

    def details(self) -> str:
        """Return in words what was fitted."""
        if self.kind == "empty":
            return "no value in training: always 0"
        if self.kind == "boolean":
            words = "0 or 1"
        elif self.scale == 0:
            words = "constant in training: always 0"
        else:
            words = f"center {self.center:.6g}, scale {self.scale:.6g}"
        return f"{words}; missing values become {self.fill:.6g} and are marked" if self.gaps else words


def _statistics(values: NDArray[np.float64], scaling: str) -> tuple[float, float, float]:
    """Return median, center and scale."""
    # Divided by a power of two, which is exact, the largest doubles have squares and sums, and the smallest too.
    unit = 2.0 ** (float(np.frexp(np.abs(values).max())[1]) - 1.0)
    values = values / unit
    median = float(np.median(values))
    if scaling == "none":
        return median * unit, 0.0, 1.0
    center, scale = float(values.mean()), float(values.std())
    if scaling == "robust":
        low, high = np.quantile(values, [0.25, 0.75])
        center, scale = median, float(high - low) or scale  # zero where more than half of the values are equal
    scale = min(scale * unit, float(np.finfo(np.float64).max))
    constant = values.min() == values.max() or scale < np.finfo(np.float64).tiny
    return median * unit, center * unit, 0.0 if constant else scale


def _scaled(values: NDArray[np.float64], center: float, scale: float) -> NDArray[np.float64]:
    if scale == 0:
        return np.zeros(len(values))
    if (center, scale) == (0.0, 1.0):
        return values
    # Of halves, because a difference of the largest doubles overflows; within float32, because networks compute in it.
    with np.errstate(over="ignore"):
        scaled: NDArray[np.float64] = (values / 2 - center / 2) / (scale / 2)
    return np.clip(scaled, -_LARGEST, _LARGEST)


# Categories --------------------------------------------------------------------------------------------------------

Level = str | int | float | bool


@dataclass(frozen=True)
class CategoryColumn:
    """A category column: one 0/1 column a level.

    Attributes
    ----------
    holds : str
        What its values are: text, number, boolean or date. They compare as such: the text 3 is not the number 3.
    levels : tuple
        The most frequent first.
    other : bool
        Whether training had rarer levels than these: they share one column, with values never seen.
    gaps : bool
        Whether training had missing values: they are a level of their own.

    Examples
    --------
    >>> column = CategoryColumn.fit(pa.chunked_array([["b", "a", "b", "c"]]), "x", False, 2)
    >>> column.labels("x")
    ['x=b', 'x=a', 'x (other)']
    """

    holds: str
    levels: tuple[Level, ...]
    other: bool
    gaps: bool

    kind = "category"

    @classmethod
    def fit(cls, column: Any, name: str, declared: bool, max_categories: int) -> "CategoryColumn":
        """Return the column fitted to training values."""
        values, holds = read_categories(column, name), holding(column)
        counted = pc.value_counts(values.drop_null())
        levels, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
        if holds == "text" and not declared and len(levels) > max(_MANY, _NEARLY_ALL * sum(counts)):
            raise InputError(
                f"Column {name!r} looks like an identifier or free text: {len(levels)} different values in "
                f"{sum(counts)} rows, such as {levels[0]!r}. Drop it, with kinds={{{name!r}: 'drop'}}, or declare it, "
                f"with kinds={{{name!r}: 'category'}}."
            )
        # Ties by value, so that the order of the rows does not matter.
        order = sorted(range(len(levels)), key=lambda i: (-counts[i], levels[i]))
        frequent = tuple(levels[i] for i in order[:max_categories])
        return cls(holds, frequent, len(levels) > max_categories, values.null_count > 0)

    def labels(self, name: str) -> list[str]:
        """Return the names of the columns this one becomes."""
        shared = [f"{name} (other)"] * self.other + [f"{name} (missing)"] * self.gaps
        return [f"{name}={level}" for level in self.levels] + shared

    def write(self, column: Any, name: str, out: NDArray[np.float64]) -> None:
        """Write the encoded column into `out`, of shape (n, number of labels)."""
        codes, missing = self.codes(column, name)
        places = np.where(codes < 0, len(self.levels) if self.other else -1, codes)
        places[missing] = out.shape[1] - 1 if self.gaps else -1
        out[:] = 0.0
        rows = np.flatnonzero(places >= 0)
        out[rows, places[rows]] = 1.0

    def codes(self, column: Any, name: str) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return the place of each value among the levels, -1 where it is none of them, and where it is missing."""
        values = read_categories(column, name, self.holds)
        if values.type == pa.int64() and any(isinstance(level, float) for level in self.levels):
            values = values.cast(pa.float64(), safe=False)
        codes = pc.fill_null(pc.index_in(values, value_set=self._levels_as(values.type)), -1).to_numpy()
        return codes, values.is_null().to_numpy()

    def _levels_as(self, kind: Any) -> Any:
        """Return the levels as an Arrow array of type `kind`."""
        return pa.array(np.array(self.levels, dtype=np.float64) if kind == pa.float64() else self.levels, kind)

    def details(self) -> str:
        """Return in words what was fitted."""
        shown = ", ".join(map(str, self.levels[:5])) + (", ..." if len(self.levels) > 5 else "")
        words = f"{len(self.levels)} level{'' if len(self.levels) == 1 else 's'}: {shown}"
        return words + "; rarer ones together" * self.other + "; missing is a level" * self.gaps


@dataclass(frozen=True)
class DroppedColumn:
    """A column left out.

    Examples
    --------
    >>> DroppedColumn().labels("id")
    []
    """

    kind = "drop"

    def labels(self, name: str) -> list[str]:
        """Return no names."""
        return []

    def write(self, column: Any, name: str, out: NDArray[np.float64]) -> None:
        """Write nothing."""

    def details(self) -> str:
        """Return in words what was fitted."""
        return "left out"


FittedColumn = NumberColumn | CategoryColumn | DroppedColumn
