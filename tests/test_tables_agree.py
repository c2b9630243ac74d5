"""Networks of tables: the fast engines against the one that can be read, for every pair of settings."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

import feedforward as ff
from engine_cases import assert_near
from feedforward import nn
from feedforward.errors import InputError
from feedforward.training.compiled_engine import CompiledEngine
from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.plan import Plan, Rows
from feedforward.training.torch_engine import TorchEngine
from feedforward.training.torch_known import untrainable
from table_cases import ACTIVATIONS, CASES, FIRST, LEVELS, PLAIN, N, T, plan_of, rows_of, start_of, table, train_by

fast = pytest.mark.parametrize("engine", [CompiledEngine, TorchEngine], ids=["compiled", "torch"])
names = ["-".join(str(value) for value in case.values()) for case in CASES]


@cache
def trained_readably(place: int) -> Any:
    return train_by(NumpyEngine, CASES[place])


@fast
@pytest.mark.parametrize("place", range(len(CASES)), ids=names)
def test_the_engines_agree(place: int, engine: Any) -> None:
    network, optimizer, losses = train_by(engine, CASES[place])
    readable, same_optimizer, same_losses = trained_readably(place)
    assert same_losses[-40:].mean() < same_losses[:40].mean(), "the loss did not fall: no fair comparison"
    np.testing.assert_allclose(losses, same_losses, rtol=0, atol=1e-8)
    assert_near(network, readable, atol=1e-8)
    assert optimizer.state.keys() == same_optimizer.state.keys()
    for name, array in same_optimizer.state.items():
        np.testing.assert_allclose(optimizer.state[name], array, rtol=1e-6, atol=1e-8, err_msg=name)


@fast
@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_gradients_are_those_of_the_layers(activation: str, members: int | None, engine: Any) -> None:
    case = {**PLAIN, "activation": activation, "members": members, "batch": N}
    network, rows = start_of(case), rows_of(case)
    plan = Plan(7, plan_of(case, 1).order, np.array([0, N]), np.ones(1), np.zeros(1), plan_of(case, 1).seeds)
    batch = plan.order if members else plan.order[0]
    out, saved = network.forward(rows.X[batch], training=(plan.seeds if members else plan.seeds[0], 7))
    _, slope = nn.CrossEntropyLoss().value_and_gradient(out, rows.targets[batch], rows.weights[batch])  # type: ignore[index]
    expected = network.gradients(slope, saved)
    before = network.copy().parameters()
    engine(network, nn.CrossEntropyLoss(), nn.SGD(1.0), rows, "accuracy").run(plan)
    for name, array in network.parameters().items():
        np.testing.assert_allclose(before[name] - array, expected[name], rtol=0, atol=1e-10, err_msg=name)


@fast
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_spans_of_any_length_are_the_same_bits(dtype: Any, engine: Any) -> None:
    network, optimizer, losses = train_by(engine, {**PLAIN, "members": 2}, dtype)
    again, same_optimizer, same_losses = train_by(engine, {**PLAIN, "members": 2}, dtype, spans=7)
    np.testing.assert_array_equal(losses, same_losses)
    assert_near(again, network)
    for name, array in optimizer.state.items():
        np.testing.assert_array_equal(array, same_optimizer.state[name])


@fast
@pytest.mark.parametrize("sparse", [csr_array, csr_matrix])
def test_sparse_rows_give_what_dense_rows_give(sparse: Any, engine: Any) -> None:
    case = {**PLAIN, "first": "scaled"}
    rows, plan = rows_of(case), plan_of(case, 50)
    rows.X[:, :5][rows.X[:, :5] < 0.5] = 0
    networks, found = [], []
    for X in (rows.X, sparse(rows.X)):
        networks.append(start_of(case))
        running = engine(
            networks[-1], nn.CrossEntropyLoss(), nn.Adam(), Rows(X, rows.targets, rows.weights), "accuracy"
        )
        assert running.run(plan).done == 50
        found.append(running.predict(X))
    assert_near(networks[1], networks[0])
    np.testing.assert_array_equal(found[1], found[0])


@pytest.mark.parametrize("wrong", [LEVELS, -1.0, 0.5, np.nan, np.inf])
@pytest.mark.parametrize("sparse", [False, True])
def test_torch_refuses_a_code_without_weights_by_column_and_row(wrong: float, sparse: bool) -> None:
    network, rows = start_of(PLAIN), rows_of(PLAIN)
    engine = TorchEngine(network, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy")
    X = rows.X.copy()
    X[41, 6] = wrong
    given: Any = csr_matrix(X) if sparse else X
    with pytest.raises(InputError, match=(message := r"^column 6: Embedding.* 0 to 5 and got .* in row 41")):
        engine.predict(given)
    with pytest.raises(InputError, match=message):
        TorchEngine(network, nn.CrossEntropyLoss(), nn.Adam(), Rows(given, rows.targets), "accuracy")


@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize("first", list(FIRST))
def test_torch_gives_a_row_the_same_outputs_in_any_company(first: str, members: int | None) -> None:
    case = {**PLAIN, "first": first, "members": members}
    network, X = start_of(case), table(300)
    engine = TorchEngine(network, nn.CrossEntropyLoss(), nn.Adam(), rows_of(case), "accuracy")
    everything = engine.predict(X)
    np.testing.assert_allclose(everything, network(X), atol=1e-12)
    for part in (slice(0, 1), slice(17, 140), slice(None, None, -1)):
        np.testing.assert_array_equal(engine.predict(X[part]), everything[..., part, :])


def nested(rng: np.random.Generator) -> nn.Sequential:
    """What compiled code does not know: layers of any kind side by side, and columns of columns."""
    codes = nn.Columns([([1], nn.Embedding(LEVELS, 2, rng=rng)), ([0], nn.Identity())])
    parts = [
        ((0, 3), nn.Sequential(nn.Linear(3, 4, rng=rng), nn.ReLU(), nn.Dropout(0.4), nn.Scale(4))),
        ([3, 6], nn.Sequential(codes, nn.Linear(3, 2, rng=rng))),
        ([4], nn.Dropout(0.2)),
    ]
    choice = nn.Columns([([4, 1], nn.SELU()), ((0, 4), nn.Identity())])
    return nn.Sequential(nn.Columns(parts), nn.Linear(7, 5, rng=rng), choice, nn.Linear(6, T, rng=rng))


@pytest.mark.parametrize("members", [None, 3])
def test_torch_knows_layers_of_tables_wherever_they_stand(members: int | None) -> None:
    rng, case = np.random.default_rng(0), {**PLAIN, "members": members}
    network = nested(rng) if members is None else nn.stack([nested(rng) for _ in range(members)])
    twin, rows, plan = network.copy(), rows_of(case), plan_of(case)
    engine, readable = (
        kind(net, nn.CrossEntropyLoss(), nn.AdamW(), rows, "accuracy")
        for kind, net in ((TorchEngine, network), (NumpyEngine, twin))
    )
    np.testing.assert_allclose(engine.run(plan).losses, readable.run(plan).losses, rtol=0, atol=1e-8)
    assert_near(network, twin, atol=1e-8)
    np.testing.assert_allclose(engine.predict(rows.X), readable.predict(rows.X), atol=1e-8)


def test_what_torch_cannot_train_is_named() -> None:
    class Own(nn.ReLU):
        pass

    def reason(*layers: nn.Layer) -> str | None:
        return untrainable(nn.Sequential(*layers), nn.MSELoss(), nn.Adam())

    linear = nn.Linear(2, 2)
    assert reason(nn.Columns([((0, 2), nn.Scale(2))]), linear) is None
    assert reason(nn.Columns([((0, 2), Own())]), linear) == "layer 0.0 is a Own"
    assert reason(linear, nn.ParametricActivation(Own(), 2)) == "layer 1 has a Own for its activation"
    within = nn.Columns([([0], nn.Embedding(3, 2)), ([1], nn.Identity())])
    assert reason(nn.Scale(2), within) == "layer 1.0 is an Embedding, which it knows only where it reads the inputs"


@pytest.mark.parametrize("layer", [nn.Scale(2), nn.Columns([((0, 2), nn.Identity())]), nn.Embedding(3, 2)], ids=repr)
def test_no_module_is_made_up_for_a_layer_that_torch_has_none_of(layer: nn.Layer) -> None:
    with pytest.raises(InputError, match=rf"no twin in torch: layer 0 is a {type(layer).__name__}\.$"):
        ff.to_torch(nn.Sequential(layer))


@pytest.mark.parametrize("kind", [ff.TabularClassifier, ff.TabularRegressor])
def test_tabular_estimators_come_to_the_same_by_torch(kind: Any) -> None:
    rng = np.random.default_rng(0)
    X = np.c_[rng.normal(size=(200, 3)), rng.integers(0, 3, 200)]
    towns = np.array([f"town {i}" for i in rng.integers(0, 12, 200)], object)
    frame = np.c_[X.astype(object), towns]
    y = X[:, 0] * X[:, 1] + (X[:, 3] == 1)
    y = y > 0.3 if kind is ff.TabularClassifier else y
    models = [
        kind(preset="fast", members=2, max_epochs=8, engine=engine, random_state=0).fit(frame, y)
        for engine in ("numpy", "torch")
    ]
    one, other = [model.network_.parameters() for model in models]
    assert any("frequency" in name for name in one)
    for name, array in one.items():
        np.testing.assert_allclose(other[name], array, atol=2e-3, err_msg=name)  # float32, the rounding of 8 epochs
