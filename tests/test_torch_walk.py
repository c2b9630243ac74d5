"""The walk of the torch engine: what it reads from the network and the optimizer, and what it leaves there."""

from typing import Any

import numpy as np
import pytest
import torch

from feedforward import nn
from feedforward.training.torch_layers import IN_PLACE, outputs, passes_of
from feedforward.training.torch_parts import Walk

CPU = torch.device("cpu")


def walk_of(optimizer: nn.Optimizer, units: int, decay: float = 0.0) -> tuple[nn.Sequential, Walk]:
    network = nn.Sequential(nn.Linear(3, units, rng=np.random.default_rng(0)))
    return network, Walk(network, optimizer, CPU, decays=decay > 0)


@pytest.mark.parametrize("units", [5, 30_000])  # all parameters in one tensor, each in its own
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["Adam", "AdamW"])
def test_its_updates_are_those_of_the_optimizers_of_torch(kind: str, decay: float, units: int) -> None:
    network, walk = walk_of(getattr(nn, kind)(), units, decay)
    theirs = {name: torch.tensor(array, requires_grad=True) for name, array in network.parameters().items()}
    groups: Any = [{"params": [p], "weight_decay": 0.0 if "bias" in name else decay} for name, p in theirs.items()]
    optimizer = getattr(torch.optim, kind)(groups, lr=0.01)
    generator = torch.Generator().manual_seed(1)
    for span in (2, 1):
        walk.load()
        for _ in range(span):
            gradients = [torch.randn(root.shape, dtype=root.dtype, generator=generator) for root in walk.roots]
            for name, parameter in theirs.items():
                parameter.grad = walk._part(gradients, name).clone()
            walk.step(gradients, 0.01, decay)
            optimizer.step()
        walk.store(span)
    for name, array in network.parameters().items():
        np.testing.assert_allclose(array, theirs[name].detach().numpy(), rtol=1e-12, atol=1e-14)


def test_finite_numbers_whose_sum_is_infinite_are_finite() -> None:
    _, walk = walk_of(nn.Adam(), 5)
    walk.load()
    huge = torch.full((3,), torch.finfo(torch.float64).max, dtype=torch.float64)
    assert walk.are_finite([huge])
    assert not walk.are_finite([torch.tensor([float("inf"), float("-inf")])])
    assert not walk.are_finite([huge, torch.tensor([0.0, float("nan")])])


def test_state_that_cannot_be_written_is_replaced() -> None:
    optimizer = nn.Adam()
    network, walk = walk_of(optimizer, 5)
    for name, array in network.parameters().items():
        for key in ("mean", "mean_square"):
            optimizer.state[f"{name}.{key}"] = np.zeros(array.shape)
            optimizer.state[f"{name}.{key}"].flags.writeable = False
    walk.load()
    walk.step([torch.ones_like(root) for root in walk.roots], 0.01, 0.0)
    walk.store(1)
    np.testing.assert_allclose(optimizer.state["0.bias.mean"], 0.1)


@pytest.mark.parametrize("kind", [*IN_PLACE])
def test_an_activation_writes_over_outputs_of_a_layer_but_never_over_the_rows(kind: type[nn.Layer]) -> None:
    rows = torch.linspace(-2, 2, 6, dtype=torch.float64).view(2, 3)
    kept = rows.clone()
    network = nn.Sequential(kind(), nn.Linear(3, 3, rng=np.random.default_rng(0)), kind(), kind())
    walk = Walk(network, nn.Adam(), CPU, decays=False)
    walk.load()
    found = outputs(passes_of(network, walk.leaves, training=True), rows, ())
    torch.autograd.grad(found.sum(), walk.roots)
    assert torch.equal(rows, kept)
    np.testing.assert_allclose(found.detach().numpy(), network(rows.numpy()), rtol=1e-12)
