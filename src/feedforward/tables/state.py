"""Fitted columns as typed JSON and arrays, and back, with every fact checked.

Numbers live in arrays, which keep every bit; names, kinds and levels in JSON, a level with its type beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import InputError
from feedforward.tables.columns import CategoryColumn, DroppedColumn, FittedColumn, NumberColumn

_NUMBERS = ("fill", "center", "scale")
_LEVEL_TYPES = {"text": {"str"}, "date": {"str"}, "number": {"int", "float"}, "boolean": {"bool"}}
_KEYS = {
    NumberColumn: {"name", "kind", "declared", "gaps"},
    CategoryColumn: {"name", "kind", "holds", "levels", "other", "gaps"},
    DroppedColumn: {"name", "kind"},
}
_CLASSES = {
    **dict.fromkeys(("number", "date", "boolean", "empty"), NumberColumn),
    "category": CategoryColumn,
    "drop": DroppedColumn,
}


def columns_to_state(
    columns: Mapping[str, FittedColumn],
) -> tuple[list[dict[str, Any]], dict[str, NDArray[np.float64]]]:
    """Return a JSON-able dict for each column, and arrays with one number for each column.

    Examples
    --------
    >>> columns_to_state({"a": CategoryColumn("number", (3, 1.5), other=False, gaps=True)})[0]
    [{'name': 'a', 'kind': 'category', 'holds': 'number', 'levels': [['int', 3], ['float', 1.5]], 'other': False,
      'gaps': True}]
    """
    facts = []
    arrays = {key: np.zeros(len(columns)) for key in _NUMBERS}
    for place, (name, column) in enumerate(columns.items()):
        fact: dict[str, Any] = {"name": name, "kind": column.kind}
        if isinstance(column, NumberColumn):
            fact |= {"declared": column.declared, "gaps": column.gaps}
            for key in _NUMBERS:
                arrays[key][place] = getattr(column, key)
        elif isinstance(column, CategoryColumn):
            levels = [[type(level).__name__, level] for level in column.levels]
            fact |= {"holds": column.holds, "levels": levels, "other": column.other, "gaps": column.gaps}
        facts.append(fact)
    return facts, arrays


def columns_from_state(facts: Any, arrays: Any) -> dict[str, FittedColumn]:
    """Return the columns that `columns_to_state` wrote down.

    Raises
    ------
    InputError
        If anything is missing, unknown or of the wrong type.

    Examples
    --------
    >>> columns_from_state([{"name": "id", "kind": "drop"}], {key: np.zeros(1) for key in ("fill", "center", "scale")})
    {'id': DroppedColumn()}
    """
    _expect(isinstance(facts, Sequence) and len(facts) > 0 and not isinstance(facts, str), "columns must be a list")
    _expect(isinstance(arrays, Mapping) and set(arrays) == set(_NUMBERS), f"arrays must be {', '.join(_NUMBERS)}")
    for key in _NUMBERS:
        array = arrays[key]
        _expect(
            isinstance(array, np.ndarray)
            and array.dtype == np.float64
            and array.shape == (len(facts),)
            and bool(np.isfinite(array).all()),
            f"{key} must be {len(facts)} finite numbers of float64",
        )
    _expect(bool((arrays["scale"] >= 0).all()), "scale must not be negative")
    columns: dict[str, FittedColumn] = {}
    for place, fact in enumerate(facts):
        _expect(isinstance(fact, Mapping) and isinstance(fact.get("name"), str), f"column {place} has no name")
        _expect(fact["name"] not in columns, f"two columns are named {fact['name']!r}")
        columns[fact["name"]] = _column(fact, {key: float(arrays[key][place]) for key in _NUMBERS})
    return columns


def _column(fact: Mapping[str, Any], numbers: Mapping[str, float]) -> FittedColumn:
    name, kind = fact["name"], fact.get("kind")
    _expect(isinstance(kind, str) and kind in _CLASSES, f"column {name!r} has an unknown kind: {kind!r}")
    made = _CLASSES[str(kind)]
    _expect(set(fact) == _KEYS[made], f"column {name!r} must have the facts {', '.join(sorted(_KEYS[made]))}")
    for key in {"declared", "gaps", "other"} & set(fact):
        _expect(isinstance(fact[key], bool), f"column {name!r}: {key} must be true or false")
    if made is NumberColumn:
        return NumberColumn(str(kind), fact["declared"], fact["gaps"], **numbers)
    if made is DroppedColumn:
        return DroppedColumn()
    holds, levels = fact["holds"], fact["levels"]
    _expect(isinstance(holds, str) and holds in _LEVEL_TYPES, f"column {name!r} holds {holds!r}, which is unknown")
    _expect(isinstance(levels, list) and len(levels) > 0, f"column {name!r}: levels must be a list")
    for level in levels:
        _expect(
            isinstance(level, list | tuple)
            and len(level) == 2
            and type(level[1]).__name__ == level[0]
            and level[0] in _LEVEL_TYPES[holds]
            and level[1] == level[1]
            and (level[0] != "int" or -(2**63) <= level[1] < 2**63),
            f"column {name!r}: a level must be its type and its value; got {level!r}",
        )
    values = tuple(value for _, value in levels)
    _expect(len(set(values)) == len(values), f"column {name!r} has a level twice")
    return CategoryColumn(holds, values, fact["other"], fact["gaps"])


def _expect(holds: bool, requirement: str) -> None:
    if not holds:
        raise InputError(f"The stored state of a TableEncoder is damaged: {requirement}. Save the encoder again.")
