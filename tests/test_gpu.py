"""What only a GPU can show: the same numbers as a CPU to float32's tolerance, mixed precision, room for large data."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import feedforward as ff
import table_cases
from expected_failures import NO_GPU
from feedforward import nn
from feedforward.training.plan import Plan, Rows
from feedforward.training.torch_engine import TorchEngine
from feedforward.training.torch_rows import DeviceRows

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_GPU)]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(330, 6)).astype(np.float32)
CODES = (X @ RNG.normal(size=(6, 3))).argmax(axis=1)
OPTIMIZERS = [nn.SGD, nn.RMSprop, nn.Adam, nn.AdamW]


def plan_of(n: int, batch: int, epochs: int, rate: float, members: int = 1) -> Plan:
    """Epochs whose last batch is smaller."""
    order = [np.concatenate([RNG.permutation(n) for _ in range(epochs)]) for _ in range(members)]
    bounds = np.append(np.add.outer(n * np.arange(epochs), np.arange(0, n, batch)).ravel(), n * epochs)
    steps = len(bounds) - 1
    return Plan(
        0, np.array(order), bounds, np.full(steps, rate), np.full(steps, 0.01), np.arange(members, dtype=np.uint64)
    )


def network(dropout: float = 0.2) -> nn.Sequential:
    rng = np.random.default_rng(1)
    return nn.Sequential(nn.Linear(6, 16, rng=rng), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 3, rng=rng))


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_gpu_comes_to_the_numbers_of_a_cpu(optimizer: Any, weighted: bool, members: int | None) -> None:
    start = network().copy(np.float32) if members is None else nn.stack([network()] * members).copy(np.float32)
    plan = plan_of(330, 32, 5, 1e-3, members or 1)
    rows = Rows(X, CODES, RNG.uniform(0.5, 2, 330).astype(np.float32) if weighted else None)
    found = []
    for device in ("cpu", "cuda"):
        net = start.copy()
        engine = TorchEngine(net, nn.CrossEntropyLoss(), optimizer(1e-3), rows, "accuracy", device=device)
        outcome = engine.run(plan)
        assert outcome.done == plan.steps
        found.append((net.parameters(), outcome.losses, engine.predict(X)))
    (cpu, losses, outputs), (gpu, same_losses, same_outputs) = found
    np.testing.assert_allclose(same_losses, losses, atol=1e-4)
    np.testing.assert_allclose(same_outputs, outputs, atol=1e-3)
    for name, array in cpu.items():
        np.testing.assert_allclose(gpu[name], array, atol=1e-3, err_msg=name)


@pytest.mark.parametrize("first", list(table_cases.FIRST))
@pytest.mark.parametrize("members", [None, 3])
def test_networks_of_tables_come_to_the_numbers_of_a_cpu(members: int | None, first: str) -> None:
    case = {**table_cases.PLAIN, "members": members, "first": first}
    given, plan, found = table_cases.rows_of(case), table_cases.plan_of(case), []
    assert given.weights is not None
    rows = Rows(given.X.astype(np.float32), given.targets, given.weights.astype(np.float32))
    for device in ("cpu", "cuda"):
        net = table_cases.start_of(case).copy(np.float32)
        engine = TorchEngine(net, nn.CrossEntropyLoss(), nn.AdamW(1e-3), rows, "accuracy", device=device)
        outcome = engine.run(plan)
        assert outcome.done == plan.steps
        found.append((outcome.losses, engine.predict(rows.X)))
    (losses, outputs), (same_losses, same_outputs) = found
    np.testing.assert_allclose(same_losses, losses, atol=5e-3)
    np.testing.assert_allclose(same_outputs, outputs, atol=2e-2)


def test_small_networks_go_by_a_graph_and_graphs_change_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, found = plan_of(330, 32, 20, 1e-3), []
    plan = replace(plan, dropout=np.linspace(1, 0, plan.steps))
    for may_graph in (True, False):
        net = network().copy(np.float32)
        engine = TorchEngine(net, nn.CrossEntropyLoss(), nn.Adam(), Rows(X, CODES), "accuracy", device="cuda")
        engine._may_graph = may_graph
        engine.run(plan)
        assert (engine._graph is not None) == may_graph, "the graph could not be taken"
        found.append(net.parameters())
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, atol=1e-5, err_msg=name)


def test_rows_sent_in_parts_are_the_rows_that_lie_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedforward.training.torch_rows.PART", 2**12)  # many parts
    plan, rows, found = plan_of(330, 32, 5, 1e-3), Rows(X, CODES), []
    for resident in (True, False):
        net = network().copy(np.float32)
        engine = TorchEngine(net, nn.CrossEntropyLoss(), nn.RMSprop(), rows, "accuracy", device="cuda")
        engine._rows = DeviceRows(rows, torch.device("cuda"), resident=resident)
        engine.run(plan)
        found.append(net.parameters())
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, atol=1e-6, err_msg=name)


def test_mixed_precision_reaches_the_accuracy_of_float32() -> None:
    X_all, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X_all / 16, y, stratify=y, random_state=0)
    accuracy = {}
    for dtype in ("float32", "bfloat16"):
        model = ff.MLPClassifier((128,), engine="torch", device="cuda", dtype=dtype, max_epochs=40, random_state=0)
        model.fit(X_train, y_train)
        assert model.network_.dtype == np.float32
        accuracy[dtype] = model.score(X_test, y_test)
    assert accuracy["float32"] > 0.96
    assert accuracy["bfloat16"] > accuracy["float32"] - 0.01


def test_two_gigabytes_of_network_and_of_rows_fit() -> None:
    rows = Rows(np.ones((2**17, 2**12), np.float32), np.zeros((2**17, 1), np.float32))
    big = nn.Sequential(nn.Linear(2**12, 2**16), nn.ReLU(), nn.Linear(2**16, 2**12), nn.Linear(2**12, 1)).copy(
        np.float32
    )
    engine = TorchEngine(big, nn.MSELoss(), nn.SGD(1e-9), rows, "squared_error", device="cuda")
    bounds = np.array([0, 256, 512])
    plan = Plan(0, np.arange(512)[None], bounds, np.full(2, 1e-9), np.zeros(2), np.zeros(1, np.uint64))
    assert engine.run(plan).done == 2
