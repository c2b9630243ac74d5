"""The layers of tabular networks: torch's autograd on the written formulas, central differences, the member axis."""

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from feedforward import nn
from feedforward.errors import InputError, SettingError

RNG = np.random.default_rng(0)
M = 5  # columns of X; the last has codes from 0 to 3, and is last also where a layer reads no codes
X = np.column_stack([RNG.normal(size=(7, M - 1)), [3, 0, 1, 3, 3, 0, 2]])


def scale(p: Any, x: Any) -> Any:
    return x * p["scale"]


def parametric(p: Any, z: Any) -> Any:
    return z + p["alpha"] * (torch.nn.functional.selu(z) - z)


def embedding(p: Any, x: Any) -> Any:
    return torch.nn.functional.embedding(x[:, 0].long(), p["weight"]) + 0 * x[:, :1]


def periodic(p: Any, x: Any) -> Any:
    mixed = []
    for i in range(x.shape[1]):
        h = torch.cos(2 * torch.pi * x[:, [i]] * p["frequency"][i] + p["phase"][i])
        mixed.append(h @ p["projection"][i].T + p["shift"][i])
    return torch.cat([*mixed, x], dim=1)


def columns(p: Any, x: Any) -> Any:
    inner = [{name[2:]: array for name, array in p.items() if name[0] == str(i)} for i in range(4)]
    linear = x[:, [3, 0]] @ inner[3]["weight"].T + inner[3]["bias"]
    return torch.cat([periodic(inner[0], x[:, 0:3]), x[:, 1:4], embedding(inner[2], x[:, 4:5]), linear], dim=1)


def every_column() -> nn.Layer:
    return nn.Columns(
        [
            ((0, 3), nn.PeriodicEmbedding(3, frequencies=5, width=3, sigma=0.5)),
            ((1, 4), nn.Identity()),  # read once more
            ([4], nn.Embedding(4, 2)),
            ([3, 0], nn.Linear(2, 2)),
        ]
    )


# how a layer is made, the formula in torch, and the columns of X that it reads
CASES: dict[str, tuple[Any, Any, slice]] = {
    "Scale": (lambda: nn.Scale(4), scale, slice(0, 4)),
    "ParametricActivation": (lambda: nn.ParametricActivation(nn.SELU(), 4), parametric, slice(0, 4)),
    "Embedding": (lambda: nn.Embedding(4, 3), embedding, slice(4, 5)),
    "PeriodicEmbedding": (lambda: nn.PeriodicEmbedding(4, 6, 3, 0.5), periodic, slice(0, 4)),
    "Columns": (every_column, columns, slice(0, 5)),
}
EVERY_CASE = pytest.mark.parametrize("name", CASES)


def moved(net: nn.Sequential, seed: int) -> nn.Sequential:
    """The network with parameters that are not those of its start, where many are 1."""
    rng = np.random.default_rng(seed)
    for array in net.parameters().values():
        array[...] = rng.normal(size=array.shape)
    return net


def case(name: str, seed: int = 1) -> tuple[nn.Sequential, Any, Any]:
    make, formula, read = CASES[name]
    return moved(nn.Sequential(make()), seed), formula, X[:, read]


def typical(seed: int = 0, **settings: Any) -> nn.Sequential:
    rng = np.random.default_rng(seed)
    blocks = [
        ((0, 3), nn.PeriodicEmbedding(3, rng=rng)),
        ((3, 4), nn.Identity()),
        ((4, 5), nn.Embedding(4, 2, rng=rng)),
    ]
    return nn.Sequential(
        nn.Columns(blocks),
        nn.Scale(15),
        nn.Linear(15, 8, rng=rng),
        nn.ParametricActivation(nn.SELU(), 8),
        nn.Dropout(0.15),
        nn.Linear(8, 8, rng=rng),
        nn.ParametricActivation(nn.Mish(), 8),
        nn.Dropout(0.15),
        nn.Linear(8, 3, rng=rng),
    )


# What they compute -------------------------------------------------------------------------------------------------


