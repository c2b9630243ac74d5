"""The network: a list of layers, each fed by the one before; backwards, the chain rule from the last to the first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.composite import Composite, at_layer, by_name, indented, members_of, rebuilt
from feedforward.nn.layers import Layer, Training


class Sequential(Composite):
    """A feedforward network: plain data, and two passes over it.

    Forward, ``A⁽ˡ⁾ = layerₗ(A⁽ˡ⁻¹⁾)`` with ``A⁽⁰⁾ = X``. Backward, ``∂L/∂A⁽ˡ⁻¹⁾`` from ``∂L/∂A⁽ˡ⁾``, layer by layer;
    it changes nothing, so every gradient is taken before any update.

    Parameters
    ----------
    *layers : Layer
        Also other networks. It computes in the dtype of its parameters, float64 unless `copy` made it another.

    Raises
    ------
    InputError
        From a call or ``forward``, naming the layer that the input does not fit.

    See Also
    --------
    stack : k networks of equal shape as one.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 10), nn.Sigmoid(), nn.Linear(10, 2), nn.Sigmoid())
    >>> net
    Sequential(
      (0): Linear(in_features=2, out_features=10, bias=True)
      (1): Sigmoid()
      (2): Linear(in_features=10, out_features=2, bias=True)
      (3): Sigmoid()
    )
    >>> X = np.ones((5, 2))
    >>> outputs, saved = net.forward(X)
    >>> input_gradient, gradients = net.backward(np.ones((5, 2)), saved)
    >>> {name: gradient.shape for name, gradient in gradients.items()}
    {'0.weight': (10, 2), '0.bias': (10,), '2.weight': (2, 10), '2.bias': (2,)}
    """

    def __init__(self, *layers: Layer) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise InputError(f"Sequential takes layers; number {i} is {layer!r}.")
        self.layers = layers

    def forward(self, x: ArrayLike, *, training: Training = None) -> tuple[Array, list[Any]]:
        """Return the output and what each layer saved for `backward`.

        Parameters
        ----------
        x : array-like of shape (n, m); for a stack of k (k, n, m), or (n, m) for all of them
        training : None or (seed, step)
            None evaluates. In training, dropout silences units, drawn from these two numbers.
        """
        x, saved = np.asarray(x, self.dtype), []
        for i, layer in enumerate(self.layers):
            try:
                x, keep = layer.forward(x, training=None if training is None else (*training, i))
            except InputError as error:
                raise at_layer(i, layer, error) from None
            saved.append(keep)
        return x, saved

    def backward(self, gradient: Array, saved: list[Any]) -> tuple[Array, dict[str, Array]]:
        """Return the gradients for the input and, by name, for every parameter.

        Parameters
        ----------
        gradient : array of the shape of the output
            ``∂L/∂output``, as a loss gives it.
        saved : list
            From `forward`.
        """
        found: dict[int, dict[str, Array]] = {}
        for i in reversed(range(len(self.layers))):
            gradient, found[i] = self.layers[i].backward(gradient, saved[i])
        return gradient, by_name(found)

    def gradients(self, gradient: Array, saved: list[Any]) -> dict[str, Array]:
        """Return the gradients for the parameters alone: what training needs, and no product more.

        Parameters are those of `backward`.

        Examples
        --------
        >>> from feedforward import nn
        >>> net = nn.Sequential(nn.Linear(2, 1))
        >>> outputs, saved = net.forward([[1.0, 2.0]])
        >>> net.gradients(np.ones((1, 1)), saved)
        {'0.weight': array([[1., 2.]]), '0.bias': array([1.])}
        """
        found: dict[int, dict[str, Array]] = {}
        first = next((i for i, layer in enumerate(self.layers) if layer.parameters()), len(self.layers))
        for i in reversed(range(first, len(self.layers))):
            if i > first:
                gradient, found[i] = self.layers[i].backward(gradient, saved[i])
            else:
                found[i] = self.layers[i].gradients(gradient, saved[i])
        return by_name(found)

    def load_parameters(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Copy `arrays` into the parameters, in place.

        Raises
        ------
        InputError
            If a name is missing, unknown or has another shape: all of them are named, and nothing is changed.

        Examples
        --------
        >>> from feedforward import nn
        >>> nn.Sequential(nn.Linear(2, 1)).load_parameters({"0.weight": [[1.0]], "bias": [0.0]})
        Traceback (most recent call last):
        feedforward.errors.InputError: load_parameters: 0.bias is missing; bias is unknown; 0.weight has shape (1, 1),
        not (1, 2).
        """
        own, given = self.parameters(), {name: np.asarray(array) for name, array in arrays.items()}
        problems = [
            *(f"{name} is missing" for name in own if name not in given),
            *(f"{name} is unknown" for name in given if name not in own),
            *(
                f"{name} has shape {given[name].shape}, not {own[name].shape}"
                for name in own
                if name in given and given[name].shape != own[name].shape
            ),
        ]
        if problems:
            raise InputError(f"load_parameters: {'; '.join(problems)}.")
        for name, array in own.items():
            array[...] = given[name]

    @property
    def dtype(self) -> np.dtype[Any]:
        """What it computes in: the dtype of its parameters; float64 if it has none."""
        for layer in self.layers:
            for array in layer.parameters().values():
                return array.dtype
        return np.dtype(np.float64)

    @property
    def members(self) -> int | None:
        """How many networks are stacked in it; None for a single network.

        Examples
        --------
        >>> from feedforward import nn
        >>> net = nn.Sequential(nn.Linear(2, 1))
        >>> net.members, nn.stack([net, net, net]).members
        (None, 3)
        """
        return members_of(self)

    def copy(self, dtype: DTypeLike | None = None) -> "Sequential":
        """Return a network with parameters of its own, equal to these but for the dtype, if you give one.

        Examples
        --------
        >>> from feedforward import nn
        >>> nn.Sequential(nn.Linear(2, 1)).copy(np.float32).dtype
        dtype('float32')
        """
        return rebuilt([self], lambda twins: np.array(twins[0], dtype))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> "Sequential": ...
    def __getitem__(self, index: int | slice) -> Any:
        """Return one layer, or a network of some: the same layers, not copies."""
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __repr__(self) -> str:
        inside = indented([(f"({i}): ", layer) for i, layer in enumerate(self.layers)])
        return f"{type(self).__name__}({inside})"


