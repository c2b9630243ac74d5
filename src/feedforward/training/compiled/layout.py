"""How a network, a loss and an optimizer become tables and codes, and parameters one flat array."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from feedforward import nn
from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.layers import in_one_line

# A layer is a row of a table of whole numbers, and these are its columns. WEIGHT and BIAS are places among the
# parameters; SOURCE, NET_INPUT, RESULT and KEPT are places among the units; OFFSET counts the units beside it in
# `Columns` that come before its own; COUNT is an embedding's levels or a periodic one's frequencies; and in a
# Dropout that is done in place, the place of the slopes before it.
KIND, INPUTS, OUTPUTS, WEIGHT, BIAS, CODE, SOURCE, NET_INPUT, RESULT, PLACE, KEPT, OFFSET, COUNT = range(13)
LINEAR, ACTIVATION, DROPOUT, SCALE, PARAMETRIC, EMBEDDING, PERIODIC = range(7)  # its kind
CODES: dict[type[nn.Layer], int] = {
    layer: code
    for code, layer in enumerate(
        (
            nn.Identity,
            nn.Sigmoid,
            nn.Tanh,
            nn.ReLU,
            nn.LeakyReLU,
            nn.ELU,
            nn.SELU,
            nn.GELU,
            nn.SiLU,
            nn.Mish,
            nn.Softplus,
        )
    )
}
_SIDE_BY_SIDE = (nn.Identity, nn.Embedding, nn.PeriodicEmbedding)  # what may stand in Columns
_FIRST = (nn.Columns, nn.Embedding, nn.PeriodicEmbedding)  # needs no gradient for its input: there is none
_LAYERS = (nn.Linear, nn.Dropout, nn.Scale, nn.ParametricActivation, *_FIRST, *CODES)
_LOSSES = (nn.CrossEntropyLoss, nn.MSELoss, nn.HuberLoss, nn.BCEWithLogitsLoss)
_OPTIMIZERS = (nn.SGD, nn.RMSprop, nn.Adam, nn.AdamW)
SLOPE_NEEDS_NET_INPUT = (nn.GELU, nn.SiLU, nn.Mish, nn.Softplus)

# The columns that a layer reads, and the shapes of its parameters, in the order in which they lie one after the other.
_READS: dict[type[nn.Layer], Callable[[Any], int]] = {
    nn.Linear: lambda layer: layer.in_features,
    nn.Scale: lambda layer: layer.features,
    nn.ParametricActivation: lambda layer: layer.features,
    nn.Columns: lambda layer: layer.in_features,
    nn.Embedding: lambda layer: 1,
    nn.PeriodicEmbedding: lambda layer: layer.features,
}
_SHAPES: dict[type[nn.Layer], Callable[[Any], dict[str, tuple[int, ...]]]] = {
    nn.Linear: lambda layer: {
        "weight": (layer.out_features, layer.in_features),
        **({} if layer.bias is None else {"bias": (layer.out_features,)}),
    },
    nn.Scale: lambda layer: {"scale": (layer.features,)},
    nn.ParametricActivation: lambda layer: {"alpha": (layer.features,)},
    nn.Embedding: lambda layer: {"weight": (layer.levels, layer.width)},
    nn.PeriodicEmbedding: lambda layer: {
        "frequency": (layer.features, layer.frequencies),
        "phase": (layer.features, layer.frequencies),
        "projection": (layer.features, layer.width - 1, layer.frequencies),
        "shift": (layer.features, layer.width - 1),
    },
}


@dataclass(frozen=True)
class Layout:
    """A network as the compiled passes read it.

    Attributes
    ----------
    layers : array of int64, shape (L, 13)
        A row a layer: its kind, inputs, outputs, places of weight and bias among the parameters, code of the
        activation, and the units where it reads, puts its net input, and puts its result; its place in the network;
        where it keeps what the way back needs, what comes before it in `Columns`, and its levels or frequencies.
    alphas, shares : arrays of shape (L,)
        Each layer's slope or bend, and its dropout.
    columns : array of int64
        The columns of the rows that are read, in this order; empty: all as they are.
    embedded : tuple of (int, Embedding)
        The columns that hold codes, each with the layer that knows which ones there may be.
    units : int
        Numbers kept for a row of a batch.
    widest : int
        Units of the widest layer.
    """

    layers: Array
    alphas: Array
    shares: Array
    columns: Array
    embedded: tuple[tuple[int, nn.Embedding], ...]
    units: int
    widest: int

    def check_codes(self, X: Array) -> None:
        """Raise `InputError` if dense rows, of shape (n, m) or (k, n, m), hold a code without a row of weights.

        Examples
        --------
        >>> layout = layout_of(nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 1)), 1)
        >>> layout.check_codes(np.array([[2.0], [3.0]]))
        Traceback (most recent call last):
        feedforward.errors.InputError: column 0: Embedding(levels=3, width=2) expects whole numbers from 0 to 2 and
        got 3.0 in row 1 (counted from 0).
        """
        check_codes(self.embedded, X)


def check_codes(embedded: Iterable[tuple[int, nn.Embedding]], X: Any) -> None:
    """Raise `InputError` if one of these columns, each with its layer, holds a code without a row of weights.

    Examples
    --------
    >>> check_codes([(1, nn.Embedding(3, 2))], np.array([[9.0, 2.0], [9.0, 3.0]]))
    Traceback (most recent call last):
    feedforward.errors.InputError: column 1: Embedding(levels=3, width=2) expects whole numbers from 0 to 2 and
    got 3.0 in row 1 (counted from 0).
    """
    for column, layer in embedded:
        try:
            layer.check_codes(X[:, [column]].toarray() if issparse(X) else X[..., column : column + 1])
        except InputError as error:
            raise InputError(f"column {column}: {error}") from None


def is_supported(network: nn.Sequential) -> bool:
    """Whether the compiled passes know every layer of `network`.

    Examples
    --------
    >>> is_supported(nn.Sequential(nn.Linear(2, 1), nn.Tanh())), is_supported(nn.Sequential(nn.Sequential()))
    (True, False)
    """
    kinds = {type(layer) for layer in network.layers}
    return nn.Linear in kinds and kinds.issubset(_LAYERS) and _stranger(network) is None


def unsupported(network: nn.Sequential, loss: nn.Loss, optimizer: nn.Optimizer) -> str | None:
    """Return what the compiled engine cannot do here, in words; None if it can do all.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 1))
    >>> unsupported(net, nn.MSELoss(), nn.SGD(0.1)), unsupported(nn.Sequential(net), nn.MSELoss(), nn.SGD(0.1))
    (None, 'layer 0 is a Sequential')
    """
    stranger = _stranger(network)
    if stranger is not None:
        return stranger
    if not is_supported(network):
        return "the network has no Linear"
    if type(loss) not in _LOSSES:
        return f"the loss is {loss!r}"
    if type(optimizer) not in _OPTIMIZERS:
        return f"the optimizer is {optimizer!r}"
    return None


def _stranger(network: nn.Sequential) -> str | None:
    """Return in words which layer the compiled passes do not know where it stands; None if they know all."""
    for place, layer in enumerate(network.layers):
        kind = type(layer)
        if kind not in _LAYERS:
            return f"layer {place} is a {kind.__name__}"
        if kind in _FIRST and place > 0:
            return f"layer {place} is a {kind.__name__}, which it knows as the first layer alone"
        if isinstance(layer, nn.ParametricActivation) and type(layer.activation) not in CODES:
            return f"layer {place} has a {type(layer.activation).__name__} for its activation"
        for i, part in enumerate(layer.layers if isinstance(layer, nn.Columns) else ()):
            if type(part) not in _SIDE_BY_SIDE:
                return f"layer {place}.{i} is a {type(part).__name__} in Columns"
    return None


def layout_of(network: nn.Sequential, inputs: int) -> Layout:
    """Return the tables of a network that `unsupported` has nothing against.

    A Linear and the activation after it are one row; the net input is kept only where the slope needs it. Layers side
    by side in `Columns` are a row each, and write their results one after the other.

    Examples
    --------
    >>> layout = layout_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), 2)
    >>> layout.layers.shape, layout.units
    ((2, 13), 7)
    """
    return _Table(network, inputs).layout()


class _Table:
    """The rows of a `Layout`, written layer by layer."""

    def __init__(self, network: nn.Sequential, inputs: int) -> None:
        self._network, self._dtype, self._members = network, network.dtype, network.members
        self._rows: list[dict[int, int]] = []
        self._alphas: list[float] = []
        self._shares: list[float] = []
        self._parameters = 0  # how many lie before those of the next layer
        self._columns, self._embedded = np.empty(0, np.int64), []  # type: tuple[Array, list[tuple[int, nn.Embedding]]]
        self._source, self._width = 0, inputs  # of the next layer's input
        place = 0
        if isinstance(network[0], _FIRST):
            self._side_by_side(network[0])
            place = 1
        else:
            self._at = inputs  # the first unit that is free
        while place < len(network):
            place += self._add(place)

    def layout(self) -> Layout:
        """Return all that was written."""
        table = np.array([[row.get(i, 0) for i in range(COUNT + 1)] for row in self._rows], np.int64)
        widest = int(max(table[:, [INPUTS, OUTPUTS]].max(), (table[:, OFFSET] + table[:, OUTPUTS]).max()))
        alphas, shares = np.array(self._alphas, self._dtype), np.array(self._shares)
        return Layout(table, alphas, shares, self._columns, tuple(self._embedded), self._at, widest)

    def _side_by_side(self, first: Any) -> None:
        """Write the rows of a first layer that needs no gradient for its input; its units begin with what it reads."""
        self._check("0", first, self._width)
        parts = first.layers if isinstance(first, nn.Columns) else (first,)
        columns = first.columns if isinstance(first, nn.Columns) else ((0, self._width),)
        read = [list(range(*own)) if isinstance(own, tuple) else list(own) for own in columns]
        self._columns = np.array([column for own in read for column in own], np.int64)
        widths = [_width_of(part, len(own)) for part, own in zip(parts, read, strict=True)]
        source, offset = 0, 0
        result, self._at = len(self._columns), len(self._columns) + sum(widths)
        self._source = result
        for i, (part, own, width) in enumerate(zip(parts, read, widths, strict=True)):
            row = {KIND: ACTIVATION, INPUTS: len(own), OUTPUTS: width, SOURCE: source, OFFSET: offset}
            if not isinstance(part, nn.Identity):
                row[WEIGHT] = self._take(f"0.{i}" if first is not part else "0", part, len(own))
            row[NET_INPUT] = row[RESULT] = result + offset
            if isinstance(part, nn.Embedding):
                row |= {KIND: EMBEDDING, COUNT: part.levels}
                self._embedded.append((own[0], part))
            elif isinstance(part, nn.PeriodicEmbedding):
                row |= {KIND: PERIODIC, COUNT: part.frequencies, NET_INPUT: self._at}  # cosines, then sines
                self._at += 2 * part.features * part.frequencies
            self._write(row)
            source, offset = source + len(own), offset + width
        self._width = offset

    def _add(self, place: int) -> int:
        """Write the row of the layer at `place`; return how many layers it is."""
        layer: Any = self._network[place]
        following = self._network[place + 1] if place + 1 < len(self._network) else None
        row = {INPUTS: self._width, OUTPUTS: self._width, SOURCE: self._source, PLACE: place}
        taken, activation, share = 1, nn.Identity(), 0.0  # type: tuple[int, Any, float]
        if type(layer) in _SHAPES:
            row[WEIGHT] = self._take(str(place), layer, self._width)
        if isinstance(layer, nn.Linear):
            row |= {KIND: LINEAR, OUTPUTS: layer.out_features}
            row[BIAS] = -1 if layer.bias is None else row[WEIGHT] + layer.out_features * layer.in_features
            if isinstance(following, nn.ActivationLayer):
                activation, taken = following, 2
        elif isinstance(layer, nn.Dropout):
            row[KIND], share = DROPOUT, layer.p
        elif isinstance(layer, nn.Scale):
            row[KIND] = SCALE
        elif isinstance(layer, nn.ParametricActivation):
            row[KIND], activation = PARAMETRIC, layer.activation
            row[KEPT] = self._reserve_kept()
        else:
            row[KIND], activation = ACTIVATION, layer
        alpha = alpha_of(activation)
        last = self._rows[-1] if self._rows else {KIND: ACTIVATION}
        if (row[KIND], last[KIND]) == (DROPOUT, PARAMETRIC):  # in its place, and on what its way back reads
            row |= {NET_INPUT: self._source, RESULT: self._source, KEPT: last[KEPT], COUNT: last[NET_INPUT]}
        else:
            row[NET_INPUT] = row[RESULT] = self._reserve(row[OUTPUTS])
        if isinstance(activation, SLOPE_NEEDS_NET_INPUT) or alpha < 0 or row[KIND] == PARAMETRIC:
            row[RESULT] = self._reserve(row[OUTPUTS])
        self._write(row | {CODE: CODES[type(activation)]}, alpha, share)
        self._source, self._width = row[RESULT], row[OUTPUTS]
        return taken

    def _reserve_kept(self) -> int:
        """Return where a ParametricActivation keeps σ(z) − z: over z itself, where nobody else will need that."""
        last = self._rows[-1] if self._rows else {KIND: ACTIVATION}
        return self._source if (last[KIND], last.get(CODE)) == (LINEAR, 0) else self._reserve(self._width)

    def _reserve(self, units: int) -> int:
        self._at += units
        return self._at - units

    def _write(self, row: dict[int, int], alpha: float = 0.0, share: float = 0.0) -> None:
        self._rows.append(row)
        self._alphas.append(alpha)
        self._shares.append(share)

    def _take(self, place: str, layer: Any, width: int) -> int:
        """Return where the parameters of `layer` begin, after a look at them."""
        self._check(place, layer, width)
        start = self._parameters
        for name, own in _SHAPES[type(layer)](layer).items():
            shape = own if self._members is None else (self._members, *own)
            array = getattr(layer, name)
            if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != self._dtype:
                what = (
                    f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
                )
                raise InputError(
                    f"layer {place} ({layer!r}) needs a {name} of {self._dtype}, shape {shape}; it has {what}."
                )
            self._parameters += int(np.prod(own))
        return start

    def _check(self, place: str, layer: Any, width: int) -> None:
        """Raise `InputError` for columns that a compiled pass would read beyond: it asks no more."""
        expected = _READS[type(layer)](layer)
        if expected != width:
            raise InputError(f"layer {place} ({in_one_line(layer)}) expects {expected} columns and gets {width}.")


def _width_of(layer: Any, columns: int) -> int:
    """Return how many columns a layer in `Columns` makes of those it reads."""
    if isinstance(layer, nn.Embedding):
        return layer.width
    return columns * layer.width if isinstance(layer, nn.PeriodicEmbedding) else columns


def alpha_of(activation: Any) -> float:
    """Return the slope of a LeakyReLU or the bend of an ELU, else 0.

    Examples
    --------
    >>> alpha_of(nn.LeakyReLU(0.1)), alpha_of(nn.ReLU())
    (0.1, 0.0)
    """
    return float(getattr(activation, "negative_slope", getattr(activation, "alpha", 0.0)))
