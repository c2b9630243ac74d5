"""Fitted columns as typed JSON and arrays, and back, with every fact checked.

Numbers live in arrays, which keep every bit; names, kinds and levels in JSON, a level with its type beside it.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import InputError
from feedforward.tables.categories import CategoryColumn, CodeColumn, FlagColumn, LevelColumn
from feedforward.tables.columns import DroppedColumn, FittedColumn, NumberColumn
from feedforward.tables.dates import FORMATS, ISO, PARTS, DateColumn
from feedforward.tables.scaling import ALWAYS_0, UNSCALED, Scaler
from feedforward.tables.spikes import MOST, Spike

_NUMBERS = ("fill", "center", "scale")
_LEVEL_TYPES = {"text": {"str"}, "date": {"str"}, "number": {"int", "float"}, "boolean": {"bool"}}
_NUMBER_KEYS = {"name", "kind", "declared", "gaps"}
_KEYS = {
    **dict.fromkeys(("number", "date", "boolean", "empty"), _NUMBER_KEYS),
    "dates": {"name", "kind", "written", "guessed", "parts", "gaps"},
    "category": {"name", "kind", "holds", "levels", "other", "gaps"},
    "flags": {"name", "kind", "holds", "levels"},
    "codes": {"name", "kind", "holds", "levels"},
    "drop": {"name", "kind"},
}


def columns_to_state(
    columns: Mapping[str, FittedColumn],
) -> tuple[list[dict[str, Any]], dict[str, NDArray[np.float64]]]:
    """Return a JSON-able dict for each column, and arrays with a number for each of its scalers, at least one.

    Examples
    --------
    >>> columns_to_state({"a": CategoryColumn("number", (3, 1.5), other=False, gaps=True)})[0]
    [{'name': 'a', 'kind': 'category', 'holds': 'number', 'levels': [['int', 3], ['float', 1.5]], 'other': False,
      'gaps': True}]
    """
    facts = []
    scalers: list[Scaler] = []
    for name, column in columns.items():
        fact: dict[str, Any] = {"name": name, "kind": column.form}
        if isinstance(column, NumberColumn):
            fact |= {"declared": column.declared, "gaps": column.marked}
            fact |= {"spikes": [spike.value for spike in column.spikes]} if column.spikes else {}
        elif isinstance(column, DateColumn) and column.form == "date":
            fact |= {"declared": column.written is not None, "gaps": column.marked}
        elif isinstance(column, DateColumn):
            fact |= {"written": column.written, "guessed": column.guessed, "parts": list(column.parts)}
            fact |= {"gaps": column.marked}
        elif isinstance(column, LevelColumn):
            levels = [[type(level).__name__, level] for level in column.levels]
            fact |= {"holds": column.holds, "levels": levels}
        if isinstance(column, CategoryColumn):
            fact |= {"other": column.other, "gaps": column.gaps}
        facts.append(fact)
        scalers += column.scalers or (ALWAYS_0,)
    return facts, {key: np.array([getattr(scaler, key) for scaler in scalers]) for key in _NUMBERS}


def columns_from_state(
    facts: Any, arrays: Any, clipped: bool, embed_above: int | None, spiked: bool = False
) -> dict[str, FittedColumn]:
    """Return the columns that `columns_to_state` wrote down.

    Parameters
    ----------
    facts, arrays
        What it returned.
    clipped : bool
        Whether the scaling is "smooth_clip".
    embed_above : int, optional
        As the encoder has it.
    spiked : bool
        Whether numbers may have spikes.

    Raises
    ------
    InputError
        If anything is missing, unknown or of the wrong type.

    Examples
    --------
    >>> arrays = {key: np.zeros(1) for key in ("fill", "center", "scale")}
    >>> columns_from_state([{"name": "id", "kind": "drop"}], arrays, clipped=False, embed_above=None)
    {'id': DroppedColumn()}
    """
    _expect(isinstance(facts, Sequence) and len(facts) > 0 and not isinstance(facts, str), "columns must be a list")
    numbers = _checked_numbers(arrays)
    scalers = iter([Scaler(fill, center, scale, clipped) for fill, center, scale in numbers])
    columns: dict[str, FittedColumn] = {}
    for place, fact in enumerate(facts):
        _expect(isinstance(fact, Mapping) and isinstance(fact.get("name"), str), f"column {place} has no name")
        _expect(fact["name"] not in columns, f"two columns are named {fact['name']!r}")
        count = _count_of_scalers(fact, clipped, spiked)
        own = tuple(islice(scalers, count))
        _expect(len(own) == count, f"{', '.join(_NUMBERS)} must be more than {len(numbers)} numbers")
        columns[fact["name"]] = _column(fact, own, clipped, embed_above)
    _expect(not any(True for _ in scalers), f"{', '.join(_NUMBERS)} must be fewer than {len(numbers)} numbers")
    return columns


def _checked_numbers(arrays: Any) -> list[tuple[float, float, float]]:
    """Return a tuple of fill, center and scale for each scaler."""
    _expect(isinstance(arrays, Mapping) and set(arrays) == set(_NUMBERS), f"arrays must be {', '.join(_NUMBERS)}")
    for key in _NUMBERS:
        array = arrays[key]
        _expect(
            isinstance(array, np.ndarray)
            and array.dtype == np.float64
            and array.ndim == 1
            and bool(np.isfinite(array).all()),
            f"{key} must be finite numbers of float64",
        )
    _expect(len({len(arrays[key]) for key in _NUMBERS}) == 1, f"{', '.join(_NUMBERS)} must be equally long")
    _expect(bool((arrays["scale"] >= 0).all()), "scale must not be negative")
    fill, center, scale = (arrays[key].tolist() for key in _NUMBERS)
    return list(zip(fill, center, scale, strict=True))


def _count_of_scalers(fact: Mapping[str, Any], clipped: bool, spiked: bool) -> int:
    """Return how many places of the arrays belong to a column, after checking its facts as far as that needs."""
    name, kind = fact["name"], fact.get("kind")
    _expect(isinstance(kind, str) and kind in _KEYS, f"column {name!r} has an unknown kind: {kind!r}")
    keys = _KEYS[str(kind)]
    if spiked and kind == "number" and "spikes" in fact:  # only where there are some
        _check_spikes(name, fact["spikes"])
        keys = {*keys, "spikes"}
    _expect(set(fact) == keys, f"column {name!r} must have the facts {', '.join(sorted(keys))}")
    for key in {"declared", "gaps", "other", "guessed"} & set(fact):
        _expect(isinstance(fact[key], bool), f"column {name!r}: {key} must be true or false")
    if kind == "flags":
        levels = fact["levels"]
        return 1 if not isinstance(levels, list) or len(levels) == 2 else len(levels)
    if kind == "dates":
        _expect(isinstance(fact["parts"], list), f"column {name!r}: parts must be a list")
    marks = int(kind != "category" and bool(fact.get("gaps")))
    return 1 + len(fact.get("parts", ())) + clipped * (marks + len(fact.get("spikes", ())))


def _check_spikes(name: str, spikes: Any) -> None:
    _expect(
        isinstance(spikes, list)
        and 0 < len(spikes) <= MOST
        and all(type(value) is float and np.isfinite(value) for value in spikes)
        and max(map(abs, spikes)) <= np.finfo(np.float32).max
        and len(set(map(np.float32, spikes))) == len(spikes),
        f"column {name!r}: spikes must be up to {MOST} different numbers of float32",
    )


def _column(
    fact: Mapping[str, Any], scalers: tuple[Scaler, ...], clipped: bool, embed_above: int | None
) -> FittedColumn:
    name, kind = fact["name"], fact["kind"]
    if kind == "drop":
        return DroppedColumn()
    spikes = fact.get("spikes", [])
    flags = iter(scalers[len(scalers) - len(spikes) :] if clipped else [UNSCALED] * len(spikes))
    scalers = scalers[: len(scalers) - clipped * len(spikes)]
    gaps = None if not fact.get("gaps") else scalers[-1] if clipped else UNSCALED
    if kind == "dates":
        return _dates(fact, scalers, gaps)
    if kind == "date":
        return DateColumn(ISO if fact["declared"] else None, False, (), scalers[:1], gaps)
    if "declared" in fact:
        return NumberColumn(kind, fact["declared"], scalers[0], gaps, tuple(map(Spike, spikes, flags)))
    levels = _levels(fact)
    as_codes = embed_above is not None and len(levels) > embed_above
    _expect(
        kind == ("codes" if as_codes else "flags" if clipped else "category"),
        f"column {name!r} cannot be {kind} with these settings",
    )
    if kind == "codes":
        return CodeColumn(fact["holds"], levels)
    if kind == "flags":
        return FlagColumn(fact["holds"], levels, scalers)
    return CategoryColumn(fact["holds"], levels, fact["other"], fact["gaps"])


def _dates(fact: Mapping[str, Any], scalers: tuple[Scaler, ...], gaps: Scaler | None) -> DateColumn:
    name, written, parts = fact["name"], fact["written"], fact["parts"]
    _expect(written is None or written in FORMATS, f"column {name!r} has dates written {written!r}, which is unknown")
    _expect([part for part in PARTS if part in parts] == parts, f"column {name!r} has unknown parts: {parts!r}")
    _expect(not fact["guessed"] or written == "MM/DD/YYYY", f"column {name!r} has dates that leave nothing to guess")
    column = DateColumn(written, fact["guessed"], tuple(parts), scalers[: 1 + len(parts)], gaps)
    _expect(column.form == "dates", f"column {name!r} has dates without parts, in no format of their own")
    return column


def _levels(fact: Mapping[str, Any]) -> tuple[Any, ...]:
    name, holds, levels = fact["name"], fact["holds"], fact["levels"]
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
    return values


def _expect(holds: bool, requirement: str) -> None:
    if not holds:
        raise InputError(f"The stored state of a TableEncoder is damaged: {requirement}. Save the encoder again.")
