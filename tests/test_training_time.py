"""A time limit, by a clock that only work moves: what fits is fixed, schedules end with it, and time is kept."""

import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.training import deadline, judge, loop
from feedforward.training.checkpoints import Checkpoint
from feedforward.training.engines import build_engine
from feedforward.training.loop import train
from feedforward.training.plan import Plan, Rows
from feedforward.training.recipe import Recipe, build_network, build_optimizer
from feedforward.training.state import Training, training_to_state
from slow_work import slowed

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 3))
CODES = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
LEARN, JUDGE = Rows(X[:80], CODES[:80]), Rows(X[80:], CODES[80:])
RECIPE = Recipe(hidden_sizes=(8,), batch_size=8, max_epochs=10**6, schedule="cosine", dropout=0.1)  # 10 steps an epoch


@dataclass
class World:
    """Seconds that a step, judging and machine code take, and what the clock shows."""

    step: float = 0.01
    judging: float = 0.0
    compiling: float = 0.0
    now: float = 1000.0
    plans: list[Plan] = field(default_factory=list)

    def engine(self, *args: Any) -> Any:
        return slowed(build_engine(*args), self.do_steps, self.look)

    def do_steps(self, plan: Plan) -> None:
        self.now += self.compiling * (not self.plans) + self.step * plan.steps
        self.plans.append(plan)

    def look(self, rows: Any) -> None:
        self.now += self.judging


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    for module in (loop, judge, deadline):
        monkeypatch.setattr(module, "perf_counter", lambda: world.now)
    monkeypatch.setattr(loop, "build_engine", world.engine)
    return world


def begin(recipe: Recipe = RECIPE) -> Training:
    return Training(build_network(recipe.checked(), 3, 2, 0), build_optimizer(recipe), 0)


def go_on(training: Training, limit: float | None, recipe: Recipe = RECIPE, **options: Any) -> Training:
    options = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": "numpy", **options}
    train(training, LEARN, recipe, time_limit=limit, **options)
    return training


@pytest.mark.parametrize("limit", [5.0, 20.0])
@pytest.mark.parametrize(
    ("step", "judging", "compiling"),
    [(0.01, 0.0, 0.0), (0.001, 0.0, 3.0), (0.01, 0.1, 0.0), (0.02, 0.01, 1.0), (0.001, 0.3, 0.0), (0.2, 0.1, 0.0)],
)
def test_the_schedule_ends_with_the_time(
    step: float, judging: float, compiling: float, limit: float, world: World
) -> None:
    world.step, world.judging, world.compiling = step, judging, compiling
    started, validation = world.now, JUDGE if judging else None
    training = go_on(begin(), limit, validation=validation)
    spent = world.now - started
    epoch = 10 * step + judging
    assert spent <= limit + 1e-6
    assert spent >= limit - max(0.1 * limit, epoch + 2 * judging)
    assert training.epoch == training.max_epochs == len(training.history["train_loss"])
    assert not training.should_stop  # no need to stop: it came to its end
    rates = np.concatenate([plan.learning_rate for plan in world.plans]) / RECIPE.learning_rate
    total = 10 * training.epoch
    fixed = 4 + int(0.2 * total)  # from here on, at the latest, the end was known
    np.testing.assert_allclose(rates[fixed:], nn.schedules.cosine(np.arange(fixed, total), total), rtol=1e-9)
    assert not any("still falling" in trouble for trouble in training.troubles)


def test_where_all_epochs_fit_the_limit_changes_nothing(world: World) -> None:
    recipe = replace(RECIPE, max_epochs=20)
    within, without = go_on(begin(recipe), 1e4, recipe), go_on(begin(recipe), None, recipe)
    assert within.history["train_loss"] == without.history["train_loss"]
    assert within.epoch == 20
    assert within.max_epochs in (None, 20)
    assert without.max_epochs is None


