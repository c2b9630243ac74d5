"""Where in the matrix each column of a table stands, and which parts of the matrix a network may treat alike."""

from collections.abc import Mapping
from dataclasses import dataclass

from feedforward.tables.categories import CodeColumn
from feedforward.tables.columns import FittedColumn

_ORDER = ("number", "flag", "code")


@dataclass(frozen=True)
class Block:
    """Columns `first` to `stop` (not included) of a matrix, all of one kind.

    Attributes
    ----------
    kind : {"number", "flag", "code"}
        Quantities; columns that say yes or no; one column of codes 0, 1, ..., levels - 1.
    first, stop : int
    levels : int
        Of codes, the 0 for missing and new values among them; 0 for other kinds.

    Examples
    --------
    >>> Block("code", 12, 13, levels=40)
    Block(kind='code', first=12, stop=13, levels=40)
    """

    kind: str
    first: int
    stop: int
    levels: int = 0


@dataclass(frozen=True)
class Layout:
    """The places of all columns.

    Attributes
    ----------
    values, marks : list of slice
        For each column of the table the columns of the matrix with its values, and with the flags beside them: what
        marks its gaps, then spikes.
    blocks : list of Block
        In order, leaving no column out.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from feedforward.tables.columns import NumberColumn
    >>> column = NumberColumn.fit(pa.chunked_array([[1.0, 3.0, None]]), "a", "number", False, "smooth_clip")
    >>> Layout.of({"a": column, "b": column}, grouped=True).blocks
    [Block(kind='number', first=0, stop=2, levels=0), Block(kind='flag', first=2, stop=4, levels=0)]
    """

    values: list[slice]
    marks: list[slice]
    blocks: list[Block]

    @classmethod
    def of(cls, columns: Mapping[str, FittedColumn], grouped: bool) -> "Layout":
        """Return the layout of columns: side by side, or `grouped`, all numbers first, then flags, then codes."""
        runs = []  # kind, number of columns in the matrix, levels
        for name, column in columns.items():
            width = len(column.labels(name)) - column.flags
            runs.append((column.block, width, len(column.levels) + 1 if isinstance(column, CodeColumn) else 0))
            runs.append(("flag", column.flags, 0))
        order = list(range(len(runs)))
        if grouped:
            order.sort(key=lambda place: _ORDER.index(runs[place][0]))
        slices, blocks, first = [slice(0)] * len(runs), list[Block](), 0
        for place in order:
            kind, width, levels = runs[place]
            slices[place] = slice(first, first + width)
            if blocks and blocks[-1].kind == kind != "code":
                blocks[-1] = Block(kind, blocks[-1].first, first + width)
            elif width:
                blocks.append(Block(kind, first, first + width, levels))
            first += width
        return cls(slices[::2], slices[1::2], blocks)

    @property
    def width(self) -> int:
        """Number of columns of the matrix."""
        return self.blocks[-1].stop if self.blocks else 0
