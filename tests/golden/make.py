"""Make the golden files of the present format, those that are not there yet: what was released is never made again.

Beside the files, ``expected.json`` has every weight, digit for digit, rows, and what the models answered for them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import feedforward as ff
from feedforward.files import FORMAT

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2)).round(3)
Y = np.where(X[:, 0] > X[:, 1], "yes", "no")
CODED = np.column_stack([X[:, 0], np.arange(40) % 3])
TABLE = {
    "size": [1.5, None, 3.0, 4.5, 2.0] * 8,
    "town": ["Rome", "Oslo", None, "Zürich", "Rome"] * 8,
    "member": [True, False, True, False, True] * 8,
}


def models() -> dict[str, Any]:
    network: dict[str, Any] = {"hidden_sizes": (3,), "max_epochs": 5, "random_state": 0, "batch_size": 10}
    table = pd.DataFrame(TABLE)
    scaled = TransformedTargetRegressor(
        ff.MLPRegressor(**network, activation="tanh", optimizer="momentum"),
        transformer=StandardScaler(),
        check_inverse=False,
    )
    classifier = ff.MLPClassifier(**network, validation_fraction=0.2, patience=3, class_weight={"yes": 2.0})
    return {
        "perceptron": ff.Perceptron(random_state=0, max_mistakes=40).fit(X, Y),
        "adaline": ff.Adaline(random_state=0, max_epochs=5).fit(X, np.arange(40) % 3),
        "classifier": Pipeline([("encoder", ff.TableEncoder()), ("model", classifier)]).fit(table, Y),
        "regressor": Pipeline([("encoder", ff.TableEncoder()), ("model", scaled)]).fit(table, X[:, 0] * 1000),
        "encoder": ff.TableEncoder(scaling="robust", max_categories=2).fit(table),
        "network": ff.nn.Sequential(ff.nn.Linear(2, 3, rng=RNG), ff.nn.ELU(0.5), ff.nn.Linear(3, 2, rng=RNG)),
        "parameters": ff.nn.Sequential(ff.nn.Linear(2, 1, rng=RNG)).copy(np.float32).parameters(),
        "tabular": ff.nn.stack([tabular(), tabular()]),
    }


def tabular() -> ff.nn.Sequential:
    """Return a network of every layer that reads tables."""
    waves, codes = ff.nn.PeriodicEmbedding(1, 3, rng=RNG), ff.nn.Embedding(3, 2, rng=RNG)
    both = ff.nn.Sequential(ff.nn.ReLU(), ff.nn.Linear(2, 1, rng=RNG))
    columns = ff.nn.Columns([((0, 1), waves), ((1, 2), codes), ([1, 0], both), ((0, 1), ff.nn.Identity())])
    ends = ff.nn.ParametricActivation(ff.nn.LeakyReLU(0.2), 2), ff.nn.Dropout(0.1), ff.nn.Linear(2, 1, rng=RNG)
    return ff.nn.Sequential(columns, ff.nn.Scale(8), ff.nn.Linear(8, 2, rng=RNG), *ends)


def answers_of(model: Any) -> Any:
    """Return what a model answers for the rows it is asked about."""
    if isinstance(model, dict):
        return {name: array.tolist() for name, array in model.items()}
    if isinstance(model, ff.nn.Sequential):
        return model(CODED if isinstance(model[0], ff.nn.Columns) else X).tolist()
    rows = pd.DataFrame(TABLE) if isinstance(model, Pipeline | ff.TableEncoder) else X
    return (model.transform(rows) if isinstance(model, ff.TableEncoder) else model.predict(rows)).tolist()


def weights_of(model: Any) -> dict[str, list[str]]:
    """Return every weight of a model, as text that loses no bit."""
    model = model[-1] if isinstance(model, Pipeline) else model
    model = getattr(model, "regressor_", model)
    model = getattr(model, "network_", model)
    arrays = model.parameters() if isinstance(model, ff.nn.Sequential) else model
    if not isinstance(arrays, dict):
        arrays = {"coef": model.coef_, "intercept": model.intercept_} if hasattr(model, "coef_") else {}
    return {name: [float(number).hex() for number in array.ravel()] for name, array in arrays.items()}


def main() -> None:
    folder = Path(__file__).parent / f"format-{FORMAT}"
    folder.mkdir(exist_ok=True)
    known = folder / "expected.json"
    expected = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
    for name, model in models().items():
        if name not in expected:
            ff.save(model, folder / f"{name}.safetensors")
            expected[name] = {"answers": answers_of(model), "weights": weights_of(model)}
    known.write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
