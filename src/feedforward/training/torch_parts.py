"""What a step of the torch engine is made of besides the layers: the loss, and the optimizer's walk."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.optim.adam import adam
from torch.optim.adamw import adamw

from feedforward import nn
from feedforward.nn.activations import Array
from feedforward.training.compiled.memory import writable
from feedforward.training.torch_known import innermost
from feedforward.training.torch_layers import Tensor

TOGETHER = 2**16  # parameters up to so many lie in one tensor: then an update is one call, which is what they cost

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
    """The parameters of a network on a device, and torch's optimizer that moves them.

    `roots` are what autograd differentiates by: small networks have one for all parameters, large ones one for each.
    `leaves` are the parameters by name, the weights of each Linear turned over.

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
        groups: dict[tuple[float, float], list[str]] = {}
        for name in parameters:
            own = 0.0 if name.endswith("bias") else 1.0
            decay = optimizer.decay_factors.get(name, own) if decays else 0.0
            groups.setdefault((optimizer.rate_factors.get(name, 1.0), decay), []).append(name)
        self.factors = list(groups)
        dtype = torch.from_numpy(np.empty(0, network.dtype)).dtype
        # Which parameters are turned over for the passes: the weights of each Linear.
        linear = [path for path, layer in innermost(network) if isinstance(layer, nn.Linear)]
        self._turned = {".".join(map(str, (*path, "weight"))) for path in linear}
        self.roots: list[Tensor] = []
        self.leaves: dict[str, Tensor] = {}
        # Of each parameter its root, where it begins there, in which shape, and whether turned over.
        self._places: dict[str, tuple[int, int, tuple[int, ...], bool]] = {}
        moved: list[list[Tensor]] = []
        for names in groups.values():
            together = sum(parameters[name].size for name in names) <= TOGETHER
            begun = len(self.roots)
            for some in [names] if together else [[name] for name in names]:
                self._root(some, [parameters[name].shape for name in some], dtype, device)
            moved.append([root.data for root in self.roots[begun:]])  # autograd does not look whether they were changed
        self.moved = [root for group in moved for root in group]
        self._is_small = device.type == "cpu" and len(self.moved) == len(groups)
        self.theirs, self.names = _twin_of_optimizer(optimizer, moved, device)

    @torch.enable_grad()
    def _root(self, names: list[str], shapes: list[tuple[int, ...]], dtype: torch.dtype, device: torch.device) -> None:
        """Make one tensor of some parameters, and leaves that are parts of it."""
        sizes = [int(np.prod(shape)) for shape in shapes]
        is_shared = len(names) > 1
        root = torch.zeros(sum(sizes) if is_shared else shapes[0], dtype=dtype, device=device, requires_grad=True)
        parts: Any = torch.split(root, sizes) if is_shared else [root]
        for name, part, shape, end in zip(names, parts, shapes, np.cumsum(sizes).tolist(), strict=True):
            # In a shared tensor they lie turned over, as the passes read them: a step less for autograd.
            turned = is_shared and name in self._turned
            lies = (*shape[:-2], shape[-1], shape[-2]) if turned else shape
            leaf = part if part.shape == lies else part.view(lies)
            self.leaves[name] = leaf.mT if name in self._turned and not turned else leaf
            self._places[name] = (len(self.roots), end - part.numel(), lies, turned)
        self.roots.append(root)

    def _part(self, tensors: Sequence[Tensor], name: str) -> Tensor:
        """Return the part of one of these tensors, which are as the roots are, in the shape of the parameter."""
        root, start, lies, turned = self._places[name]
        part = tensors[root].view(-1)[start : start + self.leaves[name].numel()].view(lies)
        return part.mT if turned else part

    def load(self) -> None:
        """Take over the numbers of the network and of the optimizer's state."""
        self.load_parameters()
        ours, states = self.ours.state, [self.theirs.state[root] for root in self.moved]
        self._steps = int(ours.get("step", 0))
        self._has_state = all(f"{name}.{key}" in ours for name in self.leaves for key in self.names)
        zeros_will_do = isinstance(self.ours, nn.RMSprop | nn.Adam)  # a first velocity is the gradient itself
        if not self.names or not (self._has_state or zeros_will_do):
            for state in states:
                state.clear()
            return
        self._has_state = True
        for key, theirs in self.names.items():
            for root, state in zip(self.moved, states, strict=True):
                if theirs not in state:
                    state[theirs] = torch.zeros_like(root)
            for name in self.leaves:
                part, known = self._part([state[theirs] for state in states], name), ours.get(f"{name}.{key}")
                part.zero_() if known is None else _copy(part, known)
        if not isinstance(self.theirs, torch.optim.SGD):
            for root, state in zip(self.moved, states, strict=True):
                zero = torch.zeros((), dtype=torch.float32, device=self._device_of_step(root))
                state.setdefault("step", zero).fill_(float(self._steps))

    def load_parameters(self) -> None:
        """Take over the numbers of the network."""
        for name, array in self.network.parameters().items():
            _copy(self._part(self.moved, name), array)

    def store(self, steps: int) -> None:
        """Write the numbers back, after so many steps."""
        state = self.ours.state
        kept = {key: [self.theirs.state[root][theirs] for root in self.moved] for key, theirs in self.names.items()}
        for name, array in self.network.parameters().items():
            array[...] = self._part(self.moved, name).cpu().numpy()
            for key, found in kept.items():
                known = state.get(f"{name}.{key}")
                if known is None or known.dtype != array.dtype or not known.flags.writeable:
                    known = state[f"{name}.{key}"] = np.empty_like(array, order="C")
                known[...] = self._part(found, name).cpu().numpy()
        state["step"] = np.array(int(state.get("step", 0)) + steps)

    def step(self, gradients: Sequence[Tensor], rate: Any, decay: float) -> None:
        """Make one update, by the gradients of the roots; the rate is a number, or on a GPU a tensor that has it."""
        for group, (rate_factor, decay_factor) in zip(self.theirs.param_groups, self.factors, strict=True):
            group["lr"], group["weight_decay"] = rate * rate_factor, decay * decay_factor
        self._steps += 1
        if isinstance(self.ours, nn.Adam) and self.moved[0].device.type == "cpu":
            rest = iter(gradients)
            for group in self.theirs.param_groups:
                _update_by_adam(self.ours, group, [next(rest).contiguous() for _ in group["params"]], self.theirs.state)
            return
        if self._has_state and self._is_small:
            with torch.no_grad():
                for root, gradient, group in zip(self.moved, gradients, self.theirs.param_groups, strict=True):
                    _update(self.ours, root, gradient, group, self.theirs.state[root])
            return
        for root, gradient in zip(self.moved, gradients, strict=True):
            root.grad = gradient.contiguous()  # the fused optimizers read memory in the order of the parameter's
        self.theirs.step()
        self._has_state = True

    def are_finite(self, tensors: Sequence[Tensor] = ()) -> bool:
        """Whether all parameters are finite, and these tensors."""
        found = [tensor.detach() for tensor in (*self.moved, *tensors)]
        # A sum that is finite has finite parts, and takes a quarter of the time; that of finite parts may be infinite.
        if torch.stack([tensor.sum() for tensor in found]).isfinite().all():
            return True
        return bool(torch.stack([tensor.isfinite().all() for tensor in found]).all())

    def _device_of_step(self, root: Tensor) -> torch.device:
        group = self.theirs.param_groups[0]
        return root.device if group.get("fused") or group.get("capturable") else torch.device("cpu")


