"""The compiled engine against the one that can be read: the same numbers, for every pair of settings."""

import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.training.compiled_engine import CompiledEngine
from feedforward.training.numpy_engine import NumpyEngine
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
        "dropout_falls": [False, True],
        "weighted": [False, True],
        "decay": [0.0, 0.01],
        "members": [None, 1, 3],
        "batch": [1, 7, 32, N],
        "bias": [True, False],
    }
)


def case_network(case: dict[str, Any], rng: np.random.Generator, m: int) -> nn.Sequential:
    layers: list[nn.Layer] = []
    for h in case["hidden"]:
        layers += [nn.Linear(m, h, bias=case["bias"], rng=rng), LAYERS[case["activation"]]()]
        layers += [nn.Dropout(case["dropout"])] if case["dropout"] else []
        m = h
    return nn.Sequential(*layers, nn.Linear(m, T, rng=rng))


def case_rows(case: dict[str, Any], rng: np.random.Generator, m: int = M) -> Rows:
    X = rng.normal(size=(N, m))
    marks = (X @ rng.normal(size=(m, T)) > 0).astype(np.float64)
    codes = np.argmax(X @ rng.normal(size=(m, T)), axis=1)
    targets = {
        "codes": codes,
        "shares": 0.7 * nn.one_hot(codes, T) + 0.3 / T,
        "one-hot": nn.one_hot(codes, T),
        "numbers": X @ rng.normal(size=(m, T)) / 2,
        "marks": marks,
    }[LOSSES[case["loss"]][1]]
    return Rows(X, targets, rng.uniform(0.5, 2, N) if case["weighted"] else None)


