"""What decides how a training goes on, in a few short texts: two trainings with the same ones are the same."""

import hashlib
import platform
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import version
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from threadpoolctl import threadpool_info

from feedforward import __version__
from feedforward.errors import SettingError
from feedforward.training.plan import Array, Rows
from feedforward.training.recipe import Recipe
from feedforward.training.state import Training

_RATES_OF_ANY_LENGTH = ("constant", "plateau")  # schedules that do not depend on max_epochs
_PACKAGES = {"numpy": ("numpy", "scipy"), "compiled": ("numpy", "scipy", "numba"), "torch": ("numpy", "torch")}
_DIGESTS = ("X", "y", "sample_weight", "the validation set", "the network's start", "order", "member_rows")
_CALLED = {"member_rows": "what each member learns from (by preset, members and random_state)"}
# What checkpoints did not tell when there was no choice; a default still goes unsaid, and so fits them.
_UNSAID = ("decay_schedule", "dropout_schedule", "drop_last", "patience_growth", "keep_best", "watch")
_LONG = 120  # characters: what is longer is not shown as a whole


def fingerprint(
    training: Training,
    rows: Rows,
    validation: Rows | None,
    recipe: Recipe,
    *,
    shuffle: bool,
    order: ArrayLike | Callable[[int], ArrayLike] | None,
    member_rows: Array | None = None,
    **choices: Any,
) -> dict[str, Any]:
    """Return what decides how `training` goes on, by the names that users know; rows are digests.

    Parameters are those of `train`, `choices` among them that are told by their names.

    Examples
    --------
    >>> from feedforward import nn
    >>> training = Training(nn.Sequential(nn.Linear(1, 1)), nn.SGD(lr=0.5), seed=3)
    >>> rows = Rows(np.zeros((2, 1)), np.zeros((2, 1)))
    >>> marks = fingerprint(training, rows, None, Recipe(), shuffle=True, order=None, engine="numpy", loss=nn.MSELoss())
    >>> marks["random_state"], marks["layers"], marks["order"], marks["loss"]
    (3, 'Sequential( (0): Linear(in_features=1, out_features=1, bias=True) )', 'shuffled', 'MSELoss()')
    """
    network = training.network
    judged = None if validation is None else (validation.X, validation.targets, validation.weights)
    is_fresh = training.step == 0
    unsaid = {name: getattr(recipe, name) for name in _UNSAID if getattr(recipe, name) != getattr(Recipe, name)}
    return {
        "X": _digest(rows.X),
        "y": _digest(rows.targets),
        "sample_weight": _digest(rows.weights),
        "the validation set": None if judged is None else _digest(*judged),
        "layers": " ".join(repr(network).split()),
        "members": network.members,
        "dtype": str(network.dtype),
        "the network's start": _digest(*network.parameters().values()) if is_fresh else None,
        "random_state": int(training.seed),
        "optimizer": repr(training.optimizer),
        "schedule": recipe.schedule,
        "batch_size": None if recipe.batch_size is None else int(recipe.batch_size),
        "patience": None if recipe.patience is None else int(recipe.patience),
        "max_epochs": int(recipe.max_epochs),
        "order": _order(order, shuffle),
        **unsaid,
        **({} if member_rows is None else {"member_rows": _digest(member_rows)}),
        **{name: choice if isinstance(choice, str) else repr(choice) for name, choice in choices.items()},
    }


def circumstances(engine: str) -> dict[str, Any]:
    """Return what may change the last bits of a number: versions, the number of threads, the machine.

    Examples
    --------
    >>> sorted(circumstances("numpy"))
    ['cpu', 'feedforward', 'numpy', 'scipy', 'threads']
    """
    extensions: Any = np.show_config(mode="dicts")
    features = extensions.get("SIMD Extensions", {}).get("found", [])
    return {
        "feedforward": __version__,
        **{package: version(package) for package in _PACKAGES.get(engine, ())},
        "threads": _threads(engine),
        "cpu": " ".join([platform.machine(), *features]),
    }


