"""A model as a Python file that needs NumPy alone, or NumPy and torch: preprocessing, network, answers, a self-test.

Whatever comes from a table, names and categories, goes into the file as literals that Python itself writes.
"""

import ast
import hashlib
import inspect
import io
import keyword
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from feedforward import __version__
from feedforward.exports import runtime
from feedforward.exports.expressions import NUMPY, TORCH, lines_of
from feedforward.exports.parts import Answer, Parts
from feedforward.exports.preprocessing import Dates, Levels, Numbers, Preprocessing, Reader
from feedforward.exports.samples import as_input, sample_rows

_WIDTH = 110  # of a line
_INLINE = 40  # levels that stand where they are used; more go to the end of the file
_IMPORTS = (
    ("hashlib", "import hashlib"),
    ("io", "import io"),
    ("math", "import math"),
    ("operator", "import operator"),
    ("datetime", "from datetime import {}"),
    ("Path", "from pathlib import Path"),
    ("Any", "from typing import Any"),
    ("np", "import numpy as np"),
    ("torch", "import torch"),
    ("nn", "from torch import nn"),
    ("functional", "from torch.nn import functional"),
)
_READ = {Numbers: "read_numbers", Dates: "read_dates", Levels: "read_levels"}
_OF_DATETIME = ("UTC", "date", "datetime", "time", "timedelta")
_RUN = "`import` takes no such name as this file has: runpy.run_path(path) returns the functions, in a dict."
_THIRD_PARTY = ("np", "torch", "nn", "functional")


def source_of(parts: Parts, to: str, weights_name: str) -> tuple[str, bytes]:
    """Return the text of a Python file, and the bytes of the ``.npz`` file that belongs beside it.

    Parameters
    ----------
    parts : Parts
    to : {"numpy", "torch"}
    weights_name : str
        The name of the file beside it.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.exports.parts import parts_of
    >>> text, weights = source_of(parts_of(ff.Adaline().fit([[0.0], [1.0]], ["no", "yes"])), "numpy", "model.npz")
    >>> "CLASSES = np.array(['no', 'yes'])" in text
    True
    """
    file = io.BytesIO()
    constants: dict[str, Any] = parts.program.constants  # for mypy they may be `allow_pickle`, which no name is
    np.savez(file, **constants)
    data, late = file.getvalue(), list[str]()
    sections = [
        _weights(weights_name, hashlib.sha256(data).hexdigest()),
        _answers(parts),
        _outputs(parts, to),
        _network(parts, to),
        *([] if parts.preprocessing is None else [_encode(parts.preprocessing, late)]),
    ]
    test = _self_test(parts)
    helpers = [inspect.getsource(function).strip() for function in _functions(_names_in([*sections, test]))]
    body = [*sections, *helpers, *late, test]
    return "\n\n\n".join([_head(parts, to, _names_in(body), weights_name), *body]) + "\n", data


def module_name(stem: str) -> str:
    """Return the name of a file without its suffix, or, if ``import`` would not take it, one much like it.

    Examples
    --------
    >>> module_name("my_model"), module_name("my-model"), module_name("1"), module_name("class")
    ('my_model', 'my_model', 'model_1', 'model_class')
    """
    if _is_importable(stem):
        return stem
    name = re.sub(r"\W", "_", stem, flags=re.ASCII)
    return name if _is_importable(name) else f"model_{name}"


def _is_importable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


# Parts of the file --------------------------------------------------------------------------------------------------


