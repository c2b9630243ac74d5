"""What happens at the end of an epoch: history, validation, the best epoch so far, patience, callbacks."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from feedforward import nn
from feedforward.training.checkpoints import Callback
from feedforward.training.interrupts import Interrupts
from feedforward.training.plan import Array, Engine, Rows
from feedforward.training.progress import Progress
from feedforward.training.recipe import Recipe
from feedforward.training.scores import as_score, calibrated_loss, score_sums, spread
from feedforward.training.state import Training


@dataclass
class Judge:
    """Ends the epochs of one call of `train`, whose parts these are.

    Losses and scores are arrays of shape (k,), also for a single network, k = 1.

    Attributes
    ----------
    looks : bool
        Whether something is to be done after every epoch; else a span may take many.
    seconds : float
        How long the end of the last epoch took.
    """

    training: Training
    recipe: Recipe
    engine: Engine
    loss: nn.Loss
    score: str
    validation: Rows | None
    callbacks: Sequence[Callback]
    progress: Progress
    interrupts: Interrupts

    def __post_init__(self) -> None:
        self.spread = None if self.validation is None else spread(self.score, self.validation)
        self.plain_loss = _without_smoothing(self.loss)
        others = (self.callbacks, self.recipe.restores, self.training.plateau, self.progress.verbose)
        self.looks = self.validation is not None or any(others)
        self.seconds, self._ended = 0.0, 0

    def end_epoch(self, loss: Array, score: Array, seconds: float) -> None:
        """Take note of one more epoch, and decide whether it was the last."""
        training, started, is_in = self.training, perf_counter(), self.members_in()
        training.epoch += 1
        found = {"train_loss": loss, "train_score": score}
        if self.validation is not None:
            found |= self.validate(self.validation)
            seconds += perf_counter() - started
        for name, values in found.items():
            training.history.setdefault(name, []).append(float(values[is_in].mean()))
        training.history.setdefault("seconds", []).append(seconds)
        self._compare(found, is_in)
        self.progress.epoch(training.epoch, training.history)
        self._call_back()
        self.seconds, self._ended = perf_counter() - started, self._ended + 1

    def _call_back(self) -> None:
        training = self.training
        try:
            answers = [callback(training) for callback in self.callbacks]
        except KeyboardInterrupt as error:  # from here, too, it is heard when the training is whole
            self.interrupts.asked = error
            return
        training.should_stop |= any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)

    def seconds_of_an_end(self) -> float:
        """Return how long the end of an epoch takes; judge twice to know, where there were too few."""
        if self.validation is not None and self._ended < 2:
            for _ in range(2):  # machine code may be made in the first
                started = perf_counter()
                self.validate(self.validation)
                self.seconds = perf_counter() - started
        return self.seconds

    def validate(self, rows: Rows) -> dict[str, Array]:
        """Return loss, score and what else is watched of the validation rows, for each member.

        A log loss is without label smoothing.
        """
        outputs = self.engine.predict(rows.X)
        with np.errstate(all="ignore"):
            value, _ = self.plain_loss.value_and_gradient(outputs, rows.targets, rows.weights)
            sums = score_sums(self.score, outputs, rows.targets, rows.weights)
        total = len(rows) if rows.weights is None else rows.weights.sum(axis=-1, dtype=np.float64)[..., None]
        found = {"val_loss": value, "val_score": as_score(sums / total, self.spread)}
        if self.training.watched == "val_calibrated_loss":
            found["val_calibrated_loss"] = calibrated_loss(outputs, rows.targets, rows.weights)
        return {name: np.atleast_1d(values) for name, values in found.items()}

    def members_in(self) -> Array:
        """Return which members are trained, shape (k,): who is out of patience has stopped, as if it were alone."""
        training = self.training
        waited, first = np.atleast_1d(training.epochs_without_improvement), np.atleast_1d(training.best_epoch)
        is_in: Array = waited < self._patience(first)
        return is_in if is_in.any() else np.ones_like(is_in)

    def _compare(self, found: dict[str, Array], is_in: Array) -> None:
        """Compare what is watched with the best so far, for each member; what is not a number is no improvement."""
        training, watched = self.training, self.training.watched
        values = np.asarray(-found[watched] if watched.endswith("score") else found[watched], np.float64)
        lowest, first, waited = (
            np.array(number, ndmin=1)
            for number in (training.best_loss, training.best_epoch, training.epochs_without_improvement)
        )
        better = is_in & (values < lowest)
        best = better | (is_in & (values == lowest)) if watched.endswith("score") else better
        lowest[best], first[best] = values[best], training.epoch
        waited = np.where(better, 0, waited + is_in)
        if training.network.members is None:
            training.best_loss, training.best_epoch = float(lowest[0]), int(first[0])
            training.epochs_without_improvement = int(waited[0])
        else:
            training.best_loss, training.best_epoch, training.epochs_without_improvement = lowest, first, waited
        if self.recipe.restores and best.any():
            self._keep(best)
        if training.plateau is not None:
            training.plateau.update(float(found["val_loss" if "val_loss" in found else "train_loss"][is_in].mean()))
        if (waited >= self._patience(first)).all():
            training.should_stop = True

    def _patience(self, best_epoch: Array) -> Array:
        """Return after how many epochs without improvement each member is to stop."""
        if self.recipe.patience is None:
            return np.full(best_epoch.shape, np.inf)
        return np.asarray(self.recipe.patience + self.recipe.patience_growth * best_epoch)

    def _keep(self, best: Array) -> None:
        """Keep the parameters of the members whose best epoch this is."""
        training, parameters = self.training, self.training.network.parameters()
        if training.network.members is None or training.best_parameters is None:
            training.best_parameters = copies(training.network)
            return
        for name, array in training.best_parameters.items():
            array[best] = parameters[name][best]


def copies(network: nn.Sequential) -> dict[str, Array]:
    """Return copies of the parameters.

    Examples
    --------
    >>> copies(nn.Sequential(nn.Linear(2, 1)))["0.weight"].shape
    (1, 2)
    """
    return {name: array.copy() for name, array in network.parameters().items()}


def _without_smoothing(loss: nn.Loss) -> nn.Loss:
    if not isinstance(loss, nn.CrossEntropyLoss) or not loss.label_smoothing:
        return loss
    plain = copy.copy(loss)
    plain.label_smoothing = 0.0
    return plain