def stack(networks: Sequence[Sequential]) -> Sequential:
    """Return k networks of equal layers as one, whose arrays have a leading member axis.

    Its outputs have shape (k, n, t). A step trains all k, each on its own gradients alone. Where the rows are shuffled,
    each member has an order and a dropout of its own, drawn from the training's seed and its place in the stack: member
    0 trains as it would have alone with that seed, the others as they would with the orders of their places.

    Raises
    ------
    InputError
        If there is no network, or two have different layers.

    Examples
    --------
    >>> from feedforward import nn
    >>> both = stack([nn.Sequential(nn.Linear(2, 3)), nn.Sequential(nn.Linear(2, 3))])
    >>> both[0].weight.shape, both(np.ones((5, 2))).shape
    ((2, 3, 2), (2, 5, 3))
    """
    if not networks:
        raise InputError("stack needs at least one network.")
    for j, network in enumerate(networks):
        if repr(network) != repr(networks[0]):
            raise InputError(f"stack takes networks of equal layers; number {j} is {network!r}, not {networks[0]!r}.")
    return rebuilt(networks, np.stack)


def unstack(network: Sequential) -> list[Sequential]:
    """Return the members of a stack as networks of their own: what `stack` was given.

    Examples
    --------
    >>> from feedforward import nn
    >>> members = unstack(stack([nn.Sequential(nn.Linear(2, 3)), nn.Sequential(nn.Linear(2, 3))]))
    >>> [member[0].weight.shape for member in members]
    [(3, 2), (3, 2)]
    """
    if network.members is None:
        raise InputError("unstack takes a stack of networks, as stack returns it; this is a single network.")

    def member(j: int) -> Sequential:
        return rebuilt([network], lambda twins: twins[0][j].copy())

    return [member(j) for j in range(network.members)]
