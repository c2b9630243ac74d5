"""The torch engine against the one that can be read: the same numbers, for every pair of settings."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.training import torch_engine
from feedforward.training.compiled_engine import CompiledEngine
from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.plan import Plan, Rows
from feedforward.training.torch_engine import TorchEngine
from feedforward.training.torch_graph import GraphedSteps
from feedforward.training.torch_rows import DeviceRows
from test_compiled_engine import (
    CASES,
    LOSSES,
    OPTIMIZERS,
    PLAIN,
    M,
    N,
    case_network,
    case_plan,
    case_rows,
    split,
    start_of,
    train_by,
)


def name_of(case: dict[str, Any]) -> str:
    return "-".join(str(value) for value in case.values())


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_engines_agree(case: dict[str, Any]) -> None:
    network, optimizer, losses, scores = train_by(TorchEngine, case)
    readable, same_optimizer, same_losses, same_scores = train_by(NumpyEngine, case)
    np.testing.assert_allclose(losses, same_losses, rtol=0, atol=1e-8)
    np.testing.assert_allclose(scores, same_scores, rtol=0, atol=1e-8)
    for name, array in readable.parameters().items():
        np.testing.assert_allclose(network.parameters()[name], array, rtol=0, atol=1e-8, err_msg=name)
    assert optimizer.state.keys() == same_optimizer.state.keys()
    for name, array in same_optimizer.state.items():
        np.testing.assert_allclose(optimizer.state[name], array, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("case", CASES[::5], ids=name_of)
def test_its_gradients_are_those_of_the_layers(case: dict[str, Any]) -> None:
    case = {**case, "optimizer": "sgd", "decay": 0.0}
    rng = np.random.default_rng(0)
    network, rows = start_of(case), case_rows(case, rng)
    k, loss = case["members"] or 1, LOSSES[case["loss"]][0]
    order = np.stack([rng.permutation(N) for _ in range(k)])
    plan = Plan(3, order, np.array([0, N]), np.ones(1), np.zeros(1), np.arange(k, dtype=np.uint64))
    picked = order[0] if case["members"] is None else order
    outputs, saved = network.forward(rows.X[picked], training=(plan.seeds if network.members else plan.seeds[0], 3))
    weights = None if rows.weights is None else rows.weights[picked]
    gradients = network.gradients(loss.value_and_gradient(outputs, rows.targets[picked], weights)[1], saved)
    before = network.copy().parameters()
    assert TorchEngine(network, loss, nn.SGD(1.0), rows, LOSSES[case["loss"]][2]).run(plan).done == 1
    for name, array in network.parameters().items():
        np.testing.assert_allclose(before[name] - array, gradients[name], rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("case", CASES[::9], ids=name_of)
def test_spans_of_any_length_are_the_same_bits(case: dict[str, Any]) -> None:
    network, optimizer, losses, _ = train_by(TorchEngine, case)
    again, same_optimizer, same_losses, _ = train_by(TorchEngine, case, spans=7)
    np.testing.assert_array_equal(losses, same_losses)
    for name, array in network.parameters().items():
        np.testing.assert_array_equal(array, again.parameters()[name])
    for name, array in optimizer.state.items():
        np.testing.assert_array_equal(array, same_optimizer.state[name])


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize("other", [CompiledEngine, NumpyEngine])
def test_an_optimizer_goes_on_in_another_engine(optimizer: str, other: Any) -> None:
    rng = np.random.default_rng(0)
    network, rows, plan = case_network(PLAIN, rng, M), case_rows(PLAIN, rng), case_plan(PLAIN, rng, 40)
    twin, loss = network.copy(), nn.CrossEntropyLoss()
    there, back = OPTIMIZERS[optimizer](), OPTIMIZERS[optimizer]()
    first, second = split(plan, 2)
    TorchEngine(network, loss, there, rows, "accuracy").run(first)
    other(network, loss, there, rows, "accuracy").run(second)
    other(twin, loss, back, rows, "accuracy").run(first)
    TorchEngine(twin, loss, back, rows, "accuracy").run(second)
    for name, array in network.parameters().items():
        np.testing.assert_allclose(array, twin.parameters()[name], atol=1e-10)
    assert there.state["step"] == back.state["step"] == 40


@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_a_step_that_is_not_finite_is_not_made(optimizer: str, members: int | None) -> None:
    case = {**PLAIN, "members": members, "optimizer": optimizer, "dropout": 0.2}
    rng = np.random.default_rng(0)
    network, rows, plan = start_of(case), case_rows(case, rng), case_plan(case, rng, 20)
    plan.learning_rate[:] = np.where(np.arange(20) == 7, 1e305, 1e-3)
    twin = network.copy()
    outcome = TorchEngine(network, nn.CrossEntropyLoss(), OPTIMIZERS[optimizer](), rows, "accuracy").run(plan)
    readable = NumpyEngine(twin, nn.CrossEntropyLoss(), OPTIMIZERS[optimizer](), rows, "accuracy").run(plan)
    assert outcome.done == readable.done < 20
    np.testing.assert_allclose(outcome.losses, readable.losses, rtol=1e-9)  # NaN where nothing was done
    for name, array in network.parameters().items():
        assert np.isfinite(array).all()
        np.testing.assert_allclose(array, twin.parameters()[name], rtol=1e-9)


def trained(
    rows: Rows, rng_seed: int = 0, network: nn.Sequential | None = None, resident: bool = True
) -> nn.Sequential:
    rng = np.random.default_rng(rng_seed)
    network = case_network(PLAIN, rng, M) if network is None else network
    k = network.members or 1
    plan = case_plan({**PLAIN, "members": k}, rng, 50)
    engine = TorchEngine(network, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy")
    if not resident:
        engine._rows = DeviceRows(rows, torch.device("cpu"), resident=False)
    assert engine.run(plan).done == 50
    return network


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_in_parts_and_sparse_rows_give_what_dense_rows_give(weighted: bool, members: int | None) -> None:
    rows = case_rows({**PLAIN, "weighted": weighted}, np.random.default_rng(4))
    rows.X[rows.X < 0.5] = 0
    start = start_of({**PLAIN, "members": members})
    expected = trained(rows, network=start.copy()).parameters()
    for found in (
        trained(rows, network=start.copy(), resident=False),
        trained(Rows(csr_array(rows.X), rows.targets, rows.weights), network=start.copy()),
    ):
        for name, array in found.parameters().items():
            np.testing.assert_array_equal(array, expected[name])


def test_float32_stays_near_float64_and_float32() -> None:
    rng = np.random.default_rng(0)
    network, rows, plan = case_network(PLAIN, rng, M), case_rows(PLAIN, rng), case_plan(PLAIN, rng)
    narrow, optimizer = network.copy(np.float32), nn.Adam()
    TorchEngine(network, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy").run(plan)
    engine = TorchEngine(
        narrow, nn.CrossEntropyLoss(), optimizer, Rows(rows.X.astype(np.float32), rows.targets), "accuracy"
    )
    assert engine.run(plan).losses.dtype == np.float64
    for name, array in network.parameters().items():
        assert narrow.parameters()[name].dtype == np.float32
        np.testing.assert_allclose(narrow.parameters()[name], array, atol=2e-3, err_msg=name)
    assert {array.dtype for name, array in optimizer.state.items() if name != "step"} == {np.dtype(np.float32)}
    assert engine.predict(rows.X).dtype == np.float32


def test_arrays_put_into_the_network_between_two_spans_are_trained() -> None:
    rng = np.random.default_rng(0)
    network, rows, plan = case_network(PLAIN, rng, M), case_rows(PLAIN, rng), case_plan(PLAIN, rng, 20)
    first, second = split(plan, 2)
    running = TorchEngine(network, nn.CrossEntropyLoss(), nn.SGD(0.1), rows, "accuracy")
    running.run(first)
    network[0].weight = np.zeros_like(network[0].weight)
    twin = network.copy()
    running.run(second)
    NumpyEngine(twin, nn.CrossEntropyLoss(), nn.SGD(0.1), rows, "accuracy").run(second)
    for name, array in network.parameters().items():
        np.testing.assert_allclose(array, twin.parameters()[name], atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_prediction_does_not_depend_on_the_rows_beside_it(dtype: Any) -> None:
    net = nn.Sequential(nn.Linear(7, 33), nn.ReLU(), nn.Linear(33, 5)).copy(dtype)
    many = np.random.default_rng(1).normal(size=(600, 7)).astype(dtype)
    engine = TorchEngine(net, nn.MSELoss(), nn.SGD(0.1), Rows(many, many[:, :5]), "squared_error")
    together = engine.predict(many)
    for part in (1, 10, 256, 257, 599):
        np.testing.assert_array_equal(engine.predict(many[:part]), together[:part])
    np.testing.assert_array_equal(engine.predict(csr_array(many)), together)
    np.testing.assert_allclose(together, net(many), rtol=1e-4, atol=1e-6)


def test_networks_inside_networks_drop_the_units_that_the_readable_engine_drops() -> None:
    rng = np.random.default_rng(0)
    inside = nn.Sequential(nn.Dropout(0.4), nn.Linear(6, 6, rng=rng), nn.Tanh(), nn.Dropout(0.2))
    network = nn.Sequential(nn.Linear(M, 6, rng=rng), inside, nn.Linear(6, 3, rng=rng))
    twin, rows, plan = network.copy(), case_rows(PLAIN, rng), case_plan(PLAIN, rng, 30)
    losses = TorchEngine(network, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy").run(plan).losses
    same = NumpyEngine(twin, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy").run(plan).losses
    np.testing.assert_allclose(losses, same, atol=1e-12)


def test_an_interrupted_span_has_never_been(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    network, optimizer = case_network(PLAIN, rng, M), nn.Adam()
    engine = TorchEngine(network, nn.CrossEntropyLoss(), optimizer, case_rows(PLAIN, rng), "accuracy")
    first, second = split(case_plan(PLAIN, rng, 20), 2)
    engine.run(first)
    before, state = network.copy().parameters(), {name: array.copy() for name, array in optimizer.state.items()}
    steps = iter(range(5))

    def interrupted(*given: Any) -> None:
        if next(steps) == 3:
            raise KeyboardInterrupt
        step(*given)

    step = engine._walk.step
    monkeypatch.setattr(engine._walk, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.run(second)
    for name, array in {**network.parameters(), **optimizer.state}.items():
        np.testing.assert_array_equal(array, {**before, **state}[name])


def test_training_leaves_the_globals_of_torch_alone() -> None:
    before = torch.random.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    trained(case_rows({**PLAIN, "weighted": True}, np.random.default_rng(0)))
    after = torch.random.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_a_span_with_gradients_switched_off_outside_learns_all_the_same() -> None:
    rows = case_rows(PLAIN, np.random.default_rng(0))
    expected = trained(rows).parameters()
    with torch.no_grad():
        found = trained(rows)
    for name, array in found.parameters().items():
        np.testing.assert_array_equal(array, expected[name])


def test_factors_for_unknown_parameters_are_refused() -> None:
    rows = case_rows(PLAIN, np.random.default_rng(0))
    network = case_network(PLAIN, np.random.default_rng(0), M)
    with pytest.raises(SettingError, match=r"Adam has factors for unknown parameters: 0\.wieght"):
        TorchEngine(network, nn.CrossEntropyLoss(), nn.Adam(rate_factors={"0.wieght": 2.0}), rows, "accuracy")


@pytest.mark.parametrize("case", [case for case in CASES if case["optimizer"] in ("adam", "adamw")][::2], ids=name_of)
def test_steps_read_from_tables_are_the_steps_of_the_plan(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a GPU repeats as a graph, done here step by step: a graph itself needs a GPU."""
    monkeypatch.setattr(GraphedSteps, "_taken", taken_without_a_gpu)
    monkeypatch.setattr(torch_engine, "pays", lambda *given: True)
    network, optimizer, losses, scores = train_by(TorchEngine, case, spans=3)
    monkeypatch.undo()
    readable, same_optimizer, same_losses, same_scores = train_by(TorchEngine, case, spans=3)
    np.testing.assert_allclose(losses, same_losses, rtol=0, atol=1e-5)  # a rate in a table is of float32
    for name, array in readable.parameters().items():
        np.testing.assert_allclose(network.parameters()[name], array, rtol=0, atol=1e-5, err_msg=name)
    assert scores.shape == same_scores.shape
    assert optimizer.state["step"] == same_optimizer.state["step"]


def taken_without_a_gpu(steps: GraphedSteps) -> Any:
    steps._step()
    steps.walk.load()
    return steps._step


def test_what_cannot_be_a_graph_is_done_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(steps: GraphedSteps) -> Any:
        steps._step()
        raise RuntimeError("operation not permitted when stream is capturing")

    rows = case_rows(PLAIN, np.random.default_rng(0))
    expected = trained(rows).parameters()
    monkeypatch.setattr(GraphedSteps, "_taken", fails)
    monkeypatch.setattr(torch_engine, "pays", lambda *given: True)
    for name, array in trained(rows).parameters().items():
        np.testing.assert_array_equal(array, expected[name])
