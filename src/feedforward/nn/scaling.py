"""Layers of one trainable number a column: how much a column counts, and how much an activation bends."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.layers import ActivationLayer, Layer, Training, check_rows
from feedforward.validation import COUNT, check_settings


class Scale(Layer):
    """``Y = s ⊙ X``: one factor for each column, all 1 at the start.

    Before the first `Linear` of a network, and trained at a high rate of its own, it learns quickly which columns to
    listen to. Backwards::

        ∂L/∂s = Σ ∂L/∂Y ⊙ X over the rows        ∂L/∂X = s ⊙ ∂L/∂Y

    Holzmüller, Grinsztajn and Steinwart (2024), Better by default, arXiv:2407.04491.

    Parameters
    ----------
    features : int
        m, the columns.

    Attributes
    ----------
    scale : array of shape (m,), or (k, m) for a stack of k

    Raises
    ------
    SettingError
        If `features` is not a whole number of 1 or more.
    InputError
        From ``forward``, if the input is not rows of m columns.

    Examples
    --------
    >>> layer = Scale(2)
    >>> layer.scale[...] = [3.0, 0.5]
    >>> layer(np.array([[1.0, 2.0]]))
    array([[3., 1.]])
    """

    dimensions: ClassVar[Mapping[str, int]] = {"scale": 1}

    def __init__(self, features: int) -> None:
        self.features = features
        check_settings(self, {"features": COUNT})
        self.scale = np.ones(features)

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, Array]:
        """Return ``s ⊙ X`` and, for `backward`, X."""
        check_rows(self, x, self.features, self.scale.shape[:-1])
        return x * self.scale[..., None, :], x

    def backward(self, gradient: Array, saved: Array) -> tuple[Array, dict[str, Array]]:
        """Return ``∂L/∂X`` and ``{"scale": ∂L/∂s}``; `gradient` is ``∂L/∂Y``."""
        return gradient * self.scale[..., None, :], self.gradients(gradient, saved)

    def gradients(self, gradient: Array, saved: Array) -> dict[str, Array]:
        """Return ``{"scale": ∂L/∂s}`` alone."""
        return {"scale": (gradient * saved).sum(axis=-2)}

    def parameters(self) -> dict[str, Array]:
        """Return ``scale``."""
        return {"scale": self.scale}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(features={self.features})"


class ParametricActivation(Layer):
    """``A = Z + α ⊙ (σ(Z) − Z)``: each unit learns how much of its activation it wants.

    α = 1, the start, is σ itself, and α = 0 none at all: weight decay draws towards a linear unit. Backwards::

        ∂L/∂α = Σ ∂L/∂A ⊙ (σ(Z) − Z) over the rows        ∂L/∂Z = ∂L/∂A ⊙ (1 + α ⊙ (σ′(Z) − 1))

    Holzmüller, Grinsztajn and Steinwart (2024), Better by default, arXiv:2407.04491.

    Parameters
    ----------
    activation : ActivationLayer
        σ.
    features : int
        h, the units.

    Attributes
    ----------
    alpha : array of shape (h,), or (k, h) for a stack of k

    Raises
    ------
    SettingError
        If `features` is not a whole number of 1 or more.
    InputError
        If `activation` is no activation; from ``forward``, if the input is not rows of h columns.

    Examples
    --------
    >>> from feedforward import nn
    >>> layer = ParametricActivation(nn.ReLU(), 3)
    >>> layer.alpha[...] = [1.0, 0.5, 0.0]
    >>> layer(np.array([[-1.0, -1.0, -1.0]]))
    array([[ 0. , -0.5, -1. ]])
    """

    dimensions: ClassVar[Mapping[str, int]] = {"alpha": 1}

    def __init__(self, activation: ActivationLayer, features: int) -> None:
        if not isinstance(activation, ActivationLayer):
            raise InputError(f"ParametricActivation: activation must be a layer such as SELU(); got {activation!r}.")
        self.activation, self.features = activation, features
        check_settings(self, {"features": COUNT})
        self.alpha = np.ones(features)

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, tuple[Array, Array]]:
        """Return ``Z + α ⊙ (σ(Z) − Z)`` and, for `backward`, Z and σ(Z)."""
        check_rows(self, x, self.features, self.alpha.shape[:-1])
        a, saved = self.activation.forward(x)
        return x + self.alpha[..., None, :] * (a - x), saved

    def backward(self, gradient: Array, saved: tuple[Array, Array]) -> tuple[Array, dict[str, Array]]:
        """Return ``∂L/∂Z`` and ``{"alpha": ∂L/∂α}``; `gradient` is ``∂L/∂A``."""
        bent = self.alpha[..., None, :] * gradient
        through = self.activation.backward(bent, saved)[0]
        return gradient - bent + through, self.gradients(gradient, saved)

    def gradients(self, gradient: Array, saved: tuple[Array, Array]) -> dict[str, Array]:
        """Return ``{"alpha": ∂L/∂α}`` alone."""
        z, a = saved
        return {"alpha": (gradient * (a - z)).sum(axis=-2)}

    def parameters(self) -> dict[str, Array]:
        """Return ``alpha``."""
        return {"alpha": self.alpha}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.activation!r}, features={self.features})"
