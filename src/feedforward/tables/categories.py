"""A column of categories to 0/1 columns, to flags scaled as numbers are, or to one column of codes."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedforward.errors import InputError
from feedforward.tables.cells import to_numbers
from feedforward.tables.scaling import Scaler
from feedforward.tables.values import holding, read_categories

# A text column is an identifier or free text if it has more distinct values than this, and nearly one a row. The honest
# categories of a small table are fewer, those of a large one repeat.
_MANY = 100
_NEARLY_ALL = 0.9

Level = str | int | float | bool


@dataclass(frozen=True)
class LevelColumn:
    """What all category columns have: the values that training had, the most frequent first.

    Attributes
    ----------
    holds : str
        What its values are: text, number, boolean or date. They compare as such: the text 3 is not the number 3.
    levels : tuple

    Examples
    --------
    >>> column = LevelColumn("text", ("b", "a"))
    >>> column.places(pa.chunked_array([["a", "b", "new", None]]), "x")
    array([ 1,  0, -1, -1], dtype=int32)
    """

    holds: str
    levels: tuple[Level, ...]

    kind = "category"
    marked = False
    flags = 0

    @property
    def read_as(self) -> str | None:
        """What `read_batches` should read a file's column as; None for dates, whose type the file decides."""
        return {"text": "text", "number": "whole", "boolean": "boolean"}.get(self.holds)

    def places(self, column: Any, name: str) -> NDArray[np.int32]:
        """Return for each row the place of its level; -1 where it is missing, or none that training had."""
        return self.codes(column, name)[0]

    def codes(self, column: Any, name: str) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return the place of each value among the levels, -1 where it is none of them, and where it is missing."""
        values = self._values(column, name)
        return self._places_of(values), values.is_null().to_numpy()

    def _values(self, column: Any, name: str) -> Any:
        values = read_categories(column, name, self.holds)
        if values.type == pa.int64() and any(isinstance(level, float) for level in self.levels):
            return values.cast(pa.float64(), safe=False)
        return values

    def _places_of(self, values: Any) -> NDArray[np.int32]:
        places: NDArray[np.int32] = pc.fill_null(pc.index_in(values, value_set=self._as(values.type)), -1).to_numpy()
        return places.copy()  # Arrow's own is read-only

    def _as(self, kind: Any) -> Any:
        """Return the levels as an Arrow array of type `kind`."""
        return pa.array(np.array(self.levels, dtype=np.float64) if kind == pa.float64() else self.levels, kind)

    def _words(self) -> str:
        shown = ", ".join(map(str, self.levels[:5])) + (", ..." if len(self.levels) > 5 else "")
        return f"{len(self.levels)} level{'' if len(self.levels) == 1 else 's'}: {shown}"


@dataclass(frozen=True)
class CategoryColumn(LevelColumn):
    """A category column: one 0/1 column a level.

    Attributes
    ----------
    other : bool
        Whether training had rarer levels than these: they share one column, with values never seen.
    gaps : bool
        Whether training had missing values: they are a level of their own.

    Examples
    --------
    >>> CategoryColumn("text", ("b", "a"), other=True, gaps=False).labels("x")
    ['x=b', 'x=a', 'x (other)']
    """

    other: bool
    gaps: bool

    form = "category"
    block = "flag"
    scalers: ClassVar[tuple[Scaler, ...]] = ()

    def labels(self, name: str) -> list[str]:
        """Return the names of the columns this one becomes."""
        shared = [f"{name} (other)"] * self.other + [f"{name} (missing)"] * self.gaps
        return [f"{name}={level}" for level in self.levels] + shared

    def write(self, column: Any, name: str, out: NDArray[np.float64], marks: NDArray[np.float64]) -> None:
        """Write the encoded column into `out`, of shape (n, number of labels)."""
        values = self._values(column, name)
        places = self._places_of(values)
        if self.other:
            places[places < 0] = len(self.levels)
        if values.null_count:
            places[values.is_null().to_numpy()] = out.shape[1] - 1 if self.gaps else -1
        out[:] = 0.0
        rows = np.flatnonzero(places >= 0)
        out[rows, places[rows]] = 1.0

    def details(self) -> str:
        """Return in words what was fitted."""
        return self._words() + "; rarer ones together" * self.other + "; missing is a level" * self.gaps


@dataclass(frozen=True)
class FlagColumn(LevelColumn):
    """A category column: one flag a level, scaled as a number; of two levels one flag, -1 for the first and 1.

    A value that is missing, new or of a rarer level is 0 in each of them, before they are scaled.

    Attributes
    ----------
    scalers : tuple
        One for each flag.

    Examples
    --------
    >>> cells = pa.chunked_array([["b", "b", "a", "c", "b"]])
    >>> column, out = FlagColumn.fit(cells, "x", "text", ("b", "a", "c")), np.ones((2, 3))
    >>> column.write(pa.chunked_array([["b", "a"]]), "x", out, out)
    >>> out.round(4)
    array([[ 0.    ,  0.    ,  0.    ],
           [-0.9487,  1.6641,  0.    ]])
    """

    scalers: tuple[Scaler, ...]

    form = "flags"
    block = "flag"

    @classmethod
    def fit(cls, column: Any, name: str, holds: str, levels: tuple[Level, ...]) -> "FlagColumn":
        """Return the column for training values, of which `levels` are to be told apart."""
        places = LevelColumn(holds, levels).places(column, name)
        counts = np.bincount(places + 1, minlength=len(levels) + 1)
        if len(levels) == 2:
            return cls(holds, levels, (_scaler([0.0, -1.0, 1.0], counts),))
        n = len(places)
        scalers = {count: _scaler([0.0, 1.0], [n - count, count]) for count in set(counts[1:])}
        return cls(holds, levels, tuple(scalers[count] for count in counts[1:]))

    def labels(self, name: str) -> list[str]:
        """Return the names of the columns this one becomes."""
        return [f"{name}={level}" for level in (self.levels[1:] if len(self.levels) == 2 else self.levels)]

    def write(self, column: Any, name: str, out: NDArray[np.float64], marks: NDArray[np.float64]) -> None:
        """Write the encoded column into `out`, of shape (n, number of labels)."""
        places = self.places(column, name)
        if len(self.levels) == 2:
            out[:, 0] = self.scalers[0](np.array([0.0, -1.0, 1.0]))[places + 1]
            return
        no, yes = np.array([scaler(np.array([0.0, 1.0])) for scaler in self.scalers]).T
        out[:] = no
        rows = np.flatnonzero(places >= 0)
        out[rows, places[rows]] = yes[places[rows]]

    def details(self) -> str:
        """Return in words what was fitted."""
        return f"{self._words()}; others and missing ones are none of these"


@dataclass(frozen=True)
class CodeColumn(LevelColumn):
    """A category column: one column of codes, 1 for the most frequent level; 0 for missing, new and rarer values.

    Examples
    --------
    >>> column, out = CodeColumn("text", ("b", "a")), np.ones((3, 1))
    >>> column.write(pa.chunked_array([["a", "b", "new"]]), "x", out, out)
    >>> out.T
    array([[2., 1., 0.]])
    """

    form = "codes"
    block = "code"
    scalers: ClassVar[tuple[Scaler, ...]] = ()

    def labels(self, name: str) -> list[str]:
        """Return the name of the column of codes."""
        return [f"{name} (code)"]

    def write(self, column: Any, name: str, out: NDArray[np.float64], marks: NDArray[np.float64]) -> None:
        """Write the codes into `out`, of shape (n, 1)."""
        out[:, 0] = self.places(column, name) + 1

    def details(self) -> str:
        """Return in words what was fitted."""
        return f"{self._words()}; as codes; others and missing ones are code 0"


def fit_category(
    column: Any, name: str, declared: bool, scaling: str, max_categories: int, embed_above: int | None
) -> CategoryColumn | FlagColumn | CodeColumn:
    """Return a category column fitted to training values, in the form that the settings ask for.

    Raises
    ------
    InputError
        If it is text that was not declared, and looks like an identifier.

    Examples
    --------
    >>> cells = pa.chunked_array([["b", "a", "b", "c"]])
    >>> fit_category(cells, "x", False, "standard", 2, None).labels("x")
    ['x=b', 'x=a', 'x (other)']
    >>> fit_category(cells, "x", False, "smooth_clip", 50, 2)
    CodeColumn(holds='text', levels=('b', 'a', 'c'))
    """
    values, holds = read_categories(column, name), holding(column)
    counted = pc.value_counts(values.drop_null())
    levels, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    if holds == "text" and not declared and len(levels) > max(_MANY, _NEARLY_ALL * sum(counts)):
        raise _identifier(counted.field("values"), name, sum(counts))
    # Ties by value, so that the order of the rows does not matter.
    order = sorted(range(len(levels)), key=lambda i: (-counts[i], levels[i]))
    frequent = tuple(levels[i] for i in order[:max_categories])
    if embed_above is not None and len(frequent) > embed_above:
        return CodeColumn(holds, frequent)
    if scaling == "smooth_clip":
        return FlagColumn.fit(column, name, holds, frequent)
    return CategoryColumn(holds, frequent, len(levels) > max_categories, values.null_count > 0)


def _scaler(values: list[float], counts: Any) -> Scaler:
    return Scaler.fit(np.repeat(values, counts), "smooth_clip")


def _identifier(levels: Any, name: str, rows: int) -> InputError:
    looks, remedy = "an identifier or free text", ""
    declare = "'category'"
    cells = pa.chunked_array([pc.utf8_trim_whitespace(levels)])
    if to_numbers(cells) is not None:
        looks += ", or numbers written as text"
        declare = "'category' or 'number'"
    elif to_numbers(cells, ",") is not None:
        looks += ", or numbers with a decimal comma"
        remedy = "Write numbers like 1234.5. "
    return InputError(
        f"Column {name!r} looks like {looks}: {len(levels)} different values in {rows} rows, such as "
        f"{levels[0].as_py()!r}. {remedy}Drop it, with kinds={{{name!r}: 'drop'}}, or declare it, with "
        f"kinds={{{name!r}: {declare}}}."
    )
