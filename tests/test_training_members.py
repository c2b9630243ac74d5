"""A stack whose members have rows of their own: each is trained and judged as if it were alone."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss, r2_score

from feedforward import nn
from feedforward.errors import InputError, SettingError
from feedforward.nn.random import row_order
from feedforward.training.engines import ENGINES, build_engine
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.recipe import Recipe, build_loss, build_network, build_optimizer
from feedforward.training.state import Training

RNG = np.random.default_rng(0)
N, K = 70, 3
X = RNG.normal(size=(N, 3))
CODES = (X[:, 0] * X[:, 1] + 0.5 * RNG.normal(size=N) > 0).astype(np.int64)
NUMBERS = np.column_stack([X[:, 0] * X[:, 1], X.sum(axis=1)])
WEIGHTS = RNG.uniform(0.5, 2.0, N)
# A holdout of ten rows for each member, the others to learn from.
JUDGED = np.array([np.arange(10 * j, 10 * j + 10) for j in range(K)])
LEARNED = np.array([np.setdiff1d(np.arange(N), part) for part in JUDGED])

PLAIN = Recipe(hidden_sizes=(16,), learning_rate=0.03, batch_size=16, max_epochs=25)
KINDS: dict[str, dict[str, Any]] = {
    "classes": {"targets": CODES, "loss": nn.CrossEntropyLoss(), "score": "accuracy"},
    "weighted": {"targets": CODES, "loss": nn.CrossEntropyLoss(), "score": "accuracy", "weights": WEIGHTS},
    "quantities": {"targets": NUMBERS, "loss": nn.MSELoss(), "score": "squared_error"},
    "weighted quantities": {"targets": NUMBERS, "loss": nn.HuberLoss(), "score": "squared_error", "weights": WEIGHTS},
}
RECIPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "dropout, drop last": {"dropout": 0.2, "drop_last": True, "dropout_schedule": "cosine"},
    "decay": {"optimizer": "adamw", "weight_decay": 0.1, "decay_schedule": "cosine", "schedule": "one_cycle"},
    "best": {"keep_best": True, "learning_rate": 0.1},
    "best score": {"keep_best": True, "watch": "score", "learning_rate": 0.1},
    "patience": {"patience": 3, "learning_rate": 0.1},
    "growing patience": {"patience": 1, "patience_growth": 0.5, "watch": "score", "learning_rate": 0.1},
}


def some(kind: dict[str, Any], places: Any) -> Rows:
    weights = kind.get("weights")
    return Rows(X[places], kind["targets"][places], None if weights is None else weights[places])


def begin(recipe: Recipe, j: int, seed: int = 9) -> Training:
    return Training(build_network(recipe.checked(), 3, 2, j), build_optimizer(recipe), seed)


def stacked(recipe: Recipe) -> Training:
    network = nn.stack([build_network(recipe.checked(), 3, 2, j) for j in range(K)])
    return Training(network, build_optimizer(recipe), 9)


def options_of(kind: dict[str, Any], engine: str) -> dict[str, Any]:
    return {"loss": kind["loss"], "score": kind["score"], "engine": engine}


def together(recipe: Recipe, kind: dict[str, Any], engine: str, **options: Any) -> Training:
    training = stacked(recipe)
    options = {"validation": some(kind, JUDGED), "member_rows": LEARNED, **options_of(kind, engine), **options}
    train(training, some(kind, slice(None)), recipe, **options)
    return training


def alone(recipe: Recipe, kind: dict[str, Any], engine: str, j: int) -> Training:
    """Train member j on its own rows, in the order and with the dropout of its place in the stack."""
    training = begin(recipe, j)
    places = [row_order(9, j, epoch, N - 10) for epoch in range(recipe.max_epochs)]
    options = {"validation": some(kind, JUDGED[j]), "order": places, **options_of(kind, engine)}
    train(training, some(kind, LEARNED[j]), recipe, **options)
    return training


def test_rows_of_members_have_an_axis_more() -> None:
    rows = some(KINDS["weighted"], JUDGED)
    assert (rows.X.shape, len(rows), rows.are_of_members) == ((3, 10, 3), 10, True)
    assert (len(some(KINDS["classes"], JUDGED[0])), some(KINDS["classes"], JUDGED[0]).are_of_members) == (10, False)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name in RECIPES if "dropout" not in name])
def test_each_member_learns_what_it_learns_alone(name: str, kind: str, engine: str) -> None:
    recipe, of_kind = Recipe(**{**vars(PLAIN), **RECIPES[name]}), KINDS[kind]
    whole = together(recipe, of_kind, engine)
    parts = [alone(recipe, of_kind, engine, j) for j in range(K)]
    for j, part in enumerate(parts):
        for name_, array in part.network.parameters().items():
            np.testing.assert_allclose(whole.network.parameters()[name_][j], array, rtol=0, atol=1e-10)
        assert (whole.best_epoch[j], recipe.restores) == (part.best_epoch, part.best_parameters is not None)
        np.testing.assert_allclose(whole.best_loss[j], part.best_loss, rtol=1e-9)
    assert whole.epoch == max(part.epoch for part in parts)
    for history in ("train_loss", "train_score", "val_loss", "val_score"):
        own = [part.history[history] for part in parts]  # shorter where a member ran out of patience
        means = [np.mean([losses[epoch] for losses in own if len(losses) > epoch]) for epoch in range(whole.epoch)]
        np.testing.assert_allclose(whole.history[history], means, rtol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_who_is_out_of_patience_stays_as_it_is(engine: str) -> None:
    recipe = Recipe(**{**vars(PLAIN), **RECIPES["patience"]})
    ends = [alone(recipe, KINDS["classes"], "numpy", j).epoch for j in range(K)]
    first, seen = int(np.argmin(ends)), []

    def look(training: Training) -> None:
        arrays = [*training.network.parameters().values(), *(a for a in training.optimizer.state.values() if a.ndim)]
        seen.append([[array[j].copy() for array in arrays] for j in range(K)])

    together(recipe, KINDS["classes"], engine, callbacks=[look])
    last = seen[-1]
    for epoch in range(ends[first] - 1, max(ends)):
        assert all((a == b).all() for a, b in zip(seen[epoch][first], last[first], strict=True))
    assert not all((a == b).all() for a, b in zip(seen[ends[first] - 2][first], last[first], strict=True))
    longest = int(np.argmax(ends))
    assert not all((a == b).all() for a, b in zip(seen[-2][longest], last[longest], strict=True))


@pytest.mark.parametrize("name", ["patience", "growing patience"])
def test_the_cases_of_patience_are_what_they_say(name: str) -> None:
    recipe = Recipe(**{**vars(PLAIN), **RECIPES[name]})
    ends = [alone(recipe, KINDS["classes"], "numpy", j).epoch for j in range(K)]
    assert len(set(ends)) > 1
    assert min(ends) < recipe.max_epochs


@pytest.mark.parametrize("engine", ENGINES)
def test_dropout_of_members_is_that_of_their_seeds(engine: str) -> None:
    recipe = Recipe(**{**vars(PLAIN), **RECIPES["dropout, drop last"]})
    whole, same = together(recipe, KINDS["classes"], engine), together(recipe, KINDS["classes"], "numpy")
    for name, array in same.network.parameters().items():
        np.testing.assert_allclose(whole.network.parameters()[name], array, rtol=0, atol=1e-8)
    first = alone(recipe, KINDS["classes"], engine, 0)  # the seed of member 0 is that of a single network
    for name, array in first.network.parameters().items():
        np.testing.assert_allclose(whole.network.parameters()[name][0], array, rtol=0, atol=1e-10)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("watch", ["loss", "score"])
def test_the_weights_that_come_back_are_each_member_s_best(watch: str, engine: str) -> None:
    recipe = Recipe(**{**vars(PLAIN), "keep_best": True, "watch": watch, "learning_rate": 0.1, "max_epochs": 40})
    seen: list[tuple[Any, Any]] = []

    def look(training: Training) -> None:
        outputs = training.network(X[JUDGED])
        p = nn.CrossEntropyLoss().probabilities(outputs)
        losses = [log_loss(CODES[JUDGED[j]], p[j]) for j in range(K)]
        seen.append((losses, (outputs.argmax(axis=-1) == CODES[JUDGED]).mean(axis=-1)))

    training = together(recipe, KINDS["classes"], engine, callbacks=[look])
    values = np.array([losses if watch == "loss" else -scores for losses, scores in seen])
    last = len(values) - 1 - values[::-1].argmin(axis=0)  # of equal scores the later epoch
    np.testing.assert_array_equal(training.best_epoch, last + 1)
    np.testing.assert_allclose(training.best_loss, values.min(axis=0), rtol=1e-9)
    assert len(set(training.best_epoch.tolist())) > 1
    look(training)
    np.testing.assert_allclose(np.array(seen[-1][watch == "score"]) * (-1) ** (watch == "score"), values.min(axis=0))


@pytest.mark.parametrize("engine", ENGINES)
def test_scores_of_members_compare_with_the_variance_of_their_own_targets(engine: str) -> None:
    recipe = Recipe(**{**vars(PLAIN), "batch_size": None, "max_epochs": 1})
    nets, kind = [build_network(recipe, 3, 2, j) for j in range(K)], KINDS["weighted quantities"]
    training = together(recipe, kind, engine)
    for name, places, networks in (
        ("train", LEARNED, nets),
        ("val", JUDGED, nn.unstack(training.network)),
    ):
        scores = [
            r2_score(NUMBERS[part], network(X[part]), sample_weight=WEIGHTS[part])
            for part, network in zip(places, networks, strict=True)
        ]
        assert training.history[f"{name}_score"][0] == pytest.approx(np.mean(scores), rel=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rows", [1, 15, 64, 300])
def test_engines_predict_the_rows_of_each_member(rows: int, engine: str) -> None:
    network = stacked(PLAIN).network
    own = np.random.default_rng(1).normal(size=(K, rows, 3))
    running = build_engine(engine, network, nn.MSELoss(), nn.Adam(), some(KINDS["quantities"], slice(None)), "accuracy")
    for j, member in enumerate(nn.unstack(network)):
        np.testing.assert_allclose(running.predict(own)[j], member(own[j]), rtol=0, atol=1e-12)


def test_a_log_loss_of_validation_rows_has_no_label_smoothing() -> None:
    recipe = Recipe(**{**vars(PLAIN), "loss": nn.CrossEntropyLoss(label_smoothing=0.2), "max_epochs": 3})
    training, seen = begin(recipe, 0), []

    def look(training: Training) -> None:
        seen.append(log_loss(CODES[JUDGED[0]], nn.CrossEntropyLoss().probabilities(training.network(X[JUDGED[0]]))))

    kind = KINDS["classes"]
    options: Any = {"loss": build_loss(recipe), "score": "accuracy", "engine": "numpy", "callbacks": [look]}
    train(training, some(kind, LEARNED[0]), recipe, validation=some(kind, JUDGED[0]), **options)
    np.testing.assert_allclose(training.history["val_loss"], seen, rtol=1e-10)
    assert recipe.loss.label_smoothing == 0.2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[0, 1]] * 2, r"as many for each of 3 members, shape \(3, n\); got int64 of shape \(2, 2\)"),
        ([0, 1, 2], r"shape \(3,\)"),
        ([[0.0, 1.0]] * 3, "whole numbers.*float64"),
        (np.empty((3, 0), int), r"shape \(3, 0\)"),
        ([[0, 1], [0, N], [0, 1]], f"rows from 0 to {N - 1}; member 1 has {N}"),
        ([[0, 1], [0, 1], [-1, 1]], "member 2 has -1"),
    ],
)
def test_rows_of_members_that_do_not_fit_are_refused(rows: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        together(PLAIN, KINDS["classes"], "numpy", member_rows=rows)


def test_validation_rows_of_members_that_do_not_fit_are_refused() -> None:
    kind = KINDS["weighted"]
    own = some(kind, JUDGED)
    wrong = {
        r"network has 3\); got shapes \(2, 10, 3\)": Rows(own.X[:2], own.targets[:2]),
        r"got shapes \(3, 10, 3\), \(3, 9\)": Rows(own.X, own.targets[:, :9]),
        r"\(3, 10\), \(10,\)": Rows(own.X, own.targets, WEIGHTS[:10]),
        "validation of member 1: weights must be": Rows(own.X, own.targets, np.eye(3)[:, [0] * 10] - [[0], [1], [0]]),
        "validation of member 2: targets must be whole": Rows(own.X, np.add(own.targets, [[0], [0], [7]])),
    }
    for words, rows in wrong.items():
        with pytest.raises(InputError, match=words):
            together(PLAIN, kind, "numpy", validation=rows)
    with pytest.raises(InputError, match="a single network has none"):
        train(begin(PLAIN, 0), some(kind, LEARNED[0]), PLAIN, validation=own, **options_of(kind, "numpy"))


def test_rows_to_learn_from_are_one_table_for_all() -> None:
    with pytest.raises(InputError, match=r"rows: X has shape \(3, 60, 3\) and there are 3 targets"):
        train(stacked(PLAIN), some(KINDS["classes"], LEARNED), PLAIN, **options_of(KINDS["classes"], "numpy"))


def test_who_goes_on_after_all_ran_out_of_patience_has_patience_anew() -> None:
    recipe = Recipe(**{**vars(PLAIN), "patience": 2, "learning_rate": 0.1, "max_epochs": 200})
    training, kind = together(recipe, KINDS["classes"], "numpy"), KINDS["classes"]
    assert training.should_stop
    assert (training.epochs_without_improvement >= 2).all()
    assert training.epochs_without_improvement.max() == 2  # who is out waits no longer
    options = {"validation": some(kind, JUDGED), "member_rows": LEARNED, **options_of(kind, "numpy")}
    train(training, some(kind, slice(None)), recipe, epochs=1, **options)
    assert (training.epochs_without_improvement <= 1).all()
    assert not training.should_stop


def test_growing_patience_stops_where_it_says() -> None:
    """With patience 4 and growth 1: once 4 epochs more than twice the best have gone by."""
    recipe = Recipe(**{**vars(PLAIN), "patience": 4, "patience_growth": 1.0, "learning_rate": 0.1, "max_epochs": 300})
    training = alone(recipe, KINDS["classes"], "numpy", 1)
    losses = np.array(training.history["val_loss"])
    assert training.epoch == 2 * (int(losses.argmin()) + 1) + 4 < 300
    for epoch in range(1, training.epoch):  # and at no epoch before
        assert epoch < 2 * (int(losses[:epoch].argmin()) + 1) + 4


def test_growth_of_no_patience_is_refused() -> None:
    with pytest.raises(SettingError, match="patience_growth=1.0 makes patience grow, and patience is None"):
        Recipe(patience_growth=1.0).checked()
