"""What a written-out model needs to read rows and to answer: its source goes, function by function, into the file.

Each function uses NumPy, the standard library and other functions of this file alone.
"""

import math
import operator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Rows ---------------------------------------------------------------------------------------------------------------


def number_of_rows(rows: Any) -> int:
    """Return how many rows there are: a list of dicts, or a dict of columns."""
    return len(rows) if isinstance(rows, list | tuple) else len(rows[next(iter(rows))])


def cells(rows: Any, name: str, n: int) -> list[Any]:
    """Return the cells of one column, None where a value is missing."""
    try:
        found = [row[name] for row in rows] if isinstance(rows, list | tuple) else list(rows[name])
    except KeyError:
        raise ValueError(f"There is no column {name!r}. Give it, with None where a value is missing.") from None
    if len(found) != n:
        raise ValueError(f"Column {name!r} has {len(found)} cells and another has {n}. Give as many of each.")
    return [None if is_missing(cell) else cell for cell in found]


def is_missing(cell: Any) -> bool:
    """Return whether a cell is None, NaN, or another value that does not equal itself."""
    try:
        return cell is None or not bool(operator.eq(cell, cell))
    except TypeError:  # pandas.NA will not say
        return True


def wrong(name: str, wanted: str, cell: Any, row: int) -> ValueError:
    """Return the error that a cell is not what its column holds."""
    return ValueError(f"Column {name!r} must hold {wanted}; got {cell!r} in row {row} (counted from 0).")


