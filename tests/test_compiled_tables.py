"""Networks of tables in compiled code against the layers that can be read: columns, embeddings, scales, blends."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from feedforward import nn
from feedforward.errors import InputError
from feedforward.training.compiled.layout import CODES, layout_of, unsupported
from feedforward.training.compiled.waves import constants, cosine_and_sine
from feedforward.training.compiled_engine import CompiledEngine
from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.plan import Plan, Rows
from feedforward.training.predictor import outputs
from pairs import pairwise

N, LEVELS, T, STEPS = 90, 6, 3, 200
DTYPES = [np.float32, np.float64]

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
    cuts = np.linspace(0, STEPS, spans + 1).astype(int)
    outcomes = [
        running.run(
            Plan(
                plan.first_step + a,
                plan.order,
                plan.bounds[a : b + 1],
                plan.learning_rate[a:b],
                plan.weight_decay[a:b],
                plan.seeds,
                plan.dropout[a:b],
            )
        )
        for a, b in itertools.pairwise(cuts)
    ]
    assert sum(outcome.done for outcome in outcomes) == STEPS
    return network, optimizer, np.concatenate([outcome.losses for outcome in outcomes])


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(str(value) for value in case.values()))
def test_the_engines_agree(case: dict[str, Any]) -> None:
    network, optimizer, losses = train_by(CompiledEngine, case)
    readable, same_optimizer, same_losses = train_by(NumpyEngine, case)
    assert same_losses[-40:].mean() < same_losses[:40].mean(), "the loss did not fall: no fair comparison"
    np.testing.assert_allclose(losses, same_losses, rtol=0, atol=1e-8)
    for name, array in readable.parameters().items():
        np.testing.assert_allclose(network.parameters()[name], array, rtol=0, atol=1e-8, err_msg=name)
    assert optimizer.state.keys() == same_optimizer.state.keys()
    for name, array in same_optimizer.state.items():
        np.testing.assert_allclose(optimizer.state[name], array, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_gradients_are_those_of_the_layers(activation: str, members: int | None) -> None:
    case = {**PLAIN, "activation": activation, "members": members, "batch": N}
    network, rows = start_of(case), rows_of(case)
    plan = Plan(7, plan_of(case, 1).order, np.array([0, N]), np.ones(1), np.zeros(1), plan_of(case, 1).seeds)
    batch = plan.order if members else plan.order[0]
    out, saved = network.forward(rows.X[batch], training=(plan.seeds if members else plan.seeds[0], 7))
    _, slope = nn.CrossEntropyLoss().value_and_gradient(out, rows.targets[batch], rows.weights[batch])  # type: ignore[index]
    expected = network.gradients(slope, saved)
    before = {name: array.copy() for name, array in network.parameters().items()}
    CompiledEngine(network, nn.CrossEntropyLoss(), nn.SGD(1.0), rows, "accuracy").run(plan)
    for name, array in network.parameters().items():
        np.testing.assert_allclose(before[name] - array, expected[name], rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("members", [None, 3])
def test_float32_stays_near_float64(members: int | None) -> None:
    case = {**PLAIN, "members": members}
    network, _, losses = train_by(CompiledEngine, case)
    narrow, _, narrow_losses = train_by(CompiledEngine, case, np.float32)
    np.testing.assert_allclose(narrow_losses, losses, rtol=2e-3)
    for name, array in network.parameters().items():
        assert narrow.parameters()[name].dtype == np.float32
        np.testing.assert_allclose(narrow.parameters()[name], array, atol=5e-3, err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_spans_of_any_length_are_the_same_bits(dtype: Any) -> None:
    network, optimizer, losses = train_by(CompiledEngine, {**PLAIN, "members": 2}, dtype)
    again, same_optimizer, same_losses = train_by(CompiledEngine, {**PLAIN, "members": 2}, dtype, spans=7)
    np.testing.assert_array_equal(losses, same_losses)
    for name, array in network.parameters().items():
        np.testing.assert_array_equal(array, again.parameters()[name])
    for name, array in optimizer.state.items():
        np.testing.assert_array_equal(array, same_optimizer.state[name])


@pytest.mark.parametrize("members", [2, 3])
def test_members_train_as_each_would_alone(members: int) -> None:
    case = {**PLAIN, "members": members, "hidden": (270, 260), "batch": N}  # products of the BLAS library
    stack, rows, plan = start_of(case), rows_of(case), plan_of(case, 20)
    alone = nn.unstack(stack)
    CompiledEngine(stack, nn.CrossEntropyLoss(), nn.AdamW(1e-3), rows, "accuracy").run(plan)
    for j, network in enumerate(alone):
        own = Plan(
            1000, plan.order[j : j + 1], plan.bounds, plan.learning_rate, plan.weight_decay, plan.seeds[j : j + 1],
            plan.dropout,
        )  # fmt: skip
        CompiledEngine(network, nn.CrossEntropyLoss(), nn.AdamW(1e-3), rows, "accuracy").run(own)
        for name, array in network.parameters().items():
            np.testing.assert_allclose(stack.parameters()[name][j], array, rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize("first", list(FIRST))
def test_a_row_gets_the_same_outputs_in_any_company(first: str, members: int | None, dtype: Any) -> None:
    network = start_of({**PLAIN, "first": first, "members": members, "activation": "Mish"}).copy(dtype)
    X = table(300).astype(dtype)
    everything = outputs(network, X)
    np.testing.assert_allclose(everything, network(X), rtol=1e-4, atol=1e-5)
    for rows in (slice(0, 1), slice(5, 6), slice(17, 140), slice(1, 300), slice(None, None, -1), [3, 3, 299]):
        np.testing.assert_array_equal(outputs(network, X[rows]), everything[..., rows, :])


def test_members_predict_rows_of_their_own() -> None:
    network = start_of({**PLAIN, "members": 3})
    X = table(3 * 50).reshape(3, 50, 7)
    own = outputs(network, X)
    for j in range(3):
        np.testing.assert_array_equal(own[j], outputs(network, X[j])[j])


def test_sparse_rows_give_what_dense_rows_give() -> None:
    case = {**PLAIN, "first": "scaled"}
    network, rows, plan = start_of(case), rows_of(case), plan_of(case, 50)
    rows.X[:, :5][rows.X[:, :5] < 0.5] = 0
    twin = network.copy()
    CompiledEngine(network, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy").run(plan)
    sparse = Rows(csr_matrix(rows.X), rows.targets, rows.weights)
    CompiledEngine(twin, nn.CrossEntropyLoss(), nn.Adam(), sparse, "accuracy").run(plan)
    for name, array in network.parameters().items():
        np.testing.assert_array_equal(array, twin.parameters()[name])
    np.testing.assert_array_equal(outputs(network, csr_matrix(rows.X)), outputs(network, rows.X))


@pytest.mark.parametrize("wrong", [LEVELS, -1.0, 0.5, np.nan, np.inf, 1e30])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_code_without_weights_is_refused_by_column_and_row(wrong: float, sparse: bool) -> None:
    network, X = start_of(PLAIN), table()
    X[41, 6] = wrong
    rows: Any = csr_matrix(X) if sparse else X
    with pytest.raises(InputError, match=r"column 6: Embedding.* 0 to 5 and got .* in row 41"):
        outputs(network, rows)
    X = np.delete(X, np.s_[42:], axis=0)
    X = X[41:] if sparse else X
    rows = Rows(csr_matrix(X) if sparse else X, np.zeros(len(X), np.int64))
    plan = Plan(0, np.arange(len(X))[None], np.array([0, len(X)]), np.ones(1), np.zeros(1), np.zeros(1, np.uint64))
    with pytest.raises(InputError, match=r"column 6: Embedding"):
        CompiledEngine(network, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy").run(plan)


def test_prediction_follows_arrays_put_into_a_layer_of_columns() -> None:
    network, X = start_of(PLAIN), table()
    before = outputs(network, X)
    network[0].layers[2].weight = np.zeros((LEVELS, 3))
    after = outputs(network, X)
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(after, network(X), atol=1e-12)


def test_what_cannot_be_compiled_is_named() -> None:
    class Own(nn.ReLU):
        pass

    def reason(*layers: nn.Layer) -> str | None:
        return unsupported(nn.Sequential(*layers), nn.MSELoss(), nn.Adam())

    linear, nested = nn.Linear(2, 2), nn.Columns([((0, 2), nn.Identity())])
    assert reason(nested, linear) is None
    assert reason(nn.Columns([((0, 2), nested)]), linear) == "layer 0.0 is a Columns in Columns"
    assert reason(nn.Columns([((0, 2), nn.Linear(2, 2))]), linear) == "layer 0.0 is a Linear in Columns"
    assert reason(linear, nested) == "layer 1 is a Columns, which it knows as the first layer alone"
    assert reason(nn.Scale(2)) == "the network has no Linear"
    assert reason(linear, nn.ParametricActivation(Own(), 2)) == "layer 1 has a Own for its activation"


@pytest.mark.parametrize(
    ("name", "place"), [("frequency", 0), ("phase", 0), ("projection", 0), ("shift", 0), ("weight", 2)]
)
def test_arrays_of_another_shape_are_refused(name: str, place: int) -> None:
    network = start_of(PLAIN)
    layer = network[0].layers[place]
    setattr(layer, name, getattr(layer, name)[..., :-1].copy())
    with pytest.raises(InputError, match=rf"layer 0\.{place} .* needs a {name} of float64"):
        layout_of(network, 7)


def test_layers_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match=r"layer 1 \(Scale\(features=3\)\) expects 3 columns and gets 2"):
        layout_of(nn.Sequential(nn.Linear(2, 2), nn.Scale(3)), 2)
    with pytest.raises(InputError, match=r"layer 0 \(Columns\) expects 7 columns and gets 8"):
        layout_of(start_of(PLAIN), 8)


def waves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cosine, sine = x.copy(), np.empty_like(x)
    cosine_and_sine(cosine, sine, constants(x.dtype))
    return cosine, sine


@pytest.mark.parametrize(("dtype", "furthest"), [(np.float32, 8e3), (np.float64, 1e6)])
def test_cosine_and_sine_are_right_to_two_units_of_the_last_place(dtype: Any, furthest: float) -> None:
    near = np.linspace(-30, 30, 60001)
    x = np.concatenate([near, np.arange(-40, 41) * np.pi / 4, np.linspace(-furthest, furthest, 100_001)]).astype(dtype)
    exact = x.astype(np.longdouble)
    for found, expected in zip(waves(x), (np.cos(exact), np.sin(exact)), strict=True):
        assert np.abs(found - expected).max() < np.finfo(dtype).eps
        large = np.abs(expected) > 1e-3
        assert np.abs(found[large] / expected[large] - 1).max() < 2 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", DTYPES)
def test_cosine_and_sine_of_huge_angles_stay_numbers_and_nan_stays_nan(dtype: Any) -> None:
    x = np.array([1e7, -1e12, 1e30, np.finfo(dtype).max], dtype)
    for found in waves(x):
        assert (np.abs(found) <= 1).all()
    assert np.isnan(waves(np.full(16, np.nan, dtype))).all()
