"""The proof: backpropagation against central differences, over hundreds of random networks."""

from typing import Any

import numpy as np
import pytest

from feedforward import nn

TOLERANCE = 1e-6
KINK = 1e-4
ACTIVATION_LAYERS = [
    nn.Identity, nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus,
]  # fmt: skip
LOSSES = [
    nn.MSELoss(),
    nn.HuberLoss(),
    nn.BCEWithLogitsLoss(),
    nn.CrossEntropyLoss(),
    nn.CrossEntropyLoss(label_smoothing=0.1),
]
DEPTHS = range(5)
# Every activation with every loss and every depth, with weights and without by turns: 275 networks.
CASES = [
    pytest.param(
        activation,
        loss,
        depth,
        bool((i + j + depth) % 2),
        id=f"{activation.__name__}-{loss!r}-depth {depth}-{'weighted' if (i + j + depth) % 2 else 'plain'}",
    )
    for i, activation in enumerate(ACTIVATION_LAYERS)
    for j, loss in enumerate(LOSSES)
    for depth in DEPTHS
]


def random_network(activation: Any, depth: int, rng: Any, m: Any = 3, t: int = 2) -> Any:
    widths = [m, *rng.integers(2, 5, depth), t]
    layers = []
    for i in range(depth + 1):
        layers += [nn.Linear(int(widths[i]), int(widths[i + 1])), activation()]
    net = nn.Sequential(*layers[:-1])
    # Weights of He's size keep the gradients of the first layers well above rounding, whatever the depth.
    nn.initialize(net.parameters(), rng, nn.initializers.he_normal, nn.initializers.normal)
    return net


def random_targets(loss: nn.Loss, n: int, t: int, rng: Any) -> Any:
    if isinstance(loss, nn.CrossEntropyLoss):
        return rng.integers(0, t, n)
    if isinstance(loss, nn.BCEWithLogitsLoss):
        return rng.integers(0, 2, (n, t)).astype(float)
    return rng.normal(size=(n, t))


def distance_to_kink(net: nn.Sequential, loss: nn.Loss, X: Any, y: Any) -> Any:
    """How near any number comes to a place where its function has no derivative."""
    nearest, x = np.inf, X
    for layer in net:
        if isinstance(layer, nn.ReLU | nn.LeakyReLU | nn.ELU | nn.SELU):
            nearest = min(nearest, np.abs(x).min())
        x = layer(x)
    if isinstance(loss, nn.HuberLoss):
        nearest = min(nearest, np.abs(np.abs(x - y) - loss.delta).min())
    return nearest


def problem(activation: Any, loss: nn.Loss, depth: int, weighted: bool) -> Any:
    """Draw a network and rows, again where a kink is too near; the same ones in every run."""
    for attempt in range(100):
        kind, index = ACTIVATION_LAYERS.index(activation), LOSSES.index(loss)
        rng = np.random.default_rng([kind, index, depth, weighted, attempt])
        net = random_network(activation, depth, rng)
        X, y = rng.normal(size=(4, 3)), random_targets(loss, 4, 2, rng)
        alive = all(np.abs(gradient).max() > 1e-3 for gradient in gradients_of(net, loss, X, y).values())
        if distance_to_kink(net, loss, X, y) > KINK and alive:
            return net, X, y, rng.uniform(0.5, 2, 4) if weighted else None
    raise AssertionError("no network without kinks in reach")


def gradients_of(net: nn.Sequential, loss: nn.Loss, X: Any, y: Any) -> Any:
    outputs, saved = net.forward(X)
    return net.backward(loss.value_and_gradient(outputs, y)[1], saved)[1]


def test_there_are_more_than_two_hundred_networks() -> None:
    assert len(CASES) >= 200


@pytest.mark.parametrize(("activation", "loss", "depth", "weighted"), CASES)
def test_backpropagation_agrees_with_central_differences(
    activation: Any, loss: nn.Loss, depth: int, weighted: bool
) -> None:
    net, X, y, weights = problem(activation, loss, depth, weighted)
    errors = nn.gradient_errors(net, loss, X, y, weights)
    assert errors.keys() == {*net.parameters(), "input"}
    assert max(errors.values()) <= TOLERANCE, errors


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_with_dropout_on(loss: nn.Loss) -> None:
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Linear(3, 8, rng=rng), nn.Tanh(), nn.Dropout(0.4), nn.Linear(8, 4, rng=rng), nn.Dropout(0.2),
        nn.Linear(4, 2, rng=rng),
    )  # fmt: skip
    X, y = rng.normal(size=(4, 3)), random_targets(loss, 4, 2, rng)
    assert nn.gradient_error(net, loss, X, y, training=(1, 2)) <= TOLERANCE


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_of_a_stack(loss: nn.Loss) -> None:
    nets = [random_network(nn.Tanh, 2, np.random.default_rng(1)) for _ in range(3)]
    for j, net in enumerate(nets):
        nn.initialize(net.parameters(), np.random.default_rng(j), nn.initializers.glorot_normal)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4, 3)), random_targets(loss, 4, 2, rng)
    assert nn.gradient_error(nn.stack(nets), loss, X, y, rng.uniform(1, 2, 4)) <= TOLERANCE


def test_of_a_net_whose_layers_are_networks() -> None:
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Sequential(nn.Linear(3, 4, rng=rng), nn.SiLU()), nn.Linear(4, 2, bias=False, rng=rng))
    assert nn.gradient_error(net, nn.CrossEntropyLoss(), rng.normal(size=(4, 3)), [0, 1, 1, 0]) <= TOLERANCE
