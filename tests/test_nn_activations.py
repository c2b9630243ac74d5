"""Activations against torch, central differences and extreme inputs."""

from typing import Any

import numpy as np
import pytest
import torch

from feedforward.nn.activations import ACTIVATIONS, elu, leaky_relu

TORCH = {
    "identity": torch.nn.Identity(),
    "sigmoid": torch.nn.Sigmoid(),
    "tanh": torch.nn.Tanh(),
    "relu": torch.nn.ReLU(),
    "leaky_relu": torch.nn.LeakyReLU(),
    "elu": torch.nn.ELU(),
    "selu": torch.nn.SELU(),
    "gelu": torch.nn.GELU(),
    "silu": torch.nn.SiLU(),
    "mish": torch.nn.Mish(),
    "softplus": torch.nn.Softplus(),
}
EVERY = pytest.mark.parametrize("name", ACTIVATIONS)


def test_every_activation_has_an_oracle() -> None:
    assert TORCH.keys() == ACTIVATIONS.keys()


def agree_with_torch(activation: Any, module: Any, z: Any) -> None:
    leaf: Any = torch.tensor(z, requires_grad=True)
    value = module(leaf)
    value.sum().backward()
    a = activation.value(z)
    np.testing.assert_allclose(a, value.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(activation.slope(z, a), leaf.grad.numpy(), rtol=1e-10, atol=1e-12)


@EVERY
def test_value_and_slope_are_those_of_torch(name: str) -> None:
    # torch's Softplus gives up its curve above 20; kinks (0) are included: both sides take the slope from the left.
    agree_with_torch(ACTIVATIONS[name], TORCH[name], np.linspace(-19, 19, 381))


def test_settings_of_leaky_relu_and_elu_are_those_of_torch() -> None:
    z = np.linspace(-5, 5, 101)
    agree_with_torch(leaky_relu(0.3), torch.nn.LeakyReLU(0.3), z)
    agree_with_torch(elu(0.7), torch.nn.ELU(0.7), z)


@EVERY
def test_slope_is_the_slope_of_the_value(name: str) -> None:
    z, h = np.linspace(-6, 6, 240), 1e-6  # an even number of points: none at a kink
    activation = ACTIVATIONS[name]
    steepness = (activation.value(z + h) - activation.value(z - h)) / (2 * h)
    np.testing.assert_allclose(activation.slope(z, activation.value(z)), steepness, atol=1e-8)


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_give_finite_numbers_of_the_same_dtype(name: str, dtype: Any) -> None:
    z = np.array([-1e30, -1e4, -800, -90, -1e-30, 0, 1e-30, 90, 800, 1e4, 1e30], dtype)
    activation = ACTIVATIONS[name]
    a = activation.value(z)
    slope = activation.slope(z, a)
    assert a.dtype == slope.dtype == dtype
    assert np.isfinite(a).all()
    assert np.isfinite(slope).all()


@EVERY
def test_shape_is_kept(name: str) -> None:
    z = np.zeros((2, 3, 4))
    assert ACTIVATIONS[name].value(z).shape == ACTIVATIONS[name].slope(z, z).shape == (2, 3, 4)


def test_sigmoid_falls_where_its_argument_does_and_never_overflows() -> None:
    # Common trap 7: printed as 1/(1 + exp(z)) it would rise to the left; exp(-z) overflows for z = -1000.
    sigmoid = ACTIVATIONS["sigmoid"].value
    np.testing.assert_array_equal(sigmoid(np.array([-1000.0, 0.0, 1000.0])), [0.0, 0.5, 1.0])
    assert 0 < sigmoid(np.array([-700.0]))[0] < 1e-300
