"""A graph of ONNX in the making: nodes, arrays, inputs, outputs."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import MissingPackageError

Value = str  # its name


class Graph:
    """Nodes in their order, each value with a name that no column has.

    Parameters
    ----------
    taken : sequence of str
        Names of columns.

    Raises
    ------
    MissingPackageError
        If onnx is not installed.

    Examples
    --------
    >>> graph = Graph(["a", "v"])
    >>> graph.node("Neg", graph.input("a", np.dtype(np.float64), (None, 1), "number"))
    '_v0'
    """

    def __init__(self, taken: Sequence[str]) -> None:
        if find_spec("onnx") is None:
            raise MissingPackageError(
                "Exporting to ONNX needs the package onnx, which is not installed. Install it: "
                'pip install "feedforward[onnx]".'
            )
        import onnx

        self._onnx: Any = onnx
        self._prefix = "v"
        while any(name.startswith(self._prefix) for name in taken):
            self._prefix = f"_{self._prefix}"
        self.inputs: list[tuple[str, Any, str]] = []  # name, description in ONNX, what it holds in words
        self._nodes: list[Any] = []
        self._arrays: list[Any] = []
        self._outputs: list[Any] = []
        self._known: dict[Any, Value] = {}

    def type_of(self, dtype: Any) -> int:
        """Return ONNX's number for a dtype."""
        number: int = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return number

    def input(self, name: str, dtype: Any, shape: tuple[int | None, ...], words: str) -> Value:
        """Return a new input; None in its shape is the number of rows."""
        self.inputs.append((name, self._described(name, dtype, shape), words))
        return name

    def output(self, name: str, value: Value, dtype: Any, shape: tuple[int | None, ...]) -> None:
        """Let a value out under a name."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))
        self._outputs.append(self._described(name, dtype, shape))

    def array(self, array: NDArray[Any], name: str = "") -> Value:
        """Return the value that is this array; equal small ones are one."""
        key = (array.dtype.str, array.shape, str(array.tolist())) if array.size <= 1 else len(self._arrays)
        if key not in self._known:
            own = f"{self._prefix}_{name}" if name else self._next()
            self._arrays.append(self._onnx.numpy_helper.from_array(array, own))
            self._known[key] = own
        return self._known[key]

    def node(self, kind: str, *inputs: Value, domain: str = "", **attributes: Any) -> Value:
        """Return what an operator makes of values."""
        output = self._next()
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def cast(self, value: Value, dtype: Any) -> Value:
        """Return a value as another type."""
        return self.node("Cast", value, to=self.type_of(dtype))

    def model(self, opsets: Mapping[str, int], ir_version: int, version: str, metadata: Mapping[str, str]) -> bytes:
        """Return the whole as the bytes of a file."""
        helper = self._onnx.helper
        described = [one for _, one, _ in self.inputs]
        graph = helper.make_graph(self._nodes, "feedforward", described, self._outputs, self._arrays)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(domain, number) for domain, number in opsets.items()],
            ir_version=ir_version,
            producer_name="feedforward",
            producer_version=version,
        )
        helper.set_model_props(model, dict(metadata))
        data: bytes = model.SerializeToString(deterministic=True)
        return data

    def _next(self) -> Value:
        return f"{self._prefix}{len(self._nodes) + len(self._arrays)}"

    def _described(self, name: str, dtype: Any, shape: tuple[int | None, ...]) -> Any:
        axes = ["rows" if size is None and axis == 0 else size for axis, size in enumerate(shape)]
        return self._onnx.helper.make_tensor_value_info(name, self.type_of(dtype), axes)
