"""The loop of training, one for all engines: here are the decisions, in the engines the arithmetic.

An epoch is one pass over the rows, a step one update, and a span the steps that an engine does in one call: parts of
an epoch where that is long, many epochs where nobody wants to look in between. How long a span is changes no number.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.nn.random import mix
from feedforward.training.checkpoints import Callback, Checkpoint, Keeper, keeper_of
from feedforward.training.checks import ready, ready_member_rows, ready_to_judge
from feedforward.training.deadline import Deadline
from feedforward.training.devices import choose_device
from feedforward.training.engines import build_engine, choose_engine
from feedforward.training.interrupts import Interrupts
from feedforward.training.judge import Judge, copies
from feedforward.training.orders import RowOrders
from feedforward.training.plan import Array, Engine, Outcome, Plan, Rows
from feedforward.training.progress import Progress
from feedforward.training.recipe import Recipe
from feedforward.training.scores import SCORES, as_score, spread
from feedforward.training.state import Training
from feedforward.training.torch_known import untrainable
from feedforward.training.troubles import (
    ENOUGH,
    asleep,
    dead_units,
    diverged,
    ill_scaled,
    memorised,
    not_finite,
    overwritten,
    rising_loss,
    unfinished,
    useless,
)
from feedforward.validation import nearest, row_sample

FIRST_SPAN = 16  # steps, until it is known how long they take; with a time limit a single one
SPAN_SECONDS = 0.2  # a span takes about as long: then Ctrl-C is heard
SPAN_ROWS = 2**20  # and reads no more rows than this, so that its plan is small


def train(
    training: Training,
    rows: Rows,
    recipe: Recipe,
    *,
    loss: nn.Loss,
    score: str,
    engine: str = "auto",
    device: str = "auto",
    mixed: bool = False,
    validation: Rows | None = None,
    epochs: int | None = None,
    order: ArrayLike | Callable[[int], ArrayLike] | None = None,
    callbacks: Iterable[Callback | Checkpoint] = (),
    verbose: bool = False,
    column_names: Sequence[Any] | None = None,
    shuffle: bool = True,
    member_rows: ArrayLike | None = None,
    time_limit: float | None = None,
) -> None:
    """Train a network; what comes of it is in `training`.

    Diverging is no error: training stops at the last finite weights, or, where these are worse than those that this
    call began with, at the latter, and `training.troubles` says what to do.

    Parameters
    ----------
    training : Training
        A fresh one, or one to go on with.
    rows : Rows
        What to learn from.
    recipe : Recipe
        Checked. Batch size, epochs, schedule and patience are read here.
    loss : Loss
    score : str
        "accuracy", "exact" or "squared_error", see `feedforward.training.scores`.
    engine : str
        A name of `feedforward.training.engines.ENGINES`, or "auto".
    device : str
        Where, see `feedforward.training.devices.choose_device`.
    mixed : bool
        Whether products are of bfloat16, on a GPU.
    validation : Rows, optional
        What to judge on after each epoch; in a stack possibly rows of each member's own.
    epochs : int, optional
        How many to do now. Default: up to ``recipe.max_epochs`` in all; training is then over, so that it ends with the
        best weights, if the recipe has patience, and says what it noticed.
    order : array-like of shape (epochs, n), or callable, optional
        The rows of each epoch, see `RowOrders`. Default: shuffled.
    callbacks : iterable of callable, and possibly a Checkpoint
        Called with `training` after each epoch; one that returns True, Python's or NumPy's, stops it. Any other answer,
        such as 1 or a text, goes on.
    verbose : bool
        Print on stderr how it goes.
    column_names : sequence, optional
        Of the inputs, for messages.
    shuffle : bool
        False: take the rows in the order in which they stand.
    member_rows : array-like of int, shape (k, n), optional
        Which of the rows each member learns from; orders are then of places in these. Default: all of them.
    time_limit : float, optional
        Seconds that this call may take. After a twentieth of them it is known how many epochs fit, and
        ``training.max_epochs`` says it: schedules end with these. Where time is up all the same, training stops, and
        the epoch ends there.

    Raises
    ------
    InputError, SettingError
        If there are no rows, the order or the rows of members do not fit them, or the engine cannot train this network.
    ModelFileError, FileError
        If a checkpoint cannot be read, or not be written.
    KeyboardInterrupt
        After Ctrl-C; the network has the weights it had come to, or with patience the best.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 2))
    >>> net = nn.Sequential(nn.Linear(2, 8, rng=rng), nn.Tanh(), nn.Linear(8, 2, rng=rng))
    >>> training = Training(net, nn.Adam(lr=0.05), seed=0)
    >>> rows = Rows(X, (X[:, 0] * X[:, 1] > 0).astype(int))
    >>> train(training, rows, Recipe(), loss=nn.CrossEntropyLoss(), score="accuracy", engine="numpy")
    >>> training.epoch, training.history["train_score"][-1] > 0.9
    (100, True)
    """
    deadline, is_whole, k = Deadline(time_limit), epochs is None, training.network.members or 1
    rows = ready(rows, training.network, loss)
    validation = None if validation is None else ready_to_judge(validation, training.network, loss)
    own = None if member_rows is None else ready_member_rows(member_rows, training.network, len(rows))
    if score not in SCORES:
        raise SettingError(f"train: score is unknown: {score!r}. {nearest(str(score), SCORES, 'scores')}")
    _reopen(training, recipe, _watched(recipe, loss, validation))
    if training.epoch == 0:
        training.troubles += ill_scaled(rows.X, column_names, training.network)
    n = len(rows) if own is None else own.shape[1]
    batch = min(int(recipe.batch_size or n), n)
    parts = (training.network, loss, training.optimizer, rows)
    place = choose_device(device, engine, training.network, batch, mixed=mixed, unknown=untrainable(*parts[:3]))
    name, reason = choose_engine(engine, *parts, place, deadline.left)
    choices = {"loss": loss, "score": score, "engine": name, "device": place, "mixed": mixed}
    choices |= {"shuffle": shuffle, "order": order, "member_rows": own}
    keeper, others = keeper_of(callbacks, training, rows, validation, recipe, epochs, **choices)
    last = training.max_epochs or int(recipe.max_epochs) if epochs is None else training.epoch + epochs
    read = n // batch * batch if recipe.drop_last else n
    orders = RowOrders(n, k, training.seed, last, shuffle=shuffle, given=order, member_rows=own, read=read)
    arithmetic = build_engine(name, *parts, score, place, mixed)
    watch = Progress(verbose, training.epoch, last, _introduction(name, place, reason, keeper), name == "compiled")
    with watch as progress, Interrupts() as interrupts:
        judge = Judge(training, recipe, arithmetic, loss, score, validation, others, progress, interrupts)
        decisions = (orders, judge, last, keeper, batch, deadline, is_whole)
        course = _Course(training, rows, recipe, score, arithmetic, *decisions)
        course.run()
    if is_whole and not course.has_diverged:
        training.troubles += _noticed(training, rows, recipe, loss, score)


def _introduction(name: str, place: str, reason: str, keeper: Keeper | None) -> str:
    """Say which engine trains where, and why."""
    return f"engine {name}{'' if place == 'cpu' else f' on {place}'}: {reason}{keeper.words if keeper else ''}"


def _noticed(training: Training, rows: Rows, recipe: Recipe, loss: nn.Loss, score: str) -> list[str]:
    """Return what there is to say of a training that is over."""
    history, best = training.history, int(np.max(training.best_epoch))
    kept = best if recipe.restores else training.epoch  # whose weights stay
    enough = min(ENOUGH, recipe.patience or ENOUGH)  # epochs
    losses, is_stack = history.get("train_loss", []), training.network.members is not None
    slow = [] if is_stack else rising_loss(losses, float(training.optimizer.lr))
    if training.epoch >= enough:
        slow = slow or asleep(training.network, loss, rows, history, kept)
        slow = slow or useless(score, history, kept, is_stack)
    is_cut_short = training.should_stop or training.max_epochs not in (None, recipe.max_epochs)
    if not (is_cut_short or recipe.keep_best):
        slow = slow or unfinished(history.get("val_loss", losses), training.step)
    by_heart = [] if recipe.restores else memorised(history, best)
    return dead_units(training.network, rows.X) + slow + by_heart


def _watched(recipe: Recipe, loss: nn.Loss, validation: Rows | None) -> str:
    """Return what decides which epoch is the best, by its name in the history."""
    if recipe.watch != "calibrated_loss":
        return f"{'train' if validation is None else 'val'}_{recipe.watch}"
    if not isinstance(loss, nn.CrossEntropyLoss):
        raise SettingError(f"train: watch='calibrated_loss' is of CrossEntropyLoss, and the loss is {loss!r}.")
    return "train_loss" if validation is None else "val_calibrated_loss"


def _reopen(training: Training, recipe: Recipe, watched: str) -> None:
    """Make ready for more epochs; who goes on after a stop has patience anew, and who watches another loss all anew."""
    training.troubles, training.start = [], copies(training.network)
    if watched != training.watched:
        training.watched, training.best_loss, training.best_parameters = watched, np.inf, None
        training.epochs_without_improvement = 0
    if training.should_stop:
        training.should_stop, training.epochs_without_improvement = False, 0
    k = training.network.members
    if k is not None:  # each member has its own
        for name in ("best_loss", "best_epoch", "epochs_without_improvement"):
            setattr(training, name, np.full(k, getattr(training, name)))
    if recipe.schedule != "plateau":
        training.plateau = None
    elif training.plateau is None:
        training.plateau = nn.ReduceOnPlateau()


@dataclass
class _Course:
    """From span to span: which steps, what plan, and what came of it."""

    training: Training
    rows: Rows
    recipe: Recipe
    score: str
    engine: Engine
    orders: RowOrders
    judge: Judge
    last_epoch: int
    keeper: Keeper | None
    batch_size: int
    deadline: Deadline
    is_whole: bool
    has_diverged: bool = False

    def __post_init__(self) -> None:
        self.steps = -(-self.orders.read // self.batch_size)  # an epoch
        self.spread = spread(self.score, _learned_by_members(self.rows, self.orders.member_rows))
        self.seeds = mix(self.training.seed, np.arange(self.orders.k))
        self.pace, self.clock = 1 if np.isfinite(self.deadline.seconds) else FIRST_SPAN, perf_counter()
        losses = self.training.history.get("train_loss", [])  # what was resumed may be over
        self.has_diverged = self.training.should_stop and bool(losses) and not np.isfinite(losses[-1])

    def run(self) -> None:
        """Have span after span done, to the end, and bring back the best weights where the recipe says so."""
        training = self.training
        try:
            while training.epoch < self.last_epoch and not training.should_stop:
                self.run_span()
        finally:
            training.unfinished, training.start = {}, {}
            if self.recipe.restores and training.best_parameters and (self.is_whole or training.should_stop):
                training.network.load_parameters(training.best_parameters)

    def run_span(self) -> None:
        """Have the next span done, and take note of the epochs that came to their end."""
        training, begun = self.training, perf_counter()
        first = training.epoch * self.steps + len(training.unfinished.get("losses", ()))
        plan = self._plan(first, self._end_of_span(first))
        started = perf_counter()
        with _held_still(training, ~plan.active):
            outcome = self.engine.run(plan)
        seconds = max(perf_counter() - started, 1e-6)
        pace = min(16 * plan.steps, plan.steps * SPAN_SECONDS / seconds, SPAN_ROWS / self.batch_size)
        self.pace = max(1, int(pace))
        training.step += outcome.done
        self.has_diverged = outcome.done < plan.steps
        self.deadline.worked(plan.steps, perf_counter() - begun)
        self._take_note(plan, outcome)
        self._heed_time()
        self._keep()

    def _heed_time(self) -> None:
        """Fix the number of epochs as soon as it is known how many fit, and stop where time is up."""
        training, deadline = self.training, self.deadline
        if self.is_whole and training.max_epochs is None and deadline.knows_pace:
            done = training.epoch + len(training.unfinished.get("losses", ())) / self.steps
            fit = deadline.epochs(done, self.steps, self.judge.seconds_of_an_end())
            training.max_epochs = self.last_epoch = min(fit, self.last_epoch)
            self.judge.progress.ends_at(self.last_epoch)
        if training.epoch >= self.last_epoch or training.should_stop:
            return
        if deadline.has_passed(reserve=self.judge.seconds if training.unfinished else 0.0):
            if training.unfinished:
                self._end_epochs(*self._means(1, **training.unfinished))
            training.unfinished, training.should_stop = {}, True

    def _keep(self) -> None:
        """Save where a checkpoint is due, and end here if Ctrl-C was pressed: now the training is whole."""
        training, interrupts = self.training, self.judge.interrupts
        step = training.epoch * self.steps + len(training.unfinished.get("losses", ()))
        if self.keeper is not None:
            self.keeper.after_span(step, self.steps, interrupts.asked)
        interrupts.can_wait = True
        interrupts.end()

    def _end_of_span(self, first: int) -> int:
        """Return the step before which the span that begins with step `first` ends, both counted over all epochs."""
        reach, end_of_epoch = first + self.pace, (self.training.epoch + 1) * self.steps
        if self.keeper is not None:
            reach = min(reach, self.keeper.stop_after(first, self.steps))
        if reach < end_of_epoch:
            return reach
        return end_of_epoch if self.judge.looks else min(reach // self.steps, self.last_epoch) * self.steps

    def _plan(self, first: int, last: int) -> Plan:
        training, n = self.training, self.orders.read
        steps = np.arange(first, last + 1)
        begin = steps // self.steps * n + steps % self.steps * self.batch_size  # where each step's rows begin
        epoch = first // self.steps
        order = self.orders.of_epochs(epoch, -(-last // self.steps))[:, begin[0] - epoch * n : begin[-1] - epoch * n]
        total = (training.max_epochs or int(self.recipe.max_epochs)) * self.steps
        due = np.minimum(steps[:-1], total - 1)  # past its end a schedule stays as it is there
        if training.plateau is not None:
            factor = np.full(last - first, training.plateau.state["factor"])
        else:
            factor = nn.SCHEDULES[self.recipe.schedule](due, total)
        rate = float(training.optimizer.lr) * factor
        decay = float(training.optimizer.weight_decay) * nn.SCHEDULES[self.recipe.decay_schedule](due, total)
        dropout = nn.SCHEDULES[self.recipe.dropout_schedule](due, total)
        active = self.judge.members_in()
        return Plan(training.step, order, begin - begin[0], rate, decay, self.seeds, dropout, active)

    def _take_note(self, plan: Plan, outcome: Outcome) -> None:
        """Keep what the span found, and end the epochs that are complete, or came to grief."""
        training, done = self.training, outcome.done
        found = {
            "losses": outcome.losses[:done],
            "scores": outcome.scores[:done],
            "weights": self._weights(plan)[:done],
        }
        found = {name: np.ascontiguousarray(array) for name, array in found.items()}  # so that sums have one order
        if training.unfinished:
            found = {name: np.concatenate([training.unfinished[name], array]) for name, array in found.items()}
        epochs, rest = divmod(len(found["losses"]), self.steps)
        cut = epochs * self.steps
        training.unfinished = {name: array[cut:] for name, array in found.items()} if rest else {}
        if epochs:
            self._end_epochs(*self._means(epochs, **{name: array[:cut] for name, array in found.items()}))
        if self.has_diverged:
            training.should_stop, training.unfinished = True, {}
            training.optimizer.state.clear()
            spoiled = not_finite(training.network)  # a step that came to grief has left them as they were
            kept, epoch = self._fall_back(), training.epoch + 1
            rate, is_stack = float(training.optimizer.lr), training.network.members is not None
            told = overwritten(epoch, spoiled, kept) if spoiled else diverged(epoch, rate, kept, self.rows, is_stack)
            training.troubles.append(told)
            self._end_epochs(np.full((1, self.orders.k), np.inf), np.full((1, self.orders.k), np.nan))

    def _fall_back(self) -> str:
        """Keep the last finite weights only if they beat those this call began with, on some rows; say which stay."""
        network = self.training.network
        if self.recipe.restores and self.training.best_parameters:
            return "the weights of the best epoch"
        last, reached = copies(network), self._loss_of_some()
        network.load_parameters(self.training.start)
        if reached < self._loss_of_some():
            network.load_parameters(last)
            return "the last finite weights"
        return "the weights it began with"

    @np.errstate(all="ignore")
    def _loss_of_some(self) -> float:
        """Return the loss of a sample of the rows, not a number where it is beyond all numbers."""
        X, targets = row_sample(self.rows.X), row_sample(self.rows.targets)
        outputs = self.training.network(X.toarray() if issparse(X) else X)
        weights = None if self.rows.weights is None else row_sample(self.rows.weights)
        return float(np.mean(self.judge.loss.value_and_gradient(outputs, targets, weights)[0]))

    def _end_epochs(self, losses: Array, scores: Array) -> None:
        seconds = (perf_counter() - self.clock) / len(losses)
        for loss, score in zip(losses, scores, strict=True):
            self.judge.end_epoch(loss, score, seconds)
        self.clock = perf_counter()

    def _weights(self, plan: Plan) -> Array:
        """Return the sum of the weights of each step's rows, shape (steps, k)."""
        if self.rows.weights is None:
            return np.repeat(np.diff(plan.bounds)[:, None], len(plan.order), axis=1)
        weights = self.rows.weights[plan.order].astype(np.float64)
        return np.add.reduceat(weights, plan.bounds[:-1], axis=1).T

    @np.errstate(over="ignore", invalid="ignore")
    def _means(self, epochs: int, losses: Array, scores: Array, weights: Array) -> tuple[Array, Array]:
        """Return each epoch's loss and score for each member, shape (epochs, k): weighted means over its steps."""
        losses, scores, weights = (a.reshape(epochs, -1, *a.shape[1:]) for a in (losses, scores, weights))
        total = weights.sum(axis=1)
        return (losses * weights).sum(axis=1) / total, as_score(scores.sum(axis=1) / total[..., None], self.spread)


@contextmanager
def _held_still(training: Training, held: Array) -> Iterator[None]:
    """Take back what an engine does with the members that are out: it may do the arithmetic of the whole stack."""
    if not held.any():
        yield
        return
    names = [name for name, array in training.optimizer.state.items() if np.ndim(array)]
    kept = {name: array[held] for name, array in training.network.parameters().items()}
    memory = {name: training.optimizer.state[name][held] for name in names}
    try:
        yield
    finally:
        for arrays, before in ((training.network.parameters(), kept), (training.optimizer.state, memory)):
            for name, array in before.items():
                arrays[name][held] = array


def _learned_by_members(rows: Rows, member_rows: Array | None) -> Rows:
    """Return targets and weights of the rows of each member, without what they are learned from."""
    if member_rows is None:
        return rows
    weights = None if rows.weights is None else rows.weights[member_rows]
    return Rows(np.empty((*member_rows.shape, 0)), rows.targets[member_rows], weights)
