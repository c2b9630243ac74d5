"""Layers: pure functions with a derivative, and parameters by name.

Every layer has the same two lines of mathematics, side by side::

    output, saved = layer.forward(x)                    # what it computes, and what its derivative will need
    ∂L/∂x, {name: ∂L/∂parameter} = layer.backward(∂L/∂output, saved)      # the chain rule

A layer keeps its parameters and nothing else, so one network can serve many threads. Letters: n rows, m inputs,
h outputs. All of it also works with a leading axis of k members: k networks of equal shape, stacked into one.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from feedforward.errors import InputError
from feedforward.nn.activations import ACTIVATIONS, Activation, Array, elu, leaky_relu
from feedforward.nn.initializers import RNG, Rng, torch_default
from feedforward.nn.random import uniform
from feedforward.validation import COUNT, NOT_NEGATIVE, NUMBER, Rule, check_setting, check_settings

# None is evaluation. In training: (seed, step), to which `Sequential` adds the place of the layer.
# The seed is a whole number, or an array with one for each member of a stack.
Training = tuple[Any, ...] | None


class Layer:
    """What every layer has: ``forward``, ``backward`` and ``parameters``.

    Examples
    --------
    A layer of your own needs no more than this:

    >>> class Double(Layer):
    ...     def forward(self, x, *, training=None):
    ...         return 2 * x, None
    ...     def backward(self, gradient, saved):
    ...         return 2 * gradient, {}
    >>> Double()(np.array([[1.0, 2.0]]))
    array([[2., 4.]])

    One with parameters returns them from ``parameters``, as attributes of these names; ``dimensions`` then says how
    many axes each has in a single network, and one more is known as that of a stack.
    """

    dimensions: ClassVar[Mapping[str, int]] = {"weight": 2, "bias": 1}

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, Any]:
        """Return the output for the rows `x`, and what `backward` will need."""
        raise NotImplementedError  # each layer has its own

    def backward(self, gradient: Array, saved: Any) -> tuple[Array, dict[str, Array]]:
        """From the gradient for the output, return that for the input and one for each parameter, by name."""
        raise NotImplementedError  # each layer has its own

    def gradients(self, gradient: Array, saved: Any) -> dict[str, Array]:
        """Return the second half of `backward` alone; a layer may do that with less work.

        The first layer of a network is asked this way in training, where nobody needs the gradient for the inputs.
        """
        return self.backward(gradient, saved)[1]

    def parameters(self) -> dict[str, Array]:
        """Return the arrays that training changes, by name: not copies, the arrays themselves."""
        return {}

    def __call__(self, x: Array) -> Array:
        """Return the output alone."""
        return self.forward(x)[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def in_one_line(layer: Layer) -> str:
    """Return the repr of a layer, or the name of its class where that takes several lines.

    Examples
    --------
    >>> in_one_line(ReLU())
    'ReLU()'
    """
    return type(layer).__name__ if "\n" in repr(layer) else repr(layer)


def check_rows(layer: Layer, x: Array, features: int, members: tuple[int, ...]) -> None:
    """Raise `InputError` unless `x` is rows of so many columns, or a stack of such rows, one for each member.

    Examples
    --------
    >>> check_rows(ReLU(), np.ones((5, 2)), 3, ())
    Traceback (most recent call last):
    feedforward.errors.InputError: ReLU() expects 3 columns and got 2.
    """
    if x.ndim < 2 or x.shape[:-2] not in ((), members):
        stacked = f" or {(*members, 'n', features)}" if members else ""
        raise InputError(
            f"{in_one_line(layer)} expects rows, shape ('n', {features}){stacked}, and got shape {x.shape}. "
            "A single row is x[None, :]."
        )
    if x.shape[-1] != features:
        raise InputError(f"{in_one_line(layer)} expects {features} columns and got {x.shape[-1]}.")


class Linear(Layer):
    """``Z = X Wᵀ + b``: every unit weighs every input, and adds its bias.

    Backwards, with ``δ = ∂L/∂Z``::

        ∂L/∂W = δᵀ X        ∂L/∂b = Σ δ over the rows        ∂L/∂X = δ W

    Parameters
    ----------
    in_features, out_features : int
        m and h.
    bias : bool
        Whether there is a ``b``.
    rng : numpy.random.Generator or numpy.random.RandomState, optional
        Where the weights are drawn from, torch's way: ``U(±1/√m)``. Give every layer the same generator object.
        Default: a new one, different each time.

    Attributes
    ----------
    weight : array of shape (h, m), or (k, h, m) for a stack of k
    bias : array of shape (h,), or (k, h) for a stack of k, or None

    Raises
    ------
    SettingError
        If a size is not a whole number of 1 or more, or `rng` is not a generator.
    InputError
        From ``forward``, if the input is not rows of m columns.

    Examples
    --------
    >>> layer = Linear(2, 1)
    >>> layer.weight[...], layer.bias[...] = [[0.5, -0.2]], [0.1]
    >>> layer(np.array([[1.0, 2.0]])).round(6)      # 0.5·1 + (−0.2)·2 + 0.1
    array([[0.2]])
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, rng: Rng | None = None) -> None:
        self.in_features, self.out_features = in_features, out_features
        check_settings(self, {"in_features": COUNT, "out_features": COUNT})
        self.bias: Array | None = None
        rng = np.random.default_rng() if rng is None else rng
        check_setting("Linear", "rng", rng, RNG)
        self.weight = torch_default(rng, (out_features, in_features), in_features, out_features)
        if bias:
            self.bias = torch_default(rng, (out_features,), in_features, out_features)

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, Array]:
        """Return ``X Wᵀ + b`` and, for `backward`, X.

        Parameters
        ----------
        x : array of shape (n, m); for a stack of k (k, n, m), or (n, m) for all of them
        """
        check_rows(self, x, self.in_features, self.weight.shape[:-2])
        z = x @ self.weight.swapaxes(-1, -2)
        if self.bias is not None:
            z += self.bias[..., None, :]
        return z, x

    def backward(self, gradient: Array, saved: Array) -> tuple[Array, dict[str, Array]]:
        """Return ``∂L/∂X`` and ``{"weight": ∂L/∂W, "bias": ∂L/∂b}``; `gradient` is ``δ = ∂L/∂Z``."""
        return gradient @ self.weight, self.gradients(gradient, saved)

    def gradients(self, gradient: Array, saved: Array) -> dict[str, Array]:
        """Return ``{"weight": ∂L/∂W, "bias": ∂L/∂b}``, without the product for ``∂L/∂X``."""
        weight = gradient.swapaxes(-1, -2) @ saved
        return {"weight": weight} if self.bias is None else {"weight": weight, "bias": gradient.sum(axis=-2)}

    def parameters(self) -> dict[str, Array]:
        """Return ``weight`` and, where there is one, ``bias``."""
        return {"weight": self.weight} if self.bias is None else {"weight": self.weight, "bias": self.bias}

    def __repr__(self) -> str:
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{type(self).__name__}({sizes}, bias={self.bias is not None})"


