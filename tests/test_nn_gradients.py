"""The checker itself: it must find what is wrong, and blame the right tensor."""

from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.nn.gradients import central_difference


def network(hidden: Any = nn.Sigmoid) -> Any:
    rng = np.random.default_rng(0)
    return nn.Sequential(nn.Linear(2, 3, rng=rng), hidden(), nn.Linear(3, 2, rng=rng), nn.Sigmoid())


X = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
Y = np.eye(2)[[0, 1, 1]]


class WithoutTheOneOverT(nn.MSELoss):
    def per_row(self, outputs: Any, targets: Any) -> Any:
        losses, slopes = super().per_row(outputs, targets)
        return losses, slopes * outputs.shape[-1]


class WithoutTheTwo(nn.MSELoss):
    def per_row(self, outputs: Any, targets: Any) -> Any:
        losses, slopes = super().per_row(outputs, targets)
        return losses, slopes / 2


class WrongSign(nn.MSELoss):
    def per_row(self, outputs: Any, targets: Any) -> Any:
        losses, slopes = super().per_row(outputs, targets)
        return losses, -slopes


class WrongLinear(nn.Linear):
    """Multiplies δ⁽ˡ⁾ by A⁽ˡ⁾ where A⁽ˡ⁻¹⁾ belongs; possible only where both have one width."""

    def forward(self, x: Any, *, training: Any = None) -> Any:
        z, _ = super().forward(x)
        return z, (x, z)

    def backward(self, gradient: Any, saved: Any) -> Any:
        x, z = saved
        input_gradient, gradients = super().backward(gradient, x)
        return input_gradient, {**gradients, "weight": gradient.T @ (1 / (1 + np.exp(-z)))}


def test_a_right_network_passes() -> None:
    assert nn.gradient_error(network(), nn.MSELoss(), X, Y) < 1e-8
    assert nn.gradient_error(network(nn.Tanh), nn.MSELoss(), X, Y, weights=[1, 2, 0.5]) < 1e-8


@pytest.mark.parametrize("loss", [WithoutTheOneOverT(), WithoutTheTwo(), WrongSign()], ids=repr)
def test_common_traps_3_and_4_a_gradient_that_is_not_that_of_the_stated_loss_is_caught(loss: nn.Loss) -> None:
    # Twice or half too large: |g - 2g| / (|g| + |2g|) = 1/3; of the wrong sign: 1.
    assert nn.gradient_error(network(), loss, X, Y) > 0.3


def test_common_trap_6_the_wrong_activation_in_the_last_formula_is_caught_and_named() -> None:
    rng = np.random.default_rng(1)
    net = nn.Sequential(nn.Linear(2, 2, rng=rng), nn.Sigmoid(), WrongLinear(2, 2, rng=rng), nn.Sigmoid())
    errors = nn.gradient_errors(net, nn.MSELoss(), X, Y)
    assert next(iter(errors)) == "2.weight"
    assert errors.pop("2.weight") > 1e-2
    assert max(errors.values()) < 1e-8


def test_nothing_is_changed_and_float32_networks_are_checked_in_float64() -> None:
    net = network().copy(np.float32)
    before = {name: array.copy() for name, array in net.parameters().items()}
    rows = X.copy()
    assert nn.gradient_error(net, nn.MSELoss(), rows, Y) < 1e-8
    np.testing.assert_array_equal(rows, X)
    for name, array in net.parameters().items():
        np.testing.assert_array_equal(array, before[name])


def test_central_differences_of_a_known_function() -> None:
    w = np.array([[0.5, -2.0], [30.0, 0.0]])
    np.testing.assert_allclose(central_difference(lambda: float((w**3).sum()), w), 3 * w**2, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(w, [[0.5, -2.0], [30.0, 0.0]])
