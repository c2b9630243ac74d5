"""All that changes in a training, and how it becomes facts and arrays that a file can hold, and comes back."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.errors import InputError
from feedforward.files import group, prefixed
from feedforward.training.plan import Array


@dataclass
class Training:
    """All that changes in a training: enough to go on as if it had never stopped.

    Attributes
    ----------
    network : Sequential
        Possibly a stack of k; losses and scores are then the means over the members that are trained: those that are
        out of patience stay as they are.
    optimizer : Optimizer
        Its rate is the highest of the schedule.
    seed : int
        What row orders and dropout are drawn from.
    epoch, step : int
        Epochs and steps done.
    history : dict of lists
        For each epoch "train_loss" and "train_score", weighted means of the batches, each before its update and with
        dropout; with validation rows "val_loss" and "val_score", after the epoch and without; "seconds".
    watched : str
        The loss or score that decides which epoch was the best, by its name in `history`.
    best_loss, best_epoch : float, int; in a stack arrays of shape (k,)
        The lowest loss of the validation rows, or else of the training rows, and the number of epochs it took; where a
        score is watched, the highest score times −1. In a stack each member has its own.
    best_parameters : dict of arrays or None
        Those of the best epoch, in a stack each member's own; where the recipe brings them back.
    epochs_without_improvement : int; in a stack array of shape (k,)
    plateau : ReduceOnPlateau or None
        The state of that schedule.
    should_stop : bool
        Whether patience ran out, a callback said stop, or training diverged. A callback may set it.
    troubles : list of str
        What went wrong in the last call of `train`, and what to do.
    unfinished : dict of arrays
        Of the epoch that is not done yet, the "losses", "scores" and "weights" of its steps so far.
    start : dict of arrays
        While `train` is at work, the parameters that it began with.
    max_epochs : int or None
        Where there is a time limit, the number of epochs that fit, once it is known.

    Examples
    --------
    >>> Training(nn.Sequential(nn.Linear(2, 1)), nn.Adam(), seed=0).epoch
    0
    """

    network: nn.Sequential
    optimizer: nn.Optimizer
    seed: int
    epoch: int = 0
    step: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    watched: str = ""
    best_loss: Any = np.inf
    best_epoch: Any = 0
    best_parameters: dict[str, Array] | None = None
    epochs_without_improvement: Any = 0
    plateau: nn.ReduceOnPlateau | None = None
    should_stop: bool = False
    troubles: list[str] = field(default_factory=list)
    unfinished: dict[str, Array] = field(default_factory=dict)
    start: dict[str, Array] = field(default_factory=dict)
    max_epochs: int | None = None


def training_to_state(training: Training) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return all of `training` as facts that JSON holds exactly and as arrays by name, live.

    The arrays are "network.<name>", "optimizer.<name>", "best.<name>", "start.<name>", "history.<name>",
    "unfinished.<name>" and, for single numbers, "number.<name>".

    Examples
    --------
    >>> facts, arrays = training_to_state(Training(nn.Sequential(nn.Linear(2, 1)), nn.Adam(), seed=0))
    >>> facts["epoch"], sorted(arrays)
    (0, ['network.0.bias', 'network.0.weight', 'number.best_loss', 'number.lr', 'number.weight_decay'])
    """
    optimizer, plateau = training.optimizer, training.plateau
    numbers = {"best_loss": training.best_loss, "lr": optimizer.lr, "weight_decay": optimizer.weight_decay}
    if plateau is not None:
        numbers |= {f"plateau.{name}": value for name, value in plateau.state.items()}
    groups: dict[str, Mapping[str, Any]] = {
        "network": training.network.parameters(),
        "optimizer": optimizer.state,
        "best": training.best_parameters or {},
        "history": {name: np.array(values, np.float64) for name, values in training.history.items()},
        "unfinished": training.unfinished,
        "start": training.start,
        "number": {name: np.array(value, np.float64) for name, value in numbers.items()},
    }
    facts = {name: _fact(getattr(training, name), kind) for name, kind in _FACTS.items()}
    facts["history"] = list(training.history)
    if training.max_epochs is not None:
        facts["max_epochs"] = training.max_epochs
    arrays = {name: np.asarray(a) for prefix, named in groups.items() for name, a in prefixed(prefix, named).items()}
    return facts, arrays


