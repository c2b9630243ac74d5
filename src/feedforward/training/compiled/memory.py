"""Memory for the compiled passes: aligned, flat, and shared with the network."""

import ctypes

import numpy as np

from feedforward import nn
from feedforward.files import aligned as aligned
from feedforward.nn.activations import Array
from feedforward.nn.composite import Composite


def bind(network: nn.Sequential, flat: Array) -> None:
    """Move the parameters of `network`, one after the other, to `flat`, shape (k, P); they are views of it from now on.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(2, 1))
    >>> flat = aligned((1, 3), np.float64)
    >>> bind(network, flat)
    >>> network[0].bias[...] = 7
    >>> float(flat[0, 2])
    7.0
    """
    for name, view in views(network.parameters(), flat).items():
        layer, attribute = owner(network, name)
        view[...] = getattr(layer, attribute)
        setattr(layer, attribute, view)


def owner(network: Composite, name: str) -> tuple[nn.Layer, str]:
    """Return the layer that has the parameter of this name, and what it is called there.

    Examples
    --------
    >>> network = nn.Sequential(nn.Columns([((0, 2), nn.Identity()), ((2, 3), nn.Embedding(4, 5))]))
    >>> owner(network, "0.1.weight")
    (Embedding(levels=4, width=5), 'weight')
    """
    place, _, rest = name.partition(".")
    layer = network.layers[int(place)]
    return owner(layer, rest) if isinstance(layer, Composite) else (layer, rest)


def flattened(network: nn.Sequential) -> Array:
    """Return the flat array, shape (k, P), that the parameters of `network` are views of; move them there if need be.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(2, 1))
    >>> flattened(network).shape
    (1, 3)
    """
    k = network.members or 1
    flat = aligned((k, sum(array.size for array in network.parameters().values()) // k), network.dtype)
    bind(network, flat)
    return flat


def views(parameters: dict[str, Array], flat: Array) -> dict[str, Array]:
    """Return the part of `flat`, shape (k, P), that belongs to each parameter, in the parameter's shape.

    Examples
    --------
    >>> parts = views({"weight": np.zeros((2, 3)), "bias": np.zeros(2)}, np.arange(8.0)[None])
    >>> parts["bias"]
    array([6., 7.])
    """
    found, start = {}, 0
    for name, array in parameters.items():
        size = array.size // len(flat)
        part = flat[:, start : start + size]
        found[name] = part.reshape(array.shape)
        start += size
    return found


def writable(array: Array) -> Array:
    """Return `array`, or another name for the same memory if it may not be written to.

    The compiled functions would be compiled anew for arrays that are read only. They do not write to these.

    Examples
    --------
    >>> rows = np.ones(3)
    >>> rows.flags.writeable = False
    >>> writable(rows)
    array([1., 1., 1.])
    """
    if array.flags.writeable or not array.size:
        return array if array.flags.writeable else array.copy()
    kind = np.ctypeslib.as_ctypes_type(array.dtype)
    return np.ctypeslib.as_array(ctypes.cast(array.ctypes.data, ctypes.POINTER(kind)), shape=array.shape)
