"""Initializers: torch's bounds and spreads, one stream for all layers."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.nn.initializers import INITIALIZERS, initialize, normal, torch_default, uniform

OUT, IN = 300, 200


def of_torch(fill: Any) -> Any:
    torch.manual_seed(0)
    weight = torch.empty(OUT, IN, dtype=torch.float64)
    fill(weight)
    return weight.numpy().ravel()


ORACLES: dict[str, Any] = {
    "zeros": torch.nn.init.zeros_,
    "uniform": partial(torch.nn.init.uniform_, a=-0.05, b=0.05),
    "normal": partial(torch.nn.init.normal_, std=0.05),
    "torch_default": lambda w: w.copy_(torch.nn.Linear(IN, OUT, dtype=torch.float64).weight.detach()),
    "glorot_uniform": torch.nn.init.xavier_uniform_,
    "glorot_normal": torch.nn.init.xavier_normal_,
    "he_uniform": torch.nn.init.kaiming_uniform_,
    "he_normal": torch.nn.init.kaiming_normal_,
    # torch's kaiming with gain 1 is LeCun's rule
    "lecun_uniform": partial(torch.nn.init.kaiming_uniform_, nonlinearity="linear"),
    "lecun_normal": partial(torch.nn.init.kaiming_normal_, nonlinearity="linear"),
}


def test_every_initializer_has_an_oracle() -> None:
    assert ORACLES.keys() == INITIALIZERS.keys()


@pytest.mark.parametrize("name", INITIALIZERS)
def test_distribution_is_that_of_torch(name: str) -> None:
    ours = INITIALIZERS[name](np.random.default_rng(1), (OUT, IN), IN, OUT).ravel()
    theirs = of_torch(ORACLES[name])
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.02)
    if name == "zeros":
        assert not ours.any()
    else:
        assert stats.ks_2samp(ours, theirs).pvalue > 1e-3
    if "normal" not in name:  # the bounds themselves, which 60,000 draws come close to but do not cross
        np.testing.assert_allclose(np.abs(ours).max(), np.abs(theirs).max(), rtol=1e-3)


def test_bounds_by_hand() -> None:
    # torch: sqrt(6 / 500), sqrt(6 / 200), sqrt(3 / 200), 1 / sqrt(200)
    bounds = {"glorot_uniform": 0.109545, "he_uniform": 0.173205, "lecun_uniform": 0.122474, "torch_default": 0.070711}
    for name, bound in bounds.items():
        largest = np.abs(INITIALIZERS[name](np.random.default_rng(0), (OUT, IN), IN, OUT)).max()
        assert bound * 0.999 < largest <= bound * 1.000005


def test_bias_of_a_linear_layer_has_the_bound_of_its_weights() -> None:
    bias = nn.Linear(4, 10_000).parameters()["bias"]
    assert 0.499 < np.abs(bias).max() <= 0.5


@pytest.mark.parametrize("name", [name for name in INITIALIZERS if name != "zeros"])
@pytest.mark.parametrize("rng", [np.random.default_rng, np.random.RandomState])
def test_layers_of_equal_shape_get_different_weights_from_one_stream(name: str, rng: Any) -> None:
    # Common trap 8: the same seed for each layer.
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    initialize(net.parameters(), rng(0), INITIALIZERS[name])
    assert not np.isclose(net[0].weight, net[1].weight).any()
    again = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    initialize(again.parameters(), rng(0), INITIALIZERS[name])
    np.testing.assert_array_equal(net[1].weight, again[1].weight)


def test_layers_that_share_a_generator_draw_different_weights() -> None:
    rng = np.random.default_rng(0)
    assert not np.isclose(nn.Linear(4, 4, rng=rng).weight, nn.Linear(4, 4, rng=rng).weight).any()


def test_initialize_works_in_place_and_zeroes_biases_unless_told() -> None:
    net = nn.Sequential(nn.Linear(4, 9), nn.Linear(9, 2))
    weight, bias = net[0].weight, net[0].bias
    initialize(net.parameters(), np.random.default_rng(0), partial(normal, std=10.0))
    assert net[0].weight is weight
    assert weight.std() > 3
    assert not bias.any()
    initialize(net.parameters(), np.random.default_rng(0), partial(uniform, low=1.0, high=2.0), torch_default)
    assert (weight >= 1).all()
    assert 0 < np.abs(net[1].bias).max() <= 1 / 3


def test_a_stack_has_the_fans_of_its_members() -> None:
    net = nn.stack([nn.Sequential(nn.Linear(100, 5)) for _ in range(3)])
    initialize(net.parameters(), np.random.default_rng(0), INITIALIZERS["lecun_uniform"])
    assert 0.16 < np.abs(net[0].weight).max() <= np.sqrt(3 / 100)


def test_keeps_the_dtype_of_the_network() -> None:
    net = nn.Sequential(nn.Linear(3, 2)).copy(np.float32)
    initialize(net.parameters(), np.random.default_rng(0), INITIALIZERS["he_normal"])
    assert net.dtype == np.float32


@pytest.mark.parametrize("rng", [0, "seed", np.random.default_rng])
def test_what_is_no_generator_is_refused_with_how_to_make_one(rng: Any) -> None:
    words = "rng must be a numpy.random.Generator, such as numpy.random.default_rng.0.*; got"
    net = nn.Sequential(nn.Linear(2, 3))
    for draw in (
        lambda: nn.Linear(2, 3, rng=rng),
        lambda: initialize(net.parameters(), rng, normal),
        lambda: next(nn.minibatches([[1.0]], [1.0], 1, rng)),
    ):
        with pytest.raises(SettingError, match=words):
            draw()
