"""Networks to torch and back: the same numbers, nothing of ours inside, and what cannot cross is refused by name."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

import feedforward as ff
from feedforward import nn
from feedforward.errors import InputError

X = np.random.default_rng(0).normal(size=(20, 4)) * 10
EVERY_LAYER = [
    *(nn.Identity(), nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.LeakyReLU(0.2), nn.ELU(0.7), nn.SELU(), nn.GELU()),
    *(nn.SiLU(), nn.Mish(), nn.Softplus(), nn.Dropout(0.25)),
]


def deep() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(4, 5), nn.Tanh(), nn.Sequential(nn.Linear(5, 6, bias=False), nn.Dropout(0.5)), nn.Linear(6, 2)
    )


def test_every_layer_of_ours_is_tried() -> None:
    kinds = {kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, nn.Layer)}
    others = {nn.Layer, nn.ActivationLayer, nn.Linear, nn.Sequential}
    tables = {nn.Columns, nn.Embedding, nn.ParametricActivation, nn.PeriodicEmbedding, nn.Scale}  # torch has no twin
    assert {type(layer) for layer in EVERY_LAYER} == kinds - others - tables


def test_layers_of_tables_are_refused_by_name() -> None:
    for layer in (nn.Scale(2), nn.Embedding(3, 2), nn.Columns([((0, 1), nn.Identity())])):
        with pytest.raises(ff.InputError, match=type(layer).__name__):
            ff.to_torch(nn.Sequential(layer))


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=repr)
def test_each_layer_has_a_twin_that_computes_the_same(layer: nn.Layer) -> None:
    net = nn.Sequential(layer)
    twin = ff.to_torch(net).eval()
    assert type(twin[0]).__module__.startswith("torch.nn")
    np.testing.assert_allclose(twin(torch.tensor(X)).numpy(), net(X), rtol=1e-13, atol=1e-15)
    back = ff.from_torch(twin)
    assert repr(back) == repr(net)
    assert type(back[0]) is type(layer)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_goes_over_and_comes_back_bit_for_bit(dtype: Any) -> None:
    net = deep().copy(dtype)
    before = torch.random.get_rng_state()
    twin = ff.to_torch(net)
    assert torch.equal(torch.random.get_rng_state(), before), "torch's generator was drawn from"
    assert list(twin.state_dict()) == list(net.parameters())
    back = ff.from_torch(twin)
    assert repr(back) == repr(net)
    for name, array in net.parameters().items():
        assert back.parameters()[name].dtype == twin.state_dict()[name].numpy().dtype == dtype
        np.testing.assert_array_equal(back.parameters()[name], array)
        np.testing.assert_array_equal(twin.state_dict()[name].numpy(), array)
        assert not np.shares_memory(twin.state_dict()[name].numpy(), array)
        assert not np.shares_memory(back.parameters()[name], array)
    assert all(type(module).__module__.startswith("torch.nn") for module in twin.modules())
    np.testing.assert_allclose(
        twin.eval()(torch.tensor(X, dtype=next(twin.parameters()).dtype)).detach(), net(X), rtol=1e-4
    )


def test_a_module_of_torch_predicts_the_same_here() -> None:
    twin = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.GELU(), torch.nn.Linear(3, 1, bias=False)).double()
    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    net = ff.from_torch(twin)
    np.testing.assert_allclose(net(X), twin(torch.tensor(X)).numpy(), rtol=1e-12, atol=1e-13)  # some are near 0
    ff.from_torch(torch.nn.Sequential(torch.nn.Softplus()))  # torch's own threshold
    ff.from_torch(torch.nn.Sequential())


@pytest.mark.parametrize("mode", [torch.inference_mode, lambda: torch.device("meta")], ids=["inference", "device"])
def test_the_bridge_does_not_depend_on_modes_of_torch(mode: Any) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
    with mode():
        twin = ff.to_torch(net)
        back = ff.from_torch(twin)
    for name, array in net.parameters().items():
        np.testing.assert_array_equal(back.parameters()[name], array)
    twin(torch.ones(2, 4, dtype=torch.float64)).sum().backward()  # it can be trained
    assert all(parameter.grad is not None and parameter.device.type == "cpu" for parameter in twin.parameters())


class Custom(torch.nn.Module):
    pass


class Deeper(torch.nn.Sequential):
    pass


def hooked() -> torch.nn.Sequential:
    module = torch.nn.Sequential(torch.nn.Linear(2, 2))
    module[0].register_forward_hook(lambda *given: None)
    return module


def tied() -> torch.nn.Sequential:
    one = torch.nn.Linear(2, 2)
    other = torch.nn.Linear(2, 2)
    other.weight = one.weight
    return torch.nn.Sequential(one, other)


def in_sequence(*modules: torch.nn.Module) -> torch.nn.Sequential:
    return torch.nn.Sequential(*modules)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            in_sequence(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2)),
            "layer 1 is torch.nn.modules.batchnorm.BatchNorm1d",
        ),
        (in_sequence(in_sequence(torch.nn.Conv1d(1, 1, 1))), "layer 0.0 is torch.nn.modules.conv.Conv1d"),
        (in_sequence(Custom()), "layer 0 is test_torch_bridge.Custom"),
        (in_sequence(Deeper()), "layer 0 is test_torch_bridge.Deeper"),
        (Deeper(), "no subclass of it; got test_torch_bridge.Deeper"),
        (torch.nn.Linear(2, 2), "takes a torch.nn.Sequential"),
        (in_sequence(torch.nn.Softmax(dim=1)), "Softmax, which has no counterpart"),
        (in_sequence(torch.nn.GELU(approximate="tanh")), "ours has no such variant"),
        (in_sequence(torch.nn.Softplus(beta=2)), "ours has no such variant"),
        (in_sequence(torch.nn.Dropout(1.0)), "layer 0: Dropout: p must be"),
        (hooked(), "layer 0 .* has hooks"),
        (tied(), "0.weight and 1.weight are one tensor"),
        (in_sequence(torch.nn.Linear(2, 2).half()), "layer 0: weight is torch.float16; it must be float32 or float64"),
        (in_sequence(torch.nn.Linear(2, 2, device="meta")), "weight has no numbers"),
        (in_sequence(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2).double()), "one dtype"),
        (in_sequence(torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2))), "ParametrizedLinear|forward"),
        (torch.nn.Linear, "takes a torch.nn.Sequential"),
        (None, "takes a torch.nn.Sequential"),
    ],
)
def test_what_has_no_counterpart_here_is_refused_by_name(module: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        ff.from_torch(module)
    assert "\n" not in str(caught.value)


class Double(nn.Layer):
    pass


class OwnLinear(nn.Linear):
    pass


def twice() -> nn.Sequential:
    layer = nn.Linear(2, 2)
    return nn.Sequential(layer, nn.ReLU(), layer)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Linear(2, 2), Double()), "layer 1 is a Double"),
        (nn.Sequential(nn.Sequential(OwnLinear(2, 2))), "layer 0.0 is a OwnLinear"),
        (nn.stack([nn.Sequential(nn.Linear(2, 2))]), "it is a stack"),
        (twice(), "0.weight and 2.weight are one array"),
        (nn.Sequential(nn.Linear(2, 2)).copy(np.float16), "0.weight is float16"),
        (nn.Linear(2, 2), "takes a feedforward.nn.Sequential"),
    ],
)
def test_what_has_no_twin_in_torch_is_refused_by_name(network: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ff.to_torch(network)


def test_without_torch_the_bridge_says_how_to_install_it() -> None:
    code = """
import sys
sys.modules["torch"] = None  # importing it fails from here on
import feedforward as ff
from feedforward import nn
for cross in (ff.to_torch, ff.from_torch):
    try:
        cross(nn.Sequential(nn.Linear(2, 1)))
    except ff.MissingPackageError as error:
        print(error)
"""
    lines = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == 2
    for line, name in zip(lines, ("to_torch", "from_torch"), strict=True):
        assert line.startswith(f"{name} needs torch")
        assert line.endswith('pip install "feedforward[torch]".')