def read_matrix(rows: Any, m: int) -> Array:
    """Return rows without names as numbers."""
    matrix = np.array(rows, dtype=float)
    if matrix.ndim != 2 or matrix.shape[1] != m:
        raise ValueError(f"Rows must have the shape (n, {m}); got {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise ValueError("Rows must hold finite numbers: this model was trained on columns without gaps.")
    return matrix


def read_complete(rows: Any, names: list[str]) -> Array:
    """Return the columns of these names as numbers, none of them missing."""
    matrix = np.empty((number_of_rows(rows), len(names)))
    for place, name in enumerate(names):
        read_numbers(rows, name, matrix, at=place)
        gaps = np.flatnonzero(np.isnan(matrix[:, place]))
        if len(gaps):
            raise wrong(name, "numbers, for this model was trained on columns without gaps", None, int(gaps[0]))
    return matrix


# Columns of a table to columns of numbers ---------------------------------------------------------------------------


def read_numbers(
    rows: Any,
    name: str,
    raw: Array,
    at: int,
    mark: int | None = None,
    boolean: bool = False,
    spikes: list[float] | None = None,
    flags: int = 0,
) -> None:
    """Write a column of numbers, or of true and false as 1 and 0, into raw[:, at], NaN where one is missing.

    Where it is, in float32, one of `spikes`, 1 goes into the column of that, which is `flags` and its place among them.
    """
    for row, cell in enumerate(cells(rows, name, len(raw))):
        raw[row, at] = number_of(cell, name, row)
        if boolean and raw[row, at] not in (0, 1) and not math.isnan(raw[row, at]):
            raise wrong(name, "booleans, or 0 and 1", cell, row)
    if mark is not None:
        raw[:, mark] = np.isnan(raw[:, at])
    with np.errstate(over="ignore"):
        rounded = raw[:, at].astype("float32")
    for place, value in enumerate(spikes or [], start=flags):
        raw[:, place] = rounded == np.float32(value)


def number_of(cell: Any, name: str, row: int) -> float:
    """Return a cell as a number, of text too; NaN if it is missing, or text without a value."""
    if isinstance(cell, str):
        text = cell.strip()
        if text in ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"):
            return math.nan
        if text.lower() in ("true", "false"):
            return float(text.lower() == "true")
        if "_" in text:  # Python would read 1_000
            raise wrong(name, "numbers", cell, row)
    try:
        value = math.nan if cell is None else float(cell)
    except (TypeError, ValueError):
        raise wrong(name, "numbers", cell, row) from None
    if math.isinf(value):
        raise wrong(name, "finite numbers", cell, row)
    return value


def read_levels(
    rows: Any,
    name: str,
    raw: Array,
    at: int,
    form: str,
    holds: str,
    levels: list[Any],
    other: int | None = None,
    missing: int | None = None,
) -> None:
    """Write a column of categories into raw, by its form.

    "flags": 1 into the column of the level, which is `at` and its place; "pair": -1 for the first level and 1 for the
    second into raw[:, at]; "code": the place, counted from 1, into raw[:, at]. All others are 0; values that are no
    level and missing ones have a column of their own where `other` and `missing` say so.
    """
    place_of = {level: place for place, level in enumerate(levels)}
    for row, cell in enumerate(cells(rows, name, len(raw))):
        place = place_of.get(level_of(cell, holds, name, row), -1)
        if place >= 0 and form == "flags":
            raw[row, at + place] = 1
        elif place >= 0:
            raw[row, at] = place + 1 if form == "code" else 2 * place - 1
        elif cell is None and missing is not None:
            raw[row, missing] = 1
        elif cell is not None and other is not None:
            raw[row, other] = 1


def level_of(cell: Any, holds: str, name: str, row: int) -> Any:
    """Return a cell as levels are written: text, a number, a boolean, or a date as text."""
    if cell is None:
        return None
    if holds in ("number", "boolean"):
        return number_of(cell, name, row) if isinstance(cell, str) else cell
    if holds == "date" and isinstance(cell, datetime):
        zone = cell.strftime("%z").replace("+0000", "Z")
        return cell.replace(tzinfo=None).isoformat(" ", "microseconds") + zone
    if holds == "date" and isinstance(cell, date | time):
        return cell.isoformat()
    if not isinstance(cell, str):
        raise wrong(name, "text" if holds == "text" else "dates", cell, row)
    return cell


def read_dates(
    rows: Any, name: str, raw: Array, at: int, parts: list[str], written: str, mark: int | None = None
) -> None:
    """Write a column of dates as days since 1970-01-01 into raw[:, at], and parts of the calendar behind it."""
    found = cells(rows, name, len(raw))
    known = np.array([cell is not None for cell in found], dtype=bool)
    ticks = [microseconds(cell, written, name, row) for row, cell in enumerate(found) if cell is not None]
    moments = np.array(ticks, dtype="int64")
    raw[:, at : at + 1 + len(parts)] = np.nan
    raw[known, at] = moments / 86_400_000_000
    for place, part in enumerate(parts, start=at + 1):
        raw[known, place] = calendar(moments.astype("datetime64[us]"), part)
    if mark is not None:
        raw[:, mark] = ~known


def microseconds(cell: Any, written: str, name: str, row: int) -> int:
    """Return a date since 1970-01-01 (in UTC, if it has a zone), a duration or a time of the day in microseconds."""
    if isinstance(cell, np.datetime64 | np.timedelta64):
        return int(cell.astype(f"{'M' if isinstance(cell, np.datetime64) else 'm'}8[us]").astype("int64"))
    if written == "YYYYMMDD" and isinstance(cell, int | float | np.integer | np.floating):
        cell = f"{cell:.0f}"
    if isinstance(cell, str):
        try:
            cell = datetime.fromisoformat(in_iso(cell.strip(), written))
        except (ValueError, KeyError, StopIteration):
            raise wrong(name, f"dates written {written}", cell, row) from None
    if isinstance(cell, datetime):
        moment = cell.replace(tzinfo=UTC) if cell.tzinfo is None else cell
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    if isinstance(cell, date):
        return (cell - date(1970, 1, 1)) // timedelta(microseconds=1)
    if isinstance(cell, time):
        cell = timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond)
    if not isinstance(cell, timedelta):
        raise wrong(name, "dates", cell, row)
    return cell // timedelta(microseconds=1)


def in_iso(text: str, written: str) -> str:
    """Return a date written like YYYY-MM-DD, DD.MM.YYYY or DD Mon YYYY, perhaps with a time, in ISO 8601."""
    if written == "YYYY-MM-DD":
        return text
    if written == "YYYYMMDD":
        text, written = f"{text[:4]}/{text[4:6]}/{text[6:]}", "YYYY/MM/DD"
    elif "Mon" in written:
        text, written = with_slashes(text, written), "DD/MM/YYYY"
    day, _, clock = text.replace("T", " ").partition(" ")
    mark = next(letter for letter in written if not letter.isalpha())
    number = dict(zip(written.split(mark), day.split(mark), strict=True))
    iso = "-".join([number["YYYY"], number["MM"].zfill(2), number["DD"].zfill(2)])
    return f"{iso}T{clock if clock[1:2] != ':' else '0' + clock}" if clock else iso


