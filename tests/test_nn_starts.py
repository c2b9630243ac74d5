"""The start from rows: net inputs of unit spread, and bends among the rows."""

import re
from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.errors import InputError, SettingError

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(size=(400, 3)) * [1.0, 50.0, 0.01] + [0.0, 1e3, 0.0], RNG.integers(0, 4, 400)])


def network(rng: Any = 0) -> nn.Sequential:
    blocks = [((0, 3), nn.PeriodicEmbedding(3, rng=np.random.default_rng(rng))), ((3, 4), nn.Embedding(4, 2))]
    return nn.Sequential(
        nn.Columns(blocks),
        nn.Scale(14),
        nn.Linear(14, 20),
        nn.ParametricActivation(nn.SELU(), 20),
        nn.Dropout(0.5),
        nn.Sequential(nn.Linear(20, 30), nn.Tanh()),
        nn.Linear(30, 5),
    )


def net_inputs(net: nn.Sequential, rows: Any) -> list[Any]:
    """Z of each Linear, in order."""
    found = []
    for layer in net:
        for inner in layer if isinstance(layer, nn.Sequential) else [layer]:
            rows = inner(rows)
            found += [rows] if isinstance(inner, nn.Linear) else []
    return found


@pytest.mark.parametrize(("dtype", "within"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_every_net_input_spreads_by_one_and_crosses_zero_among_the_rows(dtype: Any, within: float) -> None:
    net = network().copy(dtype)
    nn.start_from_rows(net, X, np.random.default_rng(1))
    assert net.dtype == dtype
    inputs = net_inputs(net, X.astype(dtype))
    assert [z.shape[1] for z in inputs] == [20, 30, 5]
    for z in inputs:
        np.testing.assert_allclose(z.std(axis=0, dtype=np.float64), 1, rtol=within)
        assert (z.min(axis=0) < 0).all()
        assert (z.max(axis=0) > 0).all()


def test_biases_spread_as_mixtures_of_five_rows_do() -> None:
    # Of z with mean μ and variance 1 the mixture Σ cᵢ zᵢ, c ~ Dirichlet(1, 1, 1, 1, 1), has mean μ and variance
    # Σ E[cᵢ²] = 5 · 2 / (5 · 6) = 1/3.
    rows = np.random.default_rng(2).normal(7.0, 3.0, (1000, 4))
    net = nn.Sequential(nn.Linear(4, 20_000))
    nn.start_from_rows(net, rows, np.random.default_rng(3))
    mixtures = net(rows).mean(axis=0)  # μ + b = −Σ cᵢ (zᵢ − μ)
    assert abs(mixtures.mean()) < 0.02
    assert abs(mixtures.var() - 1 / 3) < 0.02


def test_directions_of_weights_are_those_of_normal_draws() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(20_000, 2))  # alike in all directions, so the spread of w x is |w|
    net = nn.Sequential(nn.Linear(2, 20_000))
    nn.start_from_rows(net, rows, rng)
    np.testing.assert_allclose(np.linalg.norm(net[0].weight, axis=1), 1, atol=0.03)
    assert np.abs(np.mean(net[0].weight, axis=0)).max() < 0.02


def test_other_parameters_stay_and_the_generator_decides() -> None:
    nets = [network() for _ in range(3)]
    nets[2].load_parameters({**nets[0].parameters(), "2.weight": np.ones((20, 14))})
    before = {name: array.copy() for name, array in nets[0].parameters().items()}
    nets[1].load_parameters(before)
    for net, seed in zip(nets, (1, 2, 1), strict=True):
        nn.start_from_rows(net, X, np.random.default_rng(seed))
    for name, array in nets[0].parameters().items():
        drawn = name in ("2.weight", "2.bias", "5.0.weight", "5.0.bias", "6.weight", "6.bias")
        assert (array != before[name]).any() == drawn, name
        assert (nets[1].parameters()[name] != array).any() == drawn, name
        np.testing.assert_array_equal(nets[2].parameters()[name], array)  # whatever was there before


def test_layers_of_columns_are_started_too_and_biases_are_optional() -> None:
    net = nn.Sequential(nn.Columns([((0, 3), nn.Linear(3, 4, bias=False)), ((3, 4), nn.Identity())]), nn.Linear(5, 2))
    nn.start_from_rows(net, X, np.random.RandomState(0))
    np.testing.assert_allclose(net[0](X)[:, :4].std(axis=0), 1)
    np.testing.assert_allclose(net(X).std(axis=0), 1)


@pytest.mark.parametrize("rows", [np.zeros((5, 2)), np.ones((5, 2)), [[3.0, 4.0]], np.full((9, 2), 1e6)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_do_not_differ_give_weights_of_the_usual_size(rows: Any, dtype: Any) -> None:
    net = nn.Sequential(nn.Linear(2, 500)).copy(dtype)
    nn.start_from_rows(net, rows, np.random.default_rng(0))
    assert abs(net[0].weight.std() * np.sqrt(2) - 1) < 0.1
    np.testing.assert_allclose(net(rows), 0, atol=1e-5 * np.max(rows) + 1e-30)


def test_of_very_many_rows_a_part_is_enough() -> None:
    rows = np.random.default_rng(0).normal(size=(100_000, 2))
    net = nn.Sequential(nn.Linear(2, 10))
    nn.start_from_rows(net, rows, np.random.default_rng(0))
    np.testing.assert_allclose(net(rows).std(axis=0), 1, rtol=0.03)


@pytest.mark.parametrize(
    ("net", "rows", "message"),
    [
        (
            nn.Linear(2, 1),
            np.ones((3, 2)),
            "start_from_rows: network must be a feedforward.nn.Sequential; got a Linear.",
        ),
        (
            nn.stack([nn.Sequential(nn.Linear(2, 1))]),
            np.ones((3, 2)),
            "this is a stack: start each before stacking them.",
        ),
        (nn.Sequential(nn.Linear(2, 1)), np.ones((0, 2)), "needs one row or more, shape ('n', 'm'); got shape (0, 2)."),
        (nn.Sequential(nn.Linear(2, 1)), [1.0, 2.0], "needs one row or more, shape ('n', 'm'); got shape (2,)."),
        (nn.Sequential(nn.Linear(2, 1)), [["a", 1]], "start_from_rows: X must be rows of numbers; could not convert"),
        (
            nn.Sequential(nn.Linear(2, 1)),
            np.ones((3, 3)),
            "layer 0 (Linear(in_features=2, out_features=1, bias=True)) exp",
        ),
    ],
)
def test_what_cannot_be_started_is_told(net: Any, rows: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        nn.start_from_rows(net, rows, np.random.default_rng(0))


def test_rows_that_are_not_finite_are_refused_and_nothing_is_changed() -> None:
    net, rows = nn.Sequential(nn.Linear(2, 1)), np.ones((3, 2))
    rows[1, 0] = np.nan
    before = net[0].weight.copy()
    with pytest.raises(InputError, match=r"start_from_rows: X contains nan in row 1 \(counted from 0\), column 0"):
        nn.start_from_rows(net, rows, np.random.default_rng(0))
    np.testing.assert_array_equal(net[0].weight, before)


@pytest.mark.parametrize("rng", [0, None, "seed"])
def test_the_generator_is_one(rng: Any) -> None:
    with pytest.raises(SettingError, match="start_from_rows: rng must be a numpy.random.Generator"):
        nn.start_from_rows(nn.Sequential(nn.Linear(2, 1)), [[1.0, 2.0]], rng)
