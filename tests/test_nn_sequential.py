"""The network: torch's names and print, checks of shapes, stacks."""

import re
import threading
from typing import Any

import numpy as np
import pytest
import torch

from feedforward import nn
from feedforward.errors import InputError


def small(seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Linear(2, 10, rng=rng), nn.Sigmoid(), nn.Linear(10, 3, rng=rng))


def torch_twin(net: nn.Sequential) -> Any:
    twin = torch.nn.Sequential(torch.nn.Linear(2, 10), torch.nn.Sigmoid(), torch.nn.Linear(10, 3)).double()
    twin.load_state_dict({name: torch.tensor(array) for name, array in net.parameters().items()})
    return twin


def test_outputs_and_all_gradients_are_those_of_torch() -> None:
    net, rng = small(), np.random.default_rng(1)
    twin = torch_twin(net)
    x, gradient = rng.normal(size=(7, 2)), rng.normal(size=(7, 3))
    leaf: Any = torch.tensor(x, requires_grad=True)
    twin(leaf).backward(torch.tensor(gradient))
    outputs, saved = net.forward(x)
    input_gradient, gradients = net.backward(gradient, saved)
    np.testing.assert_allclose(outputs, twin(leaf).detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(input_gradient, leaf.grad.numpy(), rtol=1e-10)
    assert list(gradients) == list(net.parameters()) == list(twin.state_dict())
    for name, parameter in twin.named_parameters():
        np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), rtol=1e-10, atol=1e-15)


def test_prints_as_torch_does_also_when_nested() -> None:
    ours = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 1, bias=False)), nn.Sequential())
    theirs = torch.nn.Sequential(
        torch.nn.Linear(2, 3),
        torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Linear(3, 1, bias=False)),
        torch.nn.Sequential(),
    )
    assert repr(ours) == repr(theirs)
    assert list(ours.parameters()) == list(theirs.state_dict()) == ["0.weight", "0.bias", "1.1.weight"]


def test_nested_equals_flat() -> None:
    flat = small()
    nested = nn.Sequential(flat[0], nn.Sequential(flat[1], flat[2]))
    x = np.random.default_rng(0).normal(size=(4, 2))
    outputs, saved = nested.forward(x)
    input_gradient, gradients = nested.backward(np.ones((4, 3)), saved)
    expected_input, expected = flat.backward(np.ones((4, 3)), flat.forward(x)[1])
    np.testing.assert_array_equal(outputs, flat(x))
    np.testing.assert_array_equal(input_gradient, expected_input)
    np.testing.assert_array_equal(gradients["1.1.weight"], expected["2.weight"])


def test_is_a_list_of_layers() -> None:
    net = small()
    assert len(net) == 3
    assert [type(layer) for layer in net] == [nn.Linear, nn.Sigmoid, nn.Linear]
    assert net[-1] is net[2]
    assert isinstance(net[:2], nn.Sequential)
    assert net[:2][0] is net[0]


def test_hidden_layers_are_to_be_had_by_slicing() -> None:
    net, x = small(), np.ones((1, 2))
    np.testing.assert_allclose(net[:2](x), 1 / (1 + np.exp(-(x @ net[0].weight.T + net[0].bias))))


def test_parameters_are_live() -> None:
    net = small()
    net.parameters()["0.weight"][...] = 7
    assert (net[0].weight == 7).all()


def test_lists_and_whole_numbers_are_computed_in_float64() -> None:
    net = small()
    assert net([[1, 2]]).dtype == np.float64
    np.testing.assert_array_equal(net([[1, 2]]), net(np.array([[1.0, 2.0]])))


def test_float32_network_computes_in_float32_whatever_it_is_given() -> None:
    net = small().copy(np.float32)
    assert net.dtype == np.float32
    assert net(np.ones((2, 2))).dtype == np.float32
    np.testing.assert_allclose(net(np.ones((2, 2))), small()(np.ones((2, 2))), rtol=1e-5)


def test_copy_shares_nothing() -> None:
    net = small()
    copy = net.copy()
    copy[0].weight[...] = 0
    assert net[0].weight.all()
    assert repr(copy) == repr(net)


