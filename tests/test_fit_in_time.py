"""The whole of `fit` keeps to its time limit, by a clock that only work moves: start, looks, training and the end."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import feedforward as ff
from feedforward import nn
from feedforward.estimators import hurry, tabular_base, tabular_network
from feedforward.training import deadline, engines, judge, loop, predictor
from feedforward.training.engines import build_engine, choose_engine
from feedforward.training.plan import Plan, Rows
from slow_work import slowed

N = 4000
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))


@dataclass
class World:
    """Seconds that work takes, and what the clock shows."""

    reading: float = 0.3  # of the table
    starting: float = 1e-5  # a row that a member looks at
    looking: float = 1e-5  # a row and member
    step: float = 0.01
    now: float = 1000.0
    engines: list[str] = field(default_factory=list)

    def engine(self, name: str, *args: Any) -> Any:
        self.engines.append(name)
        return slowed(build_engine("numpy", *args), self.do_steps, self.look)

    def do_steps(self, plan: Plan) -> None:
        self.now += self.step * plan.steps

    def look(self, rows: Any) -> None:
        self.now += self.looking * np.prod(rows.shape[:-1])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    for module in (loop, judge, deadline, hurry, tabular_network):
        monkeypatch.setattr(module, "perf_counter", lambda: world.now)
    monkeypatch.setattr(loop, "build_engine", world.engine)
    start, look, read = nn.start_from_rows, predictor.outputs, ff.TableEncoder.transform

    def started(network: Any, rows: Any, rng: Any) -> None:
        world.now += world.starting * len(rows)
        start(network, rows, rng)

    def looked(network: Any, rows: Any, *, compiled: bool) -> Any:
        world.look(rows)
        return look(network, rows, compiled=False)

    def transformed(self: Any, rows: Any) -> Any:
        world.now += world.reading
        return read(self, rows)

    monkeypatch.setattr(nn, "start_from_rows", started)
    monkeypatch.setattr(tabular_base, "outputs", looked)
    monkeypatch.setattr(ff.TableEncoder, "transform", transformed)
    return world


@pytest.mark.parametrize("limit", [5.0, 15.0])
@pytest.mark.parametrize(
    "costs",
    [
        {},
        {"starting": 1e-3},
        {"looking": 1e-3},
        {"starting": 1e-4, "looking": 2e-4, "step": 0.05},
        {"reading": 3.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [ff.TabularClassifier, ff.TabularRegressor])
def test_fit_ends_in_time_and_uses_it(kind: Any, costs: dict[str, float], limit: float, world: World) -> None:
    for name, value in costs.items():
        setattr(world, name, value)
    y = (X[:, 0] > 0).astype(int) if kind is ff.TabularClassifier else X[:, 0]
    begun = world.now
    model = kind(preset="fast", members=3, max_epochs=10**6, time_limit=limit, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(engine="numpy").fit(X[:N], y)
    spent = world.now - begun
    assert spent <= limit + max(0.1 * limit, 2.0) / 2
    assert spent >= limit - max(0.3 * limit, 2.0) or not model.history_["val_loss"]
    assert model.score(X[:100], y[:100]) is not None


def test_without_a_limit_all_rows_are_looked_at(world: World) -> None:
    world.looking = world.starting = 10.0
    model = ff.TabularRegressor(preset="fast", members=2, max_epochs=1, engine="numpy", random_state=0).fit(X, X[:, 0])
    assert len(model.errors_) == 2 * N // 5


def test_who_has_a_checkpoint_can_go_on_however_fast_the_machine_is(world: World, tmp_path: Path) -> None:
    path = tmp_path / "run"
    settings: dict[str, Any] = {"preset": "fast", "members": 2, "max_epochs": 3, "engine": "numpy", "random_state": 0}

    def fit(resume: bool, cost: float) -> ff.TabularRegressor:
        world.starting = world.looking = cost
        model = ff.TabularRegressor(**settings, time_limit=50.0, callbacks=[ff.Checkpoint(path, resume=resume)])
        return model.fit(X, X[:, 0])

    first, again = fit(False, 1e-6), fit(True, 2e-3)
    np.testing.assert_array_equal(again.predict(X), first.predict(X))


def test_machine_code_is_not_made_where_time_is_too_short(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "is_made", lambda function, dtype: False)
    model = ff.TabularRegressor(preset="fast", max_epochs=2, time_limit=20.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="machine code is not made on this machine yet"):
        model.fit(X[:300], X[:300, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(time_limit=1000.0).fit(X[:300], X[:300, 0])  # here it can be made
    monkeypatch.setattr(engines, "is_made", lambda function, dtype: True)
    model.set_params(time_limit=20.0).fit(X[:300], X[:300, 0])
    assert world.engines == ["numpy", "compiled", "compiled"]


def test_an_engine_is_chosen_that_is_ready_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "is_made", lambda function, dtype: False)
    parts = (nn.Sequential(nn.Linear(1, 1)), nn.MSELoss(), nn.Adam(), Rows(np.zeros((1, 1)), np.zeros((1, 1))))
    name, reason = choose_engine("auto", *parts, seconds=5.0)
    assert name == "numpy"
    assert "5 s are left" in reason
    assert choose_engine("auto", *parts, seconds=engines.COMPILING)[0] == "compiled"
    assert choose_engine("compiled", *parts, seconds=5.0)[0] == "compiled"  # as asked
