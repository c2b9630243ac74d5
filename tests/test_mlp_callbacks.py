"""scikit-learn's callbacks hear of every epoch of a network, alone, in a pipeline and in a search."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from feedforward import MLPClassifier, MLPRegressor, SettingError

X, Y = scale(load_iris().data), load_iris().target
WEIGHTS = np.random.default_rng(0).integers(0, 4, 150).astype(float)


def classifier(**settings: Any) -> Any:
    return MLPClassifier(**{"hidden_sizes": (8,), "max_epochs": 5, "random_state": 0, **settings})


class Recorder:
    """A callback of scikit-learn's protocol that keeps what it hears, and wants to stop after some epochs."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.heard: list[tuple[str, str, int]] = []
        self.fitted: list[Any] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.heard.append(("setup", context.task_name, context.max_subtasks))

    def teardown(self, estimator: Any, context: Any) -> None:
        self.heard.append(("teardown", context.task_name, context.max_subtasks))

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.heard.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> bool:
        self.heard.append(("end", context.task_name, context.task_id))
        if context.task_name == "epoch":
            self.fitted.append(fitted_estimator)
        return self.stop_after is not None and len(self.fitted) == self.stop_after


def epochs(numbers: Any) -> list[tuple[str, str, int]]:
    return [(event, "epoch", number) for number in numbers for event in ("begin", "end")]


def test_every_epoch_begins_and_ends_once() -> None:
    recorder = Recorder()
    model = classifier(max_epochs=3).set_callbacks(recorder).fit(X, Y)
    assert recorder.heard == [
        ("setup", "fit", 3),
        ("begin", "fit", 0),
        *epochs(range(3)),
        ("end", "fit", 0),
        ("teardown", "fit", 3),
    ]
    plain = classifier(max_epochs=3).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


def test_the_fitted_estimator_is_that_of_the_epoch() -> None:
    recorder = Recorder()
    classifier(max_epochs=3).set_callbacks(recorder).fit(X, Y)
    for done, fitted in enumerate(recorder.fitted, start=1):
        alone = classifier(max_epochs=done).fit(X, Y)
        np.testing.assert_array_equal(fitted.predict_proba(X), alone.predict_proba(X))
        assert fitted.n_iter_ == len(fitted.history_["train_loss"]) == done
    before = recorder.fitted[2].predict_proba(X)
    recorder.fitted[0].partial_fit(X, Y)  # goes its own way
    np.testing.assert_array_equal(recorder.fitted[2].predict_proba(X), before)


def test_a_callback_can_stop() -> None:
    recorder = Recorder(stop_after=2)
    model = classifier().set_callbacks(recorder).fit(X, Y)
    assert model.n_iter_ == 2
    assert recorder.heard[2:-2] == epochs(range(2))
    plain = classifier(callbacks=[lambda training: training.epoch == 2]).set_callbacks(recorder).fit(X, Y)
    assert plain.n_iter_ == 2


def test_what_begins_also_ends_where_patience_runs_out() -> None:
    recorder = Recorder()
    model = classifier(max_epochs=500, patience=2, learning_rate=0.5).set_callbacks(recorder).fit(X, Y)
    assert model.n_iter_ < 500
    assert recorder.heard[2:-2] == epochs(range(model.n_iter_))


@pytest.mark.filterwarnings("ignore:.*diverged")
def test_what_begins_also_ends_where_training_fails() -> None:
    recorder = Recorder()
    MLPRegressor(optimizer="sgd", learning_rate=1e9, max_epochs=50).set_callbacks(recorder).fit(X, X)
    events = [event for event, _, _ in recorder.heard]
    assert events.count("begin") == events.count("end")
    assert events[-1] == "teardown"
    interrupted = Recorder()

    def interrupt(training: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classifier(callbacks=[interrupt]).set_callbacks(interrupted).fit(X, Y)
    assert interrupted.heard[-1][0] == "teardown"


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_scoring_monitor_scores_each_epoch(weights: Any) -> None:
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    model = classifier().set_callbacks(monitor).fit(X, Y, weights)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in log] == list(range(5))
    assert log[-1]["accuracy"] == pytest.approx(accuracy_score(Y, model.predict(X), sample_weight=weights))
    assert log[-1]["neg_log_loss"] == pytest.approx(
        -log_loss(Y, model.predict_proba(X), sample_weight=weights), rel=1e-6
    )
    assert log[-1]["neg_log_loss"] > log[0]["neg_log_loss"]


def test_scoring_monitor_in_a_pipeline_of_tables_and_strings() -> None:
    monitor = ScoringMonitor(scoring="accuracy")
    table, labels = pd.DataFrame(X, columns=list("abcd")), load_iris().target_names[Y]
    model = make_pipeline(
        StandardScaler().set_output(transform="pandas"), classifier(validation_fraction=0.2).set_callbacks(monitor)
    )
    model.fit(table, labels)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in log] == list(range(5))
    assert log[-1]["accuracy"] == model.score(table, labels)


def test_scoring_monitor_in_a_search() -> None:
    monitor = ScoringMonitor(scoring="accuracy")
    model = make_pipeline(StandardScaler(), classifier(max_epochs=3).set_callbacks(monitor))
    GridSearchCV(model, {"mlpclassifier__hidden_sizes": [(2,), (4,)]}, cv=2).fit(X, Y)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(log) == 3 * (2 * 2 + 1)
    assert len({row["task_id_path"] for row in log}) == len(log)


def test_progress_bar(capsys: Any) -> None:
    classifier().set_callbacks(ProgressBar()).fit(X, Y)
    assert "MLPClassifier - fit" in capsys.readouterr().out
    search = GridSearchCV(make_pipeline(StandardScaler(), classifier()), {"mlpclassifier__max_epochs": [1, 2]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, Y)
    assert "| MLPClassifier - fit" in capsys.readouterr().out
    make_pipeline(StandardScaler(), MLPRegressor(max_epochs=2)).set_callbacks(ProgressBar()).fit(X, X)
    assert "| MLPRegressor - fit" in capsys.readouterr().out


def test_callbacks_survive_cloning_and_workers() -> None:
    monitor = ScoringMonitor(scoring="accuracy")
    model = classifier(max_epochs=2).set_callbacks(monitor)
    clone(model).fit(X, Y)
    assert len(monitor.get_logs().data) == 3  # two epochs and the whole
    cross_validate(model, X, Y, cv=2)
    assert len(monitor.get_logs(select="all")) == 3


def test_the_two_kinds_are_not_mixed_up() -> None:
    with pytest.raises(SettingError, match="objects of scikit-learn's protocol go to set_callbacks"):
        classifier(callbacks=[ScoringMonitor(scoring="accuracy")]).fit(X, Y)
    with pytest.raises(TypeError, match="FitCallback protocol"):
        classifier().set_callbacks(print)