@EVERY_CASE
def test_outputs_and_gradients_are_those_of_autograd(name: str) -> None:
    net, formula, x = case(name)
    leaf: Any = torch.tensor(x, requires_grad=True)
    theirs: Any = {key: torch.tensor(array, requires_grad=True) for key, array in net[0].parameters().items()}
    expected = formula(theirs, leaf)
    gradient = np.random.default_rng(2).normal(size=expected.shape)
    expected.backward(torch.tensor(gradient))

    output, saved = net[0].forward(x)
    input_gradient, gradients = net[0].backward(gradient, saved)
    np.testing.assert_allclose(output, expected.detach().numpy(), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(input_gradient, leaf.grad.numpy(), rtol=1e-11, atol=1e-12)
    assert list(gradients) == list(net[0].parameters()) == list(theirs)
    for key, leaf in theirs.items():
        np.testing.assert_allclose(gradients[key], leaf.grad.numpy(), rtol=1e-11, atol=1e-12, err_msg=key)
    alone = net[0].gradients(gradient, saved)
    for key, array in gradients.items():
        np.testing.assert_array_equal(alone[key], array)


@pytest.mark.parametrize("rows", ["alone", "stack", "shared rows"])
@EVERY_CASE
def test_backward_agrees_with_central_differences(name: str, rows: str) -> None:
    net, _, x = case(name)
    width = net(x).shape[1]
    nets = [moved(nn.Sequential(copy.deepcopy(net[0]), nn.Tanh(), nn.Linear(width, 2)), seed) for seed in range(3)]
    given = np.stack([np.roll(x, j, axis=0) for j in range(3)]) if rows == "stack" else x
    whole, y = nets[0] if rows == "alone" else nn.stack(nets), np.arange(7) % 2
    assert nn.gradient_error(whole, nn.CrossEntropyLoss(), given, y) < 1e-7


def test_a_typical_network_agrees_with_central_differences_also_with_dropout() -> None:
    nets = [moved(typical(), seed) for seed in range(2)]
    assert nn.gradient_error(nets[0], nn.MSELoss(), X, np.ones((7, 3)), training=(0, 1)) < 1e-6
    both = nn.stack(nets)
    assert nn.gradient_error(both, nn.CrossEntropyLoss(), X, np.arange(7) % 3, training=(np.array([4, 5]), 1)) < 1e-6


def test_the_gradient_check_finds_a_wrong_gradient_of_a_code() -> None:
    class Sloping(nn.Embedding):
        def backward(self, gradient: Any, saved: Any) -> Any:
            found, gradients = super().backward(gradient, saved)
            return found + 1, gradients

    errors = nn.gradient_errors(nn.Sequential(Sloping(4, 1)), nn.MSELoss(), X[:, 4:], np.ones((7, 1)))
    assert errors["input"] == 1
    assert errors["0.weight"] < 1e-7


@EVERY_CASE
def test_layers_are_pure_and_float32_stays_float32(name: str) -> None:
    net, _, x = case(name)
    small, given = net.copy(np.float32), x.astype(np.float32)
    before, kept = pickle.dumps(list(small.parameters().items())), given.copy()
    output, saved = small[0].forward(given, training=(0, 0))
    gradient = np.ones_like(output)
    first, second = small[0].backward(gradient, saved), small[0].backward(gradient, saved)
    assert {array.dtype for array in (output, first[0], *first[1].values())} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(given, kept)
    np.testing.assert_array_equal(gradient, 1)
    assert pickle.dumps(list(small.parameters().items())) == before
    np.testing.assert_allclose(output, net(x), rtol=1e-4, atol=1e-5)


def test_a_parametric_activation_is_between_its_activation_and_none() -> None:
    layer, z = nn.ParametricActivation(nn.Mish(), 3), RNG.normal(size=(5, 3))
    np.testing.assert_allclose(layer(z), nn.Mish()(z), rtol=1e-15, atol=1e-16)  # α = 1, the start
    layer.alpha[...] = 0
    np.testing.assert_array_equal(layer(z), z)
    layer.alpha[...] = 0.5
    np.testing.assert_allclose(layer(z), (z + nn.Mish()(z)) / 2, rtol=1e-14, atol=1e-16)


def test_waves_come_feature_by_feature_and_then_the_numbers() -> None:
    layer = nn.PeriodicEmbedding(2, frequencies=1, width=3)
    layer.frequency[...], layer.phase[...], layer.projection[...] = 0.0, 0.0, 0.0
    layer.shift[...] = [[1.0, 2.0], [3.0, 4.0]]
    np.testing.assert_array_equal(layer(np.array([[8.0, 9.0]])), [[1, 2, 3, 4, 8, 9]])


def test_an_embedding_is_a_linear_layer_of_one_hot_columns() -> None:
    layer, codes = nn.Embedding(4, 3), X[:, 4:]
    np.testing.assert_allclose(layer(codes), nn.one_hot(codes[:, 0], 4) @ layer.weight)


def test_a_range_of_columns_is_a_view() -> None:
    net = typical()
    for layer, read in net[0].read(X):
        assert np.shares_memory(read, X), layer
    together = nn.Columns([([2, 3, 4], nn.Identity()), ([4, 2], nn.Identity())])
    assert together.columns == ((2, 5), [4, 2])
    assert [np.shares_memory(read, X) for _, read in together.read(X)] == [True, False]
    np.testing.assert_array_equal(together(X), X[:, [2, 3, 4, 4, 2]])


def test_columns_left_out_have_no_gradient() -> None:
    layer = nn.Columns([((1, 2), nn.Identity()), ((3, 4), nn.Identity())])
    output, saved = layer.forward(X[:, :4])
    np.testing.assert_array_equal(output, X[:, [1, 3]])
    np.testing.assert_array_equal(layer.backward(np.ones((7, 2)), saved)[0], np.ones((7, 1)) * [0, 1, 0, 1])


def test_dropout_of_several_columns_is_drawn_for_each() -> None:
    net = nn.Sequential(nn.Columns([((0, 4), nn.Dropout(0.5)), ((0, 4), nn.Dropout(0.5))]))
    output, _ = net.forward(np.ones((50, 4)), training=(0, 0))
    assert (output[:, :4] != output[:, 4:]).any()
    np.testing.assert_array_equal(net(np.ones((2, 4))), 1)


def test_they_learn() -> None:
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.uniform(-2, 2, 300), rng.integers(0, 3, 300)])
    y = np.array([[0.0], [1.0], [-1.0]])[x[:, 1].astype(int)] + np.sin(4 * x[:, :1])
    blocks = [((0, 1), nn.PeriodicEmbedding(1, sigma=0.5, rng=rng)), ((1, 2), nn.Embedding(3, 2, rng=rng))]
    layers = [nn.Scale(6), nn.Linear(6, 16, rng=rng), nn.ParametricActivation(nn.SELU(), 16), nn.Linear(16, 1, rng=rng)]
    net, loss, optimizer = nn.Sequential(nn.Columns(blocks), *layers), nn.MSELoss(), nn.Adam(0.02)
    start = {name: array.copy() for name, array in net.parameters().items()}
    for _ in range(300):
        outputs, saved = net.forward(x)
        optimizer.step(net.parameters(), net.gradients(loss.value_and_gradient(outputs, y)[1], saved))
    assert np.mean((net(x) - y) ** 2) < 0.01 * y.var()
    for name, array in net.parameters().items():
        assert (array != start[name]).any(), name


