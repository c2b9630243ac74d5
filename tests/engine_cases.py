"""What engines are tried on: a table in which every pair of settings occurs, and the networks, rows and plans of it."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.training.plan import Plan, Rows
from pairs import pairwise

N, M, T, STEPS = 60, 5, 3, 200

LAYERS: dict[str, Callable[[], nn.Layer]] = {
    layer.__name__: layer
    for layer in (nn.Identity, nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish)
} | {"Softplus": nn.Softplus, "LeakyReLU(-0.2)": lambda: nn.LeakyReLU(-0.2), "ELU(0.5)": lambda: nn.ELU(0.5)}
LOSSES = {
    "cross-entropy": (nn.CrossEntropyLoss(), "codes", "accuracy"),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1), "codes", "accuracy"),
    "soft targets": (nn.CrossEntropyLoss(label_smoothing=0.1), "shares", "accuracy"),
    "squared error": (nn.MSELoss(), "numbers", "squared_error"),
    "squared error of classes": (nn.MSELoss(), "one-hot", "accuracy"),
    "huber": (nn.HuberLoss(0.7), "numbers", "squared_error"),
    "binary": (nn.BCEWithLogitsLoss(), "marks", "exact"),
}
OPTIMIZERS: dict[str, Callable[[], nn.Optimizer]] = {
    "sgd": lambda: nn.SGD(0.05),
    "momentum": lambda: nn.SGD(0.02, momentum=0.9, dampening=0.1),
    "nesterov": lambda: nn.SGD(0.02, momentum=0.8, nesterov=True),
    "rmsprop": lambda: nn.RMSprop(2e-3),
    "adam": lambda: nn.Adam(5e-3),
    "adamw": lambda: nn.AdamW(5e-3, rate_factors={"0.weight": 0.5}),
}
CASES = pairwise(
    {
        "activation": list(LAYERS),
        "loss": list(LOSSES),
        "optimizer": list(OPTIMIZERS),
        "hidden": [
            (),
            (7,),
            (6, 5),
            (8, 4, 6),
            (600,),
            (260, 200),
        ],  # the widest takes the products of the BLAS library
        "dropout": [0.0, 0.3],
        "weighted": [False, True],
        "decay": [0.0, 0.01],
        "members": [None, 1, 3],
        "batch": [1, 7, 32, N],
        "bias": [True, False],
    }
)

PLAIN = {
    "activation": "ReLU",
    "loss": "cross-entropy",
    "optimizer": "adam",
    "hidden": (8,),
    "dropout": 0.0,
    "weighted": False,
    "decay": 0.0,
    "members": None,
    "batch": 32,
    "bias": True,
}


def name_of(case: dict[str, Any]) -> str:
    return "-".join(str(value) for value in case.values())


def start_of(case: dict[str, Any]) -> nn.Sequential:
    """Return the network that a case begins with, possibly a stack."""
    rng = np.random.default_rng(3)
    networks = [_network(case, rng) for _ in range(case["members"] or 1)]
    return networks[0] if case["members"] is None else nn.stack(networks)


def _network(case: dict[str, Any], rng: np.random.Generator) -> nn.Sequential:
    layers: list[nn.Layer] = []
    m = M
    for h in case["hidden"]:
        layers += [nn.Linear(m, h, bias=case["bias"], rng=rng), LAYERS[case["activation"]]()]
        layers += [nn.Dropout(case["dropout"])] if case["dropout"] else []
        m = h
    return nn.Sequential(*layers, nn.Linear(m, T, rng=rng))


def rows_of(case: dict[str, Any]) -> Rows:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(N, M))
    marks = (X @ rng.normal(size=(M, T)) > 0).astype(np.float64)
    codes = np.argmax(X @ rng.normal(size=(M, T)), axis=1)
    targets = {
        "codes": codes,
        "shares": 0.7 * nn.one_hot(codes, T) + 0.3 / T,
        "one-hot": nn.one_hot(codes, T),
        "numbers": X @ rng.normal(size=(M, T)) / 2,
        "marks": marks,
    }[LOSSES[case["loss"]][1]]
    return Rows(X, targets, rng.uniform(0.5, 2, N) if case["weighted"] else None)


def plan_of(case: dict[str, Any], steps: int = STEPS) -> Plan:
    k, rng = case["members"] or 1, np.random.default_rng(5)
    bounds, start = [0], 0
    while len(bounds) <= steps:  # epochs whose last batch is smaller
        start = min(start + case["batch"], (start // N + 1) * N)
        bounds.append(start)
    order = np.stack([np.concatenate([rng.permutation(N) for _ in range(start // N + 1)])[:start] for _ in range(k)])
    rates = np.linspace(1, 0.5, steps) * OPTIMIZERS[case["optimizer"]]().lr
    rates *= 0.1 if case["batch"] == 1 else 1  # a single row's gradient is large where the network is wide
    seeds = rng.integers(0, 2**63, k).astype(np.uint64)
    return Plan(1000, order, np.array(bounds), rates, np.full(steps, case["decay"]), seeds, np.linspace(1, 0.3, steps))


def split(plan: Plan, spans: int) -> list[Plan]:
    """Return the plan as so many spans, about as long as each other."""
    cuts = np.linspace(0, plan.steps, spans + 1).astype(int)
    return [
        Plan(
            plan.first_step + a,
            plan.order,
            plan.bounds[a : b + 1],
            plan.learning_rate[a:b],
            plan.weight_decay[a:b],
            plan.seeds,
            plan.dropout[a:b],
        )
        for a, b in itertools.pairwise(cuts)
    ]


def engine_of(engine: Any, case: dict[str, Any], network: nn.Sequential, optimizer: nn.Optimizer | None = None) -> Any:
    """Return an engine that trains this network on the rows of a case, by its optimizer where none is given."""
    loss, _, score = LOSSES[case["loss"]]
    return engine(network, loss, optimizer or OPTIMIZERS[case["optimizer"]](), rows_of(case), score)


def train_by(engine: Any, case: dict[str, Any], spans: int = 1) -> tuple[Any, Any, Any, Any]:
    """Return the network, its optimizer, and the losses and scores of all steps of a case."""
    network, optimizer = start_of(case), OPTIMIZERS[case["optimizer"]]()
    running, plan = engine_of(engine, case, network, optimizer), plan_of(case)
    outcomes = [running.run(part) for part in split(plan, spans)]
    assert sum(outcome.done for outcome in outcomes) == plan.steps
    losses = np.concatenate([outcome.losses for outcome in outcomes])
    scores = np.concatenate([outcome.scores for outcome in outcomes])
    return network, optimizer, losses, scores


def loss_of(network: nn.Sequential, case: dict[str, Any]) -> float:
    rows = rows_of(case)
    value, _ = LOSSES[case["loss"]][0].value_and_gradient(network(rows.X), rows.targets, rows.weights)
    return float(np.mean(value))


def assert_near(found: nn.Sequential, expected: nn.Sequential, *, rtol: float = 0.0, atol: float = 0.0) -> None:
    """Assert that two networks have the same parameters; where no tolerance is given, the same bits."""
    for name, array in expected.parameters().items():
        np.testing.assert_allclose(found.parameters()[name], array, rtol=rtol, atol=atol, err_msg=name)
