"""Networks of tables in compiled code against the layers that can be read: columns, embeddings, scales, blends."""

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from feedforward import nn
from feedforward.errors import InputError
from feedforward.training.compiled.layout import layout_of, unsupported
from feedforward.training.compiled.waves import constants, cosine_and_sine
from feedforward.training.compiled_engine import CompiledEngine
from feedforward.training.plan import Plan, Rows
from feedforward.training.predictor import outputs
from table_cases import FIRST, LEVELS, PLAIN, N, plan_of, rows_of, start_of, table, train_by

DTYPES = [np.float32, np.float64]


@pytest.mark.parametrize("members", [None, 3])
def test_float32_stays_near_float64(members: int | None) -> None:
    case = {**PLAIN, "members": members}
    network, _, losses = train_by(CompiledEngine, case)
    narrow, _, narrow_losses = train_by(CompiledEngine, case, np.float32)
    np.testing.assert_allclose(narrow_losses, losses, rtol=2e-3)
    for name, array in network.parameters().items():
        assert narrow.parameters()[name].dtype == np.float32
        np.testing.assert_allclose(narrow.parameters()[name], array, atol=5e-3, err_msg=name)


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
