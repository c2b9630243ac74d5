"""Layers without parameters, losses and optimizers as typed JSON, and back, by a closed list of what there is.

A file names a part by a word of this list. It never names a class to import, and what is not on the list is refused, in
both directions.
"""

from collections.abc import Mapping
from typing import Any

from feedforward import nn
from feedforward.storage.checks import is_text, need, need_keys, plain
from feedforward.validation import NUMBER, SWITCH, Rule

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
