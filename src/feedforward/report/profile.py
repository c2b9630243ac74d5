"""What the columns of a table hold: how much is missing, how many values differ, how they are spread."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedforward.report.markup import number
from feedforward.tables.values import decoded, holding

_BARS = 24  # of a histogram
_LARGEST_STEP = 2.0**48  # between bars of whole numbers; beyond, one more or less is lost in float64
_LEVELS = 12  # of a category, the most frequent ones


@dataclass(frozen=True)
class Profile:
    """What a column holds.

    Attributes
    ----------
    name, kind : str
        What it was taken for.
    rows, missing, distinct : int
    heights : array of shape (b,)
        Rows in each bar: from the lowest to the highest number or date, or the most frequent categories.
    words : str
        The range, or the most frequent values.
    """

    name: str
    kind: str
    rows: int
    missing: int
    distinct: int
    heights: NDArray[np.float64]
    words: str


def profile(column: Any, name: str, kind: str) -> Profile:
    """Return what a column of a table holds.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    name : str
    kind : str
        What the encoder took it for.

    Examples
    --------
    >>> found = profile(pa.chunked_array([["red", "blue", "red", None]]), "colour", "category")
    >>> found.missing, found.distinct, found.heights.tolist(), found.words
    (1, 2, [2.0, 1.0], 'red 67 %, blue 33 %')
    """
    rows, column = len(column), decoded(column)
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    present = column.drop_null()
    missing, distinct = rows - len(present), len(present.unique())
    heights, words = np.empty(0), "no value"
    if len(present):
        found = holding(present)
        if found == "date":
            heights, words = _dates(present)
        elif found == "number" and kind not in ("category", "drop"):
            heights, words = _numbers(present)
        else:
            heights, words = _levels(present)
    return Profile(name, kind, rows, missing, distinct, heights, words)


def _numbers(column: Any) -> tuple[NDArray[np.float64], str]:
    values = column.cast(pa.float64(), safe=False).to_numpy()
    low, middle, high = values.min(), float(np.median(values)), values.max()
    return histogram(values), f"{number(low)} to {number(high)}, median {number(middle)}"


def histogram(values: NDArray[Any], bars: int = _BARS) -> NDArray[np.float64]:
    """Return the rows in each of some bars of equal width; the outermost hundredths are in the first and the last.

    Of whole numbers each bar holds as many different ones, so that there may be fewer bars.

    Examples
    --------
    >>> histogram(np.array([0.0, 0.9, 1.1, 2.0]), bars=2).tolist(), histogram(np.array([3.0]), bars=2).tolist()
    ([2.0, 2.0], [1.0])
    >>> histogram(np.array([0.0, 1.0, 1.0, 2.0]), bars=2).tolist()
    [3.0, 1.0]
    """
    low, high = np.quantile(values, [0.01, 0.99], method="nearest")
    if low == high:
        low, high = values.min(), values.max()
    width = high / bars - low / bars
    if width < _LARGEST_STEP and (values == np.floor(values)).all():
        width = np.ceil((high - low + 1) / bars)
        bars = int(np.ceil((high - low + 1) / width))
    if not (np.isfinite(width) and low + width > low):
        return np.array([float(len(values))])
    with np.errstate(over="ignore"):  # of what lies far outside
        places = np.clip(np.floor(values / width - low / width), 0, bars - 1).astype(np.intp)
    return np.bincount(places, minlength=bars).astype(np.float64)


def _dates(column: Any) -> tuple[NDArray[np.float64], str]:
    narrow = column.type.bit_width == 32
    whole = column.cast(pa.int32() if narrow else pa.int64()).to_numpy()
    low, high = (_moment(column[int(place)]) for place in (whole.argmin(), whole.argmax()))
    return histogram(whole.astype(np.float64)), f"{low} to {high}"


def _moment(cell: Any) -> str:
    """Return a date, a time or a span of time in words; midnight and fractions of 0 go without saying."""
    if pa.types.is_duration(cell.type):
        return str(cell.cast(pa.duration("us"), safe=False).as_py())
    written: str = cell.cast(pa.string()).as_py()
    return re.sub(r"( 00:00:00)?(\.0+)?Z?$", "", written)


def _levels(column: Any) -> tuple[NDArray[np.float64], str]:
    counted = most_frequent(column.to_pylist())
    heights = np.array([count for _, count in counted[:_LEVELS]], dtype=np.float64)
    shares = [f"{level!s:.24} {100 * count / len(column):.0f} %" for level, count in counted[:2]]
    return heights, ", ".join(shares) + (", …" if len(counted) > 2 else "")


def most_frequent(labels: Iterable[Any]) -> list[tuple[Any, int]]:
    """Return each label and how often it occurs, the most frequent first, ties by the label.

    Examples
    --------
    >>> most_frequent(["b", "a", "b", "c"])
    [('b', 2), ('a', 1), ('c', 1)]
    """
    counts: dict[Any, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    return sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
