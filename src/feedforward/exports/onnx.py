"""A model as one ONNX file: columns of a table in, answers out, for any runtime of ONNX.

Opset 18 and, for categories of text, ai.onnx.ml 3: what runtimes have had since 2023. No data beside the file.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from feedforward import __version__
from feedforward.errors import InputError
from feedforward.exports.graph import Graph, Value
from feedforward.exports.onnx_columns import encoded
from feedforward.exports.onnx_layers import through
from feedforward.exports.parts import Answer, Parts

OPSET, ML_OPSET, IR_VERSION = 18, 3, 8

Output = tuple[Value, Any, tuple[int | None, ...]]  # with its type and its shape, None for the rows


def onnx_of(parts: Parts) -> bytes:
    """Return the bytes of an ONNX file.

    Raises
    ------
    MissingPackageError
        If onnx is not installed.
    InputError
        If the model has columns, levels or classes that ONNX cannot have.

    Examples
    --------
    >>> import onnx
    >>> import feedforward as ff
    >>> from feedforward.exports.parts import parts_of
    >>> data = onnx_of(parts_of(ff.Adaline().fit([[0.0], [1.0]], ["no", "yes"])))
    >>> [output.name for output in onnx.load_from_string(data).graph.output]
    ['prediction']
    """
    graph = Graph(_names(parts))
    x = graph.node("Cast", encoded(graph, parts), to=graph.type_of(parts.program.dtype))
    outputs = graph.node("Cast", through(graph, parts.program, x), to=graph.type_of(np.float64))
    found = _answers(graph, parts.answer, outputs, bool(parts.program.members))
    taken = {name for name, _, _ in graph.inputs}
    for name, (value, dtype, shape) in found.items():
        while name in taken:
            name += "_"
        graph.output(name, value, dtype, shape)
    facts = {
        "library": f"feedforward {__version__}",
        "estimator": parts.kind,
        "classes": None if parts.answer.classes is None else parts.answer.classes.tolist(),
        "inputs": {name: words for name, _, words in graph.inputs},
    }
    return graph.model({"": OPSET, "ai.onnx.ml": ML_OPSET}, IR_VERSION, __version__, {"feedforward": json.dumps(facts)})


def _names(parts: Parts) -> Sequence[str]:
    names = parts.columns or []
    if parts.preprocessing is not None:
        names = [reader.name for reader in parts.preprocessing.readers]
        if not names:
            raise InputError("This model reads no column, so there is nothing that an ONNX file could take.")
    if "" in names:
        raise InputError("A column has no name, and an input of ONNX needs one. Rename the column and train again.")
    return names


def _answers(
    graph: Graph, answer: Answer, outputs: Value, stacked: bool
) -> dict[str, tuple[Value, Any, tuple[int | None, ...]]]:
    """Return by name what comes out, each with its type and its shape, None for the rows."""
    if answer.link == "numbers":
        return {"prediction": _numbers(graph, answer, outputs, stacked)}
    classes = np.asarray(answer.classes)
    if answer.link == "step" and len(classes) <= 2:
        above = graph.node("GreaterOrEqual", outputs, graph.array(np.array(answer.threshold)))
        code = graph.node("Mul", graph.cast(above, np.int64), graph.array(np.array(len(classes) - 1)))
        code = graph.node("Squeeze", code, graph.array(np.array([1])))
        return {"prediction": _labels(graph, classes, code)}
    if answer.link == "step":
        return {"prediction": _labels(graph, classes, graph.node("ArgMax", outputs, axis=1, keepdims=0))}
    if answer.link == "sigmoid":
        chances = graph.node("Sigmoid", outputs)
        yes = graph.cast(graph.node("Greater", outputs, graph.array(np.array(0.0))), np.int64)
        found: dict[str, Output] = {"prediction": (yes, np.dtype(np.int64), (None, len(classes)))}
    else:
        chances = _chances(graph, answer, outputs, len(classes))
        if stacked:
            chances = graph.node("ReduceMean", chances, graph.array(np.array([0])), keepdims=0)
        found = {"prediction": _labels(graph, classes, graph.node("ArgMax", chances, axis=1, keepdims=0))}
    probabilities = graph.cast(chances, np.float32)
    return {**found, "probabilities": (probabilities, np.dtype(np.float32), (None, len(classes)))}


def _chances(graph: Graph, answer: Answer, outputs: Value, count: int) -> Value:
    if answer.link == "softmax":
        z = graph.node("Div", outputs, graph.array(np.array(answer.temperature)))
        return graph.node("Softmax", z, axis=-1)
    total = graph.node("ReduceSum", outputs, graph.array(np.array([-1])), keepdims=1)
    positive = graph.node("Greater", total, graph.array(np.array(0.0)))
    above = graph.node("Where", positive, outputs, graph.array(np.array(1.0)))
    return graph.node("Div", above, graph.node("Where", positive, total, graph.array(np.array(float(count)))))


def _numbers(graph: Graph, answer: Answer, y: Value, stacked: bool) -> tuple[Value, Any, tuple[int | None, ...]]:
    if stacked:
        y = graph.node("ReduceMean", y, graph.array(np.array([0])), keepdims=0)
    y = graph.node("Add", graph.node("Mul", y, graph.array(answer.scale)), graph.array(answer.shift))
    if np.isfinite(answer.low).any():
        y = graph.node("Max", graph.node("Min", y, graph.array(answer.high)), graph.array(answer.low))
    if answer.flat:
        return graph.node("Squeeze", y, graph.array(np.array([1]))), np.dtype(np.float64), (None,)
    return y, np.dtype(np.float64), (None, None)


def _labels(graph: Graph, classes: Any, code: Value) -> tuple[Value, Any, tuple[int | None, ...]]:
    """Return the labels of codes, of one of the four types that ONNX has for them."""
    found = {type(label) for label in classes.tolist()}
    if found == {str}:
        labels = classes.astype(object)
    elif found == {bool}:
        labels = classes.astype(bool)
    elif found == {int} and min(classes.tolist()) >= -(2**63) and max(classes.tolist()) < 2**63:
        labels = classes.astype(np.int64)
    elif found == {float}:
        labels = classes.astype(np.float64)
    else:
        words = ", ".join(sorted(kind.__name__ for kind in found))
        raise InputError(
            f"Classes of type {words}, such as {classes.tolist()[-1]!r}, cannot be exported to ONNX: give classes that "
            "are text, whole numbers of 64 bits, numbers or booleans."
        )
    return graph.node("Gather", graph.array(labels), code, axis=0), labels.dtype, (None,)
