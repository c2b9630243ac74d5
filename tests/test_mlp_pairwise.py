"""Everything together with everything: a covering array, in which each pair of choices meets at least once."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler

from feedforward import MLPClassifier, MLPRegressor
from pairs import missing_pairs, pairwise

Cell = dict[str, str]

FACTORS = {
    "task": ["two strings", "whole numbers with gaps", "several labels", "a number", "several numbers"],
    "weights": ["none", "sample_weight", "class_weight"],
    "validation": ["none", "X_val", "fraction"],
    "calls": ["fit", "partial_fit", "fit then partial_fit"],
    "callbacks": ["none", "plain", "scikit-learn"],
    "rows": ["ndarray", "DataFrame", "CSR"],
    "patience": ["none", "5"],
    "inside": ["bare", "Pipeline"],
    "dtype": ["float32", "float64"],
    "engine": ["numpy", "compiled"],
}
# A pipeline has no partial_fit of its own, and only classes have weights.
IMPOSSIBLE: list[Cell] = [
    {"calls": "partial_fit", "inside": "Pipeline"},
    *({"weights": "class_weight", "task": task} for task in ("several labels", "a number", "several numbers")),
]
CELLS = pairwise(FACTORS, IMPOSSIBLE)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(160, 5))
X[np.abs(X) < 0.3] = 0.0
Z = X @ RNG.normal(size=(5, 3))
Y = {
    "two strings": np.where(Z[:, 0] > 0, "yes", "no"),
    "whole numbers with gaps": np.array([2, 5, 11])[Z.argmax(axis=1)],
    "several labels": (Z > 0).astype(int),
    "a number": np.tanh(Z[:, 0]),
    "several numbers": np.tanh(Z),
}
SAMPLE_WEIGHT = RNG.integers(0, 4, 120).astype(float)


def as_rows(kind: str, array: Any) -> Any:
    if kind == "CSR":
        return csr_matrix(array)
    return pd.DataFrame(array, columns=list("abcde")) if kind == "DataFrame" else array


class Trained:
    """One cell: an estimator, what it was trained on, and how."""

    def __init__(self, cell: Cell) -> None:
        self.cell, self.epochs = cell, [0]
        self.X, self.X_val = (as_rows(cell["rows"], part) for part in (X[:120], X[120:]))
        self.y, self.y_val = Y[cell["task"]][:120], Y[cell["task"]][120:]
        self.is_classifier = "number" not in cell["task"] or "gaps" in cell["task"]
        self.monitor = ScoringMonitor(scoring="accuracy" if self.is_classifier else "r2")
        self.model = self._built()
        self._train()

    @property
    def mlp(self) -> Any:
        return self.model[-1] if isinstance(self.model, Pipeline) else self.model

    def _count(self, training: Any) -> None:
        self.epochs[0] += 1

    def _built(self) -> Any:
        cell = self.cell
        settings: dict[str, Any] = {
            "hidden_sizes": (16,),
            "learning_rate": 0.02,
            "batch_size": 32,
            "max_epochs": 40,
            "validation_fraction": 0.25 if cell["validation"] == "fraction" else 0.0,
            "patience": 5 if cell["patience"] == "5" else None,
            "callbacks": (self._count,) if cell["callbacks"] == "plain" else (),
            "dtype": cell["dtype"],
            "engine": cell["engine"],
            "random_state": 3,
        }
        if cell["weights"] == "class_weight":
            settings["class_weight"] = {label: 1.0 + i for i, label in enumerate(np.unique(self.y).tolist())}
        model = MLPClassifier(**settings) if self.is_classifier else MLPRegressor(**settings)
        if cell["callbacks"] == "scikit-learn":
            model.set_callbacks(self.monitor)
        return model if cell["inside"] == "bare" else Pipeline([("scale", MaxAbsScaler()), ("mlp", model)])

    def _train(self) -> None:
        cell, prefix = self.cell, "" if self.cell["inside"] == "bare" else "mlp__"
        scaler: Any = MaxAbsScaler().fit(self.X).transform if prefix else lambda rows: rows
        weights = {"sample_weight": SAMPLE_WEIGHT} if cell["weights"] == "sample_weight" else {}
        judged = {"X_val": scaler(self.X_val), "y_val": self.y_val} if cell["validation"] == "X_val" else {}
        self.passes = 0
        if cell["calls"] != "partial_fit":
            given = {**weights, **judged}
            self.model.fit(self.X, self.y, **{f"{prefix}{name}": value for name, value in given.items()})
        self.fitted_epochs = getattr(self.mlp, "n_iter_", 0)
        if cell["calls"] != "fit":
            for _ in range(40 if cell["calls"] == "partial_fit" else 3):
                self.mlp.partial_fit(scaler(self.X), self.y, **weights, **judged)
                self.passes += 1
                if self.mlp.should_stop_:
                    break


def check_outputs(trained: Trained) -> None:
    predicted, y = trained.model.predict(trained.X), trained.y
    assert predicted.shape == y.shape
    assert np.array_equal(
        np.concatenate([trained.model.predict(trained.X[i : i + 7]) for i in range(0, 120, 7)]), predicted
    )
    if not trained.is_classifier:
        assert np.isfinite(predicted).all()
        return
    assert set(np.unique(predicted).tolist()) <= set(np.unique(y).tolist())
    probabilities = trained.model.predict_proba(trained.X)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    if y.ndim == 1:
        assert predicted.dtype == y.dtype
        assert probabilities.shape == (120, len(np.unique(y)))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        assert np.array_equal(trained.mlp.classes_[probabilities.argmax(axis=1)], predicted)
    else:
        assert np.array_equal(probabilities > 0.5, predicted)


def check_it_learned(trained: Trained) -> None:
    dummy = DummyClassifier() if trained.is_classifier else DummyRegressor()
    hopeless = dummy.fit(X[:120], trained.y).score(X[:120], trained.y)
    assert trained.model.score(trained.X, trained.y) > hopeless + 0.2
    assert all(array.dtype == trained.cell["dtype"] for array in trained.mlp.network_.parameters().values())


def check_history(trained: Trained) -> None:
    mlp, cell = trained.mlp, trained.cell
    judged = cell["validation"] == "X_val" or (cell["validation"] == "fraction" and cell["calls"] != "partial_fit")
    names = {"train_loss", "train_score", "seconds"} | ({"val_loss", "val_score"} if judged else set())
    assert mlp.history_.keys() == names
    assert {len(values) for values in mlp.history_.values()} == {mlp.n_iter_}
    assert mlp.n_iter_ == trained.fitted_epochs + trained.passes
    assert np.isfinite(mlp.history_["train_loss"]).all()
    if cell["patience"] == "none":
        assert not mlp.should_stop_
        assert trained.fitted_epochs in (0, 40)
    if judged:
        known = np.isfinite(mlp.history_["val_loss"])
        assert known[: trained.fitted_epochs].all()
        assert known[trained.fitted_epochs :].all() == (cell["validation"] == "X_val" or trained.passes == 0)


def check_callbacks(trained: Trained) -> None:
    assert trained.epochs[0] == (trained.mlp.n_iter_ if trained.cell["callbacks"] == "plain" else 0)
    if trained.cell["callbacks"] == "scikit-learn" and trained.fitted_epochs:
        log = [row for row in trained.monitor.get_logs().data if row["task_name"] == "epoch"]
        assert len(log) == trained.fitted_epochs


def check_that_the_same_again_is_the_same(trained: Trained) -> None:
    again = Trained(trained.cell)
    expected = trained.model.predict(trained.X)
    assert np.array_equal(again.model.predict(trained.X), expected)
    twin = clone(trained.model)
    assert not hasattr(twin[-1] if isinstance(twin, Pipeline) else twin, "network_")
    trained.mlp.set_params(callbacks=())  # functions of a test cannot be pickled
    loaded = pickle.loads(pickle.dumps(trained.model))
    assert np.array_equal(loaded.predict(trained.X), expected)


CHECKS: list[Callable[[Trained], None]] = [
    check_outputs,
    check_it_learned,
    check_history,
    check_callbacks,
    check_that_the_same_again_is_the_same,
]


def test_each_pair_is_covered() -> None:
    assert not missing_pairs(FACTORS, IMPOSSIBLE, CELLS)
    assert missing_pairs(FACTORS, IMPOSSIBLE, CELLS[1:])
    assert len(CELLS) <= 30


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: ", ".join(cell.values()))
def test_together(cell: Cell) -> None:
    trained = Trained(cell)
    for check in CHECKS:
        check(trained)
