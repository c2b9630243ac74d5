"""Which engine does the arithmetic: by name, or by what the network needs."""

from typing import Any

import numpy as np

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.kernels import is_made
from feedforward.training.compiled.layout import unsupported
from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.plan import Engine, Rows
from feedforward.training.torch_bridge import fault_of_torch, load_torch
from feedforward.training.torch_known import untrainable
from feedforward.validation import nearest

ENGINES = ("numpy", "compiled", "torch")
COMPILING = 60.0  # seconds that making machine code may take, on a busy machine of two cores


def is_ready_in(seconds: float, dtype: Any) -> bool:
    """Return whether the compiled engine's machine code is made for this dtype, or there is time to make it.

    Examples
    --------
    >>> is_ready_in(float("inf"), np.float32)
    True
    """
    if seconds >= COMPILING:
        return True
    from feedforward.training.compiled.span import run_forward, run_span

    return all(is_made(function, dtype) for function in (run_span, run_forward))


def choose_engine(
    name: str,
    network: nn.Sequential,
    loss: nn.Loss,
    optimizer: nn.Optimizer,
    rows: Rows,
    device: str = "cpu",
    seconds: float = np.inf,
) -> tuple[str, str]:
    """Return the name of an engine, and why it is this one.

    Parameters
    ----------
    name : str
        A name of `ENGINES`, or "auto": torch on a GPU; on a CPU compiled, where it knows the network, the loss and the
        optimizer, and can be ready in time, else torch, where it can be imported and knows them, else numpy.
    network, loss, optimizer, rows
        What it is to train.
    device : str
        Where, from `feedforward.training.devices.choose_device`.
    seconds : float
        That it may take, the making of machine code with it, see `is_ready_in`.

    Raises
    ------
    SettingError
        If there is no such engine, it does not know something that it would need, or there is nothing to learn.
    MissingPackageError
        If it is torch, and torch is not installed, or cannot be imported.

    Examples
    --------
    >>> rows = Rows([[0.0]], [0])
    >>> choose_engine("numpy", nn.Sequential(nn.Linear(1, 2)), nn.CrossEntropyLoss(), nn.Adam(), rows)
    ('numpy', 'as asked')
    """
    if name not in (*ENGINES, "auto"):
        raise SettingError(f"engine is unknown: {name!r}. {nearest(str(name), [*ENGINES, 'auto'], 'engines')}")
    if not network.parameters():
        raise SettingError(
            "train: the network has no parameters, so there is nothing to learn; got "
            f"{' '.join(repr(network).split())}. Give it a layer that has some, such as Linear."
        )
    if name == "numpy":
        return "numpy", "as asked"
    reasons = {"compiled": unsupported(network, loss, optimizer), "torch": untrainable(network, loss, optimizer)}
    if name == "auto" and device != "cpu":
        name, why = "torch", f"it computes on {device}"
    else:
        why = "as asked"
    if name != "auto":
        if reasons[name] is not None:
            other = "engine='numpy', or 'auto'" if device == "cpu" else "device='cpu'"
            raise SettingError(f"engine={name!r} cannot train this: {reasons[name]}. Take {other}.")
        if name == "torch":
            load_torch("engine='torch'")
        return name, why
    if reasons["compiled"] is None and not is_ready_in(seconds, network.dtype):
        return "numpy", f"machine code is not made yet, and of the time limit only {seconds:.3g} s are left"
    if reasons["compiled"] is None:
        return "compiled", "it knows every part, and is the fastest"
    why = f"the compiled engine cannot: {reasons['compiled']}"
    fault = reasons["torch"] or fault_of_torch()
    return ("torch", why) if fault is None else ("numpy", f"{why}; nor can torch: {fault}")


def build_engine(
    name: str,
    network: nn.Sequential,
    loss: nn.Loss,
    optimizer: nn.Optimizer,
    rows: Rows,
    score: str,
    device: str = "cpu",
    mixed: bool = False,
) -> Engine:
    """Return the engine of this name, one of `ENGINES`, ready to run; torch's on a device, possibly in mixed precision.

    Examples
    --------
    >>> build_engine("numpy", nn.Sequential(), nn.MSELoss(), nn.SGD(0.1), Rows([[0.0]], [0]), "squared_error")
    <feedforward.training.numpy_engine.NumpyEngine object at ...>
    """
    if name == "numpy":
        return NumpyEngine(network, loss, optimizer, rows, score)
    if name == "torch":
        from feedforward.training.torch_engine import TorchEngine

        return TorchEngine(network, loss, optimizer, rows, score, device=device, mixed=mixed)
    from feedforward.training.compiled_engine import CompiledEngine

    return CompiledEngine(network, loss, optimizer, rows, score)