# The start ---------------------------------------------------------------------------------------------------------


def test_parameters_start_as_in_the_recipe() -> None:
    rng = np.random.default_rng(0)
    layer = nn.PeriodicEmbedding(200, frequencies=16, width=4, sigma=0.1, rng=rng)
    shapes = {"frequency": (200, 16), "phase": (200, 16), "projection": (200, 3, 16), "shift": (200, 3)}
    assert {name: array.shape for name, array in layer.parameters().items()} == shapes
    for array, start in (
        (layer.frequency, stats.norm(0, 0.1)),
        (layer.phase, stats.uniform(-np.pi, 2 * np.pi)),
        (layer.projection, stats.uniform(-0.25, 0.5)),
        (layer.shift, stats.uniform(-0.25, 0.5)),
        (nn.Embedding(100, 8, rng=rng).weight, stats.norm()),
    ):
        assert stats.kstest(array.ravel(), start.cdf).pvalue > 1e-3
    np.testing.assert_array_equal(nn.Scale(3).scale, [1, 1, 1])
    np.testing.assert_array_equal(nn.ParametricActivation(nn.SELU(), 2).alpha, [1, 1])
    assert (nn.PeriodicEmbedding(3, sigma=0.0).frequency == 0).all()


@pytest.mark.parametrize(
    "make", [lambda rng: nn.Embedding(4, 3, rng=rng), lambda rng: nn.PeriodicEmbedding(4, rng=rng)]
)
def test_starts_come_from_the_generator_alone(make: Any) -> None:
    for generator in (np.random.default_rng, np.random.RandomState):
        one, other = make(generator(7)), make(generator(7))
        for name, array in one.parameters().items():
            np.testing.assert_array_equal(array, other.parameters()[name])


