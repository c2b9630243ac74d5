"""What the torch engine can train, told without importing torch; and where in a network what it must know stands.

It knows more than `to_torch`: the layers of tables have no twin among torch's modules, but are short in its functions.
"""

from collections.abc import Iterator, Sequence

from feedforward import nn
from feedforward.training.torch_bridge import has_twin, unfit_parameters

Path = tuple[int, ...]

_LAYERS = (nn.Linear, nn.Scale, nn.PeriodicEmbedding)  # known anywhere
_LOSSES = (nn.CrossEntropyLoss, nn.MSELoss, nn.HuberLoss, nn.BCEWithLogitsLoss)
_OPTIMIZERS = (nn.SGD, nn.RMSprop, nn.Adam, nn.AdamW)


def untrainable(network: nn.Sequential, loss: nn.Loss, optimizer: nn.Optimizer) -> str | None:
    """Return what the torch engine cannot do here, in words; None if it can do all.

    Examples
    --------
    >>> class Double(nn.Layer):
    ...     pass
    >>> untrainable(nn.Sequential(nn.Scale(2), nn.Linear(2, 1)), nn.MSELoss(), nn.SGD(0.1))
    >>> untrainable(nn.Sequential(nn.Linear(2, 1), Double()), nn.MSELoss(), nn.SGD(0.1))
    'layer 1 is a Double'
    """
    fault = _stranger(network, (), reads_inputs=True) or unfit_parameters(network)
    if fault is not None:
        return fault
    if type(loss) not in _LOSSES:
        return f"the loss is {loss!r}"
    if type(optimizer) not in _OPTIMIZERS:
        return f"the optimizer is {optimizer!r}"
    return None


def _stranger(layer: nn.Layer, path: Path, *, reads_inputs: bool) -> str | None:
    """Return in words which layer torch does not know where it stands; None if it knows all."""
    place, kind = ".".join(map(str, path)), type(layer)
    if isinstance(layer, nn.Sequential | nn.Columns) and kind in (nn.Sequential, nn.Columns):
        for i, child in enumerate(layer.layers):
            still = reads_inputs and (i == 0 or kind is nn.Columns)
            fault = _stranger(child, (*path, i), reads_inputs=still)
            if fault is not None:
                return fault
        return None
    if kind is nn.Embedding:  # its codes are looked at before training, so they must be there
        return None if reads_inputs else f"layer {place} is an Embedding, which it knows only where it reads the inputs"
    if isinstance(layer, nn.ParametricActivation) and kind is nn.ParametricActivation:
        inside = layer.activation
        return None if has_twin(inside) else f"layer {place} has a {type(inside).__name__} for its activation"
    return None if kind in _LAYERS or has_twin(layer) else f"layer {place} is a {kind.__name__}"


def innermost(layer: nn.Layer, path: Path = ()) -> Iterator[tuple[Path, nn.Layer]]:
    """Yield the layers that are not made of layers, each with its path of places, in order.

    Examples
    --------
    >>> network = nn.Sequential(nn.Columns([([1], nn.Identity()), ([0], nn.Embedding(3, 2))]), nn.Linear(3, 1))
    >>> [path for path, _ in innermost(network)]
    [(0, 0), (0, 1), (1,)]
    """
    if isinstance(layer, nn.Sequential | nn.Columns):
        for i, child in enumerate(layer.layers):
            yield from innermost(child, (*path, i))
    else:
        yield path, layer


def embedded(layer: nn.Layer, columns: Sequence[int] | None = None) -> list[tuple[int, nn.Embedding]]:
    """Return the columns of the inputs that hold codes, each with the layer that knows which ones there may be.

    Parameters
    ----------
    layer : Layer
        Of a network that `untrainable` has nothing against.
    columns : sequence of int, optional
        Which columns of the inputs it reads. Default: all of them.

    Examples
    --------
    >>> embedded(nn.Sequential(nn.Columns([([0], nn.Identity()), ([4], nn.Embedding(3, 2))])))
    [(4, Embedding(levels=3, width=2))]
    """
    if isinstance(layer, nn.Embedding):
        return [(0 if columns is None else columns[0], layer)]
    if isinstance(layer, nn.Sequential):
        return embedded(layer.layers[0], columns) if layer.layers else []
    if not isinstance(layer, nn.Columns):
        return []
    found = []
    for child, own in zip(layer.layers, layer.columns, strict=True):
        places = range(*own) if isinstance(own, tuple) else own
        found += embedded(child, places if columns is None else [columns[place] for place in places])
    return found
