"""Which device a training runs on: asked for by name, or the GPU where the work is large enough for one."""

import re
import warnings
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.training.torch_bridge import fault_of_torch, has_torch, load_torch

# From how much work a step "auto" takes a GPU, in parameters times rows of a batch. Below, a GPU is told what to do for
# longer than a CPU takes to do it. A larger number keeps more networks on the CPU.
CROSSOVERS: dict[str, float] = {"cuda": 2**24}
COPIES = 16  # of the parameters, that must fit: with gradients, the optimizer's state, and what a batch comes to


def check_device_name(owner: str, device: Any) -> None:
    """Raise `SettingError` for what is no name of a device; whether it is there is asked in training.

    Examples
    --------
    >>> check_device_name("MLPClassifier", "gpu")
    Traceback (most recent call last):
    feedforward.errors.SettingError: MLPClassifier: device must be 'auto', 'cpu', 'cuda', 'cuda:1' (or another number)
    or 'mps'; got 'gpu'.
    """
    if not isinstance(device, str) or not re.fullmatch(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]{0,2}))?", device):
        raise SettingError(
            f"{owner}: device must be 'auto', 'cpu', 'cuda', 'cuda:1' (or another number) or 'mps'; got {device!r}."
        )


def choose_device(
    device: str,
    engine: str,
    network: nn.Sequential,
    batch_size: int,
    *,
    mixed: bool = False,
    unknown: str | None = None,
) -> str:
    """Return the device to train on, which is there: "cpu", "cuda", "cuda:1", …, or "mps".

    Parameters
    ----------
    device : str
        Its name; or "auto": a GPU where there is one, if the network and the batch are worth it (`CROSSOVERS`),
        or if `mixed`; else the CPU.
    engine : str
        As asked for. Of the engines only torch computes on a GPU.
    network : Sequential
    batch_size : int
    mixed : bool
        Whether products are to be of bfloat16, as dtype="bfloat16" asks: on a GPU of NVIDIA.
    unknown : str, optional
        What torch cannot train here, in words: then "auto" is the CPU, where another engine does.

    Raises
    ------
    SettingError
        If the device is not there, or cannot be used with that engine or dtype: what torch found is said.
    MissingPackageError
        If it needs torch, and torch is not installed.

    Examples
    --------
    >>> choose_device("auto", "auto", nn.Sequential(nn.Linear(4, 2)), 32)
    'cpu'
    """
    check_device_name("train", device)
    if mixed and device in ("cpu", "mps"):
        raise SettingError(
            f"dtype='bfloat16' is mixed precision on an NVIDIA GPU, and device={device!r}. Take dtype='float32'."
        )
    if mixed and unknown is not None:
        raise SettingError(
            f"dtype='bfloat16' is computed by torch, which cannot train this: {unknown}. Take dtype='float32'."
        )
    if device == "cpu":
        return device
    if engine in ("numpy", "compiled"):
        if device == "auto" and not mixed:
            return "cpu"
        asked = f"device={device!r}" if device != "auto" else "dtype='bfloat16'"
        raise SettingError(
            f"engine={engine!r} computes on a CPU, and {asked} needs a GPU. Take engine='torch' or 'auto'."
        )
    if device == "auto":
        return "cpu" if unknown is not None else _best_device(network, batch_size, mixed)
    torch = load_torch(f"device={device!r}")
    if device == "mps" and network.dtype == "float64":
        raise SettingError("device='mps' computes in float32, and dtype is float64. Take dtype='float32'.")
    if device not in (found := _found(torch)):
        raise SettingError(
            f"device={device!r} is not there: torch {torch.__version__} found {' and '.join(map(repr, found))}"
            f"{'' if torch.version.cuda or torch.version.hip else ', and is built without CUDA'}. "
            f"Take device={found[-1]!r} or 'auto'."
        )
    return device


def _best_device(network: nn.Sequential, batch_size: int, mixed: bool) -> str:
    work = batch_size * sum(array.size for array in network.parameters().values())
    if not mixed and (work < CROSSOVERS["cuda"] or not may_have_gpu() or fault_of_torch() is not None):
        return "cpu"
    torch = load_torch("dtype='bfloat16'")
    if "cuda" in _found(torch) and (mixed or _has_room(torch, network)):
        return "cuda"
    if mixed:
        raise SettingError(
            f"dtype='bfloat16' is mixed precision on an NVIDIA GPU, and torch {torch.__version__} found none. "
            "Take dtype='float32'."
        )
    return "cpu"


@cache
def may_have_gpu() -> bool:
    """Whether torch is installed, and not in a build for CPUs alone: told without the seconds its import takes.

    Examples
    --------
    >>> may_have_gpu() in (True, False)
    True
    """
    try:
        return has_torch() and not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return has_torch()


def _has_room(torch: Any, network: nn.Sequential) -> bool:
    """Whether a GPU that nobody asked for can be had at all, and others have left enough of it."""
    try:
        free, _ = torch.cuda.mem_get_info()
    except RuntimeError:  # taken by one process alone, or its driver is out of order
        return False
    return bool(free > COPIES * sum(array.nbytes for array in network.parameters().values()))


def _found(torch: Any) -> list[str]:
    """Return the names of the devices that torch can use here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a driver too old, where torch goes on without it
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    found = ["cpu", *(f"cuda:{i}" for i in range(gpus)), *(["cuda"] if gpus else [])]
    return [*found, "mps"] if torch.backends.mps.is_available() else found