def test_initialize_draws_weights_and_biases_and_leaves_all_others() -> None:
    net = nn.Sequential(nn.Scale(2), nn.Linear(2, 3), nn.ParametricActivation(nn.ReLU(), 3), nn.PeriodicEmbedding(3))
    before = {name: array.copy() for name, array in net.parameters().items()}
    nn.initialize(net.parameters(), np.random.default_rng(0), nn.initializers.he_normal)
    changed = {name for name, array in net.parameters().items() if (array != before[name]).any()}
    assert changed == {"1.weight", "1.bias"}


# Members -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", ["own", "shared"])
@EVERY_CASE
def test_a_stack_equals_its_members_alone(name: str, rows: str) -> None:
    nets = [case(name, seed)[0] for seed in range(3)]
    stack, x = nn.stack(nets), case(name)[2]
    own = [np.roll(x, j, axis=0) if rows == "own" else x for j in range(3)]
    output, saved = stack.forward(np.stack(own) if rows == "own" else x)
    gradient = np.random.default_rng(5).normal(size=output.shape)
    input_gradient, gradients = stack.backward(gradient, saved)
    assert list(gradients) == list(stack.parameters())
    for j, net in enumerate(nets):
        alone, saved = net.forward(own[j])
        input_alone, gradients_alone = net.backward(gradient[j], saved)
        np.testing.assert_allclose(output[j], alone, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(input_gradient[j], input_alone, rtol=1e-12, atol=1e-13)
        for key, array in gradients_alone.items():
            np.testing.assert_allclose(gradients[key][j], array, rtol=1e-12, atol=1e-13)


@EVERY_CASE
def test_stacks_are_known_as_such_and_taken_apart_again(name: str) -> None:
    nets = [case(name, seed)[0] for seed in range(3)]
    stack = nn.stack(nets)
    assert [net.members for net in nets] == [None] * 3
    assert (stack.members, nn.stack(nets[:1]).members) == (3, 1)
    assert nn.Sequential(nn.Sequential(nn.ReLU(), stack)).members == 3
    assert repr(stack) == repr(nets[0])
    for net, again in zip(nets, nn.unstack(stack), strict=True):
        for key, array in net.parameters().items():
            np.testing.assert_array_equal(again.parameters()[key], array)


def test_columns_without_parameters_take_the_rows_of_any_stack() -> None:
    chosen = nn.Columns([([4, 0], nn.Identity()), ((1, 2), nn.Dropout(0.5))])
    stack, own = nn.stack([nn.Sequential(chosen, nn.Linear(3, 2)) for _ in range(3)]), np.stack([X, X + 1, X + 2])
    assert stack.members == 3
    for j, net in enumerate(nn.unstack(stack)):
        np.testing.assert_allclose(stack(own)[j], net(own[j]), rtol=1e-13)
    assert nn.gradient_error(stack, nn.MSELoss(), own, np.ones((7, 2)), training=(np.arange(3), 0)) < 1e-7


def test_a_layer_of_your_own_says_how_many_axes_its_parameters_have() -> None:
    class Shift(nn.Layer):
        def __init__(self) -> None:
            self.by = np.zeros(4)

        def parameters(self) -> Any:
            return {"by": self.by}

    assert nn.stack([nn.Sequential(Shift())] * 2).members is None
    Shift.dimensions = {"by": 1}
    assert nn.stack([nn.Sequential(Shift())] * 2).members == 2


def test_only_equal_layers_are_stacked() -> None:
    for one, other in (
        (nn.Scale(2), nn.Scale(3)),
        (nn.Embedding(3, 2), nn.Embedding(4, 2)),
        (nn.PeriodicEmbedding(2), nn.PeriodicEmbedding(2, width=5)),
        (nn.ParametricActivation(nn.SELU(), 2), nn.ParametricActivation(nn.Mish(), 2)),
        (nn.Columns([((0, 2), nn.Identity())]), nn.Columns([([0, 2], nn.Identity())])),
    ):
        with pytest.raises(InputError, match="stack takes networks of equal layers; number 1 is"):
            nn.stack([nn.Sequential(one), nn.Sequential(other)])
    nn.stack([nn.Sequential(nn.PeriodicEmbedding(2, sigma=sigma)) for sigma in (0.1, 10.0)])  # only their starts differ


@EVERY_CASE
def test_copies_have_parameters_of_their_own_and_the_dtype_that_was_asked_for(name: str) -> None:
    net, _, x = case(name)
    same, small = net.copy(), net.copy(np.float32)
    assert {array.dtype for array in small.parameters().values()} == {np.dtype(np.float32)}
    assert small(x).dtype == small.dtype == np.float32
    np.testing.assert_array_equal(same(x), net(x))
    assert not any(np.shares_memory(array, same.parameters()[key]) for key, array in net.parameters().items())
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again(x), net(x))


