"""Measures against scikit-learn's, weighted and not; intervals that hold the truth as often as they say."""

from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error, r2_score, roc_auc_score

from feedforward.measures import Answers, answers_of, deciding
from feedforward.scoring import resample


def some_rows(classes: int, n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)).round(1)  # rounded, so that some chances tie
    return X, np.array([f"c{j}" for j in np.clip((X[:, 0] + rng.normal(size=n)) * 1.2 + classes / 2, 0, classes - 1)
                        .astype(int)])  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
def test_measures_of_classes_are_those_of_scikit_learn(classes: int, weighted: bool) -> None:
    X, y = some_rows(classes)
    model = LogisticRegression().fit(X, y)
    w = np.random.default_rng(1).integers(0, 3, len(y)).astype(float) if weighted else np.ones(len(y))
    found = {name: measure(w) for name, measure in answers_of(model, X, y).measures().items()}
    chances = model.predict_proba(X)
    ones = [
        roc_auc_score(y == label, chances[:, j], sample_weight=w)
        for j, label in enumerate(model.classes_)
        if classes > 2 or j == 1
    ]
    assert found["accuracy"] == pytest.approx(accuracy_score(y, model.predict(X), sample_weight=w))
    assert found["log_loss"] == pytest.approx(log_loss(y, chances, sample_weight=w))
    assert found["auc"] == pytest.approx(np.mean(ones))


@pytest.mark.parametrize("weighted", [False, True])
def test_measures_of_numbers_are_those_of_scikit_learn(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    y = X[:, 0] + 1e6 + rng.normal(size=80)
    model = LinearRegression().fit(X, y)
    w = rng.integers(0, 3, 80).astype(float) if weighted else np.ones(80)
    found = {name: measure(w) for name, measure in answers_of(model, X, y).measures().items()}
    assert found["r2"] == pytest.approx(r2_score(y, model.predict(X), sample_weight=w))
    squares = mean_squared_error(y, model.predict(X), sample_weight=w)
    assert found["root_mean_squared_error"] == pytest.approx(np.sqrt(squares))
    assert found["mean_absolute_error"] == pytest.approx(mean_absolute_error(y, model.predict(X), sample_weight=w))


def test_a_weight_is_a_row_given_so_many_times() -> None:
    X, y = some_rows(3)
    w = np.random.default_rng(2).integers(0, 4, len(y))
    model = LogisticRegression().fit(X, y)
    rows = np.repeat(np.arange(len(y)), w)
    once, many = answers_of(model, X, y).measures(), answers_of(model, X[rows], y[rows]).measures()
    for name in ("log_loss", "auc", "accuracy"):
        assert once[name](w.astype(float)) == pytest.approx(many[name](np.ones(len(rows))))


def test_decisions_without_probabilities_have_an_area_and_no_log_loss() -> None:
    X, y = some_rows(2)
    model = Perceptron(random_state=0).fit(X, y)
    found = answers_of(model, X, y).measures()
    assert set(found) == {"auc", "accuracy"}
    expected = roc_auc_score(y == model.classes_[1], model.decision_function(X))
    assert found["auc"](np.ones(len(y))) == pytest.approx(expected)


def test_a_class_that_training_never_had_costs_as_much_as_a_chance_can() -> None:
    model = DummyClassifier().fit([[0.0], [0.0]], ["a", "b"])
    found = answers_of(model, [[0.0]], np.array(["z"]))
    assert found.classes is not None
    assert found.classes.tolist() == ["a", "b", "z"]
    assert found.measures()["log_loss"](np.ones(1)) == pytest.approx(-np.log(1e-7))


def test_what_cannot_be_told_is_no_number() -> None:
    one_class = Answers(np.array([1, 1]), np.array([1, 1]), np.array([0, 1]), np.eye(2)[[1, 1]], True)
    assert np.isnan(one_class.measures()["auc"](np.ones(2)))
    alike = Answers(np.array([3.0, 3.0]), np.array([3.0, 2.0]))
    assert np.isnan(alike.measures()["r2"](np.ones(2)))
    assert "r2" not in Answers(np.array([3.0]), np.array([2.0])).measures()


def held(truth: float, draw: Any, name: str, rounds: int = 200) -> float:
    """How often the interval holds the truth, over new rows each time."""
    hits = 0
    for seed in range(rounds):
        found = resample([draw(np.random.default_rng([7, seed]))], seed, most=200).estimate(0, name)
        hits += found.low <= truth <= found.high
    return hits / rounds


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """95 % nominal: within four standard errors of 200 tries, and what the bootstrap of 150 rows is known to lack."""

    def classes(rng: np.random.Generator) -> Answers:
        chance = rng.uniform(size=150)
        y = (rng.uniform(size=150) < chance).astype(int)
        return Answers(y, (chance > 0.5).astype(int), np.array([0, 1]), np.column_stack([1 - chance, chance]), True)

    def numbers(rng: np.random.Generator) -> Answers:
        x = rng.normal(size=150)
        return Answers(x + rng.normal(size=150), x)

    assert 0.89 <= held(0.75, classes, "accuracy") <= 0.995  # E max(p, 1 - p) for p uniform
    assert 0.89 <= held(0.5, classes, "log_loss") <= 0.995  # E of the entropy of p, uniform: 1/2
    assert 0.89 <= held(0.5, numbers, "r2") <= 0.995
    assert 0.89 <= held(np.sqrt(2 / np.pi), numbers, "mean_absolute_error") <= 0.995


def test_pairing_sees_a_difference_that_two_intervals_do_not() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    noise = rng.normal(size=200)
    better, worse = Answers(y, y + noise), Answers(y, y + 1.1 * noise)
    found = resample([better, worse])
    alone = found.estimate(0, "mean_absolute_error"), found.estimate(1, "mean_absolute_error")
    assert alone[0].high > alone[1].low
    lead = found.lead(0, 1, "mean_absolute_error", False)
    assert lead.low > 0
    assert lead.value == pytest.approx(0.1 * np.abs(noise).mean())
    back = found.lead(1, 0, "mean_absolute_error", False)
    assert (back.low, back.high) == pytest.approx((-lead.high, -lead.low))


def test_the_same_seed_gives_the_same_interval() -> None:
    answers = Answers(np.arange(50.0), np.arange(50.0)[::-1] * 0.1)
    assert resample([answers], 3).estimate(0, "r2") == resample([answers], 3).estimate(0, "r2")
    assert resample([answers], 3).estimate(0, "r2") != resample([answers], 4).estimate(0, "r2")


def test_the_measure_that_decides_is_one_that_all_have() -> None:
    assert deciding("regression", [{"r2": 0.1, "mean_absolute_error": 2.0}]) == "r2"
    assert deciding("classification", [{"auc": 0.1, "accuracy": 0.2}, {"log_loss": 0.1, "accuracy": 0.2}]) == "accuracy"
