"""The compiled passes piece by piece: products, exponentials, activations, memory, prediction."""

import itertools
import threading
from platform import machine
from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.kernels import compiled
from feedforward.training.compiled.elementwise import CHUNK, activate, exponential, times_slope
from feedforward.training.compiled.layout import CODES, SLOPE_NEEDS_NET_INPUT, alpha_of, layout_of, unsupported
from feedforward.training.compiled.memory import aligned, bind, flattened, writable
from feedforward.training.compiled.predictor import predictor_of
from feedforward.training.compiled.products import add_product, set_correlation
from feedforward.training.compiled.subnormals import flush_subnormals, restore_mode
from feedforward.training.compiled.waves import constants
from feedforward.training.predictor import outputs

DTYPES = [np.float32, np.float64]
EXTREMES = [0.0, -0.0, 1e-30, -1e-30, 5.0, -5.0, 30.0, -30.0, 1e3, -1e3, 1e30, -1e30]


def scratch(dtype: Any) -> tuple[Any, ...]:
    power = aligned((CHUNK,), dtype)
    return constants(dtype), power, power.view(np.int32 if dtype == np.float32 else np.int64)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_exponential_is_right_to_two_units_of_the_last_place(dtype: Any) -> None:
    x = np.linspace(-80, 80, 4001).astype(dtype)
    result = x.copy()
    exponential(result, *scratch(dtype))
    assert np.abs(result / np.exp(x.astype(np.longdouble)) - 1).max() < 2 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "layer",
    [*(layer() for layer in CODES if layer is not nn.Identity), nn.LeakyReLU(-0.3), nn.ELU(2.0), nn.ELU(-1.0)],
    ids=repr,
)
def test_activations_and_slopes_are_those_of_nn(layer: Any, dtype: Any) -> None:
    z = np.concatenate([np.linspace(-9, 9, 1001), EXTREMES]).astype(dtype)
    with np.errstate(over="ignore"):
        value = layer.activation.value(z)
        slope = layer.activation.slope(z, value)
    a, d, e = z.copy(), np.ones_like(z), np.empty_like(z)
    code, alpha, tools = CODES[type(layer)], dtype(alpha_of(layer)), scratch(dtype)
    activate(code, alpha, a, e, *tools)
    kept = z if isinstance(layer, SLOPE_NEEDS_NET_INPUT) or alpha < 0 else a
    times_slope(code, alpha, d, kept, a, e, *tools)
    tolerance = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(a, value, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(d, slope, rtol=tolerance, atol=20 * tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("h", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("m", [1, 3, 4, 7, 8])
def test_products_are_those_of_numpy(h: int, m: int, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    w, x, d, out = (rng.normal(size=shape).astype(dtype) for shape in [(h, m), (m, 32), (h, 32), (h, 32)])
    flat = np.concatenate([np.full(5, np.nan, dtype), w.ravel()])
    result = out.copy()
    add_product(result, flat, 5, m, 1, x)
    np.testing.assert_allclose(result, out + w @ x, rtol=1e-4 if dtype == np.float32 else 1e-12, atol=1e-5)
    down = np.zeros((m, 32), dtype)
    add_product(down, flat, 5, 1, m, d)
    np.testing.assert_allclose(down, w.T @ d, rtol=1e-4 if dtype == np.float32 else 1e-12, atol=1e-5)
    gradient = np.empty((h, m), dtype)
    set_correlation(gradient, d, x)
    np.testing.assert_allclose(gradient, d @ x.T, rtol=1e-4 if dtype == np.float32 else 1e-12, atol=1e-5)


def test_every_activation_of_nn_has_a_code() -> None:
    layers = {thing for thing in vars(nn).values() if isinstance(thing, type) and issubclass(thing, nn.ActivationLayer)}
    assert layers - {nn.ActivationLayer} == set(CODES)


def test_parameters_share_memory_once_they_are_flat() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1, bias=False))
    before = {name: array.copy() for name, array in network.parameters().items()}
    flat = flattened(network)
    assert flat.shape == (1, 3 * 2 + 2 + 2)
    for name, array in network.parameters().items():
        assert np.shares_memory(array, flat), name
        np.testing.assert_array_equal(array, before[name])
    with pytest.raises(ValueError, match="shape"):
        bind(network, flat[:, :4])


def test_read_only_rows_are_read_without_a_copy() -> None:
    rows = np.arange(6.0).reshape(2, 3)
    rows.flags.writeable = False
    other = writable(rows)
    assert other.flags.writeable
    assert np.shares_memory(rows, other)
    np.testing.assert_array_equal(rows, other)


def networks() -> list[Any]:
    def deep(*sizes: int) -> nn.Sequential:
        layers: list[nn.Layer] = []
        for m, h in itertools.pairwise(sizes[:-1]):
            layers += [nn.Linear(m, h), nn.GELU(), nn.Dropout(0.5)]
        return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))

    odd = nn.Sequential(nn.Tanh(), nn.Linear(7, 5), nn.Sigmoid(), nn.ReLU(), nn.Linear(5, 3), nn.Mish())
    return [deep(7, 3), deep(7, 10, 2), deep(7, 33, 21, 4), odd, nn.stack([deep(7, 6, 2), deep(7, 6, 2)])]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", range(5))