def test_parameters_are_loaded_by_name_or_not_at_all() -> None:
    net, other = typical(0), moved(typical(1), 1)
    net.load_parameters(other.parameters())
    np.testing.assert_array_equal(net(X), other(X))
    wrong = {**other.parameters(), "0.2.weight": np.zeros((3, 2)), "1.weight": np.ones(15)}
    del wrong["1.scale"], wrong["0.0.phase"]
    message = "0.0.phase is missing; 1.scale is missing; 1.weight is unknown; 0.2.weight has shape (3, 2), not (4, 2)."
    with pytest.raises(InputError, match=re.escape(message)):
        net.load_parameters(wrong)


# Print, and what is refused ----------------------------------------------------------------------------------------


def test_prints_like_torch() -> None:
    net = nn.Sequential(
        nn.Columns([((0, 2), nn.PeriodicEmbedding(2)), ([4, 2], nn.Sequential(nn.Linear(2, 1), nn.Tanh()))]),
        nn.Scale(9),
        nn.ParametricActivation(nn.LeakyReLU(0.1), 9),
    )
    assert repr(net).splitlines() == [
        "Sequential(",
        "  (0): Columns(",
        "    (0): [0:2] PeriodicEmbedding(features=2, frequencies=16, width=4)",
        "    (1): [4, 2] Sequential(",
        "      (0): Linear(in_features=2, out_features=1, bias=True)",
        "      (1): Tanh()",
        "    )",
        "  )",
        "  (1): Scale(features=9)",
        "  (2): ParametricActivation(LeakyReLU(negative_slope=0.1), features=9)",
        ")",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Scale(0), "Scale: features must be a whole number of 1 or more; got 0."),
        (lambda: nn.ParametricActivation(nn.SELU(), -1), "ParametricActivation: features must be a whole number"),
        (lambda: nn.Embedding(0, 2), "Embedding: levels must be a whole number of 1 or more; got 0."),
        (lambda: nn.Embedding(2, True), "Embedding: width must be a whole number of 1 or more; got True."),
        (lambda: nn.Embedding(2, 2, rng=0), "Embedding: rng must be a numpy.random.Generator"),  # type: ignore[arg-type]
        (lambda: nn.PeriodicEmbedding(2, 0), "PeriodicEmbedding: frequencies must be a whole number of 1 or more"),
        (
            lambda: nn.PeriodicEmbedding(2, width=1),
            "PeriodicEmbedding: width must be a whole number of 2 or more; got 1.",
        ),
        (lambda: nn.PeriodicEmbedding(2, sigma=-1), "PeriodicEmbedding: sigma must be a number of 0 or more; got -1."),
        (lambda: nn.PeriodicEmbedding(2, rng=0), "PeriodicEmbedding: rng must be"),  # type: ignore[arg-type]
    ],
)
def test_settings_are_checked(make: Any, message: str) -> None:
    with pytest.raises(SettingError, match=re.escape(message)):
        make()


