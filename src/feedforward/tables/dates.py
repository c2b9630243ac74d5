"""A column of dates, perhaps written as text, to days and to the parts of the calendar that vary in it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedforward.tables.cells import to_dates, without_blanks
from feedforward.tables.scaling import UNSCALED, Scaler, fit_flag
from feedforward.tables.values import days, holding, refusal

# How a date may be written -----------------------------------------------------------------------------------------

ISO = "YYYY-MM-DD"
_YEAR, _MONTH, _DAY = r"(\d{4})", r"(0\d|1[0-2])", r"([0-2]\d|3[01])"
_TIME = r"([T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?$"
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
COMPACT = "YYYYMMDD"
# The pattern of a cell whose days, months and hours have two digits, and names of months are @01, @02 and so on; and
# how it reads in ISO 8601.
_PATTERNS = {
    ISO: (rf"^{_YEAR}-{_MONTH}-{_DAY}([T ]\d\d.*)?$", r"\0"),
    "YYYY/MM/DD": (rf"^{_YEAR}/{_MONTH}/{_DAY}{_TIME}", r"\1-\2-\3\4"),
    "DD.MM.YYYY": (rf"^{_DAY}\.{_MONTH}\.{_YEAR}{_TIME}", r"\3-\2-\1\4"),
    "MM/DD/YYYY": (rf"^{_MONTH}/{_DAY}/{_YEAR}{_TIME}", r"\3-\1-\2\4"),
    "DD/MM/YYYY": (rf"^{_DAY}/{_MONTH}/{_YEAR}{_TIME}", r"\3-\2-\1\4"),
    "DD Mon YYYY": (rf"^{_DAY}[ -]@{_MONTH}[ -]{_YEAR}{_TIME}", r"\3-\2-\1\4"),
    "Mon DD, YYYY": (rf"^@{_MONTH} {_DAY},? {_YEAR}{_TIME}", r"\3-\1-\2\4"),
    COMPACT: (rf"^{_YEAR}{_MONTH}{_DAY}{_TIME}", r"\1-\2-\3\4"),
}
FORMATS = tuple(_PATTERNS)


def formats_of(column: Any, declared: bool = False) -> list[str]:
    """Return the formats, of `FORMATS`, in which every cell of a column of text is a date, with or without a time.

    More than one, ``MM/DD/YYYY`` and then ``DD/MM/YYYY``, if no day is above 12 to tell them apart. None if no cell
    has a value. Digits alone, ``YYYYMMDD``, are dates only where they are `declared` to be.

    Examples
    --------
    >>> formats_of(pa.chunked_array([["3/31/2024", None, "12/01/2024 8:15"]]))
    ['MM/DD/YYYY']
    >>> formats_of(pa.chunked_array([["1/2/2024"]])), formats_of(pa.chunked_array([["1/2/2024", "2024-01-02"]]))
    (['MM/DD/YYYY', 'DD/MM/YYYY'], [])
    """
    cells = _distinct(column)[0].drop_null()
    known = [written for written in FORMATS if declared or written != COMPACT]
    return [written for written in known if len(cells) and _parsed(cells, written) is not None]


def _distinct(column: Any) -> tuple[Any, Any]:
    """Return the different cells of a column of text, and for each row the place of its own."""
    encoded = without_blanks(column.cast(pa.large_string())).combine_chunks().dictionary_encode()
    return pc.utf8_trim_whitespace(encoded.dictionary), encoded.indices


def likeliest(column: Any) -> str:
    """Return the format that most of the different cells of a column of text seem to be written in.

    Examples
    --------
    >>> likeliest(pa.chunked_array([["31.12.2024", "1.2.2024", "soon"]]))
    'DD.MM.YYYY'
    """
    cells = _distinct(column)[0]
    return max(FORMATS, key=lambda written: pc.sum(_fits(_padded(cells, written), written)).as_py() or 0)


def whole_as_text(column: Any) -> Any:
    """Return a column of whole numbers as text, others as they are: a date may be written 20240131.

    Examples
    --------
    >>> whole_as_text(pa.chunked_array([[20240131.0, None]])).to_pylist()
    ['20240131', None]
    """
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    try:
        return column.cast(pa.int64()).cast(pa.string())
    except pa.ArrowInvalid:
        return column


def _padded(cells: Any, written: str) -> Any:
    """Return text in which 3/31/2024 8:15 is 03/31/2024 08:15, and 3 Jan 2024 is 03 @01 2024, if so `written`."""
    cells = pc.replace_substring_regex(cells, r"\b(\d)([/.:])", r"0\1\2")
    if "Mon" not in written:
        return pc.replace_substring_regex(cells, r"/(\d)([T ]|$)", r"/0\1\2")
    for number, month in enumerate(MONTHS, start=1):
        cells = pc.replace_substring_regex(cells, rf"(?i)\b{month[:3]}(?:{month[3:]})?\b", f"@{number:02}")
    return pc.replace_substring_regex(cells, r"(^| )(\d)([ ,-])", r"\10\2\3")


def _fits(cells: Any, written: str) -> Any:
    return pc.match_substring_regex(cells, _PATTERNS[written][0])


def _parsed(cells: Any, written: str) -> Any:
    """Return text as dates, or None if a cell is not one, so written."""
    if written == ISO:
        return to_dates(cells)
    for part in (cells[:100], cells):  # the first cells tell, mostly
        padded = _padded(part, written)
        if not pc.all(_fits(padded, written)).as_py():
            return None
    return to_dates(pc.replace_substring_regex(padded, *_PATTERNS[written]))


def read_dates(column: Any, name: str, written: str | None) -> Any:
    """Return a column as dates, times or durations of Arrow; text as well, if it is known how it is `written`.

    Raises
    ------
    InputError
        If a value is something else, with its row.

    Examples
    --------
    >>> read_dates(pa.chunked_array([["31.1.2024"]]), "when", "DD.MM.YYYY").to_pylist()
    [datetime.date(2024, 1, 31)]
    """
    if written == COMPACT and holding(column) == "number":
        column = whole_as_text(column)
    found = holding(column)
    if found in ("date", "nothing"):
        return column
    if found != "text":
        raise refusal(column, name, f"dates, not {found}", pc.index(column.is_valid(), True).as_py())
    written = written or ISO  # a file of another kind may hold as text what was a date
    cells, places = _distinct(column)
    if len(cells) == 0:
        return pa.nulls(len(column))
    dates = _parsed(cells, written)
    if dates is None:
        bad = next((i for i in range(len(cells)) if _parsed(cells[i : i + 1], written) is None), 0)
        raise refusal(column, name, f"dates written {written}", pc.index(places, pa.scalar(bad, places.type)).as_py())
    return dates.take(places)


# What is made of it ------------------------------------------------------------------------------------------------

_PARTS = {
    "year": pc.year,
    "month": pc.month,
    "day of month": pc.day,
    "day of week": pc.day_of_week,
    "day of year": pc.day_of_year,
    "hour": pc.hour,
    "minute": pc.minute,
}
PARTS = tuple(_PARTS)


def _numbers(dates: Any, part: str | None) -> NDArray[np.float64]:
    """Return days since 1970-01-01, or a part of the calendar, in UTC; NaN where a date is missing."""
    if dates.null_count == len(dates):
        return np.full(len(dates), np.nan)
    if part is None:
        return days(dates)
    if not pa.types.is_timestamp(dates.type):
        dates = dates.cast(pa.timestamp("ms" if pa.types.is_date64(dates.type) else "s"))
    elif dates.type.tz is not None:
        dates = dates.cast(pa.timestamp(dates.type.unit))
    numbers: NDArray[np.float64] = _PARTS[part](dates).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def _has_calendar(dates: Any) -> bool:
    kind = dates.type
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


@dataclass(frozen=True)
class DateColumn:
    """A column of dates, times or durations: days, and parts of the calendar, each scaled as a number.

    Attributes
    ----------
    written : str or None
        How text is read, one of `FORMATS`; None if text is refused.
    guessed : bool
        Whether months and days were told apart by nothing but custom.
    parts : tuple of str
        Those of `PARTS` that varied in training, if they were asked for.
    values : tuple of Scaler
        Of the days, then of each part.
    gaps : Scaler or None
        Of the column that marks missing values; None where training had none.

    Examples
    --------
    >>> cells = pa.chunked_array([["1/31/2024", "2/1/2024", "3/2/2024"]])
    >>> column = DateColumn.fit(cells, "when", ["MM/DD/YYYY"], True, "none")
    >>> column.labels("when")
    ['when', 'when (month)', 'when (day of month)', 'when (day of week)', 'when (day of year)']
    >>> out = np.empty((3, 5))
    >>> column.write(cells, "when", out, out)
    >>> out
    array([[1.9753e+04, 1.0000e+00, 3.1000e+01, 2.0000e+00, 3.1000e+01],
           [1.9754e+04, 2.0000e+00, 1.0000e+00, 3.0000e+00, 3.2000e+01],
           [1.9784e+04, 3.0000e+00, 2.0000e+00, 5.0000e+00, 6.2000e+01]])
    """

    written: str | None
    guessed: bool
    parts: tuple[str, ...]
    values: tuple[Scaler, ...]
    gaps: Scaler | None

    kind = "date"
    block = "number"

    @classmethod
    def fit(cls, column: Any, name: str, written: list[str], in_parts: bool, scaling: str) -> "DateColumn | None":
        """Return the column fitted to training values; None if there are none.

        Parameters
        ----------
        column : pyarrow.ChunkedArray
        name : str
            For messages.
        written : list of str
            How text may be read, if it is to be read at all: the first counts.
        in_parts : bool
            Whether parts of the calendar are wanted.
        scaling : str
            As `Scaler.fit` has it.
        """
        dates = read_dates(column, name, written[0] if written else None)
        elapsed = _numbers(dates, None)
        missing = np.isnan(elapsed)
        if missing.all():
            return None
        found: list[str] = []
        values = [Scaler.fit(elapsed[~missing], scaling)]
        for part in PARTS if in_parts and _has_calendar(dates) else ():
            numbers = _numbers(dates, part)[~missing]
            if numbers.min() < numbers.max():
                found.append(part)
                values.append(Scaler.fit(numbers, scaling))
        gaps = fit_flag(missing.astype(np.float64), scaling) if missing.any() else None
        return cls(written[0] if written else None, len(written) > 1, tuple(found), tuple(values), gaps)

    @property
    def form(self) -> str:
        """The word that tells how to read the column from a file."""
        return "dates" if self.parts or self.written not in (None, ISO) else "date"

    @property
    def read_as(self) -> str:
        """What `read_batches` should read a file's column as."""
        return "date" if self.written in (None, ISO) else "text"

    @property
    def flags(self) -> int:
        """How many flags stand beside the numbers: the mark of missing dates, if there is one."""
        return int(self.marked)

    @property
    def marked(self) -> bool:
        """Whether a column of its own, a flag, marks missing values."""
        return self.gaps is not None

    @property
    def scalers(self) -> tuple[Scaler, ...]:
        """All scalers that were fitted."""
        return self.values if self.gaps is None or self.gaps == UNSCALED else (*self.values, self.gaps)

    def labels(self, name: str) -> list[str]:
        """Return the names of the columns this one becomes."""
        return [name, *(f"{name} ({part})" for part in self.parts), *[f"{name} (missing)"] * self.marked]

    def write(self, column: Any, name: str, out: NDArray[np.float64], marks: NDArray[np.float64]) -> None:
        """Write days and parts into `out`, of shape (n, 1 + parts), and what marks the gaps into `marks`."""
        dates = read_dates(column, name, self.written)
        if self.parts and dates.null_count < len(dates) and not _has_calendar(dates):
            raise refusal(column, name, f"dates, not {dates.type}", pc.index(column.is_valid(), True).as_py())
        for place, (part, scaler) in enumerate(zip((None, *self.parts), self.values, strict=True)):
            out[:, place] = scaler(_numbers(dates, part))
        if self.gaps is not None:
            marks[:, 0] = self.gaps(np.isnan(_numbers(dates, None)).astype(np.float64))

    def details(self) -> str:
        """Return in words what was fitted."""
        scaler = self.values[0]
        words = [f"center {scaler.center:.6g}, scale {scaler.scale:.6g}"]
        if scaler.scale == 0:
            words = ["constant in training: always 0"]
        if self.parts:
            words.append(f"beside it {', '.join(self.parts)}")
        if self.written not in (None, ISO):
            words.append(f"text is read as {self.written}")
        if self.guessed:
            words.append("DD/MM/YYYY would fit as well, and only YYYY-MM-DD is beyond doubt")
        if self.marked:
            words.append("missing dates become the median and are marked")
        return "; ".join(words)