@pytest.mark.parametrize("judged", [False, True])
@pytest.mark.parametrize("keep_best", [False, True])
def test_an_epoch_longer_than_the_limit_leaves_a_network_to_use(keep_best: bool, judged: bool, world: World) -> None:
    world.step, world.judging = 1.0, 0.5 * judged
    recipe, started = replace(RECIPE, keep_best=keep_best), world.now
    training = begin(recipe)
    before = {name: array.copy() for name, array in training.network.parameters().items()}
    go_on(training, 5.0, recipe, validation=JUDGE if judged else None)
    assert 0 < training.step < 10
    assert (training.epoch, training.should_stop, training.unfinished) == (1, True, {})
    assert all(np.isfinite(values).all() and len(values) == 1 for values in training.history.values())
    assert any((before[name] != array).any() for name, array in training.network.parameters().items())
    assert world.now - started <= 5.0 + world.step + 3 * world.judging
    if judged:
        value, _ = nn.CrossEntropyLoss().value_and_gradient(training.network(JUDGE.X), JUDGE.targets)
        assert training.history["val_loss"] == [pytest.approx(value, rel=1e-9)]


def test_who_gets_slower_is_stopped_in_time(world: World) -> None:
    def slow_down(training: Training) -> None:
        if training.epoch == 10:
            world.step = 0.1

    started = world.now
    training = go_on(begin(), 5.0, callbacks=[slow_down])
    assert world.now - started <= 5.0 + 10 * 0.1
    assert training.max_epochs is not None
    assert training.epoch < training.max_epochs
    assert training.should_stop
    assert training.troubles == []


def test_one_step_is_done_however_short_the_time(world: World) -> None:
    world.compiling = 100.0
    training = go_on(begin(), 1e-9)
    assert training.step > 0
    assert training.should_stop
    assert training.epoch == len(training.history["train_loss"]) > 0


def test_passes_keep_to_their_time_too(world: World) -> None:
    world.step = 1.0
    training = go_on(begin(), 5.0, epochs=1)
    assert training.should_stop
    assert training.max_epochs is None


def test_the_epochs_that_fit_are_known_to_a_run_that_goes_on(world: World) -> None:
    """Whatever the pace is then: copies of the state, and checkpoints, go on as if they had never stopped."""
    copies: list[Training] = []
    straight = go_on(begin(), 5.0, callbacks=[lambda training: copies.append(copy.deepcopy(training))])
    stopped = copies[straight.epoch // 2]
    assert stopped.max_epochs == straight.max_epochs is not None
    world.step = 1e-6
    for limit in (None, 5.0, 1e6):
        again = go_on(copy.deepcopy(stopped), limit)
        assert again.epoch == straight.epoch
        assert again.history["train_loss"] == straight.history["train_loss"]
        for name, array in straight.network.parameters().items():
            np.testing.assert_array_equal(again.network.parameters()[name], array)


def test_the_epochs_that_fit_are_in_the_checkpoint(tmp_path: Path, world: World) -> None:
    def stop(training: Training) -> None:
        if training.epoch == 20:
            raise KeyboardInterrupt

    straight, path = go_on(begin(), 5.0), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        go_on(begin(), 5.0, callbacks=[Checkpoint(path), stop])
    world.step = 1e-6
    resumed = go_on(begin(), 5.0, callbacks=[Checkpoint(path, resume=True)])
    assert resumed.epoch == resumed.max_epochs == straight.max_epochs
    facts, arrays = training_to_state(straight)
    same, numbers = training_to_state(resumed)
    assert same == facts
    for name, array in arrays.items():
        if name != "history.seconds":
            np.testing.assert_array_equal(numbers[name], array)
    over = go_on(begin(), 5.0, callbacks=[Checkpoint(path, resume=True)])  # what is over stays over
    assert over.epoch == straight.epoch


def test_what_was_stopped_by_the_limit_is_over(tmp_path: Path, world: World) -> None:
    world.step = 1.0
    path = tmp_path / "run"
    stopped = go_on(begin(), 5.0, callbacks=[Checkpoint(path)])
    again = go_on(begin(), 5.0, callbacks=[Checkpoint(path, resume=True)])
    assert (again.epoch, again.step) == (stopped.epoch, stopped.step) == (1, stopped.step)


def test_the_bar_knows_when_it_will_end(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    training = go_on(begin(), 5.0, verbose=True)
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.split()[:2] == ["epoch", str(training.max_epochs)]


@pytest.mark.parametrize("limit", [0, -1.0, "5", True, np.inf])
def test_a_limit_that_is_none_is_refused(limit: Any) -> None:
    with pytest.raises(SettingError, match="train: time_limit must be a number above 0 or None"):
        go_on(begin(), limit)
