"""Networks as typed JSON and arrays, and back, by a closed list of layers.

What is built gets its arrays as they are, and nothing is built before they were held against the layers' sizes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.storage.checks import Array, State, is_text, need, need_keys
from feedforward.storage.parts import part_from_facts, part_to_facts
from feedforward.validation import COUNT, COUNT_OR_ZERO, SWITCH

Shapes = dict[str, tuple[int, ...]]

# Layers with parameters of their own, and the sizes that these have.
SIZES: dict[type[nn.Layer], tuple[str, ...]] = {
    nn.Linear: ("in_features", "out_features"),
    nn.Scale: ("features",),
    nn.ParametricActivation: ("features",),
    nn.Embedding: ("levels", "width"),
    nn.PeriodicEmbedding: ("features", "frequencies", "width"),
}
_KINDS = {kind.__name__: kind for kind in SIZES}
_MORE = {"Linear": ("bias",), "ParametricActivation": ("activation",)}  # facts beside the sizes
_DEEPEST = 16  # layers within layers


def network_to_state(network: nn.Sequential, what: str = "network") -> State:
    """Return a network as facts and its parameters, live, under their own names.

    Raises
    ------
    InputError
        If a layer is of a class of your own, stands in two places, or has numbers that are not finite.

    Examples
    --------
    >>> facts, arrays = network_to_state(nn.Sequential(nn.Linear(2, 1), nn.ELU()))
    >>> facts["layers"], sorted(arrays)
    ([{'kind': 'Linear', 'in_features': 2, 'out_features': 1, 'bias': True}, {'kind': 'ELU', 'alpha': 1.0}],
     ['0.bias', '0.weight'])
    """
    seen: set[int] = set()
    layers = [_layer_to_facts(layer, f"layer {i}", seen) for i, layer in enumerate(network)]
    facts = {"layers": layers, "members": network.members}
    arrays = {name: np.asarray(array) for name, array in network.parameters().items()}
    _check_parameters(facts, arrays, what)
    return facts, arrays


def network_from_state(facts: Any, arrays: Mapping[str, Array], what: str = "network") -> nn.Sequential:
    """Return the network that `network_to_state` wrote down; the arrays become its parameters, as they are.

    Examples
    --------
    >>> network_from_state(*network_to_state(nn.Sequential(nn.Linear(2, 1))))
    Sequential(
      (0): Linear(in_features=2, out_features=1, bias=True)
    )
    """
    need_keys(facts, ["layers", "members"], what)
    need(facts["members"] is None or COUNT.holds(facts["members"]), f"{what} has {facts['members']!r} members")
    _check_parameters(facts, arrays, what)  # of no layer is anything built that the arrays do not have
    return nn.Sequential(*_all_built(facts["layers"], arrays, ""))


def width_after(layers: Sequence[Mapping[str, Any]], width: int) -> int | None:
    """Return how many columns checked layers make of `width`; None if one of them does not take what it gets.

    Examples
    --------
    >>> layers = network_to_state(nn.Sequential(nn.Linear(2, 5), nn.ReLU()))[0]["layers"]
    >>> width_after(layers, 2), width_after(layers, 3)
    (5, None)
    """
    for layer in layers:
        after = _width_after(layer, width)
        if after is None:
            return None
        width = after
    return width


def _width_after(layer: Mapping[str, Any], width: int) -> int | None:
    kind = layer["kind"]
    if kind == "Sequential":
        return width_after(layer["layers"], width)
    if kind == "Columns":
        made = [width_after([part["layer"]], _count(part["columns"])) for part in layer["parts"]]
        fits = max(_stop(part["columns"]) for part in layer["parts"]) == width and None not in made
        return sum(filter(None, made)) if fits else None
    taken, given = width, width
    if kind == "Linear":
        taken, given = layer["in_features"], layer["out_features"]
    elif kind == "Embedding":
        taken, given = 1, layer["width"]
    elif kind == "PeriodicEmbedding":
        taken, given = layer["features"], layer["features"] * layer["width"]
    elif kind in ("Scale", "ParametricActivation"):
        taken = layer["features"]
    return given if taken == width else None


# Layers as facts ---------------------------------------------------------------------------------------------------


def _layer_to_facts(layer: nn.Layer, what: str, seen: set[int]) -> dict[str, Any]:
    need(not layer.parameters() or id(layer) not in seen, f"{what} stands in two places of the network")
    seen.add(id(layer))
    kind = type(layer).__name__
    if type(layer) is nn.Sequential:
        return {"kind": kind, "layers": [_layer_to_facts(one, f"{what}.{i}", seen) for i, one in enumerate(layer)]}
    if type(layer) is nn.Columns:
        inner = [_layer_to_facts(one, f"{what}.{i}", seen) for i, one in enumerate(layer.layers)]
        columns = [{"first": c[0], "stop": c[1]} if isinstance(c, tuple) else c for c in layer.columns]
        return {"kind": kind, "parts": [{"columns": c, "layer": one} for c, one in zip(columns, inner, strict=True)]}
    if type(layer) not in SIZES:
        return part_to_facts(layer, what)
    facts: dict[str, Any] = {"kind": kind, **{name: int(getattr(layer, name)) for name in SIZES[type(layer)]}}
    if isinstance(layer, nn.Linear):
        facts["bias"] = layer.bias is not None
    elif isinstance(layer, nn.ParametricActivation):
        facts["activation"] = part_to_facts(layer.activation, f"the activation of {what}")
    return facts


def _all_built(layers: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array], prefix: str) -> list[nn.Layer]:
    return [_built(facts, arrays, f"{prefix}{i}") for i, facts in enumerate(layers)]


def _built(facts: Mapping[str, Any], arrays: Mapping[str, Array], place: str) -> nn.Layer:
    """Return the layer of checked facts; its arrays, under the names that begin with its place, become its own."""
    kind = facts["kind"]
    if kind == "Sequential":
        return nn.Sequential(*_all_built(facts["layers"], arrays, f"{place}."))
    if kind == "Columns":
        given = (part["columns"] for part in facts["parts"])
        columns = [(one["first"], one["stop"]) if isinstance(one, dict) else one for one in given]
        layers = _all_built([part["layer"] for part in facts["parts"]], arrays, f"{place}.")
        return nn.Columns(list(zip(columns, layers, strict=True)))
    if kind not in _KINDS:
        made: nn.Layer = part_from_facts(facts, nn.Layer, f"layer {place}")
        return made
    layer = _KINDS[kind].__new__(_KINDS[kind])  # it is given its arrays, and draws none
    attributes = {name: facts[name] for name in SIZES[_KINDS[kind]]}
    if kind == "Linear":
        attributes["bias"] = None  # unless there is one
    elif kind == "ParametricActivation":
        attributes["activation"] = part_from_facts(facts["activation"], nn.ActivationLayer, f"layer {place}")
    attributes |= {name: arrays[f"{place}.{name}"] for name in _shapes_of_kind(facts)}
    for name, value in attributes.items():
        setattr(layer, name, value)
    return layer


# Checks ------------------------------------------------------------------------------------------------------------


def _check_parameters(facts: Mapping[str, Any], arrays: Mapping[str, Array], what: str) -> None:
    """Hold names, shapes, dtypes and numbers of the arrays against what the layers say."""
    stacked = () if facts["members"] is None else (facts["members"],)
    shapes = _shapes_of_all(facts["layers"], "", what, 0)
    need(
        set(shapes) == set(arrays), f"{what} must have the parameters {', '.join(shapes)}, and has {', '.join(arrays)}"
    )
    for name, array in arrays.items():
        shape = (*stacked, *shapes[name])
        need(array.shape == shape, f"{what}: {name} has the shape {array.shape}, and its layer has {shape}")
        need(array.dtype in (np.float32, np.float64), f"{what}: {name} is of dtype {array.dtype}")
        need(bool(np.isfinite(array).all()), f"{what}: {name} contains NaN or infinity")


def _shapes_of_all(layers: Any, prefix: str, what: str, depth: int) -> Shapes:
    """Return the shapes of all parameters by name, after a check of all facts."""
    need(isinstance(layers, list) and depth < _DEEPEST, f"{what} must be a list of layers, not too deep")
    found: Shapes = {}
    for i, layer in enumerate(layers):
        found |= _shapes(layer, f"{prefix}{i}", what, depth)
    return found


def _shapes(layer: Any, place: str, what: str, depth: int) -> Shapes:
    where, kind = f"layer {place}", layer.get("kind") if isinstance(layer, dict) else None
    if kind == "Sequential":
        need_keys(layer, ["kind", "layers"], where)
        return _shapes_of_all(layer["layers"], f"{place}.", what, depth + 1)
    if kind == "Columns":
        need_keys(layer, ["kind", "parts"], where)
        parts = layer["parts"]
        need(isinstance(parts, list) and len(parts) > 0, f"{where} must have a list of parts")
        for i, part in enumerate(parts):
            need_keys(part, ["columns", "layer"], f"part {i} of {where}")
            _check_columns(part["columns"], f"part {i} of {where}")
        return _shapes_of_all([part["layer"] for part in parts], f"{place}.", what, depth + 1)
    if not is_text(kind) or kind not in _KINDS:
        part_from_facts(layer, nn.Layer, where)
        return {}
    sizes = SIZES[_KINDS[kind]]
    need_keys(layer, ["kind", *sizes, *_MORE.get(kind, ())], where)
    fit = all(COUNT.holds(layer[name]) for name in sizes) and (kind != "PeriodicEmbedding" or layer["width"] >= 2)
    need(fit and SWITCH.holds(layer.get("bias", True)), f"{where} has impossible sizes")
    if kind == "ParametricActivation":
        part_from_facts(layer["activation"], nn.ActivationLayer, f"the activation of {where}")
    return {f"{place}.{name}": shape for name, shape in _shapes_of_kind(layer).items()}


def _shapes_of_kind(layer: Mapping[str, Any]) -> Shapes:
    """Return the shapes of the parameters of one checked layer, by their own names."""
    if layer["kind"] == "Linear":
        m, h = layer["in_features"], layer["out_features"]
        return {"weight": (h, m), "bias": (h,)} if layer["bias"] else {"weight": (h, m)}
    if layer["kind"] == "Embedding":
        return {"weight": (layer["levels"], layer["width"])}
    m = layer["features"]
    if layer["kind"] == "PeriodicEmbedding":
        q, made = layer["frequencies"], layer["width"] - 1
        return {"frequency": (m, q), "phase": (m, q), "projection": (m, made, q), "shift": (m, made)}
    return {"scale" if layer["kind"] == "Scale" else "alpha": (m,)}


def _check_columns(columns: Any, what: str) -> None:
    if isinstance(columns, dict):
        need_keys(columns, ["first", "stop"], f"the columns of {what}")
        first, stop = columns["first"], columns["stop"]
        need(COUNT_OR_ZERO.holds(first) and COUNT.holds(stop) and first < stop, f"{what} has impossible columns")
        return
    whole = isinstance(columns, list) and len(columns) > 0 and all(map(COUNT_OR_ZERO.holds, columns))
    need(whole and len(set(columns)) == len(columns), f"{what} has impossible columns")


def _count(columns: Any) -> int:
    return int(columns["stop"] - columns["first"]) if isinstance(columns, dict) else len(columns)


def _stop(columns: Any) -> int:
    return int(columns["stop"]) if isinstance(columns, dict) else max(columns) + 1
