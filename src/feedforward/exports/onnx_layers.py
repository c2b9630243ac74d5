"""A network's operations as nodes of ONNX."""

import numpy as np

from feedforward.exports.graph import Graph, Value
from feedforward.nn.lowering import INPUT, Operation, Program

_NAMES = {
    "matmul": "MatMul",
    "add": "Add",
    "multiply": "Mul",
    "subtract": "Sub",
    "cos": "Cos",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "Relu",
    "selu": "Selu",
    "mish": "Mish",
    "softplus": "Softplus",
}
_ALPHA = {"leaky_relu": "LeakyRelu", "elu": "Elu"}


def through(graph: Graph, program: Program, x: Value) -> Value:
    """Return what a network makes of encoded rows, shape (n, t), or (k, n, t) for k members."""
    values = {INPUT: x}
    constants = {name: graph.array(array, name) for name, array in program.constants.items()}
    for operation in program.operations:
        inputs = [values[name] for name in operation.inputs]
        if operation.constant:
            inputs.append(constants[operation.constant])
        values[operation.output] = _node(graph, operation, inputs, program)
    return values[program.output]


def _node(graph: Graph, operation: Operation, inputs: list[Value], program: Program) -> Value:
    kind, setting, x = operation.kind, operation.setting, inputs[0]
    if kind in _NAMES:
        return graph.node(_NAMES[kind], *inputs)
    if kind in _ALPHA:
        return graph.node(_ALPHA[kind], x, alpha=setting)
    if kind == "silu":
        return graph.node("Mul", x, graph.node("Sigmoid", x))
    if kind == "gelu":
        return _gelu(graph, x, program)
    if kind == "concat":
        return graph.node("Concat", *inputs, axis=-1)
    if kind == "repeat":
        return graph.node("Expand", x, graph.array(np.array([setting, 1, 1])))
    if kind == "columns":
        places = np.arange(*setting) if isinstance(setting, tuple) else np.array(setting)
        return graph.node("Gather", x, graph.array(places.astype(np.int64)), axis=-1)
    if kind == "lookup":
        codes = graph.node("Squeeze", graph.cast(x, np.int64), graph.array(np.array([-1])))
        return graph.node("Gather", inputs[1], codes, axis=1 if program.members else 0)
    if kind == "features_first":
        turned = graph.node("Transpose", x, perm=[0, 2, 1] if setting else [1, 0])
        return graph.node("Unsqueeze", turned, graph.array(np.array([-1])))
    stacked, width = setting  # features_last
    turned = graph.node("Transpose", x, perm=[0, 2, 1, 3] if stacked else [1, 0, 2])
    sizes = [0, 0, width] if stacked else [0, width]  # 0 keeps a size
    return graph.node("Reshape", turned, graph.array(np.array(sizes)))


def _gelu(graph: Graph, x: Value, program: Program) -> Value:
    root = graph.array(np.array(np.sqrt(2.0), program.dtype))
    error = graph.cast(graph.node("Div", x, root), np.float32)  # runtimes have no erf of doubles
    error = graph.cast(graph.node("Erf", error), program.dtype)
    half = graph.node("Mul", x, graph.array(np.array(0.5, program.dtype)))
    return graph.node("Mul", half, graph.node("Add", error, graph.array(np.array(1.0, program.dtype))))
