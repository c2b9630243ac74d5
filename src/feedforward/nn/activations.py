"""Activations: value and slope side by side, stable for every finite input.

Each slope takes the net input ``z`` and the output ``a = value(z)``, whichever it is simpler in. Definitions are
``torch.nn``'s; every function keeps the shape and the dtype (float32 or float64) of what it is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LEAK = 0.01  # LeakyReLU's slope below zero
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


@dataclass(frozen=True)
class Activation:
    """An elementwise function and its derivative.

    Attributes
    ----------
    value : callable
        ``a = value(z)``.
    slope : callable
        ``da/dz = slope(z, a)``.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([-1000.0, 0.0, 1000.0])
    >>> a = ACTIVATIONS["sigmoid"].value(z)
    >>> a, ACTIVATIONS["sigmoid"].slope(z, a)
    (array([0. , 0.5, 1. ]), array([0.  , 0.25, 0.  ]))
    """

    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]


def sigmoid(z: Array) -> Array:
    """``1 / (1 + exp(-z))``, without ever taking the exponential of a large number.

    Examples
    --------
    >>> float(sigmoid(np.array(-1e4)))
    0.0
    """
    decay = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, decay) / (1.0 + decay)


def softplus(z: Array) -> Array:
    """``log(1 + exp(z))``, the smooth ReLU, without overflow.

    Examples
    --------
    >>> float(softplus(np.array(1e4)))
    10000.0
    """
    result: Array = np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))
    return result


def _positive(z: Array, a: Array) -> Array:
    return np.asarray(z > 0).astype(a.dtype)


def _elu(z: Array) -> Array:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0.0)))


def _normal_cdf(z: Array) -> Array:
    from scipy.special import ndtr

    result: Array = ndtr(z)
    return result


def _normal_density(z: Array) -> Array:
    result: Array = np.exp(-0.5 * z * z) / float(np.sqrt(2.0 * np.pi))
    return result


def _selu_slope(z: Array, a: Array) -> Array:
    slope: Array = np.where(z > 0, a.dtype.type(SELU_SCALE), a + a.dtype.type(SELU_SCALE * SELU_ALPHA))
    return slope


def _mish_slope(z: Array, a: Array) -> Array:
    bend = np.tanh(softplus(z))
    slope: Array = bend + z * (1.0 - bend**2) * sigmoid(z)
    return slope


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda z: z, slope=lambda z, a: np.ones_like(a)),
    "sigmoid": Activation(sigmoid, slope=lambda z, a: a * (1.0 - a)),
    "tanh": Activation(np.tanh, slope=lambda z, a: 1.0 - a**2),
    "relu": Activation(lambda z: np.maximum(z, 0.0), slope=_positive),
    "leaky_relu": Activation(
        lambda z: np.where(z > 0, z, LEAK * z),
        slope=lambda z, a: np.where(z > 0, a.dtype.type(1.0), a.dtype.type(LEAK)),
    ),
    "elu": Activation(_elu, slope=lambda z, a: np.where(z > 0, a.dtype.type(1.0), a + 1.0)),
    "selu": Activation(
        lambda z: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0.0))), slope=_selu_slope
    ),
    "gelu": Activation(lambda z: z * _normal_cdf(z), slope=lambda z, a: _normal_cdf(z) + z * _normal_density(z)),
    "silu": Activation(lambda z: z * sigmoid(z), slope=lambda z, a: sigmoid(z) + a * (1.0 - sigmoid(z))),
    "mish": Activation(lambda z: z * np.tanh(softplus(z)), slope=_mish_slope),
    "softplus": Activation(softplus, slope=lambda z, a: sigmoid(z)),
}
