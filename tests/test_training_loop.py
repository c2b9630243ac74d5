"""The loop: every decision, against a second computation by hand, torch or scikit-learn."""

import copy
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from scipy.special import softmax
from sklearn.datasets import load_iris, make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import train_test_split

import feedforward as ff
from feedforward import nn
from feedforward.errors import InputError, SettingError
from feedforward.nn.random import mix, row_order
from feedforward.training import loop, progress
from feedforward.training.engines import build_engine, choose_engine
from feedforward.training.loop import train
from feedforward.training.plan import Plan, Rows
from feedforward.training.recipe import Recipe, build_loss, build_network, build_optimizer
from feedforward.training.state import Training
from feedforward.training.troubles import dead_units, unfinished
from feedforward.validation import far_scales

ENGINES = ["numpy", "compiled", "torch"]
ENGINE = ENGINES[0]  # of the test that runs


@pytest.fixture(autouse=True, params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with every engine: the decisions are the same."""
    monkeypatch.setattr(sys.modules[__name__], "ENGINE", request.param)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
CODES = (X[:, 0] * X[:, 1] + 0.3 * RNG.normal(size=90) > 0).astype(np.intp)
TARGETS = np.column_stack([X[:, 0] * X[:, 1], X.sum(axis=1)])
WEIGHTS = RNG.uniform(0.5, 2.0, 90)
LEARN, JUDGE = slice(0, 60), slice(60, 90)


def rows(part: slice = LEARN, *, regression: bool = False, weighted: bool = False) -> Rows:
    targets = TARGETS if regression else CODES
    return Rows(X[part], targets[part], WEIGHTS[part] if weighted else None)


def begin(recipe: Recipe, seed: int = 0, dtype: Any = np.float64, m: int = 3, t: int = 2) -> Training:
    return Training(build_network(recipe.checked(), m, t, seed, dtype), build_optimizer(recipe), seed)


def run(
    recipe: Recipe, *, regression: bool = False, seed: int = 0, dtype: Any = np.float64, **options: Any
) -> Training:
    """Train on the rows above, for a recipe whose loss fits them."""
    training = begin(recipe, seed, dtype)
    learn = options.pop("rows", rows(regression=regression))
    score = "squared_error" if regression else "accuracy"
    train(training, learn, recipe, loss=build_loss(recipe), score=score, engine=ENGINE, **options)
    return training


def assert_equal_bits(a: Training, b: Training) -> None:
    for name, array in a.network.parameters().items():
        np.testing.assert_array_equal(b.network.parameters()[name], array)
    for name, values in a.history.items():
        if name != "seconds":
            assert b.history[name] == values


SMALL = Recipe(hidden_sizes=(8,), learning_rate=0.02, batch_size=16, max_epochs=30)
REGRESSION = Recipe(hidden_sizes=(8,), learning_rate=0.02, batch_size=16, max_epochs=30, loss="squared_error")

# What it learns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_training_is_the_loop_everyone_writes_in_torch(schedule: str) -> None:
    recipe = Recipe(hidden_sizes=(8,), activation="tanh", learning_rate=0.02, batch_size=16, max_epochs=7)
    recipe = Recipe(**{**vars(recipe), "schedule": schedule})
    start = build_network(recipe, 3, 2, seed=5)
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)).double()
    net.load_state_dict({name: torch.tensor(array) for name, array in start.parameters().items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=7 * 4)
    epoch_losses = []
    for epoch in range(7):
        order, total = row_order(5, 0, epoch, 60), 0.0
        for first in range(0, 60, 16):
            batch = order[first : first + 16]
            loss = torch.nn.functional.cross_entropy(net(torch.tensor(X[batch])), torch.tensor(CODES[batch]))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if schedule == "cosine":
                slower.step()
            total += loss.item() * len(batch)
        epoch_losses.append(total / 60)
    training = run(recipe, seed=5)
    np.testing.assert_allclose(training.history["train_loss"], epoch_losses, rtol=1e-10)
    for name, parameter in net.named_parameters():
        np.testing.assert_allclose(training.network.parameters()[name], parameter.detach().numpy(), rtol=1e-9)
    assert (training.epoch, training.step) == (7, 28)


BLOBS = train_test_split(
    *make_blobs(n_samples=1000, n_features=2, centers=2, random_state=42, cluster_std=2.5),
    test_size=0.33,
    random_state=42,
)


@pytest.mark.parametrize("sizes", [(10,), (10, 5)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_figure_14_sigmoid_networks_learn_the_blobs_in_50_epochs(sizes: Any, seed: int) -> None:
    X_train, X_test, y_train, y_test = BLOBS
    recipe = Recipe(
        sizes, activation="sigmoid", loss="squared_error", learning_rate=0.02, batch_size=100, max_epochs=50
    )
    network = build_network(recipe.checked(), 2, 2, seed, final=nn.Sigmoid())
    training = Training(network, build_optimizer(recipe), seed)
    learn = Rows(X_train, np.eye(2)[y_train])
    train(training, learn, recipe, loss=build_loss(recipe), score="accuracy", engine=ENGINE)
    assert training.epoch == 50
    assert (network(X_test).argmax(axis=1) == y_test).mean() >= 0.97
    assert training.troubles == []


def test_a_stack_learns_in_one_call_what_its_members_learn_alone() -> None:
    recipe = Recipe(hidden_sizes=(8,), learning_rate=0.02, batch_size=16, max_epochs=5)
    members = [build_network(recipe, 3, 2, seed) for seed in (1, 2)]
    together = Training(nn.stack(members), build_optimizer(recipe), seed=9)
    options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": ENGINE}
    train(together, rows(), recipe, validation=rows(JUDGE), **options)
    alone = [Training(member, build_optimizer(recipe), seed=9) for member in members]
    for j, training in enumerate(alone):
        order = [row_order(9, j, epoch, 60) for epoch in range(5)]
        train(training, rows(), recipe, validation=rows(JUDGE), order=order, **options)
        for name, array in training.network.parameters().items():
            np.testing.assert_allclose(together.network.parameters()[name][j], array, rtol=1e-9, atol=1e-12)
    for name in ("train_loss", "train_score", "val_loss", "val_score"):
        np.testing.assert_allclose(
            together.history[name], np.mean([one.history[name] for one in alone], axis=0), rtol=1e-10
        )


# Spans ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"validation": rows(JUDGE)}, {"rows": rows(weighted=True)}])
@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 16, None])
def test_the_length_of_the_spans_changes_no_bit(
    options: Any, regression: bool, batch_size: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if regression:
        options = {name: rows(JUDGE if name == "validation" else LEARN, regression=True) for name in options}
    base = REGRESSION if regression else SMALL
    recipe = Recipe(**{**vars(base), "batch_size": batch_size, "max_epochs": 9, "dropout": 0.2})
    found, lengths = [], []
    for first, seconds in ((1, 1e-12), (3, 1e-4), (16, 0.2), (10_000, 1e9)):
        monkeypatch.setattr(loop, "FIRST_SPAN", first)
        monkeypatch.setattr(loop, "SPAN_SECONDS", seconds)
        plans = plans_of(monkeypatch)
        found.append(run(recipe, regression=regression, **options))
        lengths.append([plan.steps for plan in plans])
    assert set(lengths[0]) == {1}
    for other in found[1:]:
        assert_equal_bits(found[0], other)


def plans_of(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Return a list that gets every plan which an engine runs."""
    plans: list[Plan] = []
    build = build_engine

    def listening(*args: Any) -> Any:
        engine = build(*args)
        do = engine.run
        engine.run = lambda plan: plans.append(plan) or do(plan)  # type: ignore[func-returns-value, method-assign]
        return engine

    monkeypatch.setattr(loop, "build_engine", listening)
    return plans


def test_many_epochs_are_one_span_unless_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SPAN_SECONDS", 1e9)
    plans = plans_of(monkeypatch)
    run(SMALL)
    assert len(plans) <= 3
    for looking in ({"validation": rows(JUDGE)}, {"callbacks": [lambda training: None]}, {"verbose": True}):
        plans.clear()
        run(SMALL, **looking)
        assert [plan.steps for plan in plans] == [4] * 30
    for recipe in (Recipe(**{**vars(SMALL), "patience": 99}), Recipe(**{**vars(SMALL), "schedule": "plateau"})):
        plans.clear()
        run(recipe)
        assert [plan.steps for plan in plans] == [4] * 30


def test_a_span_of_short_steps_reads_only_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SPAN_SECONDS", 1e9)
    monkeypatch.setattr(loop, "SPAN_ROWS", 200)
    plans = plans_of(monkeypatch)
    run(SMALL)
    assert max(plan.order.size for plan in plans[1:]) <= 200


# Row orders ----------------------------------------------------------------------------------------------------------


def test_rows_come_in_the_documented_order(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = plans_of(monkeypatch)
    run(Recipe(**{**vars(SMALL), "max_epochs": 3}), seed=4)
    read = np.concatenate([plan.order for plan in plans], axis=1)
    np.testing.assert_array_equal(read[0], np.concatenate([row_order(4, 0, epoch, 60) for epoch in range(3)]))
    assert plans[0].seeds == mix(4, 0)


def test_an_order_can_be_given_as_an_array_or_a_function() -> None:
    order = np.array([np.random.default_rng(epoch).permutation(60) for epoch in range(30)])
    a, b = run(SMALL, order=order), run(SMALL, order=lambda epoch: order[epoch])
    assert_equal_bits(a, b)
    assert a.history["train_loss"] != run(SMALL).history["train_loss"]
    own = run(SMALL, order=lambda epoch: row_order(0, 0, epoch, 60))
    assert_equal_bits(own, run(SMALL))


def test_without_shuffling_the_rows_come_as_they_stand() -> None:
    assert_equal_bits(run(SMALL, shuffle=False), run(SMALL, order=lambda epoch: range(60)))


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (np.tile(np.arange(60), (29, 1)), r"each of 30 epochs, shape \(30, 60\); got shape \(29, 60\)"),
        (np.arange(60), r"each of 30 epochs"),
        (lambda epoch: np.arange(59), "60 whole numbers for each epoch.*for epoch 0"),
        (lambda epoch: np.arange(60.0), "it gives float64"),
        (lambda epoch: np.arange(1, 61), "rows from 0 to 59; epoch 0 .* has 60"),
        (lambda epoch: np.arange(-1, 59), "has -1"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(order: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        run(SMALL, order=order)


@pytest.mark.parametrize(("batch_size", "steps"), [(16, 3), (20, 3), (7, 8), (60, 1), (1000, 1), (None, 1)])
def test_the_last_batch_is_left_out_where_it_is_smaller(
    batch_size: int | None, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(**{**vars(SMALL), "batch_size": batch_size, "drop_last": True, "max_epochs": 5})
    plans = plans_of(monkeypatch)
    training = run(recipe, seed=4)
    assert training.step == 5 * steps
    batches = [plan.batch(i)[0] for plan in plans for i in range(plan.steps)]
    assert {len(batch) for batch in batches} == {min(batch_size or 60, 60)}
    orders = [row_order(4, 0, epoch, 60)[: len(batches[0]) * steps] for epoch in range(5)]
    np.testing.assert_array_equal(np.concatenate(batches), np.concatenate(orders))
    assert_equal_bits(training, run(recipe, seed=4, callbacks=[lambda training: None]))


def test_no_rows_are_refused() -> None:
    with pytest.raises(InputError, match="at least one row"):
        run(SMALL, rows=rows(slice(0, 0)))


def test_a_batch_larger_than_the_rows_is_all_rows() -> None:
    whole = Recipe(**{**vars(SMALL), "batch_size": None})
    assert_equal_bits(run(whole), run(Recipe(**{**vars(SMALL), "batch_size": 1000})))
    assert run(whole).step == 30


def test_one_row_can_be_learned() -> None:
    training = run(SMALL, rows=rows(slice(0, 1)))
    assert training.history["train_score"][-1] == 1.0
    one = run(REGRESSION, regression=True, rows=rows(slice(0, 1), regression=True))
    assert np.isfinite(one.history["train_score"]).all()


# History -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_history_of_a_classifier_is_what_scikit_learn_computes(weighted: bool) -> None:
    recipe = Recipe(hidden_sizes=(8,), learning_rate=0.02, batch_size=None, max_epochs=6)
    before, after = [], []

    def look(training: Training) -> None:
        after.append(training.network.copy())

    start = build_network(recipe, 3, 2, seed=0)
    training = run(recipe, rows=rows(weighted=weighted), validation=rows(JUDGE, weighted=weighted), callbacks=[look])
    before = [start, *after[:-1]]  # with one batch an epoch, the loss before its update is that of the epoch before
    softmax = nn.CrossEntropyLoss().probabilities
    for kind, part, nets in (("train", LEARN, before), ("val", JUDGE, after)):
        w = WEIGHTS[part] if weighted else None
        losses = [log_loss(CODES[part], softmax(net(X[part])), sample_weight=w) for net in nets]
        scores = [accuracy_score(CODES[part], net(X[part]).argmax(axis=1), sample_weight=w) for net in nets]
        np.testing.assert_allclose(training.history[f"{kind}_loss"], losses, rtol=1e-10)
        np.testing.assert_allclose(training.history[f"{kind}_score"], scores, rtol=1e-10)
    assert list(training.history) == ["train_loss", "train_score", "val_loss", "val_score", "seconds"]
    assert all(seconds > 0 for seconds in training.history["seconds"])


@pytest.mark.parametrize("weighted", [False, True])
def test_history_of_a_regressor_is_what_scikit_learn_computes(weighted: bool) -> None:
    recipe = Recipe(**{**vars(REGRESSION), "batch_size": None, "max_epochs": 6})
    nets = [build_network(recipe, 3, 2, seed=0)]
    learn, judge = (rows(part, regression=True, weighted=weighted) for part in (LEARN, JUDGE))
    training = run(
        recipe, regression=True, rows=learn, validation=judge, callbacks=[lambda t: nets.append(t.network.copy())]
    )
    for kind, given, seen in (("train", learn, nets[:-1]), ("val", judge, nets[1:])):
        scores = [r2_score(given.targets, net(given.X), sample_weight=given.weights) for net in seen]
        np.testing.assert_allclose(training.history[f"{kind}_score"], scores, rtol=1e-9)
        losses = [np.average(((net(given.X) - given.targets) ** 2).mean(axis=1), weights=given.weights) for net in seen]
        np.testing.assert_allclose(training.history[f"{kind}_loss"], losses, rtol=1e-10)


def test_r2_of_constant_targets_is_that_of_scikit_learn() -> None:
    constant = np.column_stack([TARGETS[:60, 0], np.full(60, 3.0)])
    recipe = Recipe(**{**vars(REGRESSION), "batch_size": None, "max_epochs": 1})
    start = build_network(recipe, 3, 2, seed=0)
    training = run(recipe, regression=True, rows=Rows(X[:60], constant))
    assert training.history["train_score"][0] == pytest.approx(r2_score(constant, start(X[:60])), rel=1e-10)


def test_loss_and_score_of_an_epoch_weigh_each_batch_by_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(hidden_sizes=(8,), optimizer="sgd", learning_rate=1e-12, batch_size=16, max_epochs=2)
    training = run(recipe, rows=rows(weighted=True))  # steps so small that all batches meet the same network
    net, w = build_network(recipe, 3, 2, seed=0), WEIGHTS[LEARN]
    expected = log_loss(CODES[LEARN], nn.CrossEntropyLoss().probabilities(net(X[LEARN])), sample_weight=w)
    assert training.history["train_loss"][0] == pytest.approx(expected, rel=1e-8)
    right = net(X[LEARN]).argmax(axis=1) == CODES[LEARN]
    assert training.history["train_score"][0] == pytest.approx(np.average(right, weights=w), rel=1e-12)


def test_multilabel_rows_are_right_if_every_output_is() -> None:
    labels = np.column_stack([CODES, X[:, 2] > 0]).astype(np.float64)
    recipe = Recipe(hidden_sizes=(8,), loss="binary_cross_entropy", learning_rate=0.02, max_epochs=3)
    training = begin(recipe)
    last: dict[str, Any] = {}
    judge = Rows(X[JUDGE], labels[JUDGE])
    train(
        training,
        Rows(X[LEARN], labels[LEARN]),
        recipe,
        loss=build_loss(recipe),
        score="exact",
        engine=ENGINE,
        validation=judge,
        callbacks=[lambda t: last.update(outputs=t.network(X[JUDGE]))],
    )
    assert training.history["val_score"][-1] == accuracy_score(labels[JUDGE], last["outputs"] > 0)


def test_a_network_of_float32_has_the_same_history_to_its_precision() -> None:
    single = Rows(X[LEARN].astype(np.float32), CODES[LEARN])
    np.testing.assert_allclose(
        run(SMALL, dtype=np.float32, rows=single).history["train_loss"], run(SMALL).history["train_loss"], rtol=1e-3
    )


# Schedules -----------------------------------------------------------------------------------------------------------


def rates_of(plans: list[Plan]) -> Any:
    return np.concatenate([plan.learning_rate for plan in plans])


@pytest.mark.parametrize("schedule", nn.SCHEDULES)
def test_each_step_has_the_rate_of_its_schedule(schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(**{**vars(SMALL), "schedule": schedule, "weight_decay": 0.01})
    plans = plans_of(monkeypatch)
    run(recipe)
    np.testing.assert_array_equal(rates_of(plans), 0.02 * nn.SCHEDULES[schedule](np.arange(120), 120))
    assert all((plan.weight_decay == 0.01).all() for plan in plans)
    assert [plan.first_step for plan in plans] == [0, *np.cumsum([plan.steps for plan in plans])[:-1]]


@pytest.mark.parametrize("schedule", nn.SCHEDULES)
def test_decay_and_dropout_of_each_step_follow_their_schedules(schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"weight_decay": 0.01, "decay_schedule": schedule, "dropout": 0.2, "dropout_schedule": schedule}
    plans = plans_of(monkeypatch)
    run(Recipe(**{**vars(SMALL), **own}))
    factors = nn.SCHEDULES[schedule](np.arange(120), 120)
    np.testing.assert_allclose(np.concatenate([plan.weight_decay for plan in plans]), 0.01 * factors, rtol=1e-12)
    np.testing.assert_array_equal(np.concatenate([plan.dropout for plan in plans]), factors)
    assert set(rates_of(plans)) == {0.02}


def test_passes_one_by_one_follow_the_schedule_and_stay_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(**{**vars(SMALL), "schedule": "cosine", "max_epochs": 3})
    training, plans = begin(recipe), plans_of(monkeypatch)
    for size in (60, 60, 32, 60):
        train(
            training,
            rows(slice(0, size)),
            recipe,
            loss=nn.CrossEntropyLoss(),
            score="accuracy",
            engine=ENGINE,
            epochs=1,
            shuffle=False,
        )
    expected = [nn.schedules.cosine(p * s + np.arange(s), 3 * s) for p, s in ((0, 4), (1, 4), (2, 2))]
    expected.append(np.full(4, nn.schedules.cosine(11, 12)))
    np.testing.assert_allclose(rates_of(plans), 0.02 * np.concatenate(expected), rtol=1e-12)
    assert (training.epoch, training.step, len(training.history["train_loss"])) == (4, 14, 4)


@pytest.mark.parametrize("watched", ["val_loss", "train_loss"])
def test_plateau_lowers_the_rate_when_torch_would(watched: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(**{**vars(SMALL), "schedule": "plateau", "learning_rate": 0.3, "max_epochs": 80})
    plans = plans_of(monkeypatch)
    training = run(recipe, validation=rows(JUDGE) if watched == "val_loss" else None)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler, expected = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer), []
    for loss in training.history[watched]:
        expected.append(optimizer.param_groups[0]["lr"])
        scheduler.step(loss)
    first_spans = [plan for plan in plans if plan.first_step % 4 == 0]  # an epoch of a slow machine takes several
    np.testing.assert_allclose([plan.learning_rate[0] for plan in first_spans], expected, rtol=1e-12)
    assert min(expected) < 0.1


def test_an_optimizer_of_ones_own_brings_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(hidden_sizes=(8,), optimizer=nn.SGD(0.125, momentum=0.5, weight_decay=0.25), max_epochs=2)
    plans = plans_of(monkeypatch)
    run(recipe)
    assert set(rates_of(plans)) == {0.125}
    assert set(plans[0].weight_decay) == {0.25}


# Stopping ------------------------------------------------------------------------------------------------------------


def overfitting(patience: int | None = None, max_epochs: int = 200) -> Recipe:
    return Recipe(hidden_sizes=(32,), learning_rate=0.05, batch_size=16, max_epochs=max_epochs, patience=patience)


def validation_loss(network: nn.Sequential) -> float:
    return float(nn.CrossEntropyLoss().value_and_gradient(network(X[JUDGE]), CODES[JUDGE])[0])


def test_patience_stops_and_brings_back_the_best_weights() -> None:
    training = run(overfitting(patience=10), validation=rows(JUDGE))
    losses = training.history["val_loss"]
    best = int(np.argmin(losses))
    assert training.should_stop
    assert training.epoch == len(losses) == best + 1 + 10 < 200
    assert (training.best_loss, training.best_epoch) == (losses[best], best + 1)
    assert validation_loss(training.network) == pytest.approx(losses[best], rel=1e-12)
    assert losses[-1] > losses[best]
    # They are the weights that a training has which ends there.
    short = run(overfitting(max_epochs=best + 1), validation=rows(JUDGE))
    for name, array in short.network.parameters().items():
        np.testing.assert_array_equal(training.network.parameters()[name], array)


def test_patience_that_does_not_run_out_brings_back_the_best_weights_too() -> None:
    training = run(overfitting(patience=500, max_epochs=60), validation=rows(JUDGE))
    assert training.epoch == 60
    assert validation_loss(training.network) == pytest.approx(min(training.history["val_loss"]), rel=1e-12)


def test_the_best_weights_can_be_kept_without_patience() -> None:
    last = run(overfitting(max_epochs=60), validation=rows(JUDGE))
    best = run(Recipe(**{**vars(overfitting(max_epochs=60)), "keep_best": True}), validation=rows(JUDGE))
    assert best.history["val_loss"] == last.history["val_loss"]
    assert best.epoch == 60
    assert validation_loss(best.network) == pytest.approx(min(last.history["val_loss"]), rel=1e-12)
    assert min(last.history["val_loss"]) < last.history["val_loss"][-1]


def test_the_score_can_decide_which_epoch_is_the_best() -> None:
    by_score = Recipe(**{**vars(overfitting(max_epochs=60)), "keep_best": True, "watch": "score"})
    training = run(by_score, validation=rows(JUDGE))
    scores = np.array(training.history["val_score"])
    latest = 60 - int(scores[::-1].argmax())
    assert (training.best_epoch, training.best_loss, training.watched) == (latest, -scores.max(), "val_score")
    assert accuracy_score(CODES[JUDGE], training.network(X[JUDGE]).argmax(axis=1)) == pytest.approx(scores.max())
    assert latest != int(np.argmin(training.history["val_loss"])) + 1
    waiting = Recipe(**{**vars(overfitting(patience=6, max_epochs=200)), "watch": "score"})
    scores = np.array((stopped := run(waiting, validation=rows(JUDGE))).history["val_score"])
    assert stopped.epoch == int(scores.argmax()) + 1 + 6 < 200  # equal scores are no improvement


def test_the_loss_at_the_best_temperature_can_decide_which_epoch_is_the_best() -> None:
    calibrated = Recipe(**{**vars(overfitting(max_epochs=60)), "keep_best": True, "watch": "calibrated_loss"})
    training = run(calibrated, validation=rows(JUDGE, weighted=True))
    losses = training.history["val_calibrated_loss"]
    assert training.best_epoch == int(np.argmin(losses)) + 1
    logits = training.network(X[JUDGE])
    of = [
        log_loss(CODES[JUDGE], softmax(logits / t, axis=1), sample_weight=WEIGHTS[JUDGE])
        for t in np.geomspace(1, 8, 200)
    ]
    assert min(losses) == pytest.approx(min(of), rel=0.01)
    assert min(losses) >= min(of) - 1e-9
    with pytest.raises(SettingError, match="calibrated_loss.*CrossEntropyLoss, and the loss is MSELoss"):
        run(Recipe(**{**vars(REGRESSION), "watch": "calibrated_loss"}), regression=True)
    by_loss = run(Recipe(**{**vars(calibrated), "max_epochs": 3}))  # nothing but what is learned by heart to judge on
    assert by_loss.watched == "train_loss"


def test_without_validation_patience_watches_the_training_rows() -> None:
    recipe = Recipe(hidden_sizes=(8,), learning_rate=0.5, batch_size=16, max_epochs=500, patience=8)
    losses = (training := run(recipe)).history["train_loss"]
    assert training.epoch == int(np.argmin(losses)) + 1 + 8 < 500


def test_without_patience_the_last_weights_stay() -> None:
    training = run(overfitting(max_epochs=60), validation=rows(JUDGE))
    assert validation_loss(training.network) == pytest.approx(training.history["val_loss"][-1], rel=1e-12)
    assert training.best_parameters is None
    assert training.best_epoch == int(np.argmin(training.history["val_loss"])) + 1


def test_pass_by_pass_patience_says_stop_and_only_then_brings_back_the_best() -> None:
    recipe, options = overfitting(patience=5), {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": ENGINE}
    training = begin(recipe)
    while not training.should_stop:
        train(training, rows(), recipe, epochs=1, validation=rows(JUDGE), **options)  # type: ignore[arg-type]
        expected = min(training.history["val_loss"]) if training.should_stop else training.history["val_loss"][-1]
        assert validation_loss(training.network) == pytest.approx(expected, rel=1e-12)
    whole = run(recipe, validation=rows(JUDGE))
    assert_equal_bits(whole, training)
    # Who goes on anyway has patience anew.
    train(training, rows(), recipe, epochs=1, validation=rows(JUDGE), **options)  # type: ignore[arg-type]
    assert not training.should_stop


def test_a_callback_sees_every_epoch_and_can_stop() -> None:
    seen: list[Any] = []

    def look(training: Training) -> Any:
        seen.append((training.epoch, len(training.history["train_loss"]), training.network(X[:1]).tolist()))
        return np.bool_(training.epoch == 7) if training.epoch != 3 else "not a boolean"

    training = run(SMALL, callbacks=[look, lambda training: None])
    assert [epoch for epoch, _, _ in seen] == [count for _, count, _ in seen] == list(range(1, 8))
    assert len({str(outputs) for _, _, outputs in seen}) == 7
    assert training.epoch == 7
    assert training.should_stop


def test_an_interrupt_leaves_a_network_to_use_and_to_go_on_with() -> None:
    def interrupt(training: Training) -> None:
        if training.epoch == 5:
            raise KeyboardInterrupt

    training = begin(SMALL)
    options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": ENGINE}
    with pytest.raises(KeyboardInterrupt):
        train(training, rows(), SMALL, callbacks=[interrupt], **options)
    assert training.epoch == len(training.history["train_loss"]) == 5
    five = run(Recipe(**{**vars(SMALL), "max_epochs": 5}))
    for name, array in five.network.parameters().items():
        np.testing.assert_array_equal(training.network.parameters()[name], array)
    train(training, rows(), SMALL, **options)
    assert_equal_bits(run(SMALL), training)


@pytest.mark.parametrize("schedule", ["one_cycle", "plateau"])
def test_a_copy_of_its_state_goes_on_as_if_it_had_never_stopped(schedule: str) -> None:
    recipe = Recipe(**{**vars(overfitting(patience=9)), "schedule": schedule, "dropout": 0.1})
    copies = []
    whole = run(recipe, validation=rows(JUDGE), callbacks=[lambda training: copies.append(copy.deepcopy(training))])
    resumed = copies[4]
    options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": ENGINE}
    train(resumed, rows(), recipe, validation=rows(JUDGE), **options)
    assert_equal_bits(whole, resumed)
    assert (whole.epoch, whole.step, whole.best_epoch) == (resumed.epoch, resumed.step, resumed.best_epoch)


def test_a_copy_from_inside_an_epoch_goes_on_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SPAN_SECONDS", 1e-12)  # one step a span
    options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": ENGINE}
    recipe, copies = Recipe(**{**vars(SMALL), "batch_size": 4, "max_epochs": 4}), []
    training, build = begin(recipe), build_engine

    def copying(*args: Any) -> Any:
        engine = build(*args)
        do = engine.run
        engine.run = lambda plan: copies.append(copy.deepcopy(training)) or do(plan)  # type: ignore
        return engine

    with monkeypatch.context() as patch:
        patch.setattr(loop, "build_engine", copying)
        train(training, rows(), recipe, **options)
    inside = copies[20]
    assert 0 < len(inside.unfinished["losses"]) < 15
    train(inside, rows(), recipe, **options)
    assert_equal_bits(training, inside)


# Troubles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("looking", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_diverging_stops_at_finite_weights_and_says_so_once(dtype: Any, looking: bool) -> None:
    recipe = Recipe(**{**vars(REGRESSION), "optimizer": "sgd", "learning_rate": 50.0, "max_epochs": 300})
    learn = Rows(X[LEARN].astype(dtype), TARGETS[LEARN].astype(dtype))
    judge = Rows(X[JUDGE].astype(dtype), TARGETS[JUDGE].astype(dtype)) if looking else None
    training = run(recipe, regression=True, dtype=dtype, rows=learn, validation=judge)
    assert all(np.isfinite(array).all() for array in training.network.parameters().values())
    (trouble,) = training.troubles
    assert f"diverged in epoch {training.epoch}" in trouble
    assert "learning_rate=50.0 is too high: try learning_rate=0.01" in trouble
    assert training.should_stop
    assert training.epoch < 300
    assert training.epoch == len(training.history["train_loss"])
    assert training.history["train_loss"][-1] == np.inf
    assert np.isfinite(training.history["train_loss"][:-1]).all()
    assert training.optimizer.state == {}


def test_after_rows_that_make_it_diverge_passes_go_on() -> None:
    recipe = Recipe(**{**vars(REGRESSION), "optimizer": "momentum", "batch_size": None})
    options: Any = {"loss": nn.MSELoss(), "score": "squared_error", "engine": ENGINE, "epochs": 1}
    training = begin(recipe)
    before = training.network.copy()
    train(training, Rows(X[LEARN], 1e200 * TARGETS[LEARN]), recipe, **options)
    assert len(training.troubles) == 1
    assert training.should_stop
    for name, array in training.network.parameters().items():
        np.testing.assert_array_equal(array, before.parameters()[name])
    assert "The targets reach" in training.troubles[0]
    assert "with the weights it began with" in training.troubles[0]
    train(training, rows(regression=True), recipe, **options)
    assert training.troubles == []
    assert not training.should_stop
    assert np.isfinite(training.history["train_loss"][-1])


@pytest.mark.parametrize("settings", [{}, {"keep_best": True}])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_a_callback_spoils_are_not_blamed_on_the_rate(wrong: float, settings: dict[str, Any]) -> None:
    def spoil(training: Training) -> None:
        if training.epoch == 4:
            training.network[0].bias[1] = wrong

    training = run(Recipe(**{**vars(SMALL), "max_epochs": 9, **settings}), callbacks=[spoil])
    (trouble,) = training.troubles
    assert "in epoch 5 the weights were not finite before the step: 0.bias holds NaN or infinity" in trouble
    assert "learning_rate" not in trouble
    kept = "the weights of the best epoch" if settings else "the weights it began with"
    assert trouble.endswith(f"Training stopped, with {kept}.")
    assert training.epoch == 5
    assert all(np.isfinite(array).all() for array in training.network.parameters().values())


def test_a_network_without_parameters_is_refused() -> None:
    training = Training(nn.Sequential(nn.Identity()), nn.SGD(0.1), 0)
    for engine in (ENGINE, "auto"):
        with pytest.raises(SettingError, match="no parameters, so there is nothing to learn; got Sequential"):
            train(training, Rows(X, X), SMALL, loss=nn.MSELoss(), score="squared_error", engine=engine)


def test_weights_that_diverged_are_kept_only_if_they_beat_those_before() -> None:
    recipe = Recipe(**{**vars(REGRESSION), "optimizer": "sgd", "learning_rate": 50.0, "max_epochs": 300})
    training, learn = begin(recipe), rows(regression=True)
    before = training.network.copy()
    train(training, learn, recipe, loss=nn.MSELoss(), score="squared_error", engine=ENGINE)
    assert "Training stopped, with the weights it began with." in training.troubles[0]
    np.testing.assert_array_equal(training.network(learn.X), before(learn.X))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_healthy_training_has_no_troubles(activation: str, optimizer: str, seed: int) -> None:
    recipe = Recipe(
        hidden_sizes=(32, 16), activation=activation, optimizer=optimizer, learning_rate=0.01, batch_size=16
    )
    assert run(recipe, seed=seed, validation=rows(JUDGE), callbacks=[stop_at(30)]).troubles == []
    regression = Recipe(**{**vars(recipe), "loss": "squared_error"})
    assert run(regression, regression=True, seed=seed).troubles == []


def test_a_loss_that_still_falls_is_told() -> None:
    few = Recipe(hidden_sizes=(8,), batch_size=None)  # makes 100 updates of a thousandth
    (trouble,) = run(few).troubles
    assert "the loss was still falling when training ended" in trouble
    assert "max_epochs=1000" in trouble
    assert run(Recipe(**{**vars(few), "max_epochs": 49})).troubles == []
    assert "max_epochs=1000" in run(Recipe(**{**vars(few), "patience": 90})).troubles[0]  # it did not run out
    assert run(few, callbacks=[stop_at(80)]).troubles == []
    slow = Recipe(hidden_sizes=(8,), optimizer="sgd", learning_rate=2e-4, batch_size=4)  # 1500, but small ones
    (trouble,) = run(slow, rows=Rows(X[LEARN], (X[LEARN, 0] + X[LEARN, 1] > 0).astype(int))).troubles
    assert "with a higher learning_rate" in trouble


@pytest.mark.parametrize("regression", [False, True])
def test_a_network_too_deep_to_learn_is_told(regression: bool) -> None:
    base = REGRESSION if regression else SMALL
    deep = Recipe(**{**vars(base), "hidden_sizes": (8,) * 10, "activation": "sigmoid", "max_epochs": 60})
    deep = Recipe(**{**vars(deep), "learning_rate": 1e-3})
    centred = Rows(X[LEARN], TARGETS[LEARN] - TARGETS[LEARN].mean(axis=0)) if regression else rows()
    (trouble,) = run(deep, regression=regression, rows=centred).troubles
    assert "next to nothing was learned. Through 10 layers of Sigmoid hardly any gradient reaches the first" in trouble
    relu = Recipe(**{**vars(deep), "activation": "relu", "learning_rate": 0.005})
    assert not any("nothing was learned" in trouble for trouble in run(relu, regression=regression).troubles)


def test_where_patience_ends_an_unlearned_training_it_is_told_by_the_best_epoch() -> None:
    recipe = Recipe(hidden_sizes=(8,), learning_rate=1e-9, patience=4)
    reverse = Rows(X[LEARN], 1 - CODES[LEARN])  # their loss rises while that of the others falls
    constant = log_loss(CODES[LEARN], np.full(60, CODES[LEARN].mean()))
    for epochs in (40, 4):  # patience runs out, or ends with the epochs
        training = run(Recipe(**{**vars(recipe), "max_epochs": epochs}), validation=reverse)
        assert (training.best_epoch, training.epoch) == (1, min(5, epochs))
        reached = min(training.history["train_loss"][0], training.best_loss)
        (trouble,) = training.troubles
        assert f"after epoch 1 the loss is {reached:.4g}, and {constant:.4g} if every row is given the" in trouble
        assert "next to nothing was learned" in trouble
    assert run(Recipe(**{**vars(recipe), "max_epochs": 3}), validation=reverse).troubles == []
    quantities = Recipe(**{**vars(recipe), "loss": "squared_error", "max_epochs": 40})
    rows_far, reverse_far = (Rows(X[LEARN], sign * (TARGETS[LEARN] + 1e3)) for sign in (1, -1))
    training = run(quantities, regression=True, rows=rows_far, validation=reverse_far)
    assert (training.best_epoch, training.epoch) == (1, 5)
    (trouble,) = training.troubles
    assert f"R² of the training rows is {training.history['train_score'][0]:.3g} over epoch 1" in trouble


def stop_at(epoch: int) -> Any:
    return lambda training: training.epoch >= epoch


def test_a_loss_at_rest_is_not_a_rising_one() -> None:
    noise = np.random.default_rng(0).integers(0, 2, 60)  # nothing to learn: the loss wavers for ever
    recipe = Recipe(hidden_sizes=(), learning_rate=0.05, batch_size=8, max_epochs=1000)
    assert run(recipe, rows=Rows(X[LEARN], noise)).troubles == []


def test_a_rising_loss_is_told_with_a_lower_rate_to_try() -> None:
    recipe = Recipe(hidden_sizes=(), optimizer="sgd", learning_rate=3.0, batch_size=None, max_epochs=12)
    recipe = Recipe(**{**vars(recipe), "loss": "squared_error"})
    training = run(recipe, regression=True)  # above 2/λmax, so that every step goes further astray
    (trouble,) = training.troubles
    assert "the loss rose for 5 epochs running" in trouble
    assert "learning_rate=3.0 is too high. Try learning_rate=1," in trouble


def test_dead_units_are_told_by_layer() -> None:
    recipe = Recipe(hidden_sizes=(8, 8), max_epochs=2)
    training = begin(recipe)
    training.network[2].bias[:6] = -1e3
    train(training, rows(), recipe, loss=nn.CrossEntropyLoss(), score="accuracy", engine=ENGINE)
    (trouble,) = training.troubles
    assert trouble.startswith("in layer 3, 75 % of the ReLU units fire for no row")
    assert "leaky_relu" in trouble
    nested = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), nn.Linear(4, 2))
    nested[0][0].bias[...] = -1e3
    assert dead_units(nested, X)[0].startswith("in layer 0.1, 100 %")
    assert dead_units(nn.stack([nested, nested]), X)[0].startswith("in layer 0.1, 100 %")


def test_columns_of_far_scales_are_named() -> None:
    far = X * [1.0, 1e5, 1.0]
    recipe = Recipe(hidden_sizes=(8,), activation="tanh", max_epochs=2)
    training = run(recipe, rows=Rows(far[LEARN], CODES[LEARN]), column_names=["age", "income", "height"])
    assert any("column 'income' reaches" in trouble and "StandardScaler" in trouble for trouble in training.troubles)
    options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": ENGINE, "epochs": 1}
    passes = begin(recipe)
    train(passes, Rows(far[LEARN], CODES[LEARN]), recipe, **options)
    assert "column 1 reaches" in passes.troubles[0]
    train(passes, Rows(far[LEARN], CODES[LEARN]), recipe, **options)
    assert passes.troubles == []  # said once


def test_a_column_that_seldom_varies_says_nothing_of_its_scale() -> None:
    seldom = np.column_stack([X[:, 0], np.full(90, -1e-6)])
    assert far_scales(seldom) == []
    assert far_scales(csr_array(np.where(seldom > 0, seldom, 0.0))) == []
    assert "column 1 reaches 1e+06" in far_scales(np.column_stack([X[:, 0], np.full(90, 1e6)]))[0]
    assert "column 2 reaches" in far_scales(csr_array(X * [1.0, 1.0, 1e6]))[0]


def test_rows_learned_by_heart_are_told_unless_patience_is_the_answer() -> None:
    labels = np.random.default_rng(1).integers(0, 2, 90)  # nothing to learn but the rows themselves
    learn, judge = Rows(X[LEARN], labels[LEARN]), Rows(X[JUDGE], labels[JUDGE])
    (trouble,) = run(overfitting(), rows=learn, validation=judge).troubles
    assert "memorised" in trouble
    assert "patience=10" in trouble
    assert run(overfitting(patience=10), rows=learn, validation=judge).troubles == []
    assert run(overfitting(max_epochs=10), rows=learn, validation=judge).troubles == []


# Engines and words ---------------------------------------------------------------------------------------------------


def test_an_unknown_engine_is_refused_with_the_nearest() -> None:
    net = nn.Sequential(nn.Linear(3, 2))
    with pytest.raises(SettingError, match="engine is unknown: 'nunpy'. Did you mean 'numpy'?"):
        choose_engine("nunpy", net, nn.MSELoss(), nn.Adam(), rows())
    with pytest.raises(SettingError, match="The engines are 'numpy', 'compiled', 'torch', 'auto'"):
        choose_engine("jax", net, nn.MSELoss(), nn.Adam(), rows())
    assert choose_engine("numpy", net, nn.MSELoss(), nn.Adam(), rows())[0] == "numpy"


def test_verbose_tells_of_epochs_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    run(Recipe(**{**vars(SMALL), "max_epochs": 103}), validation=rows(JUDGE), verbose=True)
    out, err = capsys.readouterr()
    lines = err.strip().splitlines()
    assert out == ""
    assert lines[0] == f"engine {ENGINE}: as asked"
    assert 10 <= len(lines) <= 30
    for line, epoch in ((lines[1], 1), (lines[-1], 103)):
        assert line.split()[:2] == ["epoch", str(epoch)]
        assert all(word in line for word in ("loss", "score", "val loss", "val score", " s"))


def test_verbose_tells_of_the_last_epoch_also_when_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    run(Recipe(**{**vars(SMALL), "max_epochs": 1000}), callbacks=[stop_at(7)], verbose=True)
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("epoch    7")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_someone_who_watches_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    run(Recipe(**{**vars(SMALL), "max_epochs": 12}), verbose=True)
    assert "12/12" in terminal.getvalue()
    assert "epoch 12  loss" in terminal.getvalue()


@pytest.mark.parametrize("watched", [True, False])
def test_a_terminal_is_told_that_machine_code_is_made(watched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    @contextmanager
    def compiling(name: str, tell: Any) -> Iterator[None]:
        told.append(name)
        tell()
        yield

    monkeypatch.setattr(progress, "told_of_compiling", compiling)
    monkeypatch.setattr(sys, "stderr", stream := Terminal() if watched else io.StringIO())
    run(SMALL)
    is_due = watched and ENGINE == "compiled"
    assert told == (["run_span"] if is_due else [])
    assert stream.getvalue().startswith("compiling for this machine" if is_due else "")
    assert stream.getvalue().count("\n") == is_due


def test_silence_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    run(SMALL)
    assert capsys.readouterr() == ("", "")


def test_a_column_far_from_zero_is_named_with_what_it_is_lost_in() -> None:
    from feedforward.training.troubles import off_centre

    far = np.add(X, [0.0, 1e6, 0.0])
    (trouble,) = off_centre(far, ["a", "b", "c"])
    assert trouble.startswith("column 'b' lies around 1e+06")
    assert off_centre(X) == off_centre(X[:1]) == off_centre(np.ones((50, 2))) == []


def test_many_dead_layers_are_one_trouble() -> None:
    rng = np.random.default_rng(0)
    hidden = (layer for _ in range(5) for layer in (nn.Linear(3, 3, rng=rng), nn.ReLU()))
    net = nn.Sequential(*hidden, nn.Linear(3, 2, rng=rng))
    for i in range(0, 10, 2):
        net[i].bias[...] = -1e3
    (trouble,) = dead_units(net, X)
    assert "in layer 1, 100 %" in trouble
    assert "fire for no row (and many in 4 more layers): they are dead" in trouble
    for i in range(4, 10, 2):
        net[i].bias[...] = 1e3
    assert "(and many in 1 more layer): they are dead" in dead_units(net, X)[0]


def test_classes_learned_worse_than_by_one_answer_for_all_are_told() -> None:
    X, y = load_iris(return_X_y=True)
    model = ff.MLPClassifier((50,), activation="tanh", learning_rate=10, random_state=0)
    with pytest.warns(ConvergenceWarning, match="if every row is given the same answer"):
        model.fit(X, y)


def test_a_loss_of_0_is_not_still_falling() -> None:
    assert unfinished([0.0] * 100, updates=100) == []
