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

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


@dataclass(frozen=True)
class Activation:
    """An elementwise function and its derivative.

    Attributes
    ----------
    value : callable
        ``a = value(z)``.
    slope : callable
        ``da/dz = slope(z, a)``. At a kink (ReLU's and its kin's 0) it is the slope from the left, as in torch.
    formula, slope_formula : str
        The same two in letters, for those who read along.

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
    formula: str = ""
    slope_formula: str = ""


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


def leaky_relu(negative_slope: float = 0.01) -> Activation:
    """Return ReLU with a small slope below zero, so that no unit is ever dead.

    Examples
    --------
    >>> leaky_relu(0.1).value(np.array([-2.0, 2.0]))
    array([-0.2,  2. ])
    """
    return Activation(
        lambda z: np.where(z > 0, z, negative_slope * z),
        slope=lambda z, a: np.where(z > 0, a.dtype.type(1.0), a.dtype.type(negative_slope)),
        formula=f"z if z > 0 else {negative_slope}·z",
        slope_formula=f"1 if z > 0 else {negative_slope}",
    )


def elu(alpha: float = 1.0) -> Activation:
    """Return the exponential linear unit, which bends smoothly to ``-alpha``.

    Examples
    --------
    >>> elu(2.0).value(np.array([-1e4, 3.0]))
    array([-2.,  3.])
    """
    return Activation(
        lambda z: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0.0))),
        slope=lambda z, a: np.where(z > 0, a.dtype.type(1.0), a + a.dtype.type(alpha)),
        formula=f"z if z > 0 else {alpha}·(eᶻ − 1)",
        slope_formula=f"1 if z > 0 else a + {alpha}",
    )


def _selu(z: Array) -> Array:
    result: Array = SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0.0)))
    return result


def _selu_slope(z: Array, a: Array) -> Array:
    result: Array = np.where(z > 0, a.dtype.type(SELU_SCALE), a + a.dtype.type(SELU_SCALE * SELU_ALPHA))
    return result


def _normal_cdf(z: Array) -> Array:
    from scipy.special import ndtr

    result: Array = ndtr(z)
    return result


def _normal_density(z: Array) -> Array:
    z = np.clip(z, -40.0, 40.0)  # beyond, the density is 0 anyway, and z * z could overflow
    result: Array = np.exp(-0.5 * z * z) / float(np.sqrt(2.0 * np.pi))
    return result


def _silu_slope(z: Array, a: Array) -> Array:
    gate = sigmoid(z)
    return gate + a * (1.0 - gate)


def _mish_slope(z: Array, a: Array) -> Array:
    bend = np.tanh(softplus(z))
    return bend + z * (1.0 - bend**2) * sigmoid(z)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(
        lambda z: z,
        slope=lambda z, a: np.ones_like(a),
        formula="z",
        slope_formula="1",
    ),
    "sigmoid": Activation(
        sigmoid,
        slope=lambda z, a: a * (1.0 - a),
        formula="1 / (1 + e⁻ᶻ)",
        slope_formula="a·(1 − a)",
    ),
    "tanh": Activation(
        np.tanh,
        slope=lambda z, a: 1.0 - a**2,
        formula="tanh z",
        slope_formula="1 − a²",
    ),
    "relu": Activation(
        lambda z: np.maximum(z, 0.0),
        slope=lambda z, a: np.asarray(z > 0).astype(a.dtype),
        formula="max(z, 0)",
        slope_formula="1 if z > 0 else 0",
    ),
    "leaky_relu": leaky_relu(),
    "elu": elu(),
    "selu": Activation(
        _selu,
        slope=_selu_slope,
        formula="1.0507·(z if z > 0 else 1.6733·(eᶻ − 1))",
        slope_formula="1.0507 if z > 0 else a + 1.7581",
    ),
    "gelu": Activation(
        lambda z: z * _normal_cdf(z),
        slope=lambda z, a: _normal_cdf(z) + z * _normal_density(z),
        formula="z·Φ(z), with Φ the normal distribution function",
        slope_formula="Φ(z) + z·φ(z), with φ the normal density",
    ),
    "silu": Activation(
        lambda z: z * sigmoid(z),
        slope=_silu_slope,
        formula="z·s, with s = 1 / (1 + e⁻ᶻ)",
        slope_formula="s + a·(1 − s)",
    ),
    "mish": Activation(
        lambda z: z * np.tanh(softplus(z)),
        slope=_mish_slope,
        formula="z·t, with t = tanh(ln(1 + eᶻ))",
        slope_formula="t + z·(1 − t²) / (1 + e⁻ᶻ)",
    ),
    "softplus": Activation(
        softplus,
        slope=lambda z, a: sigmoid(z),
        formula="ln(1 + eᶻ)",
        slope_formula="1 / (1 + e⁻ᶻ)",
    ),
}