def case_plan(case: dict[str, Any], rng: np.random.Generator, steps: int = STEPS) -> Plan:
    k = case["members"] or 1
    bounds, start = [0], 0
    while len(bounds) <= steps:  # epochs whose last batch is smaller
        start = min(start + case["batch"], (start // N + 1) * N)
        bounds.append(start)
    order = np.stack([np.concatenate([rng.permutation(N) for _ in range(start // N + 1)])[:start] for _ in range(k)])
    rates = np.linspace(1, 0.5, steps) * OPTIMIZERS[case["optimizer"]]().lr
    rates *= 0.1 if case["batch"] == 1 else 1  # a single row's gradient is large where the network is wide
    seeds = rng.integers(0, 2**63, k).astype(np.uint64)
    dropout = np.linspace(1, 0, steps) if case["dropout_falls"] else None
    return Plan(1000, order, np.array(bounds), rates, np.full(steps, case["decay"]), seeds, dropout)


def start_of(case: dict[str, Any]) -> nn.Sequential:
    rng = np.random.default_rng(3)
    networks = [case_network(case, rng, M) for _ in range(case["members"] or 1)]
    return networks[0] if case["members"] is None else nn.stack(networks)


def loss_of(network: nn.Sequential, case: dict[str, Any]) -> float:
    rows = case_rows(case, np.random.default_rng(4))
    value, _ = LOSSES[case["loss"]][0].value_and_gradient(network(rows.X), rows.targets, rows.weights)
    return float(np.mean(value))


def train_by(engine: Any, case: dict[str, Any], spans: int = 1) -> tuple[Any, Any, Any, Any]:
    network, optimizer = start_of(case), OPTIMIZERS[case["optimizer"]]()
    rows, plan = case_rows(case, np.random.default_rng(4)), case_plan(case, np.random.default_rng(5))
    loss, _, score = LOSSES[case["loss"]]
    running = engine(network, loss, optimizer, rows, score)
    outcomes = [running.run(part) for part in split(plan, spans)]
    assert sum(outcome.done for outcome in outcomes) == plan.steps
    losses = np.concatenate([outcome.losses for outcome in outcomes])
    scores = np.concatenate([outcome.scores for outcome in outcomes])
    return network, optimizer, losses, scores


def split(plan: Plan, spans: int) -> list[Plan]:
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(str(value) for value in case.values()))
def test_the_engines_agree(case: dict[str, Any]) -> None:
    network, optimizer, losses, scores = train_by(CompiledEngine, case)
    readable, same_optimizer, same_losses, same_scores = train_by(NumpyEngine, case)
    assert loss_of(readable, case) < loss_of(start_of(case), case), "the loss did not fall: no fair comparison"
    np.testing.assert_allclose(losses, same_losses, rtol=0, atol=1e-8)
    np.testing.assert_allclose(scores, same_scores, rtol=0, atol=1e-8)
    for name, array in readable.parameters().items():
        np.testing.assert_allclose(network.parameters()[name], array, rtol=0, atol=1e-8, err_msg=name)
    assert optimizer.state.keys() == same_optimizer.state.keys()
    for name, array in same_optimizer.state.items():
        np.testing.assert_allclose(optimizer.state[name], array, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("case", CASES[::9], ids=lambda case: "-".join(str(value) for value in case.values()))
def test_spans_of_any_length_are_the_same_bits(case: dict[str, Any]) -> None:
    network, optimizer, losses, _ = train_by(CompiledEngine, case)
    again, same_optimizer, same_losses, _ = train_by(CompiledEngine, case, spans=7)
    np.testing.assert_array_equal(losses, same_losses)
    for name, array in network.parameters().items():
        np.testing.assert_array_equal(array, again.parameters()[name])
    for name, array in optimizer.state.items():
        np.testing.assert_array_equal(array, same_optimizer.state[name])


PLAIN = {
    "activation": "ReLU",
    "loss": "cross-entropy",
    "optimizer": "adam",
    "hidden": (8,),
    "dropout": 0.0,
    "dropout_falls": False,
    "weighted": False,
    "decay": 0.0,
    "members": None,
    "batch": 32,
    "bias": True,
}


def test_an_optimizer_goes_on_in_another_engine() -> None:
    rng = np.random.default_rng(0)
    network, rows, plan = case_network(PLAIN, rng, M), case_rows(PLAIN, rng), case_plan(PLAIN, rng, 40)
    twin, optimizer, same = network.copy(), nn.Adam(), nn.Adam()
    first, second = split(plan, 2)
    loss = nn.CrossEntropyLoss()
    CompiledEngine(network, loss, optimizer, rows, "accuracy").run(first)
    NumpyEngine(network, loss, optimizer, rows, "accuracy").run(second)
    NumpyEngine(twin, loss, same, rows, "accuracy").run(first)
    CompiledEngine(twin, loss, same, rows, "accuracy").run(second)
    for name, array in network.parameters().items():
        np.testing.assert_allclose(array, twin.parameters()[name], atol=1e-10)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam", "adamw"])
def test_a_step_that_is_not_finite_is_not_made(optimizer: str) -> None:
    rng = np.random.default_rng(0)
    network, rows, plan = case_network(PLAIN, rng, M), case_rows(PLAIN, rng), case_plan(PLAIN, rng, 20)
    plan.learning_rate[:] = np.where(np.arange(20) == 7, 1e305, 1e-3)
    engine = CompiledEngine(network, nn.CrossEntropyLoss(), OPTIMIZERS[optimizer](), rows, "accuracy")
    outcome = engine.run(plan)
    twin = case_network(PLAIN, np.random.default_rng(0), M)
    readable = NumpyEngine(twin, nn.CrossEntropyLoss(), OPTIMIZERS[optimizer](), rows, "accuracy").run(plan)
    assert outcome.done == readable.done < 20
    assert np.isnan(outcome.losses[outcome.done + 1 :]).all()
    for name, array in network.parameters().items():
        assert np.isfinite(array).all()
        np.testing.assert_allclose(array, twin.parameters()[name], rtol=1e-9)


def test_sparse_rows_give_what_dense_rows_give() -> None:
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(0)
    network, rows, plan = case_network(PLAIN, rng, M), case_rows(PLAIN, rng), case_plan(PLAIN, rng, 50)
    rows.X[rows.X < 0.5] = 0
    twin, loss = network.copy(), nn.CrossEntropyLoss()
    CompiledEngine(network, loss, nn.Adam(), rows, "accuracy").run(plan)
    sparse = Rows(csr_matrix(rows.X), rows.targets)
    CompiledEngine(twin, loss, nn.Adam(), sparse, "accuracy").run(plan)
    for name, array in network.parameters().items():
        np.testing.assert_array_equal(array, twin.parameters()[name])


def test_float32_stays_near_float64() -> None:
    rng = np.random.default_rng(0)
    network, rows, plan = case_network(PLAIN, rng, M), case_rows(PLAIN, rng), case_plan(PLAIN, rng)
    narrow = network.copy(np.float32)
    loss = nn.CrossEntropyLoss()
    CompiledEngine(network, loss, nn.Adam(), rows, "accuracy").run(plan)
    narrow_rows = Rows(rows.X.astype(np.float32), rows.targets)
    CompiledEngine(narrow, loss, nn.Adam(), narrow_rows, "accuracy").run(plan)
    for name, array in network.parameters().items():
        np.testing.assert_allclose(narrow.parameters()[name], array, atol=2e-3, err_msg=name)


def test_training_takes_no_memory_by_the_step() -> None:
    from numba.core.runtime import _nrt_python, rtsys

    _nrt_python.memsys_enable_stats()
    rng = np.random.default_rng(0)
    case = {**PLAIN, "hidden": (50,), "dropout": 0.2, "weighted": True}
    network, rows = case_network(case, rng, M), case_rows(case, rng)
    engine = CompiledEngine(network, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy")
    engine.run(case_plan(case, rng, 10))
    found = []
    for steps in (10, 5000):  # what Python takes, and what the compiled code does
        plan, before = case_plan(case, rng, steps), rtsys.get_allocation_stats().alloc
        tracemalloc.start()
        outcome = engine.run(plan)
        peak = tracemalloc.get_traced_memory()[1] - outcome.losses.nbytes - outcome.scores.nbytes
        tracemalloc.stop()
        found.append((rtsys.get_allocation_stats().alloc - before, peak))
    assert found[1][0] == found[0][0]
    assert found[1][1] - found[0][1] < 4096  # the record of losses and scores is all that grows with the steps


def test_allocations_of_compiled_code_are_counted() -> None:
    import numba
    from numba.core.runtime import _nrt_python, rtsys

    @numba.njit
    def wasteful(n: int) -> float:
        total = 0.0
        for _ in range(n):
            total += np.empty(1000)[0] * 0
        return total

    wasteful(1)
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats().alloc
    wasteful(100)
    assert rtsys.get_allocation_stats().alloc - before >= 100


@pytest.mark.parametrize("engine", [CompiledEngine, NumpyEngine])
def test_arrays_put_into_the_network_between_two_spans_are_trained(engine: Any) -> None:
    rng = np.random.default_rng(0)
    network, rows, plan = case_network(PLAIN, rng, M), case_rows(PLAIN, rng), case_plan(PLAIN, rng, 20)
    first, second = split(plan, 2)
    running = engine(network, nn.CrossEntropyLoss(), nn.SGD(0.1), rows, "accuracy")
    running.run(first)
    network[0].weight = np.zeros_like(network[0].weight)
    twin = network.copy()
    running.run(second)
    NumpyEngine(twin, nn.CrossEntropyLoss(), nn.SGD(0.1), rows, "accuracy").run(second)
    for name, array in network.parameters().items():
        np.testing.assert_allclose(array, twin.parameters()[name], atol=1e-12)
