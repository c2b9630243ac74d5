"""Columns: several layers side by side, each reading columns of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.composite import Composite, at_layer, by_name, indented, members_of
from feedforward.nn.layers import Layer, Training, check_rows
from feedforward.validation import COUNT_OR_ZERO

Places = tuple[int, int] | Sequence[int]


class Columns(Composite):
    """``Y = (layer₀(X[:, columns₀]), layer₁(X[:, columns₁]), …)``: each layer reads its columns, results side by side.

    Backwards, each layer gets its part of the gradient, and a column that several layers read gets the sum of theirs.

    Parameters
    ----------
    parts : list of (columns, Layer)
        Columns are a range ``(first, stop)``, a tuple, or a list of places, each named once. A column that no layer
        reads is left out; `Identity` passes columns on as they are.

    Attributes
    ----------
    layers : tuple of Layer
    columns : tuple of (first, stop) or list of int
        What each layer reads; places that follow one another have become a range.
    in_features : int
        One more than the last column that is read: as many must come.

    Raises
    ------
    InputError
        If `parts` are not such pairs; from ``forward``, naming the layer and its columns, if the input does not fit.

    Examples
    --------
    >>> from feedforward import nn
    >>> layer = Columns([((0, 2), nn.Identity()), ([2], nn.Embedding(3, 1))])
    >>> layer
    Columns(
      (0): [0:2] Identity()
      (1): [2:3] Embedding(levels=3, width=1)
    )
    >>> layer.layers[1].weight[...] = [[10.0], [20.0], [30.0]]
    >>> layer(np.array([[0.5, 0.6, 2.0]]))
    array([[ 0.5,  0.6, 30. ]])
    """

    def __init__(self, parts: Sequence[tuple[Places, Layer]]) -> None:
        pairs = isinstance(parts, Sequence) and all(isinstance(pair, Sequence) and len(pair) == 2 for pair in parts)
        if not pairs or not len(parts):
            raise InputError(f"Columns takes a list of one or more pairs (columns, layer); got {parts!r}.")
        for i, (_, layer) in enumerate(parts):
            if not isinstance(layer, Layer):
                raise InputError(f"Columns: number {i} must be a layer; got {layer!r}.")
        self.columns = tuple(
            _columns(columns, f"Columns: the columns of number {i}") for i, (columns, _) in enumerate(parts)
        )
        self.layers = tuple(layer for _, layer in parts)
        self.in_features = max(
            columns[1] if isinstance(columns, tuple) else max(columns) + 1 for columns in self.columns
        )

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, Any]:
        """Return the outputs of all layers side by side and, for `backward`, what they saved."""
        members = members_of(self)  # without parameters there is nothing to tell, and any stack of rows will do
        check_rows(self, x, self.in_features, x.shape[:-2] if members is None else (members,))
        outputs, saved = [], []
        for i, (layer, columns) in enumerate(self.read(x)):
            try:
                output, keep = layer.forward(columns, training=None if training is None else (*training, i))
            except InputError as error:
                raise at_layer(i, layer, error, f" of columns {_shown(self.columns[i])}") from None
            outputs.append(output)
            saved.append(keep)
        rows = max(outputs, key=np.ndim).shape[:-1]  # what a stack makes of rows that all members share
        alike = [np.broadcast_to(output, (*rows, output.shape[-1])) for output in outputs]
        ends = np.cumsum([output.shape[-1] for output in outputs]).tolist()
        return np.concatenate(alike, axis=-1), (ends, saved)

    def read(self, x: Array) -> list[tuple[Layer, Array]]:
        """Return each layer with the columns of `x` that it reads: a view where they are a range."""
        return [(layer, x[..., _index(columns)]) for layer, columns in zip(self.layers, self.columns, strict=True)]

    def backward(self, gradient: Array, saved: Any) -> tuple[Array, dict[str, Array]]:
        """Return the gradients for X, and of each layer's parameters under ``"{place}.{name}"``."""
        total, found = np.zeros((*gradient.shape[:-1], self.in_features), gradient.dtype), {}
        for i, (layer, part, keep) in enumerate(self._each(gradient, saved)):
            slope, found[i] = layer.backward(part, keep)
            total[..., _index(self.columns[i])] += slope
        return total, by_name(found)

    def gradients(self, gradient: Array, saved: Any) -> dict[str, Array]:
        """Return the gradients of the parameters alone."""
        return by_name(
            {i: layer.gradients(part, keep) for i, (layer, part, keep) in enumerate(self._each(gradient, saved))}
        )

    def _each(self, gradient: Array, saved: Any) -> list[tuple[Layer, Array, Any]]:
        """Return each layer with its part of the gradient, and what it saved."""
        ends, kept = saved
        parts = (gradient[..., first:end] for first, end in zip([0, *ends], ends, strict=False))
        return list(zip(self.layers, parts, kept, strict=True))

    def __repr__(self) -> str:
        shown = [f"({i}): {_shown(columns)} " for i, columns in enumerate(self.columns)]
        return f"{type(self).__name__}({indented(list(zip(shown, self.layers, strict=True)))})"


def _columns(given: Any, what: str) -> tuple[int, int] | list[int]:
    """Return columns as a range (first, stop) where they follow one another, else as a list."""
    whole = isinstance(given, Sequence | np.ndarray) and all(COUNT_OR_ZERO.holds(place) for place in given)
    places = [int(place) for place in given] if whole else []
    if isinstance(given, tuple):
        if len(places) == 2 and places[0] < places[1]:
            return places[0], places[1]
    elif places and len(set(places)) == len(places):
        run = (places[0], places[0] + len(places))
        return run if places == list(range(*run)) else places
    raise InputError(
        f"{what} must be a range (first, stop) of columns counted from 0, or a list of different ones; got {given!r}."
    )


def _index(columns: tuple[int, int] | list[int]) -> slice | list[int]:
    return slice(*columns) if isinstance(columns, tuple) else columns


def _shown(columns: tuple[int, int] | list[int]) -> str:
    return f"[{columns[0]}:{columns[1]}]" if isinstance(columns, tuple) else str(columns)