_SHARE = Rule("a number of 0 or more and below 1", lambda p: NOT_NEGATIVE.holds(p) and p < 1)


class Dropout(Layer):
    """In training, silence each unit with probability p and scale the others by ``1/(1 − p)``; else do nothing.

    No unit can then rely on another one being there. Which units are silent is no stored state but a function of
    (seed, step, layer, row, unit), see `feedforward.nn.random`. Srivastava et al. (2014).

    Parameters
    ----------
    p : float
        Share of units to silence: 0 or more, below 1.

    Examples
    --------
    >>> layer = Dropout(0.5)
    >>> layer(np.ones((1, 4)))
    array([[1., 1., 1., 1.]])
    >>> layer.forward(np.ones((1, 4)), training=(0, 0))[0]
    array([[0., 2., 0., 2.]])
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = p
        check_settings(self, {"p": _SHARE})

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, Array | None]:
        """Return `x` with some units silenced, and the factor of each."""
        if training is None or self.p == 0:
            return x, None
        seed, *counters = training
        row, unit = np.arange(x.shape[-2])[:, None], np.arange(x.shape[-1])
        kept = uniform(np.asarray(seed)[..., None, None], *counters, row, unit) >= self.p
        factor = (kept / (1.0 - self.p)).astype(x.dtype)
        return x * factor, factor

    def backward(self, gradient: Array, saved: Array | None) -> tuple[Array, dict[str, Array]]:
        """Return the gradient times the same factors."""
        return (gradient if saved is None else gradient * saved), {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class ActivationLayer(Layer):
    """``A = σ(Z)``, one number at a time; backwards ``∂L/∂Z = ∂L/∂A ⊙ σ′(Z)``.

    Examples
    --------
    >>> layer = Sigmoid()
    >>> a, saved = layer.forward(np.array([[0.0]]))
    >>> a, layer.backward(np.array([[1.0]]), saved)[0]          # steepest at 0, and a quarter there
    (array([[0.5]]), array([[0.25]]))
    """

    activation: Activation

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, tuple[Array, Array]]:
        """Return ``σ(Z)`` and, for `backward`, Z and A."""
        a = self.activation.value(x)
        return a, (x, a)

    def backward(self, gradient: Array, saved: tuple[Array, Array]) -> tuple[Array, dict[str, Array]]:
        """Return ``∂L/∂Z``; `gradient` is ``∂L/∂A``."""
        z, a = saved
        return gradient * self.activation.slope(z, a), {}


class Identity(ActivationLayer):
    """``a = z``.

    Examples
    --------
    >>> Identity()(np.array([[-1.0, 2.0]]))
    array([[-1.,  2.]])
    """

    activation = ACTIVATIONS["identity"]


class Sigmoid(ActivationLayer):
    """``a = 1 / (1 + exp(-z))``, between 0 and 1; slope ``a (1 - a)``, never above a quarter.

    Examples
    --------
    >>> Sigmoid()(np.array([[-1e4, 0.0, 1e4]]))
    array([[0. , 0.5, 1. ]])
    """

    activation = ACTIVATIONS["sigmoid"]


class Tanh(ActivationLayer):
    """``a = tanh(z)``, between -1 and 1; slope ``1 - a²``.

    Examples
    --------
    >>> Tanh()(np.array([[-1e4, 0.0, 1e4]]))
    array([[-1.,  0.,  1.]])
    """

    activation = ACTIVATIONS["tanh"]


class ReLU(ActivationLayer):
    """``a = max(z, 0)``; slope 1 above 0, else 0. Nair and Hinton (2010).

    Examples
    --------
    >>> ReLU()(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """

    activation = ACTIVATIONS["relu"]


class LeakyReLU(ActivationLayer):
    """``a = z`` above 0, else ``negative_slope · z``. Maas, Hannun and Ng (2013).

    Parameters
    ----------
    negative_slope : float

    Examples
    --------
    >>> LeakyReLU(0.1)(np.array([[-1.0, 2.0]]))
    array([[-0.1,  2. ]])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope
        check_settings(self, {"negative_slope": NUMBER})
        self.activation = leaky_relu(negative_slope)

    def __reduce__(self) -> tuple[Any, ...]:  # pickled by its setting: functions made on the spot cannot be
        return type(self), (self.negative_slope,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(negative_slope={self.negative_slope})"


class ELU(ActivationLayer):
    """``a = z`` above 0, else ``alpha (exp(z) - 1)``. Clevert, Unterthiner and Hochreiter (2016).

    Parameters
    ----------
    alpha : float

    Examples
    --------
    >>> ELU()(np.array([[-1e4, 2.0]]))
    array([[-1.,  2.]])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha
        check_settings(self, {"alpha": NUMBER})
        self.activation = elu(alpha)

    def __reduce__(self) -> tuple[Any, ...]:  # pickled by its setting: functions made on the spot cannot be
        return type(self), (self.alpha,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(alpha={self.alpha})"


class SELU(ActivationLayer):
    """``a = 1.0507 z`` above 0, else ``1.7581 (exp(z) - 1)``: keeps mean 0 and variance 1. Klambauer et al. (2017).

    Examples
    --------
    >>> SELU()(np.array([[-1e4, 1.0]])).round(4)
    array([[-1.7581,  1.0507]])
    """

    activation = ACTIVATIONS["selu"]


class GELU(ActivationLayer):
    """``a = z Φ(z)``, Φ the normal distribution function (exact, not by tanh). Hendrycks and Gimpel (2016).

    Examples
    --------
    >>> GELU()(np.array([[-1e4, 1.0]])).round(4)
    array([[-0.    ,  0.8413]])
    """

    activation = ACTIVATIONS["gelu"]


class SiLU(ActivationLayer):
    """``a = z / (1 + exp(-z))``, also called swish. Elfwing, Uchibe and Doya (2018).

    Examples
    --------
    >>> SiLU()(np.array([[0.0, 1e4]]))
    array([[    0., 10000.]])
    """

    activation = ACTIVATIONS["silu"]


class Mish(ActivationLayer):
    """``a = z tanh(log(1 + exp(z)))``. Misra (2019).

    Examples
    --------
    >>> Mish()(np.array([[0.0, 1e4]]))
    array([[    0., 10000.]])
    """

    activation = ACTIVATIONS["mish"]


class Softplus(ActivationLayer):
    """``a = log(1 + exp(z))``, the smooth ReLU; slope sigmoid(z). torch rounds it to z above 20, we do not.

    Examples
    --------
    >>> Softplus()(np.array([[0.0, 1e4]])).round(4)
    array([[6.931e-01, 1.000e+04]])
    """

    activation = ACTIVATIONS["softplus"]
