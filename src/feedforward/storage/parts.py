"""Layers, losses and optimizers as typed JSON, and back, by a closed list of what there is.

A file names a part by a word of this list. It never names a class to import, and what is not on the list is refused, in
both directions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.storage.checks import Array, State, is_text, need, need_keys, plain
from feedforward.validation import COUNT, NUMBER, SWITCH, Rule

_OPTIMIZER = ("lr", "weight_decay", "rate_factors", "decay_factors")
PARTS: dict[type, tuple[str, ...]] = {
    **dict.fromkeys((nn.Identity, nn.Sigmoid, nn.Tanh, nn.ReLU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus), ()),
    nn.LeakyReLU: ("negative_slope",),
    nn.ELU: ("alpha",),
    nn.Dropout: ("p",),
    nn.MSELoss: (),
    nn.BCEWithLogitsLoss: (),
    nn.HuberLoss: ("delta",),
    nn.CrossEntropyLoss: ("label_smoothing",),
    nn.SGD: (*_OPTIMIZER, "momentum", "nesterov", "dampening"),
    nn.RMSprop: (*_OPTIMIZER, "alpha", "eps"),
    nn.Adam: (*_OPTIMIZER, "betas", "eps"),
    nn.AdamW: (*_OPTIMIZER, "betas", "eps"),
}
_FACTORS = Rule(
    "numbers by the names of parameters",
    lambda value: isinstance(value, dict) and all(map(NUMBER.holds, value.values())) and all(map(is_text, value)),
)
_SETTINGS: dict[str, Rule] = {  # all others are numbers
    "nesterov": SWITCH,
    "betas": Rule("two numbers", lambda value: isinstance(value, list | tuple) and all(map(NUMBER.holds, value))),
    "rate_factors": _FACTORS,
    "decay_factors": _FACTORS,
}
_DEEPEST = 16  # networks within networks


# Parts -------------------------------------------------------------------------------------------------------------


def part_to_facts(part: Any, what: str) -> dict[str, Any]:
    """Return a layer without parameters, a loss or an optimizer as JSON can hold it.

    Raises
    ------
    InputError
        If its class is not one of `feedforward.nn`, or a setting is not one number.

    Examples
    --------
    >>> part_to_facts(nn.HuberLoss(2.0), "loss")
    {'kind': 'HuberLoss', 'delta': 2.0}
    """
    need(
        type(part) in PARTS,
        f"{what} is of the class {type(part).__name__}, and only those of feedforward.nn have a place in a file",
    )
    values = {name: plain(getattr(part, name)) for name in PARTS[type(part)]}
    _check_values(values, f"{what}, {type(part).__name__}")
    return {"kind": type(part).__name__, **values}


def part_from_facts(facts: Any, base: type, what: str) -> Any:
    """Return the part that `part_to_facts` wrote down, if it is one of `base`.

    Examples
    --------
    >>> part_from_facts({"kind": "HuberLoss", "delta": 2.0}, nn.Loss, "loss")
    HuberLoss(delta=2.0)
    """
    known = {kind.__name__: kind for kind in PARTS if issubclass(kind, base)}
    word = facts.get("kind") if isinstance(facts, dict) else None
    need(is_text(word) and word in known, f"{what} is unknown: {word!r}")
    kind = known[str(word)]
    need_keys(facts, ["kind", *PARTS[kind]], what)
    values = {name: value for name, value in facts.items() if name != "kind"}
    _check_values(values, what)
    if "betas" in values:
        values["betas"] = tuple(values["betas"])
    return kind(**values)


def _check_values(values: Mapping[str, Any], what: str) -> None:
    for name, value in values.items():
        rule = _SETTINGS.get(name, NUMBER)
        need(rule.holds(value), f"{what}: {name} must be {rule.requirement}; got {value!r}")


# Networks ----------------------------------------------------------------------------------------------------------


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
    return _built(facts["layers"], arrays, "")


def width_after(layers: Sequence[Mapping[str, Any]], width: int) -> int | None:
    """Return how many columns checked layers make of `width`; None if one of them does not take what it gets.

    Examples
    --------
    >>> layers = network_to_state(nn.Sequential(nn.Linear(2, 5), nn.ReLU()))[0]["layers"]
    >>> width_after(layers, 2), width_after(layers, 3)
    (5, None)
    """
    for layer in layers:
        if layer["kind"] == "Sequential":
            inner = width_after(layer["layers"], width)
            if inner is None:
                return None
            width = inner
        elif layer["kind"] == "Linear":
            if layer["in_features"] != width:
                return None
            width = layer["out_features"]
    return width


def _layer_to_facts(layer: nn.Layer, what: str, seen: set[int]) -> dict[str, Any]:
    need(not layer.parameters() or id(layer) not in seen, f"{what} stands in two places of the network")
    seen.add(id(layer))
    if type(layer) is nn.Sequential:
        inner = [_layer_to_facts(one, f"{what}.{i}", seen) for i, one in enumerate(layer)]
        return {"kind": "Sequential", "layers": inner}
    if type(layer) is nn.Linear:
        sizes = {"in_features": int(layer.in_features), "out_features": int(layer.out_features)}
        return {"kind": "Linear", **sizes, "bias": layer.bias is not None}
    return part_to_facts(layer, what)


def _check_parameters(facts: Mapping[str, Any], arrays: Mapping[str, Array], what: str) -> None:
    """Hold names, shapes, dtypes and numbers of the arrays against what the layers say."""
    stacked = () if facts["members"] is None else (facts["members"],)
    shapes = dict(_shapes(facts["layers"], "", what, 0))
    need(
        set(shapes) == set(arrays), f"{what} must have the parameters {', '.join(shapes)}, and has {', '.join(arrays)}"
    )
    for name, array in arrays.items():
        shape = (*stacked, *shapes[name])
        need(array.shape == shape, f"{what}: {name} has the shape {array.shape}, and its layer has {shape}")
        need(array.dtype in (np.float32, np.float64), f"{what}: {name} is of dtype {array.dtype}")
        need(bool(np.isfinite(array).all()), f"{what}: {name} contains NaN or infinity")


def _shapes(layers: Any, prefix: str, what: str, depth: int) -> list[tuple[str, tuple[int, ...]]]:
    need(isinstance(layers, list) and depth < _DEEPEST, f"{what} must be a list of layers, not too deep")
    found: list[tuple[str, tuple[int, ...]]] = []
    for i, layer in enumerate(layers):
        where = f"layer {prefix}{i}"
        kind = layer.get("kind") if isinstance(layer, dict) else None
        if kind == "Sequential":
            need_keys(layer, ["kind", "layers"], where)
            found += _shapes(layer["layers"], f"{prefix}{i}.", what, depth + 1)
        elif kind == "Linear":
            need_keys(layer, ["kind", "in_features", "out_features", "bias"], where)
            m, h = layer["in_features"], layer["out_features"]
            need(COUNT.holds(m) and COUNT.holds(h) and SWITCH.holds(layer["bias"]), f"{where} has impossible sizes")
            found += [(f"{prefix}{i}.weight", (h, m)), *([(f"{prefix}{i}.bias", (h,))] if layer["bias"] else [])]
        else:
            part_from_facts(layer, nn.Layer, where)
    return found


def _built(layers: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array], prefix: str) -> nn.Sequential:
    made: list[nn.Layer] = []
    for i, facts in enumerate(layers):
        if facts["kind"] == "Sequential":
            made.append(_built(facts["layers"], arrays, f"{prefix}{i}."))
        elif facts["kind"] == "Linear":
            layer = nn.Linear(1, 1)  # of any size: it is given its arrays, and draws none
            layer.in_features, layer.out_features = facts["in_features"], facts["out_features"]
            layer.weight, layer.bias = arrays[f"{prefix}{i}.weight"], arrays.get(f"{prefix}{i}.bias")
            made.append(layer)
        else:
            made.append(part_from_facts(facts, nn.Layer, f"layer {prefix}{i}"))
    return nn.Sequential(*made)
