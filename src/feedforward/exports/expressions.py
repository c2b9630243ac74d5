"""A network's operations as lines of Python, a layer at a time, in the words of NumPy or of torch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from feedforward.nn.lowering import INPUT, Operation, Program

_LONGEST = 88  # characters of an expression that another one takes in,
_LONGEST_OF_MANY = 48  # and that one takes in beside others
_COMMON = {
    "matmul": "{0} @ {c}",
    "add": "{0} + {c}",
    "multiply": "{0} * {c}",
    "subtract": "{0} - {1}",
    "columns": "{0}[..., {s}]",
}
_SUM, _PRODUCT, _ATOM = 1, 2, 3  # how tightly expressions bind
_RANKS = {"add": _SUM, "subtract": _SUM, "matmul": _PRODUCT, "multiply": _PRODUCT}


@dataclass(frozen=True)
class Language:
    """How operations are said.

    Attributes
    ----------
    constant : str
        Where the array {c} is found.
    words : dict
        From kind to a template; of what is not there, a function of the same name.
    on_atoms : tuple of str
        Kinds whose operand needs brackets, if it is more than a name or a call.
    """

    constant: str
    words: Mapping[str, str]
    on_atoms: tuple[str, ...]


NUMPY = Language(
    'W["{c}"]',
    {
        **_COMMON,
        "cos": "np.cos({0})",
        "tanh": "np.tanh({0})",
        "concat": "np.concatenate([{all}], axis=-1)",
        "lookup": "{c}[..., whole({0}), :]",
        "features_first": "features_first({0})",
        "features_last": "features_last({0})",
        "repeat": "np.broadcast_to({0}, ({s}, *{0}.shape))",
    },
    on_atoms=("columns", "repeat"),
)
TORCH = Language(
    "self.{c}",
    {
        **_COMMON,
        "cos": "torch.cos({0})",
        "tanh": "torch.tanh({0})",
        "sigmoid": "torch.sigmoid({0})",
        "softplus": "functional.softplus({0}, threshold=40)",
        "concat": "torch.cat([{all}], dim=-1)",
        "repeat": "{0}.expand({s}, -1, -1)",
        **{name: f"functional.{name}({{0}})" for name in ("relu", "selu", "gelu", "silu", "mish")},
        "leaky_relu": "functional.leaky_relu({0}, {s})",
        "elu": "functional.elu({0}, {s})",
        "lookup": "{c}[..., {0}[..., 0].long(), :]",
        "features_first": "{0}.transpose(-1, -2).unsqueeze(-1)",
        "features_last": "{0}.movedim(-3, -2).flatten(-2)",
    },
    on_atoms=("columns", "repeat", "lookup", "features_first", "features_last"),
)


def lines_of(program: Program, language: Language) -> list[str]:
    r"""Return the lines of a function from ``x`` to its output, without indentation; comments name the layers.

    Examples
    --------
    >>> from feedforward import nn
    >>> from feedforward.nn.lowering import lower
    >>> print(*lines_of(lower(nn.Sequential(nn.Linear(2, 3), nn.Tanh())), NUMPY), sep="\n")
    # layer 0: Linear(in_features=2, out_features=3, bias=True)
    x1 = x @ W["layer_0_weight"] + W["layer_0_bias"]
    # layer 1: Tanh()
    x2 = np.tanh(x1)
    return x2
    """
    uses = Counter(x for operation in program.operations for x in operation.inputs)
    consumer = {x: operation for operation in program.operations for x in operation.inputs}
    said, lines, layer, names = {INPUT: (INPUT, _ATOM)}, list[str](), "", 0
    for operation in program.operations:
        if operation.layer != layer:
            layer = operation.layer
            lines.append(f"# layer {layer}")
        text, rank = _said(operation, said, language)
        after = consumer.get(operation.output)
        longest = _LONGEST_OF_MANY if after is not None and after.kind in ("concat", "features_last") else _LONGEST
        if after is not None and uses[operation.output] == 1 and after.layer == layer and len(text) <= longest:
            said[operation.output] = text, rank  # the next expression takes it in
            continue
        names += 1
        said[operation.output] = f"x{names}", _ATOM
        lines.append(f"x{names} = {text}")
    return [*lines, f"return {said[program.output][0]}"]


def _said(operation: Operation, said: Mapping[str, tuple[str, int]], language: Language) -> tuple[str, int]:
    """Return an operation as an expression, and how tightly that binds."""
    kind, rank = operation.kind, _RANKS.get(operation.kind, _ATOM)
    least = _ATOM if kind in language.on_atoms else _RANKS.get(kind, 0)
    inputs = [said[x] for x in operation.inputs]
    texts = [text if own >= least + bool(least) * place else f"({text})" for place, (text, own) in enumerate(inputs)]
    constant = language.constant.format(c=operation.constant) if operation.constant else "".join(texts[1:2])
    template = language.words.get(kind, f"{kind}({{0}})" if operation.setting is None else f"{kind}({{0}}, {{s}})")
    setting = operation.setting
    is_range = kind == "columns" and isinstance(setting, tuple)
    shown = f"{setting[0]}:{setting[1]}" if is_range else repr(setting)
    return template.format(*texts, c=constant, s=shown, all=", ".join(texts)), rank
