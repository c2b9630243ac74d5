"""What is doubtful about a table that is learned from all the same: each in a sentence, with what to do."""

import re
import unicodedata
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.tables.categories import LevelColumn
from feedforward.tables.cells import NUMBER, is_marked_otherwise
from feedforward.tables.dates import DateColumn
from feedforward.tables.encoding import TableEncoder

Array = NDArray[Any]
_MOST, _A_HANDFUL = 0.8, 5  # levels of text are meant as numbers if at least this share and this many look like them


def doubts(
    source: str, target: str, y: Array, task: str, encoder: TableEncoder | None, declared: Collection[str] = ()
) -> list[str]:
    """Return sentences about the classes of a target and the columns that an encoder was fitted to.

    Parameters
    ----------
    source, target : str
        The table and its target, for messages.
    y : array of shape (n,)
    task : {"classification", "regression"}
    encoder : TableEncoder, optional
        Fitted.
    declared : collection of str
        The columns whose kind is no guess.

    Examples
    --------
    >>> import pyarrow as pa
    >>> encoder = TableEncoder().fit(pa.table({"x": [1, 2, 3]}))
    >>> print(*doubts("a.csv", "y", np.array(["no", "yes", "yes "]), "classification", encoder), sep="; ")
    a.csv, target column 'y': class 'no' has one row ...; a.csv, target column 'y': classes 'yes' and 'yes ' differ ...
    """
    where = f"{source}, target column {target!r}"
    of_classes = [] if task == "regression" else [*_lone_classes(where, y), *_classes_alike(where, y)]
    fitted = {} if encoder is None else encoder.columns_
    columns = {name: column for name, column in fitted.items() if name not in declared}
    dates = [name for name, column in columns.items() if isinstance(column, DateColumn) and column.guessed]
    texts = {name: column for name, column in columns.items() if isinstance(column, LevelColumn)}
    return [
        *of_classes,
        *[_months_first(f"{source}, column {name!r}") for name in dates],
        *[sentence for name, column in texts.items() for sentence in _numbers_as_text(source, name, column)],
    ]


def _lone_classes(where: str, y: Array) -> list[str]:
    """Say which class has a single row, if any: no split can be fair to it."""
    classes, counts = np.unique(y, return_counts=True)
    lone = [repr(label) for label in classes[counts == 1].tolist()]
    if not lone:
        return []
    more = f" (and so have {len(lone) - 1} other classes)" if len(lone) > 1 else ""
    return [
        f"{where}: class {lone[0]} has one row{more}, learned or tested but never both, so rows were set aside without "
        "regard to their classes. Give more rows of it, or drop it."
    ]


def _classes_alike(where: str, y: Array) -> list[str]:
    """Say which classes are two for a space or a capital alone."""
    alike: dict[str, list[Any]] = {}
    for label in np.unique(y).tolist():
        if isinstance(label, str):
            alike.setdefault(" ".join(label.split()).casefold(), []).append(label)
    return [
        f"{where}: classes {' and '.join(map(repr, labels))} differ in nothing but spaces or capitals, and are learned "
        f"as {len(labels)}. Write them alike if they are one."
        for labels in alike.values()
        if len(labels) > 1
    ]


def _months_first(where: str) -> str:
    """Say that it is not known of a column whether months or days come first."""
    return (
        f"{where}: no cell tells months from days, as 31/12/2024 would, so months are taken to come first "
        "(MM/DD/YYYY). If days do, write the column as YYYY-MM-DD."
    )


def _numbers_as_text(source: str, name: str, column: LevelColumn) -> list[str]:
    """Say that a column of text looks like numbers with a sign or a comma, if it does."""
    odd = [level for level in column.levels if isinstance(level, str) and _is_nearly_number(level)]
    if len(odd) < max(_A_HANDFUL, _MOST * len(column.levels)):
        return []
    return [
        f"{source}, column {name!r}: cells such as {odd[0]!r} are taken for categories, not for numbers. Write them "
        f"like 1234.5, or say that they are categories: kinds={{{name!r}: 'category'}}."
    ]


def _is_nearly_number(text: str) -> bool:
    """Whether a cell is a number but for a sign of percent or of a currency, or for its commas and points."""
    bare = "".join(one for one in text if one != "%" and unicodedata.category(one) != "Sc").strip()
    is_number = re.fullmatch(NUMBER, bare) is not None
    return is_marked_otherwise(bare, ".") or (is_number and bare != text.strip())