def _head(parts: Parts, to: str, used: set[str], weights_name: str) -> str:
    rows = "a list of dicts, one a row, or a dict of columns; None where a value is missing"
    if parts.preprocessing is None:
        named = "a list of dicts, one a row, or a dict of columns; no value may be missing"
        rows = f"lists of {parts.n_columns} numbers" if parts.columns is None else named
    stem = weights_name.removesuffix(".npz")
    functions = "predict_proba(rows) and predict(rows)" if parts.answer.has_probabilities else "predict(rows)"
    lines = [
        f'"""{parts.kind}, written out by feedforward {__version__}: {functions}.',
        "",
        f"It needs {'NumPy' if to == 'numpy' else 'NumPy and PyTorch'} alone. Rows are {rows}.",
        "The weights stand beside this file, in one that WEIGHTS names. As a program, it answers the rows at its end.",
        *([] if module_name(stem) == stem else [_RUN]),
        '"""',
        "",
    ]
    own, others = list[str](), list[str]()
    for name, line in _IMPORTS:
        needed = ", ".join(one for one in _OF_DATETIME if one in used)
        if (needed if name == "datetime" else name in used) and line:
            (others if name in _THIRD_PARTY else own).append(line.format(needed))
    return "\n".join([*lines, *own, "", *others, "", "Array = np.ndarray[Any, Any]"])


def _weights(name: str, digest: str) -> str:
    return f'''\
WEIGHTS = {name!r}
DIGEST = "{digest}"  # of that file: only these weights belong here


def weights() -> dict[str, Array]:
    """Return the arrays of the file of weights."""
    data = Path(__file__).with_name(WEIGHTS).read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGEST:
        raise ValueError(f"{{WEIGHTS!r}} is not the file that was written with this one. Export the model again.")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return dict(file)'''


def _answers(parts: Parts) -> str:
    answer, members = parts.answer, parts.program.members
    mean = ".mean(axis=0)" if members else ""
    lines = [] if answer.classes is None else [f"CLASSES = {_array(answer.classes)}"]
    if answer.link == "numbers":
        return "\n".join([*lines, *_numbers(answer, mean)])
    if answer.link == "step":
        one = "(z[:, 0] >= THRESHOLD) * (len(CLASSES) - 1)"
        several = "z.argmax(axis=1)"
        single = len(answer.classes if answer.classes is not None else ()) <= 2
        lines += [f"THRESHOLD = {answer.threshold!r}"] if single else []
        lines += ["", "", *_function("predict", "the label of each row")]
        return "\n".join([*lines, "    z = outputs(rows)", f"    return CLASSES[{one if single else several}]"])
    if answer.link == "sigmoid":
        lines += ["", "", *_function("predict", "0 or 1 for each label, shape (n, labels)")]
        lines += ["    return (outputs(rows) > 0).astype(int)", "", ""]
        lines += _function("predict_proba", "the probability of each label, shape (n, labels)")
        return "\n".join([*lines, "    return sigmoid(outputs(rows))"])
    lines += [f"TEMPERATURE = {answer.temperature!r}"] if answer.temperature != 1 else []
    z = "outputs(rows) / TEMPERATURE" if answer.temperature != 1 else "outputs(rows)"
    lines += ["", "", *_function("predict", "the label of each row")]
    lines += ["    return CLASSES[predict_proba(rows).argmax(axis=1)]", "", ""]
    lines += _function("predict_proba", "the probability of each of CLASSES, shape (n, classes)")
    return "\n".join([*lines, f"    return {answer.link}({z}){mean}"])


def _numbers(answer: Answer, mean: str) -> list[str]:
    text, lines = f"outputs(rows){mean}", list[str]()
    if (answer.scale != 1).any() or (answer.shift != 0).any():
        lines += [f"SHIFT, SCALE = {_array(answer.shift)}, {_array(answer.scale)}  # of the targets in training"]
        text = f"SHIFT + SCALE * {text}"
    if np.isfinite(answer.low).any():
        lines += [f"LOW, HIGH = {_array(answer.low)}, {_array(answer.high)}  # of the targets in training"]
        text = f"np.clip({text}, LOW, HIGH)"
    lines += ["", ""] if lines else []
    shape = "shape (n,)" if answer.flat else "shape (n, targets)"
    lines += _function("predict", f"the number for each row, {shape}")
    return [*lines, f"    y = {text}", "    return y[:, 0]"] if answer.flat else [*lines, f"    return {text}"]