@pytest.mark.parametrize("activation", ["selu", None, nn.SELU, nn.Linear(2, 2)])
def test_only_activations_are_made_parametric(activation: Any) -> None:
    with pytest.raises(InputError, match=r"^ParametricActivation: activation must be a layer such as SELU\(\); got "):
        nn.ParametricActivation(activation, 2)


@pytest.mark.parametrize(
    "given",
    [(), (2,), (1, 2, 3), (2, 2), (3, 1), (-1, 2), (0.0, 2.0), [], [1, 1], [-1], ["a"], "01", 3, None, (True, 2)],
)
def test_columns_are_a_range_or_a_list_of_places(given: Any) -> None:
    message = "Columns: the columns of number 1 must be a range (first, stop) of columns counted from 0, or a list of "
    with pytest.raises(InputError, match=re.escape(message)):
        nn.Columns([((0, 1), nn.Identity()), (given, nn.Identity())])


@pytest.mark.parametrize("parts", [[], None, 3, [nn.Identity()], [((0, 1), nn.Identity(), 3)]])
def test_parts_are_pairs(parts: Any) -> None:
    with pytest.raises(InputError, match=r"^Columns takes a list of one or more pairs \(columns, layer\); got "):
        nn.Columns(parts)


def test_parts_have_layers() -> None:
    with pytest.raises(InputError, match=r"^Columns: number 1 must be a layer; got 'identity'\."):
        nn.Columns([((0, 1), nn.Identity()), ((1, 2), "identity")])  # type: ignore[list-item]


@EVERY_CASE
def test_what_is_not_rows_of_the_right_width_is_refused(name: str) -> None:
    net, _, x = case(name)
    m, stack = x.shape[1], nn.stack([net] * 3)
    with pytest.raises(InputError, match=rf"^layer 0 \({name}.*\) expects {m} columns and got {m + 1}\.$"):
        net(np.zeros((7, m + 1)))
    with pytest.raises(
        InputError, match=rf"expects rows, shape \('n', {m}\), and got shape \({m},\)\. A single row is"
    ):
        net(x[0])
    with pytest.raises(InputError, match=rf"or \(3, 'n', {m}\), and got shape \(2, 7, {m}\)"):
        stack(np.stack([x, x]))
    assert net(x[:0]).shape == (0, net(x).shape[1])


@pytest.mark.parametrize("code", [4.0, -1.0, 0.5, np.nan, np.inf, -np.inf, 1e300])
def test_a_code_that_is_none_is_named_with_its_layer_column_and_row(code: float) -> None:
    rows = X.copy()
    rows[2, 4] = code
    message = (
        "layer 0.2 (Embedding(levels=4, width=2) of columns [4:5]) expects whole numbers from 0 to 3 and got "
        f"{code} in row 2 (counted from 0)."
    )
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        typical()(rows)
    message = f"got {code} in row 2 of member 1 (both counted from 0)."
    with pytest.raises(InputError, match=re.escape(message)):
        nn.stack([typical(), typical()])(np.stack([X, rows]))


def test_errors_deep_inside_are_in_one_line() -> None:
    net = nn.Sequential(nn.Columns([((0, 2), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))]))
    message = "layer 0.0.1 (Linear(in_features=3, out_features=1, bias=True)) expects 3 columns and got 2."
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        net(np.ones((1, 2)))