def test_a_row_gets_the_same_outputs_in_any_company(place: int, dtype: Any, compiled: bool) -> None:
    network = networks()[place].copy(dtype)
    X = np.random.default_rng(1).normal(size=(300, 7)).astype(dtype)
    everything = outputs(network, X, compiled=compiled)
    np.testing.assert_allclose(everything, network(X), rtol=1e-4, atol=1e-5)
    for rows in (slice(0, 1), slice(5, 6), slice(17, 140), slice(1, 300), slice(None, None, -1), [3, 3, 299]):
        part = outputs(network, X[rows], compiled=compiled)
        np.testing.assert_array_equal(part, everything[..., rows, :])


def test_large_predictions_on_several_threads_are_the_same_bits() -> None:
    network = nn.Sequential(nn.Linear(50, 200), nn.ReLU(), nn.Linear(200, 3)).copy(np.float32)
    X = np.random.default_rng(0).normal(size=(5000, 50)).astype(np.float32)
    together = outputs(network, X)
    alone = np.concatenate([outputs(network, X[i : i + 100]) for i in range(0, 5000, 100)])
    np.testing.assert_array_equal(together, alone)


def test_prediction_follows_changed_and_replaced_weights() -> None:
    network = nn.Sequential(nn.Linear(2, 1, bias=False))
    X = np.ones((1, 2))
    network[0].weight[...] = [[1.0, 2.0]]
    assert outputs(network, X) == 3.0
    network[0].weight[...] = [[2.0, 2.0]]
    assert outputs(network, X) == 4.0
    network[0].weight = np.array([[5.0, 5.0]])
    assert outputs(network, X) == 10.0
    assert outputs(network.copy(), X) == 10.0


def test_one_network_serves_many_threads() -> None:
    network = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 2)).copy(np.float32)
    X = np.random.default_rng(0).normal(size=(200, 20)).astype(np.float32)
    expected, wrong = outputs(network, X), []

    def work() -> None:
        for i in range(200):
            if not np.array_equal(outputs(network, X[i : i + 1])[0], expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_predictor_is_made_once_for_a_network() -> None:
    network = nn.Sequential(nn.Linear(2, 1))
    assert predictor_of(network, 2) is predictor_of(network, 2)


def test_what_cannot_be_compiled_is_named() -> None:
    class Double(nn.Layer):
        def forward(self, x: Any, *, training: Any = None) -> Any:
            return 2 * x, None

    class Own(nn.MSELoss):
        pass

    plain = nn.Sequential(nn.Linear(1, 1))
    assert unsupported(plain, nn.MSELoss(), nn.Adam()) is None
    assert unsupported(nn.Sequential(Double()), nn.MSELoss(), nn.Adam()) == "layer 0 is a Double"
    assert unsupported(nn.Sequential(nn.ReLU()), nn.MSELoss(), nn.Adam()) == "the network has no Linear"
    assert unsupported(plain, Own(), nn.Adam()) == "the loss is Own()"
    np.testing.assert_array_equal(outputs(nn.Sequential(nn.Linear(1, 1), Double()), np.zeros((3, 1))).shape, (3, 1))


def test_the_layout_keeps_net_inputs_only_where_slopes_need_them() -> None:
    relu = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    gelu = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 2))
    assert layout_of(relu, 4).units == 4 + 8 + 2
    assert layout_of(gelu, 4).units == 4 + 8 + 8 + 2


@compiled
def halve(values: Any, flush: bool) -> None:
    mode = flush_subnormals() if flush else np.uint32(0)
    for i in range(len(values)):
        values[i] /= 2
    if flush:
        restore_mode(mode)


@pytest.mark.parametrize("tiny", [np.finfo(np.float32).tiny, np.finfo(np.float64).tiny])
def test_numbers_too_small_for_full_precision_are_0_only_where_asked(tiny: Any) -> None:
    flushed, kept = np.full(99, tiny), np.full(99, tiny)
    halve(flushed, True)
    halve(kept, False)
    assert (kept == tiny / 2).all()  # also: the mode was given back
    if machine().lower() in {"x86_64", "amd64"}:
        assert (flushed == 0).all()