def refuse_other(path: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on from the file at `path` if its fingerprint is another.

    Raises
    ------
    SettingError
        Naming all that differs.

    Examples
    --------
    >>> refuse_other("a.checkpoint", {"schedule": "cosine", "members": None}, {"schedule": "step", "members": None})
    Traceback (most recent call last):
    feedforward.errors.SettingError: a.checkpoint is of another training: schedule was 'cosine' and is 'step'. Resume
    with what it was; or start anew, with another path.
    """
    others_depend = any(now.get(name, "constant") != "constant" for name in ("decay_schedule", "dropout_schedule"))
    depends = now.get("schedule") not in _RATES_OF_ANY_LENGTH or others_depend
    grows = not depends and _is_less(before.get("max_epochs"), now.get("max_epochs"))
    free = {"max_epochs"} if grows else set()
    if None in (mark.get("the network's start") for mark in (before, now)):
        free.add("the network's start")  # training had begun already when the checkpoint came
    others = [
        f"{_CALLED.get(name, name)} is another"
        if name in _DIGESTS
        else f"{name} was {_change(_said(before, name), _said(now, name))}"
        for name in {**now, **before}
        if name not in free and before.get(name) != now.get(name)
    ]
    if others:
        raise SettingError(
            f"{path} is of another training: {', '.join(others)}. Resume with what it was; or start anew, with another "
            "path."
        )


def warn_of_other(path: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Warn if the circumstances are others, so that the last bits of numbers may be.

    Examples
    --------
    >>> warn_of_other("a.checkpoint", {"threads": 2}, {"threads": 2})
    """
    others = [
        f"{name} was {before.get(name)} and is {now.get(name)}"
        for name in {**now, **before}
        if before.get(name) != now.get(name)
    ]
    if others:
        warnings.warn(
            f"{path} was written under other circumstances: {', '.join(others)}. Training goes on, but may differ in "
            "the last digits from a run that never stopped.",
            UserWarning,
            stacklevel=2,
        )


def _said(marks: Mapping[str, Any], name: str) -> Any:
    return marks.get(name, getattr(Recipe, name) if name in _UNSAID else None)


def _change(before: Any, now: Any) -> str:
    """Return two values in words; of long ones, such as whole networks, only where they begin to differ."""
    texts = [repr(before), repr(now)]
    if max(map(len, texts)) <= _LONG:
        return " and is ".join(texts)
    alike = (a == b for a, b in zip_longest(*texts))
    first = next(place for place, same in enumerate(alike) if not same)
    first = max(texts[0].rfind(mark, 0, first) + 1 for mark in " ([")  # where the word begins
    parts = [text[first : first + _LONG // 2] for text in texts]
    ends = ["…" if first + _LONG // 2 < len(text) else "" for text in texts]
    return " and is ".join(f"{'…' if first else ''}{part.strip()}{end}" for part, end in zip(parts, ends, strict=True))


def _threads(engine: str) -> int:
    if engine == "torch":
        return int(import_module("torch").get_num_threads())  # the engine is about to import it anyway
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)


def _digest(*arrays: Any) -> str:
    """Return the SHA-256 of arrays, their dtypes and shapes."""
    digest = hashlib.sha256()
    for array in arrays:
        parts = (array.data, array.indices, array.indptr) if issparse(array) else (array,)
        digest.update(f"{'sparse' if issparse(array) else ''}{np.shape(array)}".encode())
        for part in parts:
            if part is not None:
                digest.update(str(part.dtype).encode())
                digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def _order(order: ArrayLike | Callable[[int], ArrayLike] | None, shuffle: bool) -> str:
    if order is None:
        return "shuffled" if shuffle else "as they stand"
    return "a function" if callable(order) else _digest(np.asarray(order))


def _is_less(before: Any, now: Any) -> bool:
    return type(before) is int and type(now) is int and before < now
