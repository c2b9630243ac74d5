"""What a step of the torch engine is made of: the layers as functions of tensors, the loss, the optimizer's walk."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from feedforward import nn
from feedforward.nn.activations import Array
from feedforward.nn.random import GOLDEN, MULTIPLIER_1, MULTIPLIER_2, mix
from feedforward.training.torch_bridge import flat_layers, twin_of

Tensor = torch.Tensor
Leaves = Mapping[str, Tensor]
# From a layer's inputs, and the draws of each Dropout, to its outputs.
Pass = Callable[[Tensor, Sequence[Tensor]], Tensor]

# Layers -------------------------------------------------------------------------------------------------------------


def passes_of(network: nn.Sequential, leaves: Leaves, *, training: bool) -> list[Pass]:
    """Return the layers of `network` as functions that read their parameters from `leaves`.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    >>> leaves = {"0.weight": torch.tensor([[2.0]]), "0.bias": torch.tensor([1.0])}
    >>> outputs(passes_of(network, leaves, training=False), torch.tensor([[3.0], [-3.0]]), ())
    tensor([[7.],
            [0.]])
    """
    passes: list[Pass] = []
    drops = 0
    for path, layer in flat_layers(network):
        place = ".".join(map(str, path))
        if isinstance(layer, nn.Linear):
            passes.append(_linear(leaves[f"{place}.weight"], leaves.get(f"{place}.bias")))
        elif isinstance(layer, nn.Dropout):
            if training and layer.p:
                passes.append(partial(_dropped, layer.p, drops))
                drops += 1
        elif not isinstance(layer, nn.Identity):
            passes.append(_elementwise(twin_of(layer).forward))
    return passes


def outputs(passes: Sequence[Pass], x: Tensor, draws: Sequence[Tensor]) -> Tensor:
    """Return what the last layer makes of the rows `x`.

    Examples
    --------
    >>> outputs([], torch.tensor([[1.0]]), ())
    tensor([[1.]])
    """
    for layer in passes:
        x = layer(x, draws)
    return x


def _linear(weight: Tensor, bias: Tensor | None) -> Pass:
    if weight.ndim == 2:
        return lambda x, draws: functional.linear(x, weight, bias)
    if bias is None:
        return lambda x, draws: torch.matmul(x, weight.mT)
    return lambda x, draws: torch.baddbmm(bias.unsqueeze(-2), x.expand(len(weight), *x.shape[-2:]), weight.mT)


def _elementwise(function: Callable[[Tensor], Tensor]) -> Pass:
    return lambda x, draws: function(x)


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
    places = [path for path, layer in flat_layers(network) if isinstance(layer, nn.Dropout) and layer.p]
    found = []
    for path in places:
        state: Any = mix(seeds, np.arange(first_step, first_step + steps).reshape(-1, *[1] * np.ndim(seeds)))
        for place in path:
            state = mix(state, place)
        found.append(mix(state[..., None], np.arange(rows)).view(np.int64))
    return found


def _dropped(p: float, place: int, x: Tensor, draws: Sequence[Tensor]) -> Tensor:
    """Silence units of `x` with probability `p`: the hash of `feedforward.nn.random`, on any device."""
    z = draws[place].unsqueeze(-1) + _signed(GOLDEN) * torch.arange(1, x.shape[-1] + 1, device=x.device)
    for shift, multiplier in ((30, MULTIPLIER_1), (27, MULTIPLIER_2)):
        z = z.bitwise_xor_(_shifted(z, shift)).mul_(_signed(multiplier))
    bits = _shifted(z.bitwise_xor_(_shifted(z, 31)), 11)
    return x * ((bits >= int(np.ceil(p * 2.0**53))).to(x.dtype) * (1 / (1 - p)))


def _signed(number: np.uint64) -> int:
    return int(number.view(np.int64))


def _shifted(z: Tensor, places: int) -> Tensor:
    """Shift bits to the right, and 0 in from the left, whatever the sign."""
    return (z >> places).bitwise_and_((1 << (64 - places)) - 1)


# Losses -------------------------------------------------------------------------------------------------------------


def loss_of(loss: nn.Loss) -> Callable[..., Tensor]:
    """Return the loss as a function of outputs, targets and shares of rows, that gives one number for each member.

    Examples
    --------
    >>> loss_of(nn.MSELoss())(torch.tensor([[0.5, 0.0]]), torch.tensor([[1.0, 0.0]]), None)
    tensor(0.1250)
    """
    function: Callable[..., Tensor]
    if isinstance(loss, nn.CrossEntropyLoss):
        function = partial(functional.cross_entropy, label_smoothing=float(loss.label_smoothing))
    elif isinstance(loss, nn.HuberLoss):
        function = partial(functional.huber_loss, delta=float(loss.delta))
    elif isinstance(loss, nn.BCEWithLogitsLoss):
        function = functional.binary_cross_entropy_with_logits
    else:
        function = functional.mse_loss

    def value(outputs: Tensor, targets: Tensor, shares: Tensor | None) -> Tensor:
        if shares is None and outputs.ndim == 2:
            return function(outputs, targets)
        rows = outputs.shape[:-1]
        flat = outputs.reshape(-1, outputs.shape[-1])
        targets = targets.reshape(len(flat), *targets.shape[len(rows) :])
        losses = function(flat, targets, reduction="none")
        losses = (losses.mean(dim=-1) if losses.ndim > 1 else losses).reshape(rows)
        return losses.mean(dim=-1) if shares is None else (shares * losses).sum(dim=-1)

    return value


# Optimizers ---------------------------------------------------------------------------------------------------------


class Walk:
    """The parameters of a network as leaves of autograd on a device, and torch's optimizer that moves them.

    Between spans the arrays of the network and of the optimizer's state are what counts: `load` reads them, `store`
    writes them. A span that came to nothing is not stored, and so has never been.

    Parameters
    ----------
    network : Sequential
    optimizer : Optimizer
        Its settings and state; rate and decay are given step by step.
    device : torch.device
    decays : bool
        Whether any step decays the weights; if not, biases need no group of their own.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(1, 1, bias=False))
    >>> network.load_parameters({"0.weight": [[2.0]]})
    >>> walk = Walk(network, nn.SGD(0.1), torch.device("cpu"), decays=False)
    >>> walk.load()
    >>> walk.step([torch.ones(1, 1, dtype=torch.float64)], 0.5, 0.0)
    >>> walk.store(steps=1)
    >>> network[0].weight
    array([[1.5]])
    """

    def __init__(self, network: nn.Sequential, optimizer: nn.Optimizer, device: torch.device, *, decays: bool) -> None:
        self.network, self.ours, self.decays = network, optimizer, decays
        parameters = network.parameters()
        optimizer.check(parameters, parameters)
        self.leaves = {name: torch.tensor(array, device=device).requires_grad_() for name, array in parameters.items()}
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for name, leaf in self.leaves.items():
            own = 0.0 if name.endswith("bias") else 1.0
            decay = optimizer.decay_factors.get(name, own) if decays else 0.0
            groups.setdefault((optimizer.rate_factors.get(name, 1.0), decay), []).append(leaf)
        self.factors = list(groups)
        self.theirs, self.names = _twin_of_optimizer(optimizer, list(groups.values()), device)

    def load(self) -> None:
        """Take over the numbers of the network and of the optimizer's state."""
        self.load_parameters()
        step = float(self.ours.state.get("step", 0))
        for name, leaf in self.leaves.items():
            known = {theirs: self.ours.state.get(f"{name}.{ours}") for ours, theirs in self.names.items()}
            state = self.theirs.state[leaf]
            if not known or any(array is None for array in known.values()):
                state.clear()
                continue
            for theirs, array in known.items():
                _fill(state, theirs, torch.from_numpy(np.array(array)).to(leaf))
            if not isinstance(self.theirs, torch.optim.SGD):
                _fill(state, "step", torch.tensor(step, dtype=torch.float32, device=self._device_of_step(leaf)))

    def load_parameters(self) -> None:
        """Take over the numbers of the network."""
        with torch.no_grad():
            for name, array in self.network.parameters().items():
                self.leaves[name].copy_(torch.from_numpy(np.ascontiguousarray(array)))

    def store(self, steps: int) -> None:
        """Write the numbers back, after so many steps."""
        state = self.ours.state
        for name, array in self.network.parameters().items():
            array[...] = self.leaves[name].detach().cpu().numpy()
            for ours, theirs in self.names.items():
                state[f"{name}.{ours}"] = self.theirs.state[self.leaves[name]][theirs].detach().cpu().numpy().copy()
        state["step"] = np.array(int(state.get("step", 0)) + steps)

    def step(self, gradients: Sequence[Tensor], rate: float, decay: float) -> None:
        """Make one update."""
        for group, (rate_factor, decay_factor) in zip(self.theirs.param_groups, self.factors, strict=True):
            group["lr"], group["weight_decay"] = rate * rate_factor, decay * decay_factor
        for leaf, gradient in zip(self.leaves.values(), gradients, strict=True):
            leaf.grad = gradient.contiguous()  # the fused optimizers read memory in the order of the parameter's
        self.theirs.step()

    def are_finite(self, tensors: Sequence[Tensor] = ()) -> bool:
        """Whether all parameters are finite, and these tensors."""
        found = [tensor.detach().isfinite().all() for tensor in (*self.leaves.values(), *tensors)]
        return bool(torch.stack(found).all())

    def _device_of_step(self, leaf: Tensor) -> torch.device:
        group = self.theirs.param_groups[0]
        return leaf.device if group.get("fused") or group.get("capturable") else torch.device("cpu")


