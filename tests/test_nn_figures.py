"""Figures of record for networks on the reference data, a network by hand, and the common traps."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split

from feedforward import nn

X, Y = make_blobs(n_samples=1000, n_features=2, centers=2, random_state=42, cluster_std=2.5)
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(X, Y, test_size=0.33, random_state=42)


def sigmoid_network(*widths: Any, rng: Any = None) -> Any:
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs, rng=rng), nn.Sigmoid()]
    return nn.Sequential(*layers)


def accuracy(net: nn.Sequential, rows: Any, labels: Any) -> Any:
    return (net(rows).argmax(axis=1) == labels).mean()


def train(net: nn.Sequential, optimizer: Any, epochs: Any = 50, batch_size: Any = 100, seed: int = 0) -> None:
    rng, loss = np.random.default_rng(seed), nn.MSELoss()
    for _ in range(epochs):
        for rows, labels in nn.minibatches(X_TRAIN, Y_TRAIN, batch_size, rng):
            outputs, saved = net.forward(rows)
            _, gradient = loss.value_and_gradient(outputs, nn.one_hot(labels, 2))
            _, gradients = net.backward(gradient, saved)
            optimizer.step(net.parameters(), gradients)


class TestFigures:
    def test_10_shapes_of_the_vectorised_forward_pass(self) -> None:
        hidden, output = nn.Linear(784, 100), nn.Linear(100, 2)
        assert hidden(np.ones((1, 784))).shape == (1, 100)
        assert hidden(np.ones((1000, 784))).shape == (1000, 100)
        assert nn.Sequential(hidden, nn.ReLU(), output)(np.ones((1000, 784))).shape == (1000, 2)

    def test_10_all_rows_at_once_equal_each_row_alone(self) -> None:
        net = sigmoid_network(2, 10, 2)
        np.testing.assert_allclose(net(X), np.concatenate([net(x[None]) for x in X]), rtol=1e-12)

    def test_11_the_untrained_network_to_the_last_digit(self) -> None:
        net = sigmoid_network(2, 10, 2)
        net.load_parameters(
            {
                "0.weight": np.random.RandomState(1).normal(size=(10, 2), scale=0.1),
                "0.bias": np.zeros(10),
                "2.weight": np.random.RandomState(1).normal(size=(2, 10), scale=0.1),
                "2.bias": np.zeros(2),
            }
        )
        outputs = net(X_TEST)
        np.testing.assert_allclose(outputs[:2], [[0.46725763, 0.48185718], [0.51270125, 0.50086963]], atol=5e-9)
        mse, _ = nn.MSELoss().value_and_gradient(outputs, nn.one_hot(Y_TEST, 2))
        assert mse == pytest.approx(0.24646401678734076, rel=1e-15)
        assert accuracy(net, X_TEST, Y_TEST) == 0.8515151515151516

    def test_12_one_hot_batches_and_metrics_are_exact(self) -> None:
        batches = list(nn.minibatches(X_TRAIN, Y_TRAIN, 100, np.random.default_rng(0)))
        assert [len(rows) for rows, _ in batches] == [100] * 6 + [70]
        net = sigmoid_network(2, 3, 2)
        loss = nn.MSELoss()
        values = [loss.value_and_gradient(net(rows), nn.one_hot(labels, 2))[0] for rows, labels in batches]
        # The mean over a data set weighs each batch by its rows (the last one is smaller).
        whole, _ = loss.value_and_gradient(net(X_TRAIN), nn.one_hot(Y_TRAIN, 2))
        assert np.average(values, weights=[len(rows) for rows, _ in batches]) == pytest.approx(whole, rel=1e-13)
        assert whole == pytest.approx(np.mean((net(X_TRAIN) - np.eye(2)[Y_TRAIN]) ** 2), rel=1e-13)

    @pytest.mark.parametrize("widths", [(2, 10, 2), (2, 10, 5, 2)])
    def test_13_and_14_backpropagation_equals_central_differences(self, widths: Any) -> None:
        net = sigmoid_network(*widths, rng=np.random.default_rng(0))
        assert nn.gradient_error(net, nn.MSELoss(), X_TRAIN[:20], nn.one_hot(Y_TRAIN[:20], 2)) <= 1e-6

    @pytest.mark.parametrize("widths", [(2, 10, 2), (2, 10, 5, 2)])
    @pytest.mark.parametrize("make", [lambda: nn.SGD(1.0, momentum=0.9), lambda: nn.Adam(0.02)])
    @pytest.mark.parametrize("seed", [0, 1])
    def test_14_sigmoid_networks_learn_the_blobs_in_50_epochs(self, widths: Any, make: Any, seed: int) -> None:
        net = sigmoid_network(*widths, rng=np.random.default_rng(seed))
        train(net, make(), seed=seed)
        assert accuracy(net, X_TEST, Y_TEST) >= 0.97

    def test_14_every_formula_of_general_backpropagation(self) -> None:
        rng = np.random.default_rng(0)
        net = sigmoid_network(2, 4, 3, 2, rng=rng)
        step = nn.trace(net, nn.MSELoss(), X[:5], nn.one_hot(Y[:5], 2))
        a = {0: X[:5], 1: step.outputs["1"], 2: step.outputs["3"], 3: step.outputs["5"]}
        w = {layer: net[2 * layer - 2].weight for layer in (1, 2, 3)}
        delta = {3: 2 * (a[3] - np.eye(2)[Y[:5]]) / (2 * 5) * a[3] * (1 - a[3])}
        for layer in (2, 1):
            delta[layer] = (delta[layer + 1] @ w[layer + 1]) * a[layer] * (1 - a[layer])
        for layer in (1, 2, 3):
            name = 2 * layer - 2
            np.testing.assert_allclose(step.deltas[f"{name}"], delta[layer], rtol=1e-12)
            np.testing.assert_allclose(step.gradients[f"{name}.weight"], delta[layer].T @ a[layer - 1], rtol=1e-12)
            np.testing.assert_allclose(step.gradients[f"{name}.bias"], delta[layer].sum(axis=0), rtol=1e-12)

    @pytest.mark.parametrize("depth", range(1, 9))
    def test_14b_the_gradient_vanishes_by_the_layer_with_sigmoid_and_not_with_relu(self, depth: int) -> None:
        def norms(activation: Any, initializer: Any) -> Any:
            """Return ‖δ‖ of each hidden layer, 20 units each, first to last."""
            widths, layers = [2] + [20] * depth, []
            for i in range(depth):
                layers += [nn.Linear(widths[i], 20), activation()]
            net = nn.Sequential(*layers, nn.Linear(20, 2))
            nn.initialize(net.parameters(), np.random.default_rng(0), initializer)
            step = nn.trace(net, nn.CrossEntropyLoss(), X_TRAIN, Y_TRAIN)
            return [float(np.linalg.norm(step.deltas[str(2 * i)])) for i in range(depth)]

        sigmoid = norms(nn.Sigmoid, nn.initializers.glorot_uniform)
        relu = norms(nn.ReLU, nn.initializers.he_uniform)
        assert sigmoid == sorted(sigmoid)
        assert sigmoid[0] <= sigmoid[-1] * 0.5 ** (depth - 1)
        assert relu[0] > relu[-1] / 10


class TestByHand:
    """2 inputs, 1 hidden sigmoid unit, 1 linear output; x = (1, 2), y = 1, squared error, η = 0.5."""

    net = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid(), nn.Linear(1, 1))

    def setup_method(self) -> None:
        self.net.load_parameters({"0.weight": [[0.5, -0.2]], "0.bias": [0.1], "2.weight": [[2.0]], "2.bias": [-0.3]})

    def test_one_step(self) -> None:
        # z1 = 0.5·1 + (-0.2)·2 + 0.1 = 0.2          a1 = 1/(1 + e^-0.2) = 0.5498339973
        # z2 = 2·0.5498339973 - 0.3 = 0.7996679946    L = (0.7996679946 - 1)² = 0.0401329124
        # dL/dz2 = 2·(0.7996679946 - 1) = -0.4006640108
        # dL/dW2 = -0.4006640108·0.5498339973 = -0.2202986945     dL/db2 = -0.4006640108
        # dL/da1 = -0.4006640108·2 = -0.8013280216
        # slope of the sigmoid: 0.5498339973·(1 - 0.5498339973) = 0.2475165727
        # dL/dz1 = -0.8013280216·0.2475165727 = -0.1983419655
        # dL/dW1 = -0.1983419655·(1, 2)       dL/db1 = -0.1983419655
        outputs, saved = self.net.forward([[1.0, 2.0]])
        np.testing.assert_allclose(outputs, [[0.7996679946]], atol=1e-9)
        value, gradient = nn.MSELoss().value_and_gradient(outputs, [[1.0]])
        assert value == pytest.approx(0.0401329124, abs=1e-9)
        input_gradient, gradients = self.net.backward(gradient, saved)
        np.testing.assert_allclose(gradients["2.weight"], [[-0.2202986945]], atol=1e-9)
        np.testing.assert_allclose(gradients["2.bias"], [-0.4006640108], atol=1e-9)
        np.testing.assert_allclose(gradients["0.weight"], [[-0.1983419655, -0.3966839310]], atol=1e-9)
        np.testing.assert_allclose(gradients["0.bias"], [-0.1983419655], atol=1e-9)
        # dL/dx = dL/dz1·(0.5, -0.2)
        np.testing.assert_allclose(input_gradient, [[-0.0991709828, 0.0396683931]], atol=1e-9)
        # W1 <- (0.5, -0.2) + 0.5·(0.1983419655, 0.3966839310);   W2 <- 2 + 0.5·0.2202986945
        nn.SGD(0.5).step(self.net.parameters(), gradients)
        np.testing.assert_allclose(self.net[0].weight, [[0.5991709828, -0.0016580345]], atol=1e-9)
        np.testing.assert_allclose(self.net[2].weight, [[2.1101493473]], atol=1e-9)


class TestCommonTraps:
    @pytest.mark.parametrize("n", [1, 3, 10])
    def test_3_the_gradient_is_that_of_the_stated_loss_for_every_number_of_rows(self, n: int) -> None:
        net = sigmoid_network(2, 3, 2, rng=np.random.default_rng(0))
        assert nn.gradient_error(net, nn.MSELoss(), X[:n], nn.one_hot(Y[:n], 2)) <= 1e-6

    @pytest.mark.parametrize("t", [1, 2, 5])
    def test_4_the_gradient_has_the_one_over_t_of_its_loss(self, t: int) -> None:
        value, gradient = nn.MSELoss().value_and_gradient(np.ones((1, t)), np.zeros((1, t)))
        assert value == 1.0
        np.testing.assert_allclose(gradient, 2 / t)

    def test_5_all_gradients_come_before_any_update(self) -> None:
        net = sigmoid_network(2, 3, 2, rng=np.random.default_rng(0))
        y, before = nn.one_hot(Y[:5], 2), net.copy()
        step = nn.trace(net, nn.MSELoss(), X[:5], y, nn.SGD(10.0))
        outputs, saved = net.forward(X[:5])
        _, gradients = net.backward(nn.MSELoss().value_and_gradient(outputs, y)[1], saved)
        for name, array in net.parameters().items():
            np.testing.assert_array_equal(array, before.parameters()[name])  # backward changed nothing
            np.testing.assert_allclose(step.updates[name], -10.0 * gradients[name], rtol=1e-12)
        # With the output layer updated first, the hidden layer would get another gradient.
        nn.SGD(10.0).step({"weight": net[2].weight}, {"weight": gradients["2.weight"]})
        _, spoiled = net.backward(nn.MSELoss().value_and_gradient(outputs, y)[1], saved)
        assert not np.allclose(spoiled["0.weight"], gradients["0.weight"], rtol=1e-2)

    def test_6_a_step_along_the_negative_gradient_lowers_the_loss_and_the_bias_is_not_divided_twice(self) -> None:
        net = sigmoid_network(2, 3, 2, rng=np.random.default_rng(0))
        y, loss = nn.one_hot(Y[:8], 2), nn.MSELoss()
        step = nn.trace(net, loss, X[:8], y, nn.SGD(0.01))
        moved = net.copy()
        moved.load_parameters({name: array + step.updates[name] for name, array in net.parameters().items()})
        assert loss.value_and_gradient(moved(X[:8]), y)[0] < step.value
        # A bias is a weight of an input that is always 1: its gradient is that weight's.
        with_ones = nn.Sequential(nn.Linear(3, 3, bias=False), *net[1:])
        with_ones[0].weight[...] = np.column_stack([net[0].weight, net[0].bias])
        twin = nn.trace(with_ones, loss, np.column_stack([X[:8], np.ones(8)]), y)
        np.testing.assert_allclose(step.gradients["0.bias"], twin.gradients["0.weight"][:, 2], rtol=1e-12)

    def test_7_the_sigmoid_rises_and_never_overflows(self) -> None:
        outputs = nn.Sigmoid()(np.array([[-1e4, -1.0, 0.0, 1.0, 1e4]]))[0]
        assert (np.diff(outputs) > 0).all()
        assert outputs[0] == 0
        assert outputs[-1] == 1

    def test_8_layers_of_equal_shape_get_different_weights(self) -> None:
        net = sigmoid_network(4, 4, 4, rng=np.random.default_rng(0))
        assert not np.isclose(net[0].weight, net[2].weight).any()

    def test_14_there_are_no_gradients_to_forget_to_zero(self) -> None:
        net = sigmoid_network(2, 3, 2)
        outputs, saved = net.forward(X[:5])
        gradient = np.ones_like(outputs)
        first = net.backward(gradient, saved)[1]
        second = net.backward(gradient, saved)[1]
        for name, value in first.items():
            np.testing.assert_array_equal(second[name], value)

    def test_15_the_matrix_product_already_sums_over_every_path(self) -> None:
        net = sigmoid_network(2, 3, 4, 2, rng=np.random.default_rng(0))
        found = nn.trace(net, nn.MSELoss(), X[0], nn.one_hot(Y[:1], 2)[0]).paths(("0.weight", (1, 0)))
        assert len(found) == 4 * 2
        assert found.sum == pytest.approx(found.backpropagation, rel=1e-12)
