"""Which engine does the arithmetic: by name, or by what the network needs."""

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.training.compiled.layout import unsupported
from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.plan import Engine, Rows
from feedforward.validation import nearest

ENGINES = ("numpy", "compiled")


def choose_engine(
    name: str, network: nn.Sequential, loss: nn.Loss, optimizer: nn.Optimizer, rows: Rows
) -> tuple[str, str]:
    """Return the name of an engine, and why it is this one.

    Parameters
    ----------
    name : str
        A name of `ENGINES`, or "auto": compiled, where it knows the network, the loss and the optimizer, else numpy.
    network, loss, optimizer, rows
        What it is to train.

    Raises
    ------
    SettingError
        If there is no such engine, or it does not know something that it would need.

    Examples
    --------
    >>> rows = Rows([[0.0]], [0])
    >>> choose_engine("numpy", nn.Sequential(nn.Linear(1, 2)), nn.CrossEntropyLoss(), nn.Adam(), rows)
    ('numpy', 'as asked')
    """
    if name not in (*ENGINES, "auto"):
        raise SettingError(f"engine is unknown: {name!r}. {nearest(str(name), [*ENGINES, 'auto'], 'engines')}")
    if name == "numpy":
        return "numpy", "as asked"
    reason = unsupported(network, loss, optimizer)
    if reason is None:
        return "compiled", "as asked" if name == "compiled" else "it knows every part, and is the fastest"
    if name == "compiled":
        raise SettingError(f"engine='compiled' cannot train this: {reason}. Take engine='numpy', or 'auto'.")
    return "numpy", f"the compiled engine cannot: {reason}"


def build_engine(
    name: str, network: nn.Sequential, loss: nn.Loss, optimizer: nn.Optimizer, rows: Rows, score: str
) -> Engine:
    """Return the engine of this name, one of `ENGINES`, ready to run.

    Examples
    --------
    >>> build_engine("numpy", nn.Sequential(), nn.MSELoss(), nn.SGD(0.1), Rows([[0.0]], [0]), "squared_error")
    <feedforward.training.numpy_engine.NumpyEngine object at ...>
    """
    if name == "numpy":
        return NumpyEngine(network, loss, optimizer, rows, score)
    from feedforward.training.compiled_engine import CompiledEngine

    return CompiledEngine(network, loss, optimizer, rows, score)
