"""A network of ours as a plain `torch.nn.Sequential`, and back, bit for bit.

Torch is imported when it is first used: all else works without it.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward import nn
from feedforward.errors import InputError, MissingPackageError, SettingError

if TYPE_CHECKING:
    import torch


def _without_settings(kind: type[nn.Layer], module: Any) -> nn.Layer:
    return kind()


# Layers without parameters, each with the name of its twin in torch.nn and the settings that the twin takes.
_TWINS: dict[type[nn.Layer], tuple[str, Callable[[Any], dict[str, Any]]]] = {
    nn.Identity: ("Identity", lambda layer: {}),
    nn.Sigmoid: ("Sigmoid", lambda layer: {}),
    nn.Tanh: ("Tanh", lambda layer: {}),
    nn.ReLU: ("ReLU", lambda layer: {}),
    nn.LeakyReLU: ("LeakyReLU", lambda layer: {"negative_slope": layer.negative_slope}),
    nn.ELU: ("ELU", lambda layer: {"alpha": layer.alpha}),
    nn.SELU: ("SELU", lambda layer: {}),
    nn.GELU: ("GELU", lambda layer: {}),
    nn.SiLU: ("SiLU", lambda layer: {}),
    nn.Mish: ("Mish", lambda layer: {}),
    nn.Softplus: ("Softplus", lambda layer: {"threshold": 40}),  # above it z is rounded to itself; torch's 20 is early
    nn.Dropout: ("Dropout", lambda layer: {"p": layer.p}),
}
_OURS: dict[str, Callable[[Any], nn.Layer]] = {
    **{name: partial(_without_settings, kind) for kind, (name, _) in _TWINS.items()},
    "LeakyReLU": lambda module: nn.LeakyReLU(module.negative_slope),
    "ELU": lambda module: nn.ELU(module.alpha),
    "Dropout": lambda module: nn.Dropout(module.p),
}
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def has_torch() -> bool:
    """Whether torch is installed, found out without importing it.

    Examples
    --------
    >>> has_torch()
    True
    """
    try:
        return find_spec("torch") is not None
    except ValueError:  # a module without a spec stands in its place
        return False


def load_torch(purpose: str) -> Any:
    """Return the module torch, or say why it cannot be used, and how to install it.

    Raises
    ------
    MissingPackageError

    Examples
    --------
    >>> load_torch("to_torch").nn.Linear.__name__
    'Linear'
    """
    if (fault := fault_of_torch()) is not None:
        again = "Install it anew" if has_torch() else "Install it"
        raise MissingPackageError(f'{purpose} needs torch, and {fault}. {again}: pip install "feedforward[torch]".')
    import torch

    return torch


def fault_of_torch() -> str | None:
    """Return why torch cannot be used, in words; None if it can: it is then imported.

    Examples
    --------
    >>> fault_of_torch()
    """
    if not has_torch():
        return "it is not installed"
    try:
        import torch  # noqa: F401 - whether it can be imported is all that is asked
    except Exception as error:  # a library that is missing, or too old for it, can raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return f"it is installed, but cannot be imported ({reason})"
    return None


def to_torch(network: nn.Sequential) -> "torch.nn.Sequential":
    """Return a plain `torch.nn.Sequential` with the same layers and the same numbers, bit for bit.

    Nothing of ours is in it: it can be trained, compiled, saved and sent elsewhere as any other. Its parameters are
    copies on the CPU, under the same names, in the same dtype.

    Parameters
    ----------
    network : Sequential
        Of Linear, the activations of `feedforward.nn`, Dropout and Sequential. Not a stack.

    Raises
    ------
    InputError
        If a layer has no twin in torch, or stands in two places: it is named.
    MissingPackageError
        If torch is not installed.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    >>> module = to_torch(net)
    >>> module
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Tanh()
    )
    >>> bool((module.state_dict()["0.weight"].numpy() == net[0].weight).all())
    True
    """
    torch = load_torch("to_torch")
    if not isinstance(network, nn.Sequential):
        hint = " A fitted estimator has one: its network_." if hasattr(network, "get_params") else ""
        raise InputError(f"to_torch takes a feedforward.nn.Sequential; got {network!r}.{hint}")
    reason = unbridgeable(network)
    if reason is None and network.members is not None:
        reason = "it is a stack; take the networks that feedforward.nn.unstack returns"
    if reason is not None:
        raise InputError(f"to_torch: this network has no twin in torch: {reason}.")
    with torch.inference_mode(False):  # whatever mode it is called in, the module can be trained
        return _module(torch, network)  # type: ignore[no-any-return]  # torch is loaded late, so mypy does not know it


def from_torch(module: "torch.nn.Sequential") -> nn.Sequential:
    """Return a plain `torch.nn.Sequential` as a network of ours, with the same numbers, bit for bit.

    Its parameters are copies, wherever the module's are, in the same dtype. Children are counted from 0, whatever their
    names; modes, and which parameters are frozen, stay behind, since a network of ours has neither.

    Parameters
    ----------
    module : torch.nn.Sequential
        Of Linear, activations, Dropout and Sequential.

    Raises
    ------
    InputError
        If a module has no counterpart here, has hooks, or shares its parameters with another: it is named.
    MissingPackageError
        If torch is not installed.

    Examples
    --------
    >>> import torch
    >>> from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    """
    torch = load_torch("from_torch")
    if type(module) is not torch.nn.Sequential:
        raise InputError(f"from_torch takes a torch.nn.Sequential, and no subclass of it; got {_kind(module)}.")
    owners: dict[int, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        if id(parameter) in owners:
            raise InputError(
                f"from_torch: {owners[id(parameter)]} and {name} are one tensor, and training would part them."
            )
        owners[id(parameter)] = name
    network: nn.Sequential = _layer(torch, module, "")
    dtypes = {name: array.dtype for name, array in network.parameters().items()}
    if len({*dtypes.values()}) > 1:
        raise InputError(f"from_torch: all parameters must have one dtype; they have {_listed(dtypes)}.")
    return network


def unbridgeable(network: nn.Sequential) -> str | None:
    """Return what torch has no module for, in words; None if it has one of everything.

    Examples
    --------
    >>> unbridgeable(nn.Sequential(nn.Linear(2, 1))), unbridgeable(nn.Sequential(nn.Linear(2, 1), nn.Scale(1)))
    (None, 'layer 1 is a Scale')
    """
    for path, layer in flat_layers(network):
        if type(layer) is not nn.Linear and not has_twin(layer):
            return f"layer {'.'.join(map(str, path))} is a {type(layer).__name__}"
    return unfit_parameters(network)


def unfit_parameters(network: nn.Sequential) -> str | None:
    """Return which parameter torch cannot take over as it is, in words; None if it can take all.

    Examples
    --------
    >>> layer = nn.Linear(2, 2)
    >>> unfit_parameters(nn.Sequential(layer, layer))
    '0.weight and 1.weight are one array, and training would part them'
    """
    seen: dict[int, str] = {}
    for name, array in network.parameters().items():
        if array.dtype not in (np.float32, np.float64) or array.dtype != network.dtype:
            return f"{name} is {array.dtype}, where all must be float32 or all float64"
        if id(array) in seen:
            return f"{seen[id(array)]} and {name} are one array, and training would part them"
        seen[id(array)] = name
    return None


def flat_layers(network: nn.Sequential, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], nn.Layer]]:
    """Return the layers of a network and of those inside it, each with its path of places.

    Examples
    --------
    >>> [path for path, _ in flat_layers(nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh())))]
    [(0,), (1, 0)]
    """
    found: list[tuple[tuple[int, ...], nn.Layer]] = []
    for i, layer in enumerate(network):
        found += flat_layers(layer, (*path, i)) if type(layer) is nn.Sequential else [((*path, i), layer)]
    return found


def has_twin(layer: nn.Layer) -> bool:
    """Whether torch has a module for a layer without parameters.

    Examples
    --------
    >>> has_twin(nn.ReLU()), has_twin(nn.Sequential())
    (True, False)
    """
    return type(layer) in _TWINS


def twin_of(layer: nn.Layer) -> Any:
    """Return the module of torch for a layer without parameters.

    Examples
    --------
    >>> twin_of(nn.LeakyReLU(0.2))
    LeakyReLU(negative_slope=0.2)
    """
    name, settings = _TWINS[type(layer)]
    return getattr(load_torch("the torch engine").nn, name)(**settings(layer))


def _module(torch: Any, layer: nn.Layer) -> Any:
    if isinstance(layer, nn.Sequential):
        return torch.nn.Sequential(*(_module(torch, child) for child in layer))
    if not isinstance(layer, nn.Linear):
        return twin_of(layer)
    arrays = {name: torch.tensor(array, device="cpu") for name, array in layer.parameters().items()}
    settings = {"bias": "bias" in arrays, "dtype": arrays["weight"].dtype, "device": "cpu"}
    # skip_init draws nothing from torch's generator
    module = torch.nn.utils.skip_init(torch.nn.Linear, layer.in_features, layer.out_features, **settings)
    module.load_state_dict(arrays)
    return module


def _layer(torch: Any, module: Any, place: str) -> Any:
    name = f"layer {place}" if place else "the network"
    if any(torch.nn.parameter.is_lazy(parameter) for parameter in module.parameters(recurse=False)):
        raise InputError(
            f"from_torch: {name} ({_kind(module)}) has no numbers yet. Run a batch through the module first."
        )
    if any(getattr(module, hooks, None) for hooks in _HOOKS) or "forward" in vars(module):
        raise InputError(
            f"from_torch: {name} ({_kind(module)}) has hooks or a forward of its own; take them off first."
        )
    if type(module) is torch.nn.Sequential:
        children = (_layer(torch, child, f"{place}.{i}".lstrip(".")) for i, child in enumerate(module))
        return nn.Sequential(*children)
    if type(module) is torch.nn.Linear:
        return _linear(module, name)
    kind = type(module).__name__
    if type(module) is not getattr(torch.nn, kind, None) or kind not in _OURS:
        known = "Linear, activations, Dropout and Sequential"
        raise InputError(f"from_torch: {name} is {_kind(module)}, which has no counterpart here: {known} have.")
    if getattr(module, "approximate", "none") != "none" or (
        kind == "Softplus" and (module.beta != 1 or module.threshold < 20)
    ):
        raise InputError(f"from_torch: {name} is {module!r}, and ours has no such variant.")
    try:
        return _OURS[kind](module)
    except SettingError as error:
        raise InputError(f"from_torch: {name}: {error}") from error


def _linear(module: Any, name: str) -> nn.Linear:
    layer = nn.Linear(module.in_features, module.out_features, module.bias is not None)
    for attribute, parameter in module.named_parameters():
        if parameter.is_meta or str(parameter.dtype) not in ("torch.float32", "torch.float64"):
            kind = "has no numbers (it is on the device meta)" if parameter.is_meta else f"is {parameter.dtype}"
            raise InputError(f"from_torch: {name}: {attribute} {kind}; it must be float32 or float64: module.float().")
        array, own = parameter.detach().cpu().numpy().copy(), getattr(layer, attribute)
        if array.shape != own.shape:
            raise InputError(f"from_torch: {name}: {attribute} has shape {array.shape}, not {own.shape}.")
        setattr(layer, attribute, array)
    return layer


def _kind(module: Any) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _listed(dtypes: dict[str, Any]) -> str:
    return ", ".join(f"{name} {dtype}" for name, dtype in dtypes.items())