def _fill(state: dict[str, Tensor], name: str, values: Tensor) -> None:
    """Put values where they are looked for: into the same memory, where there is some."""
    if name in state:
        state[name].copy_(values)
    else:
        state[name] = values


def _twin_of_optimizer(
    ours: nn.Optimizer, groups: list[list[Tensor]], device: torch.device
) -> tuple[torch.optim.Optimizer, dict[str, str]]:
    """Return torch's optimizer, and its names for what ours remembers."""
    params: Any = [{"params": group} for group in groups]
    fused = True if device.type in ("cpu", "cuda") else None
    if isinstance(ours, nn.SGD):
        names = {"velocity": "momentum_buffer"} if ours.momentum else {}
        settings: Any = {"momentum": ours.momentum, "dampening": ours.dampening, "nesterov": bool(ours.nesterov)}
        return torch.optim.SGD(params, lr=1.0, fused=fused, **settings), names
    if isinstance(ours, nn.RMSprop):
        return torch.optim.RMSprop(params, alpha=ours.alpha, eps=ours.eps), {"mean_square": "square_avg"}
    assert isinstance(ours, nn.Adam)
    kind = torch.optim.AdamW if isinstance(ours, nn.AdamW) else torch.optim.Adam
    names = {"mean": "exp_avg", "mean_square": "exp_avg_sq"}
    beta_1, beta_2 = ours.betas
    return kind(params, betas=(beta_1, beta_2), eps=ours.eps, fused=fused, weight_decay=0.0), names
