"""What a model file says of itself, without making a model of it: no scikit-learn, no numba."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedforward.errors import ModelFileError
from feedforward.files import read_file
from feedforward.storage.words import columns_of, facts_of, layers_of

_KIND_OF_FORM = {"flags": "category", "codes": "category", "dates": "date"}  # of columns for networks
_OF_THE_FILE = ("kind", "format_version", "library", "sha256")


def summary(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what is in a model file or checkpoint, as JSON can hold it, after checking every bit of it.

    Returns
    -------
    dict
        "file", "bytes", "sha256", "format_version", "library", "kind", "arrays" and, as far as the kind has them,
        "about" (table, target, task, rows, scores, baseline), "estimator", "settings", "features", "columns",
        "classes", "layers", "parameters", "epochs", "seed" and "training_state", or "is_over" for a checkpoint.

    Raises
    ------
    ModelFileError
        If the file is absent, damaged, altered, foreign or of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> import feedforward as ff
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ff.save(ff.nn.Sequential(ff.nn.Linear(2, 3), ff.nn.Tanh()), f"{folder}/net.safetensors")
    ...     found = summary(f"{folder}/net.safetensors")
    >>> found["kind"], found["parameters"], [layer["kind"] for layer in found["layers"]]
    ('Sequential', 9, ['Linear', 'Tanh'])
    """
    facts, arrays = read_file(path)
    found = {
        "file": os.fspath(path),
        "bytes": Path(path).stat().st_size,
        **{name: facts[name] for name in _OF_THE_FILE},
        "arrays": {name: {"dtype": str(array.dtype), "shape": list(array.shape)} for name, array in arrays.items()},
    }
    try:
        if facts["kind"] == "checkpoint":
            found |= {"epochs": facts["training"]["epoch"], "is_over": facts["is_over"]}
        elif "model" in facts:
            found |= {"about": facts["about"], **_of_model(facts["model"])}
        for in_words in (facts_of, layers_of, columns_of):  # what cannot be said makes no sense
            in_words(found)
        return found
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise ModelFileError(f"{path} cannot be read: what it says of itself cannot be.") from None


def _of_model(model: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "encoder" in model:
        columns = model["encoder"]["columns"]
        found["columns"] = {
            column["name"]: {
                "kind": _KIND_OF_FORM.get(column["kind"], column["kind"]),
                "levels": [value for _, value in column.get("levels", [])],
                "other": column.get("other", False),
                "gaps": column.get("gaps", False),
            }
            for column in columns
        }
    if model["kind"] == "Pipeline":
        model = model["model"]
    if model["kind"] == "TransformedTargetRegressor":
        model = model["regressor"]
    if "settings" in model:
        found |= {"estimator": model["kind"], **{name: model[name] for name in ("settings", "epochs", "seed")}}
        if "features" in model:  # a tabular estimator has the columns of its encoder
            found |= {"features": model["features"], "feature_names": model["feature_names"]}
        found["training_state"] = model["training"] is not None if "training" in model else None
    if "classes" in model:
        found["classes"] = [value for _, value in model["classes"]["values"]]
    if "network" in model:
        found["layers"] = list(_layers(model["network"]["layers"], ""))
        found["members"] = model["network"]["members"]
        found["parameters"] = sum(layer["parameters"] for layer in found["layers"]) * (found["members"] or 1)
    return found


def _layers(layers: Any, prefix: str) -> list[dict[str, Any]]:
    """Return the layers in one list, those of networks and columns within under their names, such as 1.0."""
    found = []
    for place, layer in enumerate(layers):
        name = f"{prefix}{place}"
        if layer["kind"] == "Sequential":
            found += _layers(layer["layers"], f"{name}.")
        elif layer["kind"] == "Columns":
            parts = layer["parts"]
            found.append({"name": name, "kind": "Columns", "columns": [p["columns"] for p in parts], "parameters": 0})
            found += _layers([part["layer"] for part in parts], f"{name}.")
        else:
            found.append({"name": name, **layer, "parameters": _count(layer)})
    return found


def _count(layer: Mapping[str, Any]) -> int:
    """Return how many parameters a layer has."""
    kind, count = layer["kind"], 0
    if kind == "Linear":
        count = layer["out_features"] * (layer["in_features"] + layer["bias"])
    elif kind == "Embedding":
        count = layer["levels"] * layer["width"]
    elif kind == "PeriodicEmbedding":
        q, made = layer["frequencies"], layer["width"] - 1
        count = layer["features"] * (2 * q + made * (q + 1))
    elif kind in ("Scale", "ParametricActivation"):
        count = layer["features"]
    return int(count)
