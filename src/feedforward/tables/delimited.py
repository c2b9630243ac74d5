"""The bytes of a CSV file to columns of text, at once or in pieces, and what to say when that fails.

Arrow parses. Only where it fails, or a message needs the line of a row, is the text walked again, slowly, in Python.
"""

import codecs
import csv
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO, TextIOWrapper
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from feedforward.errors import SettingError, TableError
from feedforward.tables.cells import MISSING
from feedforward.tables.opening import is_worth_threads

DELIMITERS = (",", ";", "\t", "|")
_POSSIBLE = [chr(code) for code in range(1, 128) if chr(code) not in '"\r\n']
_UTF8 = "utf-8-sig"  # with or without a mark at its start
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_START = 1000  # bytes of a file that tell if it is text
_BLOCK = 1 << 20
_PIECE = 1 << 22
_LARGEST_BLOCK = (1 << 31) - 1


@dataclass(frozen=True)
class Delimited:
    r"""The text of a CSV file, in memory or too large for it.

    Attributes
    ----------
    name : str
        For messages.
    content : callable
        Opens the bytes, anew at each call.
    codec : str
        Their encoding, as Python names it.
    delimiter : str

    Examples
    --------
    >>> text = Delimited.open("a.csv", b"x;y\n1;two\n\n2;three\n", "utf-8", None)
    >>> text.delimiter, text.to_table().to_pydict(), text.lines_of([1, 0])
    (';', {'x': ['1', '2'], 'y': ['two', 'three']}, {0: 2, 1: 4})
    """

    name: str
    content: Callable[[], BinaryIO]
    codec: str
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
        text = cls.opened(name, partial(BytesIO, data), encoding, delimiter)
        if text.codec == _UTF8:  # Arrow checks it, and faster
            return text
        try:
            data = data.decode(text.codec).encode()
        except UnicodeError:
            raise text.not_in_encoding() from None
        return replace(text, content=partial(BytesIO, data), codec=_UTF8)

    @classmethod
    def opened(cls, name: str, content: Callable[[], BinaryIO], encoding: str, delimiter: str | None) -> "Delimited":
        """Return the text that `content` opens, like `open`, but for decoding more than the first of it."""
        if delimiter is not None and (not isinstance(delimiter, str) or delimiter not in _POSSIBLE):
            raise SettingError(
                f"delimiter must be None or one ASCII character, no quote or end of line; got {delimiter!r}."
            )
        with content() as stream:
            first = stream.read(_START)
        start, header = first[:2], first.lstrip(b"\r\n").split(b"\n")[0]
        if not start:
            raise TableError(f"{name} is empty: 0 bytes. Give a table with a header line and rows.")
        codec = _codec(encoding)
        if b"\0" in header and start not in _UTF16 and not codec.startswith(("utf-16", "utf-32")):
            raise TableError(
                f"{name}, line 1: there are bytes of 0, and no text in the encoding {encoding!r} has such. Give "
                "encoding='utf-16' if it is text in that, or save it as CSV."
            )
        if codec == "utf-16" and start not in _UTF16:  # which Python then reads in the machine's own order
            codec += "-le" if sys.byteorder == "little" else "-be"
        text = cls(name, content, codec, delimiter or ",")
        try:
            if delimiter is None:
                text = replace(text, delimiter=text._found_delimiter())
        except UnicodeError:
            raise text.not_in_encoding() from None
        if codec == _UTF8 and start in _UTF16:
            raise text.not_in_encoding()
        return text

    def rows(self, errors: str = "replace") -> Iterator[tuple[int, list[str]]]:
        """Yield the cells of every row that is not blank, the header first, each with the line it starts on."""
        with TextIOWrapper(self.content(), self.codec, errors=errors, newline="") as stream:
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

    def lines_of(self, rows: Collection[int]) -> dict[int, int]:
        """Return the lines, counted from 1, on which rows of the table, counted from 0, start."""
        wanted = set(rows)
        first = islice(enumerate(self.rows(), start=-1), max(wanted) + 2)  # with the header, and no further
        return {row: line for row, (line, _) in first if row in wanted}

    def to_table(self) -> Any:
        """Return a `pyarrow.Table` whose columns are all text, with `MISSING` cells missing.

        Raises
        ------
        TableError
            If the header has a repeated name, there are no rows, or a row is ragged or not in UTF-8.
        """
        names = self._column_names()
        try:
            table = self._parse(len(names))
        except pa.ArrowInvalid as error:
            raise self._explained(error, names) from None
        if table.num_rows == 0:
            raise self._without_rows()
        self._refuse_open_quote(table.column(table.num_columns - 1)[-1].as_py())
        return table.rename_columns(names)

    def to_batches(self) -> Iterator[Any]:
        """Yield the rows of `to_table` in record batches of a few megabytes, of which few are in memory at a time."""
        batch, names = None, list[str]()
        try:
            names = self._column_names()
            line, _ = next(self.rows())
            options = arrow_csv.ReadOptions(
                column_names=_places(len(names)), skip_rows=line - 1, skip_rows_after_names=1, block_size=_PIECE
            )
            with self.content() as stream:
                source: Any = stream
                if self.codec != _UTF8:
                    source = pa.transcoding_input_stream(pa.PythonFile(stream, mode="r"), self.codec, "utf-8")
                for batch in arrow_csv.open_csv(source, options, *self._options(len(names))):
                    if batch.num_rows:
                        last = batch.column(batch.num_columns - 1)[-1].as_py()
                        yield batch.rename_columns(names)
        except pa.ArrowInvalid as error:
            raise self._explained(error, names) from None
        except UnicodeError:
            raise self.not_in_encoding() from None
        if batch is None:
            raise self._without_rows()
        self._refuse_open_quote(last)

    def refuse_unnamed(self, declared: Collection[str]) -> None:
        """Raise `TableError` if a column has no name; "column 1" is what it may be `declared` under, to be dropped."""
        line, header = next(self.rows(), (0, []))
        if [name.strip().lower() for name in header] == ["sep=", ""]:
            raise TableError(
                f"{self.name}, line {line}: 'sep={self.delimiter}' tells Excel what parts cells. Remove the line."
            )
        for place, name in enumerate(header, start=1):
            if not name.strip() and f"column {place}" not in declared:
                raise TableError(
                    f"{self.name}, line {line}: column {place} has no name. Name it, or drop it: "
                    f"kinds={{'column {place}': 'drop'}} (pandas writes such a column for its index, unless told "
                    "index=False)."
                )

    def _column_names(self) -> list[str]:
        line, header = next(self.rows(), (0, []))
        if not header:
            raise TableError(f"{self.name} holds blank lines only. Give a table with a header line and rows.")
        names = [name.strip() or f"column {place}" for place, name in enumerate(header, start=1)]
        for place, name in enumerate(names, start=1):
            if name in names[: place - 1]:
                raise TableError(
                    f"{self.name}, line {line}: two columns are named {name!r}, column {names.index(name) + 1} and "
                    f"column {place}. Rename or drop one."
                )
        return names

    def _parse(self, width: int) -> Any:
        # Blank lines before the header would count as that row.
        text = self.content().read().removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
        for block_size in (_BLOCK, _LARGEST_BLOCK):
            try:
                return arrow_csv.read_csv(
                    pa.BufferReader(text),
                    arrow_csv.ReadOptions(
                        column_names=_places(width),
                        skip_rows_after_names=1,
                        block_size=min(block_size, len(text) + 1),
                        use_threads=is_worth_threads(len(text)),
                    ),
                    *self._options(width),
                )
            except pa.ArrowInvalid as error:
                # A cell longer than a block: once more, the whole file as one block.
                if "straddl" not in str(error) or block_size == _LARGEST_BLOCK:
                    raise
        raise AssertionError("unreachable")

    def _options(self, width: int) -> tuple[Any, Any]:
        return (
            arrow_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(_places(width), pa.string()),
                null_values=list(MISSING),
                strings_can_be_null=True,
            ),
        )

    def _explained(self, error: Exception, names: list[str]) -> TableError:
        if not self._is_decodable():
            return self.not_in_encoding()
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

    def _refuse_open_quote(self, last: str | None) -> None:
        # Arrow closes an open quote at the end of the file, so that the last cell swallows all lines after it.
        if "\n" not in (last or "") or self._end().rstrip().endswith('"'):
            return
        ((line, cells),) = deque(self.rows(), maxlen=1)
        line += sum(cell.count("\n") for cell in cells[:-1])
        raise TableError(
            f"{self.name}, line {line}, column {len(cells)}: a quote is opened and never closed, so that the rest of "
            f"the file is one cell. Close or remove it."
        )

    def _end(self) -> str:
        """Return the last characters, more of them than there may be blank ones."""
        end = ""
        for piece in self._text("replace"):
            end = (end + piece if piece.isspace() else piece)[-_PIECE:]
        return end

    def _is_decodable(self) -> bool:
        try:
            return all(True for _ in self._text("strict"))
        except UnicodeError:
            return False

    def _text(self, errors: str) -> Iterator[str]:
        with TextIOWrapper(self.content(), self.codec, errors=errors, newline="") as stream:
            yield from iter(partial(stream.read, _PIECE), "")

    def _found_delimiter(self) -> str:
        widths = {}
        for delimiter in DELIMITERS:
            _, header = next(replace(self, delimiter=delimiter).rows(), (0, []))
            widths[delimiter] = len(header)
        return max(widths, key=lambda delimiter: widths[delimiter])  # the first of equals

    def not_in_encoding(self) -> TableError:
        """Return the error that the bytes cannot be decoded, with the place of the first that cannot."""
        with self.content() as stream:
            is_utf16 = stream.read(2) in _UTF16
        if is_utf16:
            place, remedy = "line 1", "Its first bytes say 'utf-16'"
        else:
            place, remedy = "line 1", "Try 'cp1252' (Windows, Excel), 'latin-1' or 'utf-16'"
            with suppress(UnicodeError):  # some codecs cannot replace what they do not know
                place = self._first_undecodable()
        encoding = "utf-8" if self.codec == _UTF8 else self.codec
        return TableError(
            f"{self.name}, {place}: the text is not in the encoding {encoding!r}. {remedy}: give encoding= (on the "
            f"command line --encoding), or save the file as UTF-8."
        )

    def _first_undecodable(self) -> str:
        header: list[str] = []
        for line, cells in self.rows():
            header = header or cells
            for place, cell in enumerate(cells):
                if "\ufffd" in cell:
                    column = repr(header[place].strip()) if place < len(header) else str(place + 1)
                    shown = cell if len(cell) <= 40 else f"{cell[:40]}..."
                    return f"line {line + sum(c.count(chr(10)) for c in cells[:place])}, column {column}, {shown!r}"
        return "line 1"


def _places(width: int) -> list[str]:
    """Return stand-ins for the names, so that a header of any text, over several lines too, is skipped as a row."""
    return [str(place) for place in range(width)]


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _codec(encoding: str) -> str:
    """Return Python's name for an encoding of text."""
    try:
        codec = codecs.lookup(encoding)
        "".encode(codec.name)  # not all of Python's codecs are for text
    except (LookupError, TypeError):
        raise SettingError(
            f"encoding must be a text encoding that Python knows, such as 'utf-8', 'cp1252' or 'utf-16'; "
            f"got {encoding!r}."
        ) from None
    return _UTF8 if codec.name == "utf-8" else codec.name
