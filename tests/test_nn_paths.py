"""The slow way: every path from a weight to the loss, and their sum, equal to backpropagation."""

from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 2))


def network(*widths: Any, activation: Any = nn.Sigmoid, last: Any = True) -> Any:
    rng, layers = np.random.default_rng(1), []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs, rng=rng), activation()]
    return nn.Sequential(*layers[: None if last else -1])


@pytest.mark.parametrize("widths", [(2, 2), (2, 3, 2), (2, 3, 4, 2), (2, 2, 3, 2, 2)])
@pytest.mark.parametrize("activation", [nn.Sigmoid, nn.Tanh, nn.ReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Softplus])
@pytest.mark.parametrize(("loss", "y"), [(nn.MSELoss(), RNG.normal(size=(3, 2))), (nn.CrossEntropyLoss(), [0, 1, 1])])
@pytest.mark.parametrize("n", [1, 3])
def test_sum_over_paths_is_the_derivative_of_every_weight(
    widths: Any, activation: Any, loss: nn.Loss, y: Any, n: int
) -> None:
    net = network(*widths, activation=activation, last=isinstance(loss, nn.MSELoss))
    step = nn.trace(net, loss, X[:n], y[:n])
    for name, gradient in step.gradients.items():
        for place in np.ndindex(gradient.shape):
            found = step.paths((name, place))
            layer = int(name.split(".")[0]) // 2
            assert len(found) == n * prod(widths[layer + 2 :])
            np.testing.assert_allclose(found.sum, gradient[place], rtol=1e-10, atol=1e-15)
            assert found.backpropagation == gradient[place]


def test_products_are_those_of_the_factors_and_their_names_tell_what_they_are() -> None:
    net = network(2, 2, 1)
    step = nn.trace(net, nn.MSELoss(), [1.0, 2.0], [1.0])
    (path,) = step.paths(("0.weight", (0, 1)))
    slope_1, slope_2 = (a * (1 - a) for a in (step.outputs["1"][0, 0], step.outputs["3"][0, 0]))
    expected = {
        "x₂": 2.0,
        "σ′(z⁽¹⁾₁)": slope_1,
        "W⁽²⁾₁₁": net[2].weight[0, 0],
        "σ′(z⁽²⁾₁)": slope_2,
        "∂L/∂a⁽²⁾₁": step.deltas["3"][0, 0],
    }
    assert dict(path.factors) == pytest.approx(expected)
    assert list(dict(path.factors)) == list(expected)
    assert path.product == pytest.approx(prod(expected.values()))
    assert path.route == ("W⁽¹⁾₁₂", "z⁽¹⁾₁", "a⁽¹⁾₁", "z⁽²⁾₁", "a⁽²⁾₁", "L")
    assert path.row == 0


def test_through_dropout_too() -> None:
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(2, 6, rng=rng), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 2, rng=rng))
    step = nn.trace(net, nn.CrossEntropyLoss(), X, [0, 1, 1], training=(0, 0))
    for unit in range(6):
        found = step.paths(("0.weight", (unit, 1)))
        np.testing.assert_allclose(found.sum, step.gradients["0.weight"][unit, 1], rtol=1e-10, atol=1e-15)


def test_a_bias_may_be_named_by_one_number() -> None:
    step = nn.trace(network(2, 3, 2), nn.MSELoss(), X, np.zeros((3, 2)))
    found = step.paths(("0.bias", 2))
    assert found.sum == pytest.approx(step.gradients["0.bias"][2])
    assert found[0].factors[0] == ("1", 1.0)


def test_prints_every_path_and_the_sum_and_cuts_long_lists() -> None:
    step = nn.trace(network(2, 3, 2), nn.MSELoss(), X[0], [1.0, 0.0])
    found = step.paths(("0.weight", (0, 0)))
    text = str(found)
    assert text.count(" → L") == len(found) == len(list(found)) == 2
    assert "0.weight[0, 0] reaches the loss on 2 paths" in text
    assert "backpropagation gets" in text
    many = nn.trace(network(2, 3, 4, 5, 2), nn.MSELoss(), X, np.zeros((3, 2))).paths(("0.weight", (0, 0)))
    assert len(many) == 3 * 4 * 5 * 2
    assert len(str(many).splitlines()) < 60
    assert "… 108 more paths" in str(many)
    assert "row 0: W⁽¹⁾₁₁" in str(many)
    assert "… 116 more …" in str(many)
    assert "W⁽¹⁾₁₁" in many._repr_html_()


class TestBadInput:
    step = nn.trace(network(2, 100, 100, 2), nn.MSELoss(), X, np.zeros((3, 2)))

    def test_too_many_paths_are_politely_refused(self) -> None:
        message = (
            r"0.weight\[0, 0\] reaches the loss on 600 paths, more than limit=500. .*gradients\['0.weight'\]\[0, 0\]"
        )
        with pytest.raises(InputError, match=message):
            self.step.paths(("0.weight", (0, 0)), limit=500)
        assert len(self.step.paths(("0.weight", (0, 0)))) == 600

    @pytest.mark.parametrize("name", ["1.weight", "0.wieght", "weight", "7.weight", ""])
    def test_unknown_weights_are_named(self, name: str) -> None:
        with pytest.raises(InputError, match=r"there is no parameter '.*there are 0.weight, 0.bias, 2.weight"):
            self.step.paths((name, (0, 0)))

    @pytest.mark.parametrize("place", [(100, 0), (0, 2), (-1, 0), (0,), 0, (0, 0, 0)])
    def test_places_exist(self, place: Any) -> None:
        with pytest.raises(InputError, match=r"0.weight has shape \(100, 2\); there is no place"):
            self.step.paths(("0.weight", place))

    def test_layers_that_mix_units_in_their_own_way_are_refused(self) -> None:
        class Reverse(nn.Layer):
            def forward(self, x: Any, *, training: Any = None) -> Any:
                return x[:, ::-1], None

            def backward(self, gradient: Any, saved: Any) -> Any:
                return gradient[:, ::-1], {}

        step = nn.trace(nn.Sequential(nn.Linear(2, 2), Reverse()), nn.MSELoss(), X, np.zeros((3, 2)))
        with pytest.raises(InputError, match=r"layer 1 \(Reverse\(\)\) stands in the way"):
            step.paths(("0.weight", (0, 0)))
