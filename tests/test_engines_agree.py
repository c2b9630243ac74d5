"""The fast engines against the one that can be read: the same numbers, for every pair of settings."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from engine_cases import (
    CASES,
    OPTIMIZERS,
    PLAIN,
    assert_near,
    engine_of,
    loss_of,
    name_of,
    plan_of,
    rows_of,
    split,
    start_of,
    train_by,
)
from feedforward import nn
from feedforward.training.compiled_engine import CompiledEngine
from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.plan import Rows
from feedforward.training.torch_engine import TorchEngine

FAST = [CompiledEngine, TorchEngine]

fast = pytest.mark.parametrize("engine", FAST, ids=["compiled", "torch"])


@cache
def trained_readably(place: int) -> tuple[Any, Any, Any, Any]:
    return train_by(NumpyEngine, CASES[place])


@fast
@pytest.mark.parametrize("place", range(len(CASES)), ids=[name_of(case) for case in CASES])
def test_the_engines_agree(place: int, engine: Any) -> None:
    case = CASES[place]
    network, optimizer, losses, scores = train_by(engine, case)
    readable, same_optimizer, same_losses, same_scores = trained_readably(place)
    assert loss_of(readable, case) < loss_of(start_of(case), case), "the loss did not fall: no fair comparison"
    np.testing.assert_allclose(losses, same_losses, rtol=0, atol=1e-8)
    np.testing.assert_allclose(scores, same_scores, rtol=0, atol=1e-8)
    assert_near(network, readable, atol=1e-8)
    assert optimizer.state.keys() == same_optimizer.state.keys()
    for name, array in same_optimizer.state.items():
        np.testing.assert_allclose(optimizer.state[name], array, rtol=1e-6, atol=1e-8, err_msg=name)


@fast
@pytest.mark.parametrize("case", CASES[::9], ids=name_of)
def test_spans_of_any_length_are_the_same_bits(case: dict[str, Any], engine: Any) -> None:
    network, optimizer, losses, scores = train_by(engine, case)
    again, same_optimizer, same_losses, same_scores = train_by(engine, case, spans=7)
    np.testing.assert_array_equal(losses, same_losses)
    np.testing.assert_array_equal(scores, same_scores)
    assert_near(again, network)
    for name, array in optimizer.state.items():
        np.testing.assert_array_equal(array, same_optimizer.state[name])


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize(
    ("one", "other"),
    [(CompiledEngine, NumpyEngine), (TorchEngine, NumpyEngine), (TorchEngine, CompiledEngine)],
    ids=["compiled-numpy", "torch-numpy", "torch-compiled"],
)
def test_an_optimizer_goes_on_in_another_engine(one: Any, other: Any, optimizer: str) -> None:
    case = {**PLAIN, "optimizer": optimizer}
    network, twin = start_of(case), start_of(case)
    there, back = OPTIMIZERS[optimizer](), OPTIMIZERS[optimizer]()
    first, second = split(plan_of(case, 40), 2)
    engine_of(one, case, network, there).run(first)
    engine_of(other, case, network, there).run(second)
    engine_of(other, case, twin, back).run(first)
    engine_of(one, case, twin, back).run(second)
    assert_near(network, twin, atol=1e-10)
    assert there.state["step"] == back.state["step"] == 40


@fast
@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_a_step_that_is_not_finite_is_not_made(optimizer: str, members: int | None, engine: Any) -> None:
    case = {**PLAIN, "members": members, "optimizer": optimizer, "dropout": 0.2}
    plan, network, twin = plan_of(case, 20), start_of(case), start_of(case)
    plan.learning_rate[:] = np.where(np.arange(20) == 7, 1e305, 1e-3)
    outcome = engine_of(engine, case, network).run(plan)
    readable = engine_of(NumpyEngine, case, twin).run(plan)
    assert outcome.done == readable.done < 20
    np.testing.assert_allclose(outcome.losses, readable.losses, rtol=1e-9)  # NaN where nothing was done
    assert all(np.isfinite(array).all() for array in network.parameters().values())
    assert_near(network, twin, rtol=1e-9)


@fast
@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_rows_give_what_dense_rows_give(weighted: bool, members: int | None, engine: Any) -> None:
    case: dict[str, Any] = {**PLAIN, "weighted": weighted, "members": members}
    rows, plan, networks = rows_of(case), plan_of(case, 50), []
    rows.X[rows.X < 0.5] = 0
    for X in (rows.X, csr_array(rows.X), csr_matrix(rows.X)):
        networks.append(start_of(case))
        running = engine(
            networks[-1], nn.CrossEntropyLoss(), nn.Adam(), Rows(X, rows.targets, rows.weights), "accuracy"
        )
        assert running.run(plan).done == 50
    for sparse in networks[1:]:
        assert_near(sparse, networks[0])


@fast
def test_float32_stays_near_float64_and_float32(engine: Any) -> None:
    network, optimizer = start_of(PLAIN), nn.Adam()
    narrow, rows = network.copy(np.float32), rows_of(PLAIN)
    X = rows.X.astype(np.float32)
    engine_of(engine, PLAIN, network).run(plan_of(PLAIN))
    running = engine(narrow, nn.CrossEntropyLoss(), optimizer, Rows(X, rows.targets), "accuracy")
    assert running.run(plan_of(PLAIN)).losses.dtype == np.float64
    assert {array.dtype for array in narrow.parameters().values()} == {np.dtype(np.float32)}
    assert_near(narrow, network, atol=2e-3)
    assert {array.dtype for name, array in optimizer.state.items() if name != "step"} == {np.dtype(np.float32)}
    assert running.predict(X).dtype == np.float32


@pytest.mark.parametrize("engine", [*FAST, NumpyEngine], ids=["compiled", "torch", "numpy"])
def test_arrays_put_into_the_network_between_two_spans_are_trained(engine: Any) -> None:
    case = {**PLAIN, "optimizer": "sgd"}
    network, (first, second) = start_of(case), split(plan_of(case, 20), 2)
    running = engine_of(engine, case, network)
    running.run(first)
    network[0].weight = np.zeros_like(network[0].weight)
    twin = network.copy()
    running.run(second)
    engine_of(NumpyEngine, case, twin).run(second)
    assert_near(network, twin, atol=1e-12)