def restore_training(training: Training, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Put a state back, in place, into a training whose network and optimizer were built from the same settings.

    Raises
    ------
    InputError
        If a fact or an array is missing, unknown or of another kind, shape or dtype: all of them are named, and nothing
        is changed.

    Examples
    --------
    >>> training = Training(nn.Sequential(nn.Linear(2, 1)), nn.Adam(), seed=0)
    >>> facts, arrays = training_to_state(Training(nn.Sequential(nn.Linear(2, 1)), nn.Adam(), seed=0, epoch=7))
    >>> restore_training(training, facts, arrays)
    >>> training.epoch
    7
    """
    problems = _wrong_facts(facts, training.network.members) or _wrong_arrays(training, facts, arrays)
    if problems:
        raise InputError(f"this state does not fit the training: {'; '.join(problems)}.")
    optimizer, numbers = training.optimizer, group("number", arrays)
    for name in _FACTS:
        setattr(training, name, copy.copy(facts[name]))
    for name in _OF_MEMBERS:
        setattr(training, name, facts[name] if isinstance(facts[name], int) else np.array(facts[name], np.int64))
    training.max_epochs = facts.get("max_epochs")
    training.network.load_parameters(group("network", arrays))
    optimizer.state.clear()
    optimizer.state.update(_copies("optimizer", arrays))
    optimizer.lr, optimizer.weight_decay = (_plain(numbers[name]) for name in ("lr", "weight_decay"))
    training.best_loss = _plain(numbers["best_loss"])
    training.best_parameters = _copies("best", arrays) or None
    training.history.clear()
    training.history.update({name: arrays[f"history.{name}"].tolist() for name in facts["history"]})
    training.unfinished, training.start = _copies("unfinished", arrays), _copies("start", arrays)
    plateau = {name: float(number) for name, number in group("plateau", numbers).items()}
    training.plateau = (training.plateau or nn.ReduceOnPlateau()) if plateau else None
    if training.plateau is not None:
        training.plateau.state = plateau


_FACTS: dict[str, type] = {
    "seed": int,
    "epoch": int,
    "step": int,
    "watched": str,
    "best_epoch": int,
    "epochs_without_improvement": int,
    "should_stop": bool,
    "troubles": list,
}
_OF_MEMBERS = ("best_epoch", "epochs_without_improvement")  # whole numbers; in a stack one for each member
_OPTIMIZERS = (nn.SGD, nn.RMSprop, nn.Adam, nn.AdamW)  # of these it is known what they remember


def _fact(value: Any, kind: type) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else kind(value)


def _wrong_facts(facts: Mapping[str, Any], members: int | None) -> list[str]:
    kinds = {**_FACTS, "history": list}
    if "max_epochs" in facts:
        kinds["max_epochs"] = int
    problems = [f"{name} is {'missing' if name in kinds else 'unknown'}" for name in sorted({*kinds} ^ {*facts})]
    for name, kind in kinds.items():
        if name in facts and not _is_fact(facts[name], kind, members if name in _OF_MEMBERS else None):
            problems.append(f"{name} is {facts[name]!r}")
    return problems


def _is_fact(value: Any, kind: type, members: int | None) -> bool:
    if members is not None and type(value) is list:
        return len(value) == members and all(_is_fact(one, kind, None) for one in value)
    if kind is list:
        return type(value) is list and all(isinstance(text, str) for text in value)
    return type(value) is kind and not (isinstance(value, int) and value < 0)


def _wrong_arrays(training: Training, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> list[str]:
    wanted = _wanted(training, facts, arrays)
    return [
        *(f"{name} is missing" for name in wanted if name not in arrays),
        *(f"{name} is unknown" for name in arrays if name not in wanted),
        *(
            f"{name} is {_kind(arrays[name])}, not {_kind(like)}"
            for name, like in wanted.items()
            if name in arrays and _kind(arrays[name]) != _kind(like)
        ),
    ]


def _wanted(training: Training, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return an array of the right shape and dtype for each that must be there; some may be there all or not at all."""
    parameters, k, none = training.network.parameters(), training.network.members or 1, np.zeros(0)
    wanted = prefixed("network", parameters)
    for prefix in ("best", "start"):
        if group(prefix, arrays):
            wanted |= prefixed(prefix, parameters)
    remembered = group("optimizer", arrays)
    if remembered and type(training.optimizer) in _OPTIMIZERS:
        remembered = _memory(training.optimizer, parameters)
    wanted |= prefixed("optimizer", remembered)
    plateau = nn.ReduceOnPlateau().state if group("number.plateau", arrays) else ()
    wanted |= {f"number.plateau.{name}": np.zeros(()) for name in plateau}
    for name in ("number.best_loss", "number.lr", "number.weight_decay"):
        wanted[name] = np.zeros(k if arrays.get(name, none).shape == (k,) else ())
    wanted |= {f"history.{name}": np.zeros(arrays.get(f"history.{name}", none).size) for name in facts["history"]}
    steps = {name: np.asarray(array) for name, array in group("unfinished", arrays).items()}
    if steps:
        u = len(np.atleast_1d(steps.get("losses", 0)))
        c = steps["scores"].shape[-1] if np.ndim(steps.get("scores", 0)) else 0
        kind = np.int64 if steps.get("weights", none).dtype == np.int64 else np.float64
        found = {"losses": np.zeros((u, k)), "scores": np.zeros((u, k, c)), "weights": np.zeros((u, k), kind)}
        wanted |= prefixed("unfinished", found)
    return wanted


def _memory(optimizer: nn.Optimizer, parameters: Mapping[str, Array]) -> dict[str, Array]:
    """Return what the optimizer remembers after a step, zeros in its place: names, shapes and dtypes are right."""
    twin = copy.copy(optimizer)
    twin.state = {}
    with np.errstate(all="ignore"):
        twin.step(*({name: np.zeros_like(array) for name, array in parameters.items()} for _ in range(2)))
    return twin.state


def _copies(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.array(array) for name, array in group(prefix, arrays).items()}


def _plain(number: Array) -> Any:
    return float(number) if number.ndim == 0 else np.array(number)


def _kind(array: Array) -> str:
    return f"{array.dtype} of shape {array.shape}"
