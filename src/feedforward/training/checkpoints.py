"""Checkpoints: a training that was stopped anywhere goes on as if it had never stopped, bit for bit.

Row orders, rates and dropout are functions of the seed and the step, so a file needs only what training has come to:
see `Training`. With it stands a fingerprint of all that decides how training goes on: nothing is resumed on another.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from feedforward.disk import words_of
from feedforward.errors import FileError, InputError, ModelFileError, SettingError
from feedforward.files import read_file, write_file
from feedforward.training.fingerprint import circumstances, fingerprint, refuse_other, warn_of_other
from feedforward.training.plan import Array, Rows
from feedforward.training.recipe import Recipe
from feedforward.training.state import Training, restore_training, training_to_state
from feedforward.validation import COUNT, PATH, POSITIVE, SWITCH, Rule, check_settings

KIND = "checkpoint"
UNITS = ("epochs", "steps", "seconds")
Callback = Callable[[Training], Any]

_UNIT = Rule(f"one of {', '.join(map(repr, UNITS))}", lambda value: value in UNITS)


@dataclass(frozen=True)
class Checkpoint:
    """Among the callbacks of a network: write down, now and then, all that is needed to go on after a stop.

    A run that was stopped and resumed equals the run that never stopped, bit for bit, but for the seconds in its
    history, on the same machine with the same versions and number of threads.

    The file is written first when training begins and last when it ends. The one before is kept beside it, as
    ``PATH.previous``, so that there is a good one at every moment. If one cannot be written, training ends with a
    `FileError`; the file of before is as it was, and the network has what it had learned. Ctrl-C writes one more; so
    does a callback that raises ``KeyboardInterrupt``, as one with a time limit may. One that returns True ends the
    training for good: who resumes it is told so.

    Parameters
    ----------
    path : path
        One for each training: it is of no use to a search or a cross-validation.
    every : int or float
        How many epochs, steps or seconds lie between two checkpoints.
    unit : {"epochs", "steps", "seconds"}
    resume : bool
        Go on from the file, the newest of the two that is undamaged; where there is none, start from the beginning. It
        must be of the same rows, settings and engine; only `max_epochs` may have grown, with a schedule that does not
        depend on it. False: start from the beginning, but not over the checkpoint of a training that has not ended.

    Raises
    ------
    SettingError
        If a setting cannot be used.

    Examples
    --------
    >>> import tempfile, feedforward as ff
    >>> X, y = ff.datasets.moons(n=100, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save = Checkpoint(f"{folder}/moons.checkpoint", resume=True)
    ...     stopped = ff.MLPClassifier(max_epochs=3, random_state=0, callbacks=[save]).fit(X, y)
    ...     resumed = ff.MLPClassifier(max_epochs=6, random_state=0, callbacks=[save]).fit(X, y)
    >>> straight = ff.MLPClassifier(max_epochs=6, random_state=0).fit(X, y)
    >>> resumed.history_["train_loss"] == straight.history_["train_loss"]
    True
    """

    path: str | os.PathLike[str]
    every: float = 1
    unit: str = "epochs"
    resume: bool = False

    def __post_init__(self) -> None:
        amount = POSITIVE if self.unit == "seconds" else COUNT
        check_settings(self, {"path": PATH, "unit": _UNIT, "every": amount, "resume": SWITCH})


def files_of(checkpoint: Checkpoint) -> tuple[Path, Path]:
    """Return the file of a checkpoint, and that of the one before, which is kept beside it.

    Examples
    --------
    >>> [path.name for path in files_of(Checkpoint("moons.checkpoint"))]
    ['moons.checkpoint', 'moons.checkpoint.previous']
    """
    path = Path(os.path.realpath(checkpoint.path))
    return path, path.with_name(f"{path.name}.previous")


class Keeper:
    """What becomes of a `Checkpoint` while a training runs.

    Parameters
    ----------
    checkpoint : Checkpoint
    training : Training
        Changed at once if there is something to resume.
    fingerprint : dict
        Of all that decides how training goes on.
    last_epoch : int

    Raises
    ------
    ModelFileError
        If there are checkpoints, and none that can be read.
    SettingError
        If there is one of another training, or one that has not ended and is not to be resumed.
    FileError
        If no checkpoint can be written.
    """

    def __init__(
        self, checkpoint: Checkpoint, training: Training, fingerprint: Mapping[str, Any], last_epoch: int
    ) -> None:
        self.checkpoint, self.training, self.last_epoch = checkpoint, training, last_epoch
        self.fingerprint, self.circumstances = fingerprint, circumstances(fingerprint["engine"])
        self.words = ""  # of what was resumed
        self.path, self.previous = files_of(checkpoint)
        self._keeps_previous = False  # whether the file at `path` is good, so that it is worth to be kept
        self._saved = perf_counter()
        found = self._newest()
        if found is not None and checkpoint.resume:
            self._resume(*found)
            return
        if found is not None and not found[0].get("is_over"):
            raise SettingError(
                f"{checkpoint.path} is the checkpoint of a training that has not ended. Go on with it by "
                "Checkpoint(…, resume=True), or delete it, or choose another path."
            )
        self.save()

    def stop_after(self, step: int, steps: int) -> int:
        """Return the step, counted over all epochs of `steps`, before which a span that begins with `step` must end."""
        every = self.checkpoint.every
        if self.checkpoint.unit == "seconds":
            return 2**62
        period = int(every) * (steps if self.checkpoint.unit == "epochs" else 1)
        return (step // period + 1) * period

    def after_span(self, step: int, steps: int, asked: KeyboardInterrupt | None) -> None:
        """Save, if it is time or training is over; `step` is the next one.

        Where someone `asked` to stop, save in any case; if that fails, a note on the exception says so.
        """
        if self.checkpoint.unit == "seconds":
            is_due = perf_counter() - self._saved >= self.checkpoint.every
        else:
            is_due = self.stop_after(step - 1, steps) == step
        try:
            if asked is not None or is_due or self._is_over():
                self.save()
        except FileError as error:
            if asked is None:
                raise
            asked.add_note(str(error))

    def save(self) -> None:
        """Write a checkpoint, and keep the one before until it is safely on disk."""
        state, arrays = training_to_state(self.training)
        facts = {
            "kind": KIND,
            "training": state,
            "fingerprint": dict(self.fingerprint),
            "circumstances": self.circumstances,
            "is_over": self._is_over(),
        }
        if self._keeps_previous:
            self._keep()
        write_file(self.path, facts, arrays)
        self._keeps_previous, self._saved = True, perf_counter()

    def _is_over(self) -> bool:
        return self.training.should_stop or self.training.epoch >= (self.training.max_epochs or self.last_epoch)

    def _keep(self) -> None:
        """Give the newest file the name of the one before, too."""
        try:
            self.previous.unlink(missing_ok=True)
            try:
                os.link(self.path, self.previous)
            except OSError:  # a file system that knows no second names
                os.replace(self.path, self.previous)
        except OSError as error:
            raise FileError(f"{self.path} cannot be kept as {self.previous.name}: {words_of(error)}.") from error

    def _newest(self) -> tuple[dict[str, Any], dict[str, Array]] | None:
        """Return the newest checkpoint that is undamaged, None if there is none at all."""
        paths = [path for path in (self.path, self.previous) if os.path.lexists(path)]
        faults = [] if self.path in paths else [f"{self.path} is missing."]
        for path in paths:
            try:
                facts, arrays = read_file(path, [KIND])
                if not all(isinstance(facts.get(name), dict) for name in ("training", "fingerprint", "circumstances")):
                    raise ModelFileError(f"{path} cannot be read: it does not say what training it is of.")
            except ModelFileError as error:
                faults.append(str(error))
                continue
            self._keeps_previous = path == self.path
            if faults:
                warnings.warn(f"{faults[0]} The checkpoint before it is taken, {path.name}.", UserWarning, stacklevel=2)
            return facts, arrays
        if paths:
            raise ModelFileError(" ".join([*faults, "Choose another path, or move it away."]))
        return None

    def _resume(self, facts: Mapping[str, Any], arrays: dict[str, Array]) -> None:
        path = os.fspath(self.checkpoint.path)
        refuse_other(path, facts["fingerprint"], self.fingerprint)
        warn_of_other(path, facts["circumstances"], self.circumstances)
        try:
            restore_training(self.training, facts["training"], arrays)
        except InputError as error:
            raise ModelFileError(f"{path}: {error}") from error
        self.words = f"; resumed from {path} after epoch {self.training.epoch}, step {self.training.step}"
        if self.training.should_stop and self.training.epoch < self.last_epoch:
            self._tell_of_the_stop(path)

    def _tell_of_the_stop(self, path: str) -> None:
        """Say who ended the training before its last epoch: nothing more is done now."""
        training, patience = self.training, self.fingerprint["patience"]
        growth = self.fingerprint.get("patience_growth", 0.0)
        if not np.isfinite(training.history.get("train_loss", [])[-1:]).all():
            self.words += ", where it had diverged"  # of which its troubles tell
        elif patience is not None and np.all(
            training.epochs_without_improvement >= patience + growth * np.asarray(training.best_epoch)
        ):
            self.words += ", where patience had ended it"
        elif training.max_epochs is not None:
            self.words += ", where its time limit had ended it"
        else:
            self.words += ", where a callback had stopped it"
            warnings.warn(
                f"{path}: a callback stopped this training after epoch {training.epoch} of {self.last_epoch}, so it is "
                "over, and nothing more was done. To go on with its network, call partial_fit, where there is one, "
                "with callbacks=(). A callback that stops for a while only raises KeyboardInterrupt instead of "
                "returning True.",
                UserWarning,
                stacklevel=2,
            )


def keeper_of(
    callbacks: Iterable[Callback | Checkpoint],
    training: Training,
    rows: Rows,
    validation: Rows | None,
    recipe: Recipe,
    epochs: int | None,
    **choices: Any,
) -> tuple[Keeper | None, tuple[Callback, ...]]:
    """Tell the checkpoint from the other callbacks, and resume if it says so.

    Parameters are those of `train`, and `choices` more of them that decide how training goes on.

    Returns
    -------
    keeper : Keeper or None
    callbacks : tuple of callable

    Raises
    ------
    SettingError, ModelFileError, FileError
        If there are two checkpoints, or one where `epochs` is given; and what `Keeper` raises.

    Examples
    --------
    >>> from feedforward import nn
    >>> training = Training(nn.Sequential(nn.Linear(1, 1)), nn.Adam(), seed=0)
    >>> keeper_of([print], training, Rows([[0.0]], [0]), None, Recipe(), None)
    (None, (<built-in function print>,))
    """
    callbacks = tuple(callbacks)
    checkpoints = [one for one in callbacks if isinstance(one, Checkpoint)]
    others = tuple(one for one in callbacks if not isinstance(one, Checkpoint))
    if not checkpoints:
        return None, others
    if len(checkpoints) > 1:
        raise SettingError(f"callbacks must have one Checkpoint at most; got {len(checkpoints)}.")
    if epochs is not None:
        raise SettingError(
            "callbacks: a Checkpoint is for fit, which knows all rows and how many epochs there will be; partial_fit "
            "does not. Leave it out, and store the model after each call."
        )
    marks = fingerprint(training, rows, validation, recipe, **choices)
    return Keeper(checkpoints[0], training, marks, int(recipe.max_epochs)), others