def test_many_threads_can_use_one_network() -> None:
    net, x = small(), np.random.default_rng(0).normal(size=(50, 2))
    expected = net.backward(np.ones((50, 3)), net.forward(x)[1])[1]["0.weight"]
    wrong = []

    def work(shift: Any) -> None:
        for _ in range(50):
            outputs, saved = net.forward(x + shift)
            found = net.backward(np.ones_like(outputs), saved)[1]["0.weight"]
            if shift == 0 and not np.array_equal(found, expected):
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(shift,)) for shift in (0, 1, 0, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class TestLoadParameters:
    def test_copies_in_place(self) -> None:
        net, other = small(0), small(1)
        weight, arrays = net[0].weight, other.parameters()
        net.load_parameters(arrays)
        assert net[0].weight is weight
        np.testing.assert_array_equal(weight, other[0].weight)
        arrays["0.weight"][...] = 0
        assert weight.all()

    def test_takes_what_torch_saved(self) -> None:
        net = small(0)
        net.load_parameters(torch_twin(small(1)).state_dict())
        np.testing.assert_array_equal(net[2].weight, small(1)[2].weight)

    def test_names_everything_that_is_wrong_and_changes_nothing(self) -> None:
        net = small()
        before = net[0].weight.copy()
        arrays = {**net.parameters(), "0.weight": np.zeros((10, 2)), "2.weight": np.zeros((10, 3)), "3.weight": 1.0}
        del arrays["0.bias"], arrays["2.bias"]
        message = (
            "load_parameters: 0.bias is missing; 2.bias is missing; 3.weight is unknown; "
            "2.weight has shape (10, 3), not (3, 10)."
        )
        with pytest.raises(InputError, match=re.escape(message)):
            net.load_parameters(arrays)
        np.testing.assert_array_equal(net[0].weight, before)

    def test_nothing_is_broadcast(self) -> None:
        with pytest.raises(InputError, match=r"2.bias has shape \(1,\), not \(3,\)"):
            small().load_parameters({**small().parameters(), "2.bias": [0.0]})


class TestBadInput:
    def test_a_layer_that_does_not_fit_is_named(self) -> None:
        net = nn.Sequential(nn.Linear(2, 8), nn.Sigmoid(), nn.Linear(10, 2))
        message = "layer 2 (Linear(in_features=10, out_features=2, bias=True)) expects 10 columns and got 8."
        with pytest.raises(InputError, match=re.escape(message)):
            net(np.ones((5, 2)))

    def test_inside_a_nested_network_too(self) -> None:
        net = nn.Sequential(nn.Sequential(nn.Identity(), nn.Linear(3, 1)))
        with pytest.raises(InputError, match=r"^layer 0\.1 \(Linear\(in_features=3.*expects 3 columns and got 2"):
            net(np.ones((5, 2)))

    def test_a_single_row_is_told_how_to_be_one(self) -> None:
        with pytest.raises(InputError, match=r"layer 0 .* expects rows.*got shape \(2,\).*x\[None, :\]"):
            small()(np.ones(2))

    def test_only_layers_are_taken(self) -> None:
        with pytest.raises(InputError, match="Sequential takes layers; number 1 is <class"):
            nn.Sequential(nn.Linear(2, 2), nn.ReLU)  # type: ignore[arg-type]

    def test_no_rows_give_no_outputs(self) -> None:
        assert small()(np.ones((0, 2))).shape == (0, 3)


class TestStack:
    def test_goes_in_and_out(self) -> None:
        nets = [small(seed) for seed in range(4)]
        for net, member in zip(nets, nn.unstack(nn.stack(nets)), strict=True):
            for name, array in net.parameters().items():
                np.testing.assert_array_equal(member.parameters()[name], array)

    def test_nested_networks_stack_too(self) -> None:
        nets = [nn.Sequential(small(seed), nn.Dropout(0.2)) for seed in range(3)]
        x = np.random.default_rng(0).normal(size=(5, 2))
        np.testing.assert_allclose(nn.stack(nets)(x), [net(x) for net in nets], rtol=1e-12)

    def test_members_have_equal_layers(self) -> None:
        with pytest.raises(InputError, match="stack takes networks of equal layers; number 1 is"):
            nn.stack([small(), nn.Sequential(nn.Linear(2, 3))])

    def test_needs_a_member(self) -> None:
        with pytest.raises(InputError, match="at least one"):
            nn.stack([])

    @pytest.mark.parametrize("net", [small(), nn.Sequential(nn.Linear(3, 3, bias=False)), nn.Sequential(nn.ReLU())])
    def test_only_a_stack_can_be_unstacked(self, net: nn.Sequential) -> None:
        with pytest.raises(InputError, match="this is a single network"):
            nn.unstack(net)
