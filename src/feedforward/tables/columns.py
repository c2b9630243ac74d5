"""One column of a table to columns of numbers: how each kind is fitted, applied and named.

Number and boolean columns become one number a row and share `NumberColumn`; categories and dates have their own files.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from feedforward.tables.categories import CategoryColumn, CodeColumn, FlagColumn
from feedforward.tables.dates import DateColumn
from feedforward.tables.scaling import ALWAYS_0, UNSCALED, Scaler, fit_flag
from feedforward.tables.spikes import Spike, find_spikes
from feedforward.tables.values import read_floats


@dataclass(frozen=True)
class NumberColumn:
    """A number or boolean column, or one without any value: scaled, with gaps filled.

    Attributes
    ----------
    kind : str
        number, boolean, or empty, which is always 0.
    declared : bool
        Whether the user named the kind, so that text is parsed.
    value : Scaler
        Of the values; it knows what fills a gap.
    gaps : Scaler or None
        Of the column that marks missing values; None where training had none.
    spikes : tuple of Spike
        Flags for single values.

    Examples
    --------
    >>> import pyarrow as pa
    >>> column = NumberColumn.fit(pa.chunked_array([[1.0, 3.0, None]]), "a", "number", False, "standard")
    >>> column.labels("a"), column.value
    (['a', 'a (missing)'], Scaler(fill=2.0, center=2.0, scale=1.0, clipped=False))
    """

    kind: str
    declared: bool
    value: Scaler
    gaps: Scaler | None
    spikes: tuple[Spike, ...] = ()

    @classmethod
    def fit(
        cls, column: Any, name: str, kind: str, declared: bool, scaling: str, spikes: bool = False
    ) -> "NumberColumn":
        """Return the column fitted to training values, with `spikes` if these are to be looked for."""
        values = read_floats(column, name, kind, declared)
        missing = np.isnan(values)
        if missing.all():
            return cls.empty(declared)
        present = values[~missing]
        gaps = fit_flag(missing.astype(np.float64), scaling) if missing.any() else None
        if kind != "boolean":
            found = find_spikes(present, scaling) if spikes else ()
            return cls(kind, declared, Scaler.fit(present, scaling), gaps, found)
        common = float(present.mean() >= 0.5)
        return cls(kind, declared, replace(fit_flag(present, scaling), fill=common), gaps)

    @classmethod
    def empty(cls, declared: bool) -> "NumberColumn":
        """Return the column without any value in training."""
        return cls("empty", declared, ALWAYS_0, None)

    @property
    def form(self) -> str:
        """The word that tells how to read the column from a file."""
        return self.kind

    @property
    def read_as(self) -> str:
        """What `read_batches` should read a file's column as."""
        return "text" if self.kind == "empty" else self.kind

    @property
    def block(self) -> str:
        """What a network takes the column for: a number, or a flag, such as a boolean."""
        return "flag" if self.kind in ("boolean", "empty") else "number"

    @property
    def marked(self) -> bool:
        """Whether a column of its own, a flag, marks missing values."""
        return self.gaps is not None

    @property
    def flags(self) -> int:
        """How many flags stand beside the number: the mark of missing values, and spikes."""
        return self.marked + len(self.spikes)

    @property
    def scalers(self) -> tuple[Scaler, ...]:
        """All scalers that were fitted."""
        gaps = () if self.gaps is None or self.gaps == UNSCALED else (self.gaps,)
        return (self.value, *gaps, *(spike.flag for spike in self.spikes if spike.flag != UNSCALED))

    def labels(self, name: str) -> list[str]:
        """Return the names of the columns this one becomes."""
        gaps = [f"{name} (missing)"] if self.marked else []
        return [name, *gaps, *(f"{name}={spike.value:.9g}" for spike in self.spikes)]

    def write(self, column: Any, name: str, out: NDArray[np.float64], marks: NDArray[np.float64]) -> None:
        """Write the values into `out`, of shape (n, 1), and what marks gaps and spikes into `marks`, (n, flags)."""
        if self.kind == "empty":
            out[:] = 0.0
            return
        values = read_floats(column, name, self.kind, self.declared)
        out[:, 0] = self.value(values)
        if self.gaps is not None:
            marks[:, 0] = self.gaps(np.isnan(values).astype(np.float64))
        for place, spike in enumerate(self.spikes, start=int(self.marked)):
            marks[:, place] = spike(values)

    def details(self) -> str:
        """Return in words what was fitted."""
        if self.kind == "empty":
            return "no value in training: always 0"
        scaler = self.value
        if self.kind == "boolean":
            words = "0 or 1"
        elif scaler.scale == 0:
            words = "constant in training: always 0"
        else:
            words = f"center {scaler.center:.6g}, scale {scaler.scale:.6g}"
        if self.spikes:
            words += f", flags for its {len(self.spikes)} most frequent values"
        return f"{words}; missing values become {scaler.fill:.6g} and are marked" if self.marked else words


@dataclass(frozen=True)
class DroppedColumn:
    """A column left out.

    Examples
    --------
    >>> DroppedColumn().labels("id")
    []
    """

    kind = "drop"
    form = "drop"
    block = "number"
    read_as = "text"
    marked = False
    flags = 0
    scalers: ClassVar[tuple[Scaler, ...]] = ()

    def labels(self, name: str) -> list[str]:
        """Return no names."""
        return []

    def write(self, column: Any, name: str, out: NDArray[np.float64], marks: NDArray[np.float64]) -> None:
        """Write nothing."""

    def details(self) -> str:
        """Return in words what was fitted."""
        return "left out"


FittedColumn = NumberColumn | DateColumn | CategoryColumn | FlagColumn | CodeColumn | DroppedColumn
