"""Lowering: the operations compute what the layers do, said in NumPy and in torch."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from feedforward import nn
from feedforward.errors import InputError
from feedforward.exports import runtime
from feedforward.exports.expressions import NUMPY, TORCH, lines_of
from feedforward.nn.layers import ActivationLayer
from feedforward.nn.lowering import Program, lower

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(size=(50, 3)), RNG.integers(0, 4, 50)])
ACTIVATIONS = sorted((kind for kind in ActivationLayer.__subclasses__()), key=lambda kind: kind.__name__)


def network(seed: int) -> nn.Sequential:
    rng = np.random.default_rng(seed)
    inner = nn.Sequential(nn.Scale(2), nn.Dropout(0.1), nn.Linear(2, 3, bias=False), nn.ReLU())
    net = nn.Sequential(
        nn.Columns(
            [
                ((0, 3), nn.PeriodicEmbedding(3)),
                ((3, 4), nn.Embedding(4, 2)),
                ([0, 2], inner),
                ([2, 0], nn.Identity()),
                ((1, 2), nn.Columns([([0], nn.Sequential(nn.Tanh(), nn.PeriodicEmbedding(1, 5, 3)))])),
            ]
        ),
        nn.Scale(22),
        nn.PeriodicEmbedding(22, 4, 2),
        nn.Linear(44, 6),
        nn.ParametricActivation(nn.SELU(), 6),
        nn.ParametricActivation(nn.Identity(), 6),
        nn.Sequential(nn.Scale(6), nn.Mish()),
        nn.Linear(6, 2, bias=False),
    )
    for array in net.parameters().values():
        array[...] = rng.normal(size=array.shape)
    return net


def in_numpy(program: Program, x: Any) -> Any:
    return _run(program, NUMPY, {**vars(runtime), "np": np, "W": program.constants}, x)


def in_torch(program: Program, x: Any) -> Any:
    constants = {name: torch.from_numpy(array) for name, array in program.constants.items()}
    names = {"torch": torch, "functional": functional, "self": type("Holder", (), constants)}
    return _run(program, TORCH, names, torch.from_numpy(x)).numpy()


def _run(program: Program, language: Any, names: dict[str, Any], x: Any) -> Any:
    lines = [f"    {line}" for line in lines_of(program, language)]
    exec("\n".join(["def run(x):", *lines]), names)
    return names["run"](x)


@pytest.mark.parametrize("run", [in_numpy, in_torch])
@pytest.mark.parametrize("members", [None, 1, 3])
@pytest.mark.parametrize("folded", [False, True])
def test_operations_compute_what_the_network_does(run: Any, members: int | None, folded: bool) -> None:
    net = network(0) if members is None else nn.stack([network(seed) for seed in range(members)])
    expected = net(X)[0] if members == 1 else net(X)
    program = lower(nn.fold(net) if folded else net)
    assert program.members == (3 if members == 3 else None)
    np.testing.assert_allclose(run(program, X), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("run", [in_numpy, in_torch])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_every_activation_is_known(run: Any, dtype: Any, kind: Any) -> None:
    layers = [kind()] + ([kind(0.3)] if kind in (nn.LeakyReLU, nn.ELU) else [])
    z = np.linspace(-40, 40, 403, dtype=dtype)[:, None]
    for layer in layers:
        net = nn.Sequential(nn.Linear(1, 1), layer).copy(dtype)
        net.load_parameters({"0.weight": np.ones((1, 1)), "0.bias": np.zeros(1)})
        found = run(lower(net), z)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, net(z), rtol=2e-6 if dtype == np.float32 else 1e-12, atol=1e-6)


@pytest.mark.parametrize("run", [in_numpy, in_torch])
def test_members_that_share_their_outputs_are_as_many(run: Any) -> None:
    net = nn.stack([nn.Sequential(nn.Columns([((0, 2), nn.Linear(2, 1)), ((2, 4), nn.Tanh())])) for _ in range(3)])
    np.testing.assert_allclose(run(lower(net), X), net(X), rtol=1e-12)


class Double(nn.Layer):
    def forward(self, x: Any, *, training: Any = None) -> Any:
        return 2 * x, None


class MyTanh(nn.Tanh):
    """Of a class that may do anything."""


@pytest.mark.parametrize(
    ("layers", "place"),
    [
        ([Double()], "Layer 0 (Double())"),
        ([nn.Tanh(), nn.Sequential(nn.Columns([([0], Double())]))], "Layer 1.0.0 (Double())"),
        ([MyTanh()], "Layer 0 (MyTanh())"),
        ([nn.ParametricActivation(MyTanh(), 1)], "its activation is of a class of your own"),
    ],
)
def test_layers_of_ones_own_are_named(layers: Any, place: str) -> None:
    with pytest.raises(InputError, match=re.escape(place)):
        lower(nn.Sequential(*layers))


def test_codes_that_members_make_are_refused() -> None:
    net = nn.stack([nn.Sequential(nn.Linear(2, 1), nn.Embedding(3, 2)) for _ in range(2)])
    with pytest.raises(InputError, match=r"Layer 1 .*its codes are what members make"):
        lower(net)
