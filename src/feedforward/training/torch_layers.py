"""The layers as functions of tensors: the same arithmetic as in `feedforward.nn`, differentiated by autograd."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from feedforward import nn
from feedforward.nn.activations import Array
from feedforward.nn.random import GOLDEN, MULTIPLIER_1, MULTIPLIER_2, mix
from feedforward.training.torch_bridge import flat_layers, twin_of
from feedforward.training.torch_known import Path, innermost

Tensor = torch.Tensor
Leaves = Mapping[str, Tensor]
# From a layer's inputs, the draws of each Dropout and, last, the factor on their p, to its outputs.
Pass = Callable[[Tensor, Sequence[Any]], Tensor]

# Activations whose slope comes from what they give: they may write it over the outputs of a Linear.
IN_PLACE: dict[type[nn.Layer], Callable[[Tensor], Tensor]] = {
    nn.ReLU: torch.relu_,
    nn.Sigmoid: torch.sigmoid_,
    nn.Tanh: torch.tanh_,
}


def passes_of(network: nn.Sequential, leaves: Leaves, *, training: bool) -> list[Pass]:
    """Return the layers of `network` as functions that read their parameters from `leaves`.

    The weights of each Linear are turned over: Wᵀ.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    >>> leaves = {"0.weight": torch.tensor([[2.0]]), "0.bias": torch.tensor([1.0])}
    >>> outputs(passes_of(network, leaves, training=False), torch.tensor([[3.0], [-3.0]]), ())
    tensor([[7.],
            [0.]])
    """
    drops = {path: i for i, path in enumerate(_dropping(network))} if training else {}
    return _one_by_one(flat_layers(network), leaves, drops)


def outputs(passes: Sequence[Pass], x: Tensor, draws: Sequence[Any]) -> Tensor:
    """Return what the last layer makes of the rows `x`.

    Examples
    --------
    >>> outputs([], torch.tensor([[1.0]]), ())
    tensor([[1.]])
    """
    for layer in passes:
        x = layer(x, draws)
    return x


def _one_by_one(layers: Iterable[tuple[Path, nn.Layer]], leaves: Leaves, drops: Mapping[Path, int]) -> list[Pass]:
    """Return the passes of layers that follow one another."""
    passes: list[Pass] = []
    is_free = False  # whether nobody needs what comes in any more
    for path, layer in layers:
        if isinstance(layer, nn.Dropout):
            if path in drops:
                passes.append(partial(_dropped, layer.p, drops[path]))
        elif isinstance(layer, nn.Columns):
            passes.append(_side_by_side(path, layer, leaves, drops))
        elif is_free and type(layer) in IN_PLACE:
            passes.append(_without_draws(IN_PLACE[type(layer)]))
        elif not isinstance(layer, nn.Identity):
            place = ".".join(map(str, path))
            passes.append(
                _without_draws(_function(layer, {name: leaves[f"{place}.{name}"] for name in layer.parameters()}))
            )
        is_free = isinstance(layer, nn.Linear)
    return passes


def _without_draws(function: Callable[[Tensor], Tensor]) -> Pass:
    return lambda x, draws: function(x)


def _function(layer: nn.Layer, own: Leaves) -> Callable[[Tensor], Tensor]:
    """Return what a layer does to its inputs, with these parameters of its own."""
    if isinstance(layer, nn.Linear):
        return _linear(own["weight"], own.get("bias"))
    if isinstance(layer, nn.Embedding):
        return partial(_embedded, own["weight"])
    if isinstance(layer, nn.PeriodicEmbedding):
        return partial(_waves, *own.values())
    if isinstance(layer, nn.Scale):
        return partial(torch.mul, own["scale"].unsqueeze(-2))
    if isinstance(layer, nn.ParametricActivation):
        return partial(_blended, twin_of(layer.activation).forward, own["alpha"].unsqueeze(-2))
    function: Callable[[Tensor], Tensor] = twin_of(layer).forward
    return function


def _linear(weight: Tensor, bias: Tensor | None) -> Callable[[Tensor], Tensor]:
    if bias is None:
        return lambda x: torch.matmul(x, weight)
    if weight.ndim == 2:
        return partial(_affine, weight, bias)
    return partial(_affines, weight, bias.unsqueeze(-2))


def _affine(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    return torch.addmm(bias, x, weight)


def _affines(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    return torch.baddbmm(bias, x.expand(len(weight), *x.shape[-2:]), weight)


# Layers of tables ---------------------------------------------------------------------------------------------------


def _side_by_side(path: Path, layer: nn.Columns, leaves: Leaves, drops: Mapping[Path, int]) -> Pass:
    """Return the pass of `Columns`: each part reads its columns, and what they make is joined."""
    device = next(iter(leaves.values())).device
    parts: list[tuple[Any, list[Pass]]] = []
    for i, (part, own) in enumerate(zip(layer.layers, layer.columns, strict=True)):
        inside = flat_layers(part, (*path, i)) if isinstance(part, nn.Sequential) else [((*path, i), part)]
        columns = slice(*own) if isinstance(own, tuple) else torch.tensor(own, device=device)
        parts.append((columns, _one_by_one(inside, leaves, drops)))

    def join(x: Tensor, draws: Sequence[Any]) -> Tensor:
        found = [
            outputs(passes, x[..., columns] if isinstance(columns, slice) else x.index_select(-1, columns), draws)
            for columns, passes in parts
        ]
        rows = max((part.shape[:-1] for part in found), key=len)  # what a stack makes of rows that all members share
        return torch.cat([part.expand(*rows, -1) for part in found], dim=-1)

    return join


def _embedded(weight: Tensor, x: Tensor) -> Tensor:
    codes, (levels, width) = x[..., 0].long(), weight.shape[-2:]
    if weight.ndim > 2:  # the rows of all members' weights, one after the other
        codes = codes + levels * torch.arange(len(weight), device=x.device).unsqueeze(-1)
    return functional.embedding(codes, weight.reshape(-1, width))


def _waves(frequency: Tensor, phase: Tensor, projection: Tensor, shift: Tensor, x: Tensor) -> Tensor:
    angle = x.mT.unsqueeze(-1) * (2 * np.pi * frequency.unsqueeze(-2)) + phase.unsqueeze(-2)  # (…, m, n, q)
    e = (torch.matmul(angle.cos(), projection.mT) + shift.unsqueeze(-2)).transpose(-2, -3).flatten(-2)
    return torch.cat([e, x.expand(*e.shape[:-1], -1)], dim=-1)


def _blended(activation: Callable[[Tensor], Tensor], alpha: Tensor, z: Tensor) -> Tensor:
    return z + alpha * (activation(z) - z)


# Dropout ------------------------------------------------------------------------------------------------------------


def draws_of(network: nn.Sequential, seeds: Any, first_step: int, steps: int, rows: int) -> list[Array]:
    """Return for each Dropout that drops the draws of every row of every step, of int64: `_dropped` adds the units.

    Parameters
    ----------
    seeds : uint64, or array of shape (k,)
    rows : int
        Of the largest batch.

    Returns
    -------
    list of arrays of shape (steps, rows), or (steps, k, rows)

    Examples
    --------
    >>> draws_of(nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5)), np.uint64(7), 0, steps=4, rows=5)[0].shape
    (4, 5)
    """
    found = []
    for path in _dropping(network):
        state: Any = mix(seeds, np.arange(first_step, first_step + steps).reshape(-1, *[1] * np.ndim(seeds)))
        for place in path:
            state = mix(state, place)
        found.append(mix(state[..., None], np.arange(rows)).view(np.int64))
    return found


def _dropping(network: nn.Sequential) -> list[Path]:
    """Return where each Dropout stands that drops anything, in one order."""
    return [path for path, layer in innermost(network) if isinstance(layer, nn.Dropout) and layer.p]


def _dropped(p: float, place: int, x: Tensor, draws: Sequence[Any]) -> Tensor:
    """Silence units of `x` with probability `p` times a factor: the hash of `feedforward.nn.random`, on any device."""
    share = p * draws[-1]
    at_least = share * 2.0**53
    at_least = at_least.ceil() if isinstance(at_least, Tensor) else int(np.ceil(at_least))
    z = draws[place].unsqueeze(-1) + _signed(GOLDEN) * torch.arange(1, x.shape[-1] + 1, device=x.device)
    for shift, multiplier in ((30, MULTIPLIER_1), (27, MULTIPLIER_2)):
        z = z.bitwise_xor_(_shifted(z, shift)).mul_(_signed(multiplier))
    bits = _shifted(z.bitwise_xor_(_shifted(z, 31)), 11)
    dropped: Tensor = x * ((bits >= at_least).to(x.dtype) * (1 / (1 - share)))
    return dropped


def _signed(number: np.uint64) -> int:
    return int(number.view(np.int64))


def _shifted(z: Tensor, places: int) -> Tensor:
    """Shift bits to the right, and 0 in from the left, whatever the sign."""
    return (z >> places).bitwise_and_((1 << (64 - places)) - 1)