def _update(ours: nn.Optimizer, w: Tensor, g: Tensor, group: Mapping[str, Any], state: Any) -> None:
    """Do to one tensor what torch's optimizer does: on few numbers its bookkeeping takes ten times as long as these."""
    lr, decay = group["lr"], group["weight_decay"]
    if decay:
        g = g.add(w, alpha=decay)
    if isinstance(ours, nn.SGD):
        if ours.momentum:
            v = state["momentum_buffer"].mul_(ours.momentum).add_(g, alpha=1 - ours.dampening)
            g = g.add(v, alpha=ours.momentum) if ours.nesterov else v
        w.sub_(g, alpha=lr)
    elif isinstance(ours, nn.RMSprop):
        s = state["square_avg"].mul_(ours.alpha).addcmul_(g, g, value=1 - ours.alpha)
        w.addcdiv_(g, s.sqrt().add_(ours.eps), value=-lr)


def _update_by_adam(
    ours: nn.Adam, group: Mapping[str, Any], gradients: list[Tensor], states: Mapping[Tensor, Any]
) -> None:
    """Do what the step of torch's optimizer does, without its bookkeeping, which takes longer than small tensors."""
    of_each = [states[root] for root in group["params"]]
    function = adamw if isinstance(ours, nn.AdamW) else adam
    beta_1, beta_2 = ours.betas
    function(
        group["params"],
        gradients,
        [state["exp_avg"] for state in of_each],
        [state["exp_avg_sq"] for state in of_each],
        [],
        [state["step"] for state in of_each],
        fused=True,
        amsgrad=False,
        beta1=beta_1,
        beta2=beta_2,
        lr=group["lr"],
        weight_decay=group["weight_decay"],
        eps=ours.eps,
        maximize=False,
    )


def _copy(tensor: Tensor, array: Array) -> None:
    tensor.copy_(torch.from_numpy(writable(np.ascontiguousarray(array))))


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
    settings = {"eps": ours.eps, "fused": fused, "weight_decay": 0.0, "capturable": device.type == "cuda"}
    return kind(params, betas=(beta_1, beta_2), **settings), names
