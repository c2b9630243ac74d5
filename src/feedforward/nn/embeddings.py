"""Embeddings: a code, or a number, becomes several numbers that a network can make more of."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.initializers import RNG, Rng, torch_default
from feedforward.nn.layers import Layer, Training, check_rows
from feedforward.validation import COUNT, NOT_NEGATIVE, Rule, check_setting, check_settings

_TWO_OR_MORE = Rule("a whole number of 2 or more", lambda value: COUNT.holds(value) and value >= 2)


class Embedding(Layer):
    """``Y = W[code]``: each code has a row of weights, and is replaced by it.

    It is what a `Linear` layer would make of the code as one-hot columns, without these columns. Backwards, each row of
    W gathers the gradients of the rows that had its code; a code itself has no slope, so that for the input is 0.

    Parameters
    ----------
    levels : int
        Codes are whole numbers from 0 to ``levels − 1``, in one column of numbers.
    width : int
        Columns to make of it.
    rng : numpy.random.Generator or numpy.random.RandomState, optional
        Where the weights are drawn from, ``N(0, 1)`` as in torch. Default: a new one, different each time.

    Attributes
    ----------
    weight : array of shape (levels, width), or (k, levels, width) for a stack of k

    Raises
    ------
    SettingError
        If a size is not a whole number of 1 or more, or `rng` is not a generator.
    InputError
        From ``forward``, if the input is not rows of one column, or holds anything but codes.

    Examples
    --------
    >>> layer = Embedding(3, 2)
    >>> layer.weight[...] = [[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]
    >>> layer(np.array([[2.0], [1.0], [2.0]]))
    array([[3., 4.],
           [1., 2.],
           [3., 4.]])
    """

    dimensions: ClassVar[Mapping[str, int]] = {"weight": 2}

    def __init__(self, levels: int, width: int, *, rng: Rng | None = None) -> None:
        self.levels, self.width = levels, width
        check_settings(self, {"levels": COUNT, "width": COUNT})
        rng = np.random.default_rng() if rng is None else rng
        check_setting("Embedding", "rng", rng, RNG)
        self.weight = rng.normal(0.0, 1.0, (levels, width))

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, Array]:
        """Return ``W[code]`` and, for `backward`, the place of each code among the rows of all members' weights."""
        members = self.weight.shape[:-2]
        check_rows(self, x, 1, members)
        self.check_codes(x)
        codes = x[..., 0].astype(np.intp)
        if members:
            codes = codes + self.levels * np.arange(members[0])[:, None]
        return self.weight.reshape(-1, self.width)[codes], codes

    def backward(self, gradient: Array, saved: Array) -> tuple[Array, dict[str, Array]]:
        """Return zeros, and ``{"weight": ∂L/∂W}``; `gradient` is ``∂L/∂Y``."""
        return np.zeros((*gradient.shape[:-1], 1), gradient.dtype), self.gradients(gradient, saved)

    def gradients(self, gradient: Array, saved: Array) -> dict[str, Array]:
        """Return ``{"weight": ∂L/∂W}`` alone."""
        sums = np.zeros_like(self.weight)
        places = saved[..., None] * self.width + np.arange(self.width)
        np.add.at(sums.reshape(-1), places.ravel(), gradient.ravel())  # number by number: NumPy is quicker at that
        return {"weight": sums}

    def parameters(self) -> dict[str, Array]:
        """Return ``weight``."""
        return {"weight": self.weight}

    def check_codes(self, x: Array) -> None:
        """Raise `InputError` if `x`, of shape (…, n, 1), holds anything but codes."""
        wrong = ~((x >= 0) & (x < self.levels) & (x == np.floor(x)))
        if wrong.any():
            *member, row = np.argwhere(wrong[..., 0])[0].tolist()
            where = (
                f"row {row} of member {member[0]} (both counted from 0)" if member else f"row {row} (counted from 0)"
            )
            raise InputError(
                f"{self!r} expects whole numbers from 0 to {self.levels - 1} and got {x[*member, row, 0]} in {where}."
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(levels={self.levels}, width={self.width})"


class PeriodicEmbedding(Layer):
    """Waves of each number, mixed, beside the number itself: ``h = cos(2π w x + b)``, ``e = V h + c``, output (e, x).

    A network of smooth layers learns slowly what changes quickly with a number; waves of several lengths change quickly
    already. Each feature has waves and a mixture of its own. First come all e, feature by feature, then all x.
    Backwards, with ``δ = ∂L/∂e`` and ``φ = −sin(2π w x + b) ⊙ Vᵀδ`` for each feature::

        ∂L/∂V = Σ δ hᵀ        ∂L/∂c = Σ δ        ∂L/∂w = 2π Σ φ x        ∂L/∂b = Σ φ        over the rows
        ∂L/∂x = 2π wᵀφ + the gradient for x itself

    Gorishniy, Rubachev and Babenko (2022), arXiv:2203.05556, in the variant "PBLD" of Holzmüller, Grinsztajn and
    Steinwart (2024), Better by default, arXiv:2407.04491.

    Parameters
    ----------
    features : int
        m, the columns.
    frequencies : int
        q, the waves of each.
    width : int
        Columns to make of each, x itself among them: 2 or more.
    sigma : float
        How fast the waves are at the start: w is drawn from ``N(0, sigma²)``. Slow is safe; fast can overfit.
    rng : numpy.random.Generator or numpy.random.RandomState, optional
        Where the parameters are drawn from: also b from ``U(−π, π)``, V and c from ``U(±1/√q)``. Default: a new one,
        different each time.

    Attributes
    ----------
    frequency, phase : arrays of shape (m, q), or (k, m, q) for a stack of k
        w and b.
    projection : array of shape (m, width − 1, q), or (k, m, width − 1, q)
        V.
    shift : array of shape (m, width − 1), or (k, m, width − 1)
        c.

    Raises
    ------
    SettingError
        If a size is not a whole number as above, `sigma` not a number of 0 or more, or `rng` not a generator.
    InputError
        From ``forward``, if the input is not rows of m columns.

    Examples
    --------
    >>> layer = PeriodicEmbedding(1, frequencies=1, width=2)
    >>> layer.frequency[...], layer.phase[...], layer.projection[...], layer.shift[...] = 0.5, 0.0, 3.0, 1.0
    >>> layer(np.array([[0.0], [1.0]]))          # 3·cos(π x) + 1, and x
    array([[ 4.,  0.],
           [-2.,  1.]])
    """

    dimensions: ClassVar[Mapping[str, int]] = {"frequency": 2, "phase": 2, "projection": 3, "shift": 2}

    def __init__(
        self, features: int, frequencies: int = 16, width: int = 4, sigma: float = 0.1, *, rng: Rng | None = None
    ) -> None:
        self.features, self.frequencies, self.width = features, frequencies, width
        check_settings(self, {"features": COUNT, "frequencies": COUNT, "width": _TWO_OR_MORE})
        check_setting("PeriodicEmbedding", "sigma", sigma, NOT_NEGATIVE)
        rng = np.random.default_rng() if rng is None else rng
        check_setting("PeriodicEmbedding", "rng", rng, RNG)
        waves, mixed = (features, frequencies), (features, width - 1)
        self.frequency = rng.normal(0.0, sigma, waves)
        self.phase = rng.uniform(-np.pi, np.pi, waves)
        self.projection = torch_default(rng, (*mixed, frequencies), frequencies, width - 1)
        self.shift = torch_default(rng, mixed, frequencies, width - 1)

    def forward(self, x: Array, *, training: Training = None) -> tuple[Array, tuple[Array, Array, Array]]:
        """Return all e, then x, and, for `backward`, x and the angles ``2π w x + b`` and h of shape (…, m, n, q)."""
        check_rows(self, x, self.features, self.frequency.shape[:-2])
        angle = x.swapaxes(-1, -2)[..., None] * (2 * np.pi * self.frequency[..., None, :])
        angle += self.phase[..., None, :]
        h = np.cos(angle)
        e = h @ self.projection.swapaxes(-1, -2)
        e += self.shift[..., None, :]
        output = np.empty((*e.shape[:-3], x.shape[-2], self.features * self.width), e.dtype)
        mixed, raw = self._parts(output)
        mixed[...], raw[...] = e, x
        return output, (x, angle, h)

    def backward(self, gradient: Array, saved: tuple[Array, Array, Array]) -> tuple[Array, dict[str, Array]]:
        """Return ``∂L/∂x`` and the gradients of the four parameters; `gradient` is that for (e, x)."""
        mixed, raw = self._parts(gradient)
        bend = self._bend(mixed, saved)
        slopes = bend @ (2 * np.pi * self.frequency[..., None])
        return raw + slopes[..., 0].swapaxes(-1, -2), self._gradients(mixed, bend, saved)

    def gradients(self, gradient: Array, saved: tuple[Array, Array, Array]) -> dict[str, Array]:
        """Return the gradients of the four parameters alone."""
        mixed, _ = self._parts(gradient)
        return self._gradients(mixed, self._bend(mixed, saved), saved)

    def parameters(self) -> dict[str, Array]:
        """Return ``frequency``, ``phase``, ``projection`` and ``shift``."""
        return {
            "frequency": self.frequency,
            "phase": self.phase,
            "projection": self.projection,
            "shift": self.shift,
        }

    def _parts(self, output: Array) -> tuple[Array, Array]:
        """Return views of (e, x): all e as (…, m, n, width − 1), and x as (…, n, m)."""
        end = self.features * (self.width - 1)
        e = output[..., :end].reshape(*output.shape[:-1], self.features, self.width - 1)
        return e.swapaxes(-2, -3), output[..., end:]

    def _bend(self, mixed: Array, saved: tuple[Array, Array, Array]) -> Array:
        """Return φ, the gradient for the angles."""
        bend: Array = mixed @ self.projection
        bend *= np.sin(saved[1])
        return np.negative(bend, out=bend)

    def _gradients(self, mixed: Array, bend: Array, saved: tuple[Array, Array, Array]) -> dict[str, Array]:
        x, _, h = saved
        return {
            "frequency": 2 * np.pi * (x.swapaxes(-1, -2)[..., None, :] @ bend)[..., 0, :],
            "phase": bend.sum(axis=-2),
            "projection": mixed.swapaxes(-1, -2) @ h,
            "shift": mixed.sum(axis=-2),
        }

    def __repr__(self) -> str:
        sizes = f"features={self.features}, frequencies={self.frequencies}, width={self.width}"
        return f"{type(self).__name__}({sizes})"
