"""Folding: fewer layers, the same function."""

import re
from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.errors import InputError

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(size=(50, 3)), RNG.integers(0, 4, 50)])


def network(seed: int = 0, bias: bool = True) -> nn.Sequential:
    rng = np.random.default_rng(seed)
    inner = nn.Sequential(nn.Scale(2), nn.Dropout(0.1), nn.Linear(2, 3))
    net = nn.Sequential(
        nn.Columns(
            [
                ((0, 3), nn.PeriodicEmbedding(3)),
                ((3, 4), nn.Embedding(4, 2)),
                ([0, 2], inner),
                ((0, 1), nn.Dropout(0.2)),
            ]
        ),
        nn.Scale(18),
        nn.Linear(18, 6),
        nn.ParametricActivation(nn.SELU(), 6),
        nn.Dropout(0.15),
        nn.Sequential(nn.Identity(), nn.Scale(6), nn.ParametricActivation(nn.Mish(), 6), nn.Scale(6)),
        nn.Scale(6),
        nn.Dropout(0.15),
        nn.Linear(6, 2, bias=bias),
    )
    for array in net.parameters().values():
        array[...] = rng.normal(size=array.shape)
    return net


def kinds(net: Any) -> list[Any]:
    layers = net.layers if isinstance(net, nn.Sequential | nn.Columns) else []
    return [
        [type(layer).__name__, *kinds(layer)] if hasattr(layer, "layers") else type(layer).__name__ for layer in layers
    ]


def test_computes_the_same_with_fewer_layers() -> None:
    net = network()
    folded = nn.fold(net)
    assert kinds(folded) == [
        ["Columns", "PeriodicEmbedding", "Embedding", "Linear", "Identity"],
        "Linear",
        "ParametricActivation",
        "Scale",  # what follows is no Linear
        "ParametricActivation",
        "Linear",
    ]
    np.testing.assert_allclose(folded(X), net(X), rtol=1e-12, atol=1e-13)


def test_the_network_itself_stays_and_shares_nothing() -> None:
    net = network()
    before, expected = {name: array.copy() for name, array in net.parameters().items()}, net(X)
    folded = nn.fold(net, [2.0, 3.0], [1.0, 1.0])
    for array in folded.parameters().values():
        assert not any(np.shares_memory(array, other) for other in net.parameters().values())
        array[...] = 0
    for name, array in net.parameters().items():
        np.testing.assert_array_equal(array, before[name])
    np.testing.assert_array_equal(net(X), expected)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("scale", "shift"), [([2.0, -3.0], [10.0, 0.5]), ([2.0, -3.0], None), (None, [10.0, 0.5])])
def test_outputs_are_scaled_and_shifted(bias: bool, scale: Any, shift: Any) -> None:
    net = network(bias=bias)
    expected = net(X) * (1.0 if scale is None else np.array(scale)) + (0.0 if shift is None else np.array(shift))
    folded = nn.fold(net, scale, shift)
    np.testing.assert_allclose(folded(X), expected, rtol=1e-12, atol=1e-12)
    assert repr(folded[-1]) == "Linear(in_features=6, out_features=2, bias=True)"


@pytest.mark.parametrize("own", [False, True])
def test_members_are_folded_together(own: bool) -> None:
    nets = [network(seed) for seed in range(3)]
    scale, shift = np.array([[2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    if not own:
        scale, shift = scale[0], shift[0]
    folded = nn.fold(nn.stack(nets), scale, shift)
    assert folded.members == 3
    outputs = folded(X)
    for j, net in enumerate(nets):
        factor, term = (scale[j], shift[j]) if own else (scale, shift)
        np.testing.assert_allclose(outputs[j], net(X) * factor + term, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(nn.unstack(folded)[j](X), outputs[j], rtol=1e-12, atol=1e-12)


def test_float32_stays_float32() -> None:
    net = network().copy(np.float32)
    folded = nn.fold(net, [2.0, 3.0], [1.0, 1.0])
    assert {array.dtype for array in folded.parameters().values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(folded(X), net(X) * [2, 3] + 1, rtol=1e-3, atol=1e-3)


def test_several_scales_before_a_linear_are_all_folded() -> None:
    net = nn.Sequential(nn.Scale(2), nn.Scale(2), nn.Linear(2, 1))
    for array in net.parameters().values():
        array[...] = RNG.normal(size=array.shape)
    assert len(nn.fold(net)) == 1
    np.testing.assert_allclose(nn.fold(net)(X[:, :2]), net(X[:, :2]))


def test_what_has_nothing_to_fold_is_copied() -> None:
    assert len(nn.fold(nn.Sequential())) == 0
    assert len(nn.fold(nn.Sequential(nn.Dropout(0.5)))) == 0
    assert repr(nn.fold(nn.Sequential(nn.ReLU()))) == repr(nn.Sequential(nn.ReLU()))


@pytest.mark.parametrize(
    ("net", "scale", "shift", "message"),
    [
        (nn.Linear(2, 1), None, None, "fold: network must be a feedforward.nn.Sequential; got a Linear."),
        (nn.Sequential(), [1.0], None, "fold: scale and shift need a Linear at the end of the network; there is None."),
        (nn.Sequential(nn.Linear(2, 1), nn.Tanh()), None, [1.0], "at the end of the network; there is Tanh()."),
        (
            nn.Sequential(nn.Linear(2, 3)),
            2.0,
            None,
            "fold: scale must have a number for each output, shape (3,); got ().",
        ),
        (
            nn.Sequential(nn.Linear(2, 3)),
            None,
            [1.0],
            "fold: shift must have a number for each output, shape (3,); got (1,)",
        ),
        (nn.Sequential(nn.Linear(2, 1)), ["a"], None, "fold: scale must be numbers; could not convert string to float"),
        (nn.Sequential(nn.Linear(2, 1)), None, [np.nan], "fold: shift must be finite in float64; got [nan]."),
        (
            nn.Sequential(nn.Linear(2, 1)).copy("f"),
            [1e300],
            None,
            "fold: scale must be finite in float32; got [1e+300].",
        ),
    ],
)
def test_what_cannot_be_folded_is_told(net: Any, scale: Any, shift: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        nn.fold(net, scale, shift)
