"""Networks of tables that engines are tried on: every pair of settings occurs, and each layer that reads a table."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine_cases import split
from feedforward import nn
from feedforward.training.compiled.layout import CODES
from feedforward.training.plan import Plan, Rows
from pairs import pairwise

N, LEVELS, T, STEPS = 90, 6, 3, 200

ACTIVATIONS: dict[str, Callable[[], Any]] = {
    **{kind.__name__: kind for kind in CODES},
    "LeakyReLU(-0.2)": lambda: nn.LeakyReLU(-0.2),
    "ELU(0.5)": lambda: nn.ELU(0.5),
}
# Columns 0 to 4 are numbers, 5 and 6 hold codes.
FIRST: dict[str, tuple[int, Callable[[Any], list[nn.Layer]]]] = {
    "everything": (
        14,
        lambda rng: [
            nn.Columns(
                [
                    ((0, 2), nn.PeriodicEmbedding(2, 5, 3, sigma=0.5, rng=rng)),
                    ([4, 2], nn.Identity()),
                    ((6, 7), nn.Embedding(LEVELS, 3, rng=rng)),
                    ([1], nn.Identity()),
                    ([5], nn.Embedding(LEVELS, 2, rng=rng)),
                ]
            )
        ],
    ),
    "scaled": (
        7,
        lambda rng: [
            nn.Columns(
                [
                    ([5], nn.Embedding(LEVELS, 1, rng=rng)),
                    ([2, 0], nn.PeriodicEmbedding(2, 3, 2, rng=rng)),
                    ([3, 6], nn.Identity()),
                ]
            ),
            nn.Scale(7),
        ],
    ),
    "a scale": (7, lambda rng: [nn.Scale(7)]),
    "waves": (28, lambda rng: [nn.PeriodicEmbedding(7, 4, 4, rng=rng), nn.Scale(28)]),
    "a choice": (2, lambda rng: [nn.Columns([([6, 0], nn.Identity())])]),
}
OPTIMIZERS: dict[str, Callable[[dict[str, float]], nn.Optimizer]] = {
    "adamw": lambda factors: nn.AdamW(5e-3, rate_factors=factors, decay_factors=factors),
    "sgd": lambda factors: nn.SGD(0.02, rate_factors=factors),
}
CASES = pairwise(
    {
        "activation": list(ACTIVATIONS),
        "first": list(FIRST),
        "hidden": [(9,), (8, 6), (270, 40)],
        "optimizer": list(OPTIMIZERS),
        "dropout": [0.0, 0.3],
        "decay": [0.0, 0.01],
        "weighted": [False, True],
        "members": [None, 1, 3],
        "batch": [1, 17, N],
    }
)
PLAIN: dict[str, Any] = {
    "activation": "SELU",
    "first": "everything",
    "hidden": (8, 6),
    "optimizer": "adamw",
    "dropout": 0.3,
    "decay": 0.01,
    "weighted": True,
    "members": None,
    "batch": 17,
}


def one_network(case: dict[str, Any], rng: np.random.Generator) -> nn.Sequential:
    width, first = FIRST[case["first"]]
    layers = first(rng)
    for h in case["hidden"]:
        layers += [nn.Linear(width, h, rng=rng), nn.ParametricActivation(ACTIVATIONS[case["activation"]](), h)]
        layers += [nn.Dropout(case["dropout"])] if case["dropout"] else []
        width = h
    network = nn.Sequential(*layers, nn.Linear(width, T, rng=rng))
    for name, array in network.parameters().items():
        if name.endswith(("alpha", "scale")):
            array[...] = rng.uniform(0.3, 1.5, array.shape)
    return network


def start_of(case: dict[str, Any]) -> nn.Sequential:
    rng = np.random.default_rng(3)
    networks = [one_network(case, rng) for _ in range(case["members"] or 1)]
    return networks[0] if case["members"] is None else nn.stack(networks)


def table(n: int = N) -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.column_stack([rng.normal(size=(n, 5)), rng.integers(0, LEVELS, (n, 2))])


def rows_of(case: dict[str, Any]) -> Rows:
    rng, X = np.random.default_rng(5), table()
    y = np.argmax(X[:, :5] @ rng.normal(size=(5, T)) + rng.normal(size=(LEVELS, T))[X[:, 5].astype(int)], axis=1)
    return Rows(X, y, rng.uniform(0.5, 2, N) if case["weighted"] else None)


def plan_of(case: dict[str, Any], steps: int = STEPS) -> Plan:
    rng, k = np.random.default_rng(6), case["members"] or 1
    bounds = np.arange(steps + 1) * case["batch"]
    epochs = bounds[-1] // N + 1
    order = np.stack([np.concatenate([rng.permutation(N) for _ in range(epochs)])[: bounds[-1]] for _ in range(k)])
    rates = np.linspace(1, 0.5, steps) * OPTIMIZERS[case["optimizer"]]({}).lr * (0.3 if case["batch"] == 1 else 1)
    seeds = rng.integers(0, 2**63, k).astype(np.uint64)
    return Plan(1000, order, bounds, rates, np.full(steps, case["decay"]), seeds, np.linspace(1, 0, steps))


def train_by(engine: Any, case: dict[str, Any], dtype: Any = np.float64, spans: int = 1) -> Any:
    network, rows, plan = start_of(case).copy(dtype), rows_of(case), plan_of(case)
    weights = None if rows.weights is None else rows.weights.astype(dtype)
    factors = {name: (1.0, 0.5, 2.0)[i % 3] for i, name in enumerate(network.parameters())}
    optimizer = OPTIMIZERS[case["optimizer"]](factors)
    running = engine(
        network, nn.CrossEntropyLoss(0.1), optimizer, Rows(rows.X.astype(dtype), rows.targets, weights), "accuracy"
    )
    outcomes = [running.run(part) for part in split(plan, spans)]
    assert sum(outcome.done for outcome in outcomes) == STEPS
    return network, optimizer, np.concatenate([outcome.losses for outcome in outcomes])
