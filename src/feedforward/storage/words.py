"""A model file's `summary` in words and rows, for people; nothing from the file gets at the terminal itself."""

from collections.abc import Mapping
from typing import Any

from feedforward.phrases import MEASURE_NAMES, always_answer, counted, figure

Rows = tuple[tuple[str, ...], list[tuple[str, ...]]]

_MOST_COLUMNS = 60
_MOST_VALUES = 8


def facts_of(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and values, one a line.

    Examples
    --------
    >>> found = {"kind": "parameters", "file": "a", "bytes": 1536, "format_version": 1, "library": "0.1.0"}
    >>> for line in facts_of({**found, "sha256": "ab", "arrays": {}}):
    ...     print(*line)
    file a, 1,536 bytes
    kind parameters
    written by feedforward 0.1.0, format 1
    sha256 ab
    """
    about = found.get("about")
    lines = [("file", f"{found['file']}, {counted(found['bytes'], 'byte')}"), ("kind", _kind(found))]
    if about:
        lines += _of_training(about)
    if "classes" in found:
        lines.append((counted(len(found["classes"]), "class"), _listed(found["classes"])))
    if "features" in found and "columns" not in found and found["feature_names"] is None:
        lines.append(("takes", f"{counted(found['features'], 'column')}, by their place: they have no names"))
    if "epochs" in found:
        lines.append(("epochs", f"{found['epochs']:,}" + (f", in {about['seconds']:.3g} s" if about else "")))
    if "settings" in found:
        settings = {**found["settings"], "random_state": found["seed"]}
        lines.append(("settings", ", ".join(f"{name}={_setting(value)}" for name, value in settings.items())))
    if found.get("training_state") is not None:
        kept = "kept, so partial_fit goes on" if found["training_state"] else "left out, so partial_fit cannot go on"
        lines.append(("training", kept))
    if "is_over" in found:
        lines.append(("training", "over" if found["is_over"] else "not over, so resume goes on"))
    lines.append(("written by", f"feedforward {found['library']}, format {found['format_version']}"))
    return [*lines, ("sha256", found["sha256"])]


def _kind(found: Mapping[str, Any]) -> str:
    kind, estimator = found["kind"], found.get("estimator")
    if kind == "Pipeline":
        return f"Pipeline: TableEncoder, then {estimator}"
    if kind == "TransformedTargetRegressor":
        return f"{kind} of {estimator}"
    return _plain(kind)


def _of_training(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows, baseline = about["rows"], about["baseline"]
    what = "a quantity" if about["task"] == "regression" else "a class"
    always = always_answer(about["task"], baseline["answer"][1])
    lines = [
        ("predicts", f"{about['target']!r}, {what}"),
        ("trained on", f"{_plain(about['table'])}: {counted(rows['train'], 'row')}, tested on {rows['test']:,}"),
    ]
    for name, parts in about["scores"].items():
        test, train = (figure(name, parts[part]) for part in ("test", "train"))
        without = figure(name, baseline["scores"].get(name, {}).get("test"))
        lines.append((MEASURE_NAMES.get(name, _plain(name)), f"test {test}, train {train} ({always}: test {without})"))
    return lines


def layers_of(found: Mapping[str, Any]) -> Rows:
    """Return headings, and a row for each layer; of parameters by themselves one for each array.

    Examples
    --------
    >>> layer = {"name": "0", "kind": "Linear", "in_features": 2, "out_features": 1, "bias": True, "parameters": 3}
    >>> layers_of({"layers": [layer], "parameters": 3, "members": None})
    (('layer', 'kind', 'parameters'), [('0', 'Linear 2 → 1', '3')])
    """
    if "layers" not in found:
        if found["kind"] in ("parameters", "checkpoint"):
            arrays = found["arrays"].items()
            each = [(_plain(n), str(a["dtype"]), " × ".join(map(str, a["shape"])) or "1") for n, a in arrays]
            return ("array", "dtype", "shape"), list(each)
        return (), []
    rows: list[tuple[str, ...]] = [
        (layer["name"], _layer(layer), f"{layer['parameters']:,}" * bool(layer["parameters"]))
        for layer in found["layers"]
    ]
    if len(rows) > 1 or found["members"]:
        members = f" in {found['members']} members" if found["members"] else ""
        rows.append(("", f"all{members}", f"{found['parameters']:,}"))
    return ("layer", "kind", "parameters"), rows


def _layer(layer: Mapping[str, Any]) -> str:
    if layer["kind"] == "Linear":
        return f"Linear {layer['in_features']} → {layer['out_features']}" + ("" if layer["bias"] else ", no bias")
    if layer["kind"] == "Columns":
        shown = [f"[{one['first']}:{one['stop']}]" if isinstance(one, dict) else str(one) for one in layer["columns"]]
        return f"Columns {', '.join(shown[:_MOST_VALUES])}" + ", ..." * (len(shown) > _MOST_VALUES)
    settings = {name: value for name, value in layer.items() if name not in ("name", "kind", "parameters")}
    words = ", ".join(f"{name}={_setting(value)}" for name, value in settings.items())
    return f"{layer['kind']}({words})" if words else str(layer["kind"])


def columns_of(found: Mapping[str, Any]) -> Rows:
    """Return headings, and a row for each column that the model reads.

    Examples
    --------
    >>> columns_of({"columns": {"town": {"kind": "category", "levels": ["Rome"], "other": False, "gaps": True}}})
    (('column', 'kind', 'details'), [('town', 'category', "'Rome'; missing")])
    """
    if "columns" in found:
        columns = found["columns"].items()
        rows: list[tuple[str, ...]] = [(_plain(name), column["kind"], _details(column)) for name, column in columns]
        if not any(row[2] for row in rows):
            return ("column", "kind"), _cut([row[:2] for row in rows], 2)
        return ("column", "kind", "details"), _cut(rows, 3)
    names = found.get("feature_names")
    return ("column",), _cut([(_plain(name),) for name in names or []], 1)


def _details(column: Mapping[str, Any]) -> str:
    if column["kind"] != "category":
        return "missing values are filled and marked" if column["gaps"] else ""
    shared = [words for fact, words in (("other", "rarer ones together"), ("gaps", "missing")) if column[fact]]
    return "; ".join([_listed(column["levels"]), *shared])


def _cut(rows: list[tuple[str, ...]], width: int) -> list[tuple[str, ...]]:
    if len(rows) <= _MOST_COLUMNS:
        return rows
    return [*rows[:_MOST_COLUMNS], (f"... and {len(rows) - _MOST_COLUMNS} more", *[""] * (width - 1))]


def _listed(values: list[Any]) -> str:
    shown = ", ".join(map(repr, values[:_MOST_VALUES]))
    return shown if len(values) <= _MOST_VALUES else f"{shown}, ... {len(values) - _MOST_VALUES} more"


def _setting(value: Any) -> str:
    if isinstance(value, dict) and "kind" in value:
        settings = ", ".join(f"{name}={_setting(one)}" for name, one in value.items() if name != "kind" and one != {})
        return f"{value['kind']}({settings})"
    if isinstance(value, list) and value and isinstance(value[0], list):  # class_weight: labels with their types
        return "{" + ", ".join(f"{label[1]!r}: {weight!r}" for label, weight in value) + "}"
    return repr(tuple(value)) if isinstance(value, list) else repr(value)


def _plain(text: str) -> str:
    """Return text without quotes, but with what no terminal should see written out."""
    return "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in text)
