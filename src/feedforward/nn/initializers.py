"""How weights start: from one generator, scaled by the width of the layer.

``Z = X Wᵀ + b`` adds up ``fan_in`` products, so weights of one size would make the sums grow with the width, layer
after layer. Each rule keeps some variance level: Glorot's the average of forward and backward, He's that of ReLU,
LeCun's that of the forward pass alone.

An initializer is a function ``(rng, shape, fan_in, fan_out) -> array``. All layers are drawn from the one generator
`rng`, one after the other: a generator of the same seed for each layer would give equal shapes equal weights.
"""

from collections.abc import Callable, Mapping

import numpy as np

from feedforward.nn.activations import Array
from feedforward.validation import Rule, check_setting

Rng = np.random.Generator | np.random.RandomState
Shape = tuple[int, ...]
Initializer = Callable[[Rng, Shape, int, int], Array]
RNG = Rule(
    "a numpy.random.Generator, such as numpy.random.default_rng(0)",
    lambda value: isinstance(value, np.random.Generator | np.random.RandomState),
)


def zeros(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """All 0: right for biases, wrong for weights, whose units would stay equal for ever.

    Examples
    --------
    >>> zeros(np.random.default_rng(0), (2,), 1, 2)
    array([0., 0.])
    """
    return np.zeros(shape)


def uniform(rng: Rng, shape: Shape, fan_in: int, fan_out: int, *, low: float = -0.05, high: float = 0.05) -> Array:
    """``U(low, high)``, whatever the width; ``functools.partial(uniform, low=-1, high=1)`` for other bounds.

    Examples
    --------
    >>> float(np.abs(uniform(np.random.default_rng(0), (100, 100), 100, 100)).max()) <= 0.05
    True
    """
    return rng.uniform(low, high, shape)


def normal(rng: Rng, shape: Shape, fan_in: int, fan_out: int, *, std: float = 0.05) -> Array:
    """``N(0, std²)``, whatever the width; ``functools.partial(normal, std=0.1)`` for another spread.

    Examples
    --------
    >>> round(float(normal(np.random.default_rng(0), (100, 100), 100, 100).std()), 2)
    0.05
    """
    return rng.normal(0.0, std, shape)


def torch_default(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """``U(±1/√fan_in)``: what ``torch.nn.Linear`` draws, for weights and biases alike.

    Examples
    --------
    >>> float(np.abs(torch_default(np.random.default_rng(0), (100, 100), 100, 100)).max()) <= 0.1
    True
    """
    return _uniform_of_variance(rng, shape, 1 / (3 * fan_in))


def glorot_uniform(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """``U(±√(6/(fan_in + fan_out)))``: for tanh and sigmoid. Glorot and Bengio (2010), equation 16.

    Examples
    --------
    >>> glorot_uniform(np.random.default_rng(0), (10, 2), 2, 10).shape
    (10, 2)
    """
    return _uniform_of_variance(rng, shape, 2 / (fan_in + fan_out))


def glorot_normal(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """``N(0, 2/(fan_in + fan_out))``. Glorot and Bengio (2010).

    Examples
    --------
    >>> glorot_normal(np.random.default_rng(0), (10, 2), 2, 10).shape
    (10, 2)
    """
    return rng.normal(0.0, np.sqrt(2 / (fan_in + fan_out)), shape)


def he_uniform(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """``U(±√(6/fan_in))``: for ReLU, which lets half of the variance through. He et al. (2015), section 2.2.

    Examples
    --------
    >>> he_uniform(np.random.default_rng(0), (10, 2), 2, 10).shape
    (10, 2)
    """
    return _uniform_of_variance(rng, shape, 2 / fan_in)


def he_normal(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """``N(0, 2/fan_in)``: for ReLU. He et al. (2015), equation 10.

    Examples
    --------
    >>> he_normal(np.random.default_rng(0), (10, 2), 2, 10).shape
    (10, 2)
    """
    return rng.normal(0.0, np.sqrt(2 / fan_in), shape)


def lecun_uniform(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """``U(±√(3/fan_in))``: keeps the variance of the forward pass. LeCun et al. (1998), section 4.6.

    Examples
    --------
    >>> lecun_uniform(np.random.default_rng(0), (10, 2), 2, 10).shape
    (10, 2)
    """
    return _uniform_of_variance(rng, shape, 1 / fan_in)


def lecun_normal(rng: Rng, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """``N(0, 1/fan_in)``: what SELU asks for. Klambauer et al. (2017).

    Examples
    --------
    >>> lecun_normal(np.random.default_rng(0), (10, 2), 2, 10).shape
    (10, 2)
    """
    return rng.normal(0.0, np.sqrt(1 / fan_in), shape)


def _uniform_of_variance(rng: Rng, shape: Shape, variance: float) -> Array:
    bound = np.sqrt(3 * variance)  # the variance of U(±bound) is bound²/3
    return rng.uniform(-bound, bound, shape)


INITIALIZERS: dict[str, Initializer] = {
    "zeros": zeros,
    "uniform": uniform,
    "normal": normal,
    "torch_default": torch_default,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
}


def initialize(parameters: Mapping[str, Array], rng: Rng, weight: Initializer, bias: Initializer = zeros) -> None:
    """Draw all weights and biases anew, in place and in order, from the one generator `rng`.

    Parameters
    ----------
    parameters : dict of arrays
        As ``network.parameters()`` gives them: each ``"….bias"`` after its ``"….weight"`` of shape (…, out, in). Arrays
        of other names stay as they are.
    rng : numpy.random.Generator or numpy.random.RandomState
    weight, bias : initializer
        One of this module's functions, or your own.

    Raises
    ------
    SettingError
        If `rng` is not a generator.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3))
    >>> initialize(net.parameters(), np.random.default_rng(0), he_normal)
    >>> net[1].bias
    array([0., 0., 0.])
    """
    check_setting("initialize", "rng", rng, RNG)
    fan_out, fan_in = 1, 1
    for name, array in parameters.items():
        if name.endswith("weight"):
            fan_out, fan_in = array.shape[-2:]
            array[...] = weight(rng, array.shape, fan_in, fan_out)
        elif name.endswith("bias"):
            array[...] = bias(rng, array.shape, fan_in, fan_out)