def with_slashes(text: str, written: str) -> str:
    """Return a date whose month has its name, in full or three letters of it, as DD/MM/YYYY."""
    months = ["january", "february", "march", "april", "may", "june"]
    months += ["july", "august", "september", "october", "november", "december"]
    first, second, rest = text.replace("-", " ", 2).replace(",", "", 1).split(" ", 2)
    day, name = (first, second.lower()) if written.startswith("DD") else (second, first.lower())
    month = next(place for place, month in enumerate(months, start=1) if name in (month, month[:3]))
    return f"{day}/{month}/{rest}"


def calendar(moments: Array, part: str) -> Array:
    """Return a part of the calendar of moments in microseconds, as whole numbers."""
    day, month, year = (moments.astype(f"datetime64[{unit}]") for unit in "DMY")
    found: dict[str, Any] = {
        "year": year.astype("int64") + 1970,
        "month": month.astype("int64") % 12 + 1,
        "day of month": (day - month.astype(day.dtype)).astype("int64") + 1,
        "day of week": (day.astype("int64") + 3) % 7,  # 1970-01-01 was a Thursday; Monday is 0
        "day of year": (day - year.astype(day.dtype)).astype("int64") + 1,
        "hour": moments.astype("int64") // 3_600_000_000 % 24,
        "minute": moments.astype("int64") // 60_000_000 % 60,
    }
    result: Array = found[part]
    return result


def scaled(raw: Array, scaling: dict[str, list[float]]) -> Array:
    """Return the raw matrix, gaps filled and scaled; `scaling` has fill, center, scale and limit of each column.

    u = (x - center) / scale, then u / sqrt(1 + (u / limit)²), which stays within the limit.
    """
    fill, center, scale, limit = np.array(list(scaling.values())).T
    x = np.where(np.isnan(raw), fill, raw)
    with np.errstate(over="ignore"):
        u = (x / 2 - center / 2) / (scale / 2)  # of halves: a difference of the largest numbers overflows
    u = np.clip(u, -3.4028234663852886e38, 3.4028234663852886e38)  # which float32 can hold
    result: Array = u / np.sqrt(1 + (u / limit) ** 2)
    return result


# Networks -----------------------------------------------------------------------------------------------------------


def sigmoid(z: Array) -> Array:
    """Return 1 / (1 + exp(-z)), without overflow."""
    decay = np.exp(-np.abs(z))
    result: Array = np.where(z >= 0, 1, decay) / (1 + decay)
    return result


def softplus(z: Array) -> Array:
    """Return log(1 + exp(z)), without overflow."""
    result: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return result


def relu(z: Array) -> Array:
    """Return z where it is above 0, else 0."""
    result: Array = np.maximum(z, 0)
    return result


def leaky_relu(z: Array, slope: float) -> Array:
    """Return z where it is above 0, else slope · z."""
    return np.where(z > 0, z, slope * z)


def elu(z: Array, alpha: float) -> Array:
    """Return z where it is above 0, else alpha · (exp(z) - 1)."""
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def selu(z: Array) -> Array:
    """Return the exponential linear unit that keeps mean 0 and variance 1."""
    result: Array = 1.0507009873554805 * elu(z, 1.6732632423543772)
    return result


def gelu(z: Array) -> Array:
    """Return z · Φ(z), Φ being the normal distribution function; NumPy has none, so it goes number by number."""
    cdf = [0.5 * math.erfc(-number / math.sqrt(2)) for number in z.ravel().tolist()]
    result: Array = z * np.array(cdf, dtype=z.dtype).reshape(z.shape)
    return result


def silu(z: Array) -> Array:
    """Return z · sigmoid(z)."""
    return z * sigmoid(z)


def mish(z: Array) -> Array:
    """Return z · tanh(softplus(z))."""
    result: Array = z * np.tanh(softplus(z))
    return result


def whole(x: Array) -> Array:
    """Return the one column of x as whole numbers."""
    result: Array = x[..., 0].astype(int)
    return result


def features_first(x: Array) -> Array:
    """Turn (..., n, m) -> (..., m, n, 1)."""
    return np.swapaxes(x, -1, -2)[..., None]


def features_last(x: Array) -> Array:
    """Turn (..., m, n, c) -> (..., n, m c)."""
    x = np.moveaxis(x, -3, -2)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


def softmax(z: Array) -> Array:
    """Return exp(z) / Σ exp(z) over the last axis, without overflow."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    result: Array = e / e.sum(axis=-1, keepdims=True)
    return result


def shares(a: Array) -> Array:
    """Return outputs between 0 and 1 so that each row sums to 1."""
    total = a.sum(axis=-1, keepdims=True)
    result: Array = np.where(total > 0, a, 1) / np.where(total > 0, total, a.shape[-1])
    return result