def _function(name: str, what: str) -> list[str]:
    return [f"def {name}(rows: Any) -> Array:", f'    """Return {what}."""']


def _outputs(parts: Parts, to: str) -> str:
    program = parts.program
    shape = f"({program.members} members, n, outputs)" if program.members else "(n, outputs)"
    read = "encode(rows)"
    if parts.preprocessing is None:
        named = parts.columns is not None
        read = (
            f"read_complete(rows, {_list(parts.columns or [], 4)})"
            if named
            else f"read_matrix(rows, {parts.n_columns})"
        )
    lines = [
        "def outputs(rows: Any) -> Array:",
        f'    """Return what the network makes of rows, shape {shape}, a few thousand rows at a time."""',
        f"    X = {read}.astype({str(program.dtype)!r})",
        "    blocks = [X[first : first + 4096] for first in range(0, max(len(X), 1), 4096)]",
    ]
    if to == "numpy":
        return "\n".join([*lines, "    return np.concatenate([network(X) for X in blocks], axis=-2).astype(float)"])
    lines += ["    with torch.inference_mode():"]
    return "\n".join(
        [*lines, "        found = [network(torch.from_numpy(X)) for X in blocks]",
         "    return torch.cat(found, dim=-2).double().numpy()"]
    )  # fmt: skip


def _network(parts: Parts, to: str) -> str:
    program = parts.program
    stacked = f" Each of the {program.members} members has its part of the weights, the first axis." * bool(
        program.members
    )
    if to == "numpy":
        lines = ["W = weights()", "", "", "def network(x: Array) -> Array:"]
        lines += [f'    """Return the outputs for encoded rows.{stacked}"""']
        return "\n".join([*lines, *(f"    {line}" for line in lines_of(program, NUMPY))])
    double = ", dtype=torch.float64" if program.dtype == np.float64 else ""
    lines = ["class Network(nn.Module):", f'    """From encoded rows to outputs.{stacked}"""', ""]
    lines += ["    def __init__(self) -> None:", "        super().__init__()"]
    for name, array in program.constants.items():
        shape = ", ".join(map(str, array.shape))
        lines += [f"        self.{name} = nn.Parameter(torch.zeros({shape}{double}))"]
    lines += ["", "    def forward(self, x: torch.Tensor) -> torch.Tensor:", '        """Return the outputs."""']
    lines += [f"        {line}" for line in lines_of(program, TORCH)]
    lines += ["", "", "network = Network().eval()"]
    lines += ["network.load_state_dict({name: torch.from_numpy(array) for name, array in weights().items()})"]
    return "\n".join(lines)


def _encode(found: Preprocessing, late: list[str]) -> str:
    lines = [
        "def encode(rows: Any) -> Array:",
        f'    """Return rows as the {found.width} columns of numbers that the network reads."""',
        f"    raw = np.zeros((number_of_rows(rows), {found.width}))",
    ]
    for reader in found.readers:
        lines += _call(reader, late)
    lines += ["    return scaled(raw, SCALING)", "", ""]
    lines += [
        "# Of each column of numbers: what a gap becomes, what is subtracted, what divides, and the limit of the clip."
    ]
    lines += ["SCALING = {"]
    for label, *numbers in zip(found.labels, found.fill, found.center, found.scale, found.limit, strict=True):
        lines += [f"    {label!r}: [{', '.join(map(_float, numbers))}],"]  # no comment: linters read these
    return "\n".join([*lines, "}"])


