"""What only the torch engine promises: gradients by autograd, rows sent in parts, graphs, and torch left as it was."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from engine_cases import (
    CASES,
    LOSSES,
    PLAIN,
    M,
    N,
    assert_near,
    engine_of,
    name_of,
    plan_of,
    rows_of,
    split,
    start_of,
    train_by,
)
from feedforward import nn
from feedforward.errors import SettingError
from feedforward.training import torch_engine
from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.plan import Plan, Rows
from feedforward.training.torch_engine import TorchEngine
from feedforward.training.torch_graph import GraphedSteps
from feedforward.training.torch_rows import DeviceRows


@pytest.mark.parametrize("case", CASES[::5], ids=name_of)
def test_its_gradients_are_those_of_the_layers(case: dict[str, Any]) -> None:
    case = {**case, "optimizer": "sgd", "decay": 0.0}
    rng = np.random.default_rng(0)
    network, rows = start_of(case), rows_of(case)
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


def trained(case: dict[str, Any], *, resident: bool = True) -> nn.Sequential:
    network = start_of(case)
    engine = engine_of(TorchEngine, case, network)
    engine._rows = DeviceRows(rows_of(case), torch.device("cpu"), resident=resident)
    assert engine.run(plan_of(case, 50)).done == 50
    return network


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_in_parts_give_what_resident_rows_give(weighted: bool, members: int | None) -> None:
    case = {**PLAIN, "weighted": weighted, "members": members}
    assert_near(trained(case, resident=False), trained(case))


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
    twin, plan = network.copy(), plan_of(PLAIN, 30)
    losses = engine_of(TorchEngine, PLAIN, network).run(plan).losses
    same = engine_of(NumpyEngine, PLAIN, twin).run(plan).losses
    np.testing.assert_allclose(losses, same, atol=1e-12)


def test_an_interrupted_span_has_never_been(monkeypatch: pytest.MonkeyPatch) -> None:
    network, optimizer = start_of(PLAIN), nn.Adam()
    engine = engine_of(TorchEngine, PLAIN, network, optimizer)
    first, second = split(plan_of(PLAIN, 20), 2)
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
    trained({**PLAIN, "weighted": True})
    after = torch.random.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_two_threads_compute_what_one_does() -> None:
    case = {**PLAIN, "hidden": (260, 200), "batch": N}
    before, alone = torch.get_num_threads(), trained(case)
    torch.set_num_threads(2)  # the tests run with one
    try:
        assert_near(trained(case), alone, rtol=1e-10, atol=1e-12)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "mode",
    [torch.no_grad, torch.inference_mode, lambda: torch.device("meta")],
    ids=["no_grad", "inference_mode", "default device"],
)
@pytest.mark.parametrize("optimizer", ["momentum", "rmsprop", "adam"])
@pytest.mark.parametrize("members", [None, 3])
def test_modes_of_torch_that_are_set_outside_change_nothing(members: int | None, optimizer: str, mode: Any) -> None:
    case = {**PLAIN, "optimizer": optimizer, "dropout": 0.2, "weighted": True, "members": members}
    expected = trained(case)
    with mode():
        found = trained(case)
    assert_near(found, expected)


def test_factors_for_unknown_parameters_are_refused() -> None:
    with pytest.raises(SettingError, match=r"Adam has factors for unknown parameters: 0\.wieght"):
        engine_of(TorchEngine, PLAIN, start_of(PLAIN), nn.Adam(rate_factors={"0.wieght": 2.0}))


@pytest.mark.parametrize("case", [case for case in CASES if case["optimizer"] in ("adam", "adamw")][::2], ids=name_of)
def test_steps_read_from_tables_are_the_steps_of_the_plan(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a GPU repeats as a graph, done here step by step: a graph itself needs a GPU."""
    monkeypatch.setattr(GraphedSteps, "_taken", taken_without_a_gpu)
    monkeypatch.setattr(torch_engine, "pays", lambda *given: True)
    network, optimizer, losses, scores = train_by(TorchEngine, case, spans=3)
    monkeypatch.undo()
    stepwise, same_optimizer, same_losses, same_scores = train_by(TorchEngine, case, spans=3)
    np.testing.assert_allclose(losses, same_losses, rtol=0, atol=1e-5)  # a rate in a table is of float32
    np.testing.assert_allclose(scores, same_scores, rtol=0, atol=1e-5)
    assert_near(network, stepwise, atol=1e-5)
    assert optimizer.state["step"] == same_optimizer.state["step"]


def taken_without_a_gpu(steps: GraphedSteps) -> Any:
    steps._step()
    steps.walk.load()
    return steps._step


def test_what_cannot_be_a_graph_is_done_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(steps: GraphedSteps) -> Any:
        steps._step()
        raise RuntimeError("operation not permitted when stream is capturing")

    expected = trained(PLAIN)
    monkeypatch.setattr(GraphedSteps, "_taken", fails)
    monkeypatch.setattr(torch_engine, "pays", lambda *given: True)
    assert_near(trained(PLAIN), expected)
