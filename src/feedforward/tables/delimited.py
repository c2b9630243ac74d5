"""Bytes of a CSV file to columns of text, and what to say when that fails.

Arrow parses. Only where it fails, or a message needs the line of a row, is the text walked again, slowly, in Python.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from itertools import islice
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from feedforward.errors import SettingError, TableError
from feedforward.tables.cells import MISSING

DELIMITERS = (",", ";", "\t", "|")
_POSSIBLE = [chr(code) for code in range(1, 128) if chr(code) not in '"\r\n']
_BLOCK = 1 << 20
_LARGEST_BLOCK = (1 << 31) - 1


@dataclass(frozen=True)
class Delimited:
    r"""The text of a CSV file: its name for messages, its bytes in UTF-8, its delimiter.

    Examples
    --------
    >>> text = Delimited.open("a.csv", b"x;y\n1;two\n\n2;three\n", "utf-8", None)
    >>> text.delimiter, text.to_table().to_pydict(), text.line_of(1)
    (';', {'x': ['1', '2'], 'y': ['two', 'three']}, 4)
    """

    name: str
    data: bytes
    delimiter: str

    @classmethod
    def open(cls, name: str, data: bytes, encoding: str, delimiter: str | None) -> "Delimited":
        """Return the text in `data`; without a `delimiter`, the one that cuts the header line into most cells.

        Raises
        ------
        SettingError
            If `encoding` or `delimiter` cannot be one.
        TableError
            If `data` is empty or cannot be decoded.
        """
        if delimiter is not None and (not isinstance(delimiter, str) or delimiter not in _POSSIBLE):
            raise SettingError(
                f"delimiter must be None or one ASCII character, no quote or end of line; got {delimiter!r}."
            )
        if not data:
            raise TableError(f"{name} is empty: 0 bytes. Give a table with a header line and rows.")
        data = _to_utf8(name, data, encoding)
        return cls(name, data, delimiter if delimiter is not None else _found_delimiter(name, data))

    def rows(self, errors: str = "replace") -> Iterator[tuple[int, list[str]]]:
        """Yield the cells of every row that is not blank, the header first, each with the line it starts on."""
        stream = TextIOWrapper(BytesIO(self.data), "utf-8-sig", errors=errors, newline="")
        reader = csv.reader(stream, delimiter=self.delimiter)
        line = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                raise TableError(
                    f"{self.name}, line {line}: a cell of more than {csv.field_size_limit()} characters. A quote "
                    f"opened here is probably never closed: close it."
                ) from None
            if cells:
                yield line, cells
            line = reader.line_num + 1

    def line_of(self, row: int) -> int:
        """Return the line, counted from 1, on which a row of the table, counted from 0, starts."""
        return next(line for i, (line, _) in enumerate(self.rows(), start=-1) if i == row)

    def to_table(self) -> Any:
        """Return a `pyarrow.Table` whose columns are all text, with `MISSING` cells missing.

        Raises
        ------
        TableError
            If the header has an empty or repeated name, there are no rows, or a row is ragged or not in UTF-8.
        """
        names = self._column_names()
        try:
            table = self._parse(len(names))
        except pa.ArrowInvalid as error:
            raise self._explained(error, names) from None
        if table.num_rows == 0:
            raise self._without_rows()
        self._refuse_open_quote(table)
        return table.rename_columns(names)

    def _column_names(self) -> list[str]:
        line, header = next(self.rows(), (0, []))
        if not header:
            raise TableError(f"{self.name} holds blank lines only. Give a table with a header line and rows.")
        names = [name.strip() for name in header]
        for place, name in enumerate(names, start=1):
            if not name:
                raise TableError(
                    f"{self.name}, line {line}: column {place} has no name. Name it, or drop it (pandas writes such a "
                    f"column for its index: use to_csv(index=False))."
                )
            if name in names[: place - 1]:
                raise TableError(
                    f"{self.name}, line {line}: two columns are named {name!r}, column {names.index(name) + 1} and "
                    f"column {place}. Rename or drop one."
                )
        return names

    def _parse(self, width: int) -> Any:
        # Numbers stand in for names here, so that a header of any text, over several lines too, is skipped as a row.
        names = [str(place) for place in range(width)]
        # Blank lines before the header would count as that row.
        text = self.data.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
        for block_size in (_BLOCK, _LARGEST_BLOCK):
            try:
                return arrow_csv.read_csv(
                    pa.BufferReader(text),
                    arrow_csv.ReadOptions(
                        column_names=names,
                        skip_rows_after_names=1,
                        block_size=min(block_size, len(text) + 1),
                    ),
                    arrow_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                    arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()),
                        null_values=list(MISSING),
                        strings_can_be_null=True,
                    ),
                )
            except pa.ArrowInvalid as error:
                # A cell longer than a block: once more, the whole file as one block.
                if "straddl" not in str(error) or block_size == _LARGEST_BLOCK:
                    raise
        raise AssertionError("unreachable")

    def _explained(self, error: Exception, names: list[str]) -> TableError:
        try:
            self.data.decode()
        except UnicodeDecodeError:
            return _not_in_encoding(self, "utf-8")
        if len(list(islice(self.rows(), 2))) == 1:
            return self._without_rows()
        for line, cells in self.rows():
            if len(cells) != len(names):
                quote = "" if "\n" not in "".join(cells) else " A quote may be opened here and never closed."
                return TableError(
                    f"{self.name}, line {line}: expected {_cells(len(names))}, as in the header, got "
                    f"{len(cells)}; column {names[min(len(cells), len(names)) - 1]!r} is the last that fits.{quote} "
                    f"Add or remove cells, or quote a cell that holds {self.delimiter!r}; if the columns are not "
                    f"separated by {self.delimiter!r}, give delimiter=."
                )
        return TableError(f"{self.name} cannot be read as CSV: {str(error).splitlines()[0]}. Check how it was written.")

    def _without_rows(self) -> TableError:
        return TableError(f"{self.name} has a header line but no rows below it. Add rows.")

    def _refuse_open_quote(self, table: Any) -> None:
        # Arrow closes an open quote at the end of the file, so that the last cell swallows all lines after it.
        last = table.column(table.num_columns - 1)[-1].as_py() or ""
        if "\n" not in last or self.data.rstrip().endswith(b'"'):
            return
        ((line, cells),) = deque(self.rows(), maxlen=1)
        line += sum(cell.count("\n") for cell in cells[:-1])
        raise TableError(
            f"{self.name}, line {line}, column {table.num_columns}: a quote is opened and never closed, so that "
            f"the rest of the file is one cell. Close or remove it."
        )


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _found_delimiter(name: str, data: bytes) -> str:
    widths = {}
    for delimiter in DELIMITERS:
        _, header = next(Delimited(name, data, delimiter).rows(), (0, []))
        widths[delimiter] = len(header)
    return max(widths, key=lambda delimiter: widths[delimiter])  # the first of equals


def _to_utf8(name: str, data: bytes, encoding: str) -> bytes:
    try:
        codec = codecs.lookup(encoding).name
        if codec in ("utf-8", "utf-8-sig"):  # Arrow checks these itself, and faster
            if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise _not_in_encoding(Delimited(name, data, ","), encoding)
            return data
        return data.decode(codec).encode()
    except UnicodeError:
        readable = data.decode(encoding, "replace").encode()
        raise _not_in_encoding(Delimited(name, readable, _found_delimiter(name, readable)), encoding) from None
    except (LookupError, TypeError):
        raise SettingError(
            f"encoding must be a text encoding that Python knows, such as 'utf-8', 'cp1252' or 'utf-16'; "
            f"got {encoding!r}."
        ) from None


def _not_in_encoding(text: Delimited, encoding: str) -> TableError:
    if text.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        place, remedy = "line 1", "Its first bytes say 'utf-16'"
    else:
        place, remedy = _first_undecodable(text), "Try 'cp1252' (Windows, Excel), 'latin-1' or 'utf-16'"
    return TableError(
        f"{text.name}, {place}: the text is not in the encoding {encoding!r}. {remedy}: give encoding= (on the command "
        f"line --encoding), or save the file as UTF-8."
    )


def _first_undecodable(text: Delimited) -> str:
    header: list[str] = []
    for line, cells in text.rows():
        header = header or cells
        for place, cell in enumerate(cells):
            if "\ufffd" in cell:
                column = repr(header[place].strip()) if place < len(header) else str(place + 1)
                shown = cell if len(cell) <= 40 else f"{cell[:40]}..."
                return f"line {line + sum(c.count(chr(10)) for c in cells[:place])}, column {column}, {shown!r}"
    return "line 1"