def _call(reader: Reader, late: list[str]) -> list[str]:
    """Return the lines that read one column of a table."""
    given: dict[str, Any] = {"at": reader.at}
    if isinstance(reader, Levels):
        name = f"LEVELS_{reader.at}"
        given |= {"form": reader.form, "holds": reader.holds, "levels": _list(reader.levels, 8)}
        if len(reader.levels) > _INLINE:
            late.append(f"{name} = {_list(reader.levels, 0)}")
            given["levels"] = name
        given |= {"other": reader.other, "missing": reader.missing}
    elif isinstance(reader, Dates):
        given |= {"parts": _list(reader.parts, 8), "written": reader.written, "mark": reader.mark}
    else:
        given |= {"mark": reader.mark, "boolean": reader.boolean or None}
        if reader.spikes:
            given |= {"spikes": _list(reader.spikes, 8), "flags": reader.flags}
    texts = ["rows", repr(reader.name), "raw"]
    for name, value in given.items():
        if value is not None:
            texts.append(f"{name}={value if name in ('levels', 'parts', 'spikes') else repr(value)}")
    return f"    {_READ[type(reader)]}{_wrapped(texts, '()', 4, 16)}".split("\n")


def _self_test(parts: Parts) -> str:
    rows = sample_rows(parts)
    model, given = parts.model, as_input(parts, rows)
    method = "predict_proba" if parts.answer.has_probabilities else "predict"
    expected = np.asarray(getattr(model, method)(given))
    shown = [_list(row, 4) if isinstance(row, list) else _dict(row) for row in rows]
    lines = ["ROWS = [", *(f"    {row}," for row in shown), "]", f"EXPECTED = {_list(expected.tolist(), 0)}", "", ""]
    lines += ['if __name__ == "__main__":', f"    found = {method}(ROWS)"]
    if parts.answer.link == "step":
        lines += ["    if found.tolist() != EXPECTED:"]
    else:
        spread = float(np.abs(parts.answer.scale).max()) if method == "predict" else 1.0
        lines += [f"    if not np.allclose(found, EXPECTED, rtol=1e-5, atol={1e-5 * spread:.0e}):"]
    lines += ['        raise SystemExit(f"answers differ from those of training: {found.tolist()}, not {EXPECTED}")']
    return "\n".join([*lines, '    print("ok")'])


# Literals -----------------------------------------------------------------------------------------------------------


def _array(array: Any) -> str:
    array = np.asarray(array)
    kind = (
        ""
        if array.dtype.kind == "U" or array.dtype in (np.float64, np.int64, bool)
        else f", dtype={array.dtype.name!r}"
    )
    return f"np.array({_list(array.tolist(), 0)}{kind})"


def _float(number: float) -> str:
    return repr(float(number)) if np.isfinite(number) else "np.inf"


def _list(items: Iterable[Any], indent: int, taken: int = 12) -> str:
    """Return a list as a literal, on lines of its own if one line is too short."""
    return _wrapped([repr(item) for item in items], "[]", indent, taken)


def _dict(row: dict[str, Any]) -> str:
    return _wrapped([f"{name!r}: {cell!r}" for name, cell in row.items()], "{}", 4, 4)


def _wrapped(texts: list[str], brackets: str, indent: int, taken: int) -> str:
    line = f"{brackets[0]}{', '.join(texts)}{brackets[1]}"
    if taken + len(line) <= _WIDTH:
        return line
    lines, margin = [" " * (indent + 4)], " " * (indent + 4)
    for text in texts:
        if len(lines[-1]) + len(text) >= _WIDTH and lines[-1] != margin:
            lines[-1] = lines[-1].rstrip()
            lines.append(margin)
        lines[-1] += f"{text}, "
    return "\n".join([brackets[0], *lines[:-1], lines[-1].rstrip(), " " * indent + brackets[1]])


# Functions ----------------------------------------------------------------------------------------------------------


def _functions(used: set[str]) -> list[Any]:
    """Return those functions of `runtime` that are used, and those that these use, in their order there."""
    known = {name: thing for name, thing in vars(runtime).items() if inspect.isfunction(thing)}
    found, waiting = set[str](), used & set(known)
    while waiting:
        found |= waiting
        waiting = (_names_in(inspect.getsource(known[name]) for name in waiting) & set(known)) - found
    return [thing for name, thing in known.items() if name in found]


def _names_in(texts: Iterable[str]) -> set[str]:
    return {node.id for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
