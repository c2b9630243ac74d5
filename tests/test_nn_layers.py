"""Layers against torch, shapes and dtypes, and the leading member axis."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch

from feedforward import nn
from feedforward.errors import InputError, SettingError

PAIRS = [
    (nn.Identity(), torch.nn.Identity()),
    (nn.Sigmoid(), torch.nn.Sigmoid()),
    (nn.Tanh(), torch.nn.Tanh()),
    (nn.ReLU(), torch.nn.ReLU()),
    (nn.LeakyReLU(0.2), torch.nn.LeakyReLU(0.2)),
    (nn.ELU(1.5), torch.nn.ELU(1.5)),
    (nn.SELU(), torch.nn.SELU()),
    (nn.GELU(), torch.nn.GELU()),
    (nn.SiLU(), torch.nn.SiLU()),
    (nn.Mish(), torch.nn.Mish()),
    (nn.Softplus(), torch.nn.Softplus()),
    (nn.Linear(4, 3, rng=np.random.default_rng(0)), torch.nn.Linear(4, 3, dtype=torch.float64)),
    (nn.Linear(4, 3, bias=False), torch.nn.Linear(4, 3, bias=False, dtype=torch.float64)),
    (nn.Dropout(0.5), torch.nn.Dropout(0.5).eval()),
]
EVERY_PAIR = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda layer: repr(layer))
LAYERS = [ours for ours, _ in PAIRS]


def test_no_layer_is_forgotten() -> None:
    public = {kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, nn.Layer)}
    of_tables = {nn.Columns, nn.Embedding, nn.ParametricActivation, nn.PeriodicEmbedding, nn.Scale}  # test_nn_tables
    assert public - {nn.Layer, nn.ActivationLayer, nn.Sequential} == {type(layer) for layer in LAYERS} | of_tables


@EVERY_PAIR
def test_outputs_and_gradients_are_those_of_torch(ours: Any, theirs: Any) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, 4)) * 3
    theirs.load_state_dict({name: torch.tensor(array) for name, array in ours.parameters().items()})
    leaf: Any = torch.tensor(x, requires_grad=True)
    expected = theirs(leaf)
    gradient = rng.normal(size=expected.shape)
    expected.backward(torch.tensor(gradient))

    output, saved = ours.forward(x)
    input_gradient, gradients = ours.backward(gradient, saved)
    np.testing.assert_allclose(output, expected.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(input_gradient, leaf.grad.numpy(), rtol=1e-10, atol=1e-12)
    assert gradients.keys() == ours.parameters().keys()
    for name, parameter in theirs.named_parameters():
        np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), rtol=1e-10, atol=1e-12)


@EVERY_PAIR
def test_reads_like_torch(ours: Any, theirs: Any) -> None:
    ours_text, theirs_text = repr(ours), repr(theirs)
    for unsupported in (", inplace=False", "approximate='none'", "beta=1.0, threshold=20.0"):
        theirs_text = theirs_text.replace(unsupported, "")
    assert ours_text == theirs_text


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
@pytest.mark.parametrize("training", [None, (0, 1)])
def test_layers_are_pure(layer: nn.Layer, training: Any) -> None:
    x = np.random.default_rng(0).normal(size=(5, 4))
    before, x_before = pickle.dumps(list(layer.parameters().items())), x.copy()
    output, saved = layer.forward(x, training=training)
    gradient = np.ones_like(output)
    first = layer.backward(gradient, saved)
    second = layer.backward(gradient, saved)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(layer.forward(x, training=training)[0], output)
    assert pickle.dumps(list(layer.parameters().items())) == before
    np.testing.assert_array_equal(x, x_before)
    np.testing.assert_array_equal(gradient, 1)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_float32_stays_float32(layer: nn.Layer) -> None:
    net = nn.Sequential(layer).copy(np.float32)
    x = np.ones((2, 4), np.float32)
    output, saved = net[0].forward(x, training=(0, 0))
    input_gradient, gradients = net[0].backward(np.ones_like(output), saved)
    assert {array.dtype for array in (output, input_gradient, *gradients.values())} == {np.dtype(np.float32)}


def members(layer: nn.Layer) -> Any:
    """Three layers like this one, with parameters of their own."""
    rng = np.random.default_rng(5)
    nets = [nn.Sequential(layer).copy() for _ in range(3)]
    for net in nets:
        for array in net.parameters().values():
            array[...] = rng.normal(size=array.shape)
    return nets


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
@pytest.mark.parametrize("training", [None, "seeds"])
def test_a_stack_equals_its_members_alone(layer: nn.Layer, training: Any) -> None:
    nets, rng = members(layer), np.random.default_rng(0)
    stack = nn.stack(nets)
    x = rng.normal(size=(3, 6, 4))
    seeds = np.array([4, 5, 6])
    output, saved = stack.forward(x, training=training and (seeds, 2))
    gradient = rng.normal(size=output.shape)
    input_gradient, gradients = stack.backward(gradient, saved)
    for j, net in enumerate(nets):
        alone, saved = net.forward(x[j], training=training and (seeds[j], 2))
        input_alone, gradients_alone = net.backward(gradient[j], saved)
        np.testing.assert_allclose(output[j], alone, rtol=1e-12)
        np.testing.assert_allclose(input_gradient[j], input_alone, rtol=1e-12, atol=1e-15)
        for name, value in gradients_alone.items():
            np.testing.assert_allclose(gradients[name][j], value, rtol=1e-12, atol=1e-14)


def test_members_may_share_their_rows() -> None:
    nets = members(nn.Linear(4, 3))
    x, gradient = np.random.default_rng(0).normal(size=(6, 4)), np.ones((3, 6, 3))
    output, saved = nn.stack(nets).forward(x)
    input_gradient, gradients = nn.stack(nets).backward(gradient, saved)
    for j, net in enumerate(nets):
        input_alone, alone = net.backward(gradient[j], net.forward(x)[1])
        np.testing.assert_allclose(output[j], net(x), rtol=1e-12)
        np.testing.assert_allclose(input_gradient[j], input_alone, rtol=1e-12)
        np.testing.assert_allclose(gradients["0.weight"][j], alone["0.weight"], rtol=1e-12)


class TestDropout:
    def test_rests_unless_in_training(self) -> None:
        x = np.ones((3, 4))
        assert nn.Dropout(0.9)(x) is x
        assert nn.Dropout(0.0).forward(x, training=(0, 0))[0] is x

    def test_silences_a_share_p_and_keeps_the_mean(self) -> None:
        output, _ = nn.Dropout(0.3).forward(np.ones((500, 400)), training=(0, 0))
        assert set(np.unique(output)) == {0.0, 1 / 0.7}
        assert abs((output == 0).mean() - 0.3) < 0.005

    def test_mask_is_new_at_every_step_seed_and_place_and_repeatable(self) -> None:
        x = np.ones((4, 50))
        net = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5))

        def mask(*training: int, layer: int = 0) -> Any:
            return tuple(nn.Sequential(*net[layer : layer + 1]).forward(x, training=training)[0].ravel())

        assert mask(0, 0) == mask(0, 0)
        assert len({mask(0, 0), mask(0, 1), mask(1, 0)}) == 3
        first, _ = net[0].forward(x, training=(0, 0, 0))
        second, _ = net[1].forward(x, training=(0, 0, 1))
        assert (first != second).any()

    def test_one_seed_for_a_whole_stack_gives_all_members_the_same_mask(self) -> None:
        output, _ = nn.Dropout(0.5).forward(np.ones((3, 4, 5)), training=(0, 0))
        np.testing.assert_array_equal(output[0], output[1])

    @pytest.mark.parametrize("p", [-0.1, 1, 1.5, "half", None, True])
    def test_p_is_a_share(self, p: Any) -> None:
        with pytest.raises(SettingError, match=r"Dropout: p must be a number of 0 or more and below 1; got"):
            nn.Dropout(p)


class TestBadInput:
    @pytest.mark.parametrize("sizes", [(0, 1), (1, 0), (-1, 2), (2.0, 1), ("2", 1), (True, 1)])
    def test_sizes_are_whole_numbers(self, sizes: Any) -> None:
        with pytest.raises(SettingError, match=r"Linear: (in|out)_features must be a whole number of 1 or more"):
            nn.Linear(*sizes)

    def test_wrong_width_says_what_was_expected(self) -> None:
        with pytest.raises(InputError, match=r"^Linear\(in_features=4.*\) expects 4 columns and got 3\."):
            nn.Linear(4, 2)(np.ones((5, 3)))

    @pytest.mark.parametrize("shape", [(4,), (2, 5, 4), ()])
    def test_input_is_rows(self, shape: Any) -> None:
        with pytest.raises(InputError, match="expects rows"):
            nn.Linear(4, 2)(np.ones(shape))

    def test_a_stack_takes_no_more_and_no_fewer_members_than_it_has(self) -> None:
        stack = nn.stack([nn.Sequential(nn.Linear(4, 2)) for _ in range(3)])
        with pytest.raises(InputError, match=r"or \(3, 'n', 4\), and got shape \(2, 5, 4\)"):
            stack(np.ones((2, 5, 4)))

    @pytest.mark.parametrize("layer", [nn.LeakyReLU, nn.ELU])
    def test_settings_of_activations_are_numbers(self, layer: Any) -> None:
        with pytest.raises(SettingError, match=r"must be a finite number; got nan"):
            layer(float("nan"))

    def test_a_layer_without_formulas_says_so(self) -> None:
        with pytest.raises(NotImplementedError):
            nn.Layer().forward(np.ones((1, 1)))
        with pytest.raises(NotImplementedError):
            nn.Layer().backward(np.ones((1, 1)), None)
