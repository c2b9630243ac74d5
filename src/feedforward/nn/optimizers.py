"""Optimizers: from gradients to new parameters, in place. Simplest first: SGD, RMSprop, Adam, AdamW.

Letters: w a parameter, g its gradient, η the learning rate, λ the weight decay. Definitions are torch's, but for one
thing: biases are exempt from weight decay, since shrinking them only moves the boundary towards the origin. With
``decay_factors=dict.fromkeys(network.parameters(), 1.0)`` they decay as torch's do.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from feedforward.errors import InputError, SettingError
from feedforward.nn.activations import Array
from feedforward.validation import NOT_NEGATIVE, SWITCH, Rule, check_settings

_SHARE = Rule("a number of 0 or more and below 1", lambda value: NOT_NEGATIVE.holds(value) and value < 1)
_FOR_MEMBERS = Rule(
    "a number of 0 or more (or an array, one for each member of a stack)",
    lambda value: np.ndim(value) < 2 and all(map(NOT_NEGATIVE.holds, np.atleast_1d(np.asarray(value, dtype=object)))),
)
_TWO_SHARES = Rule(
    "two numbers of 0 or more and below 1", lambda value: np.shape(value) == (2,) and all(map(_SHARE.holds, value))
)


class Optimizer:
    """What every optimizer has; one of your own needs ``update`` alone.

    Parameters
    ----------
    lr : float, or array of shape (k,)
        Learning rate η; for a stack of k networks possibly one for each. Schedules set ``optimizer.lr`` before a step.
    weight_decay : float, or array of shape (k,)
        λ, how hard parameters are pulled towards 0. Not the biases.
    rate_factors : dict, optional
        From parameter name to a factor on `lr`. Default: 1.
    decay_factors : dict, optional
        From parameter name to a factor on `weight_decay`. Default: 0 for names ending in "bias", 1 for all others.

    Attributes
    ----------
    state : dict of arrays
        All that it remembers between steps, by name: with the settings, enough to go on as if never stopped.

    Examples
    --------
    >>> class SignDescent(Optimizer):
    ...     def update(self, name, w, g, lr, decay):
    ...         w -= lr * np.sign(g)
    >>> w = np.array([1.0, 2.0])
    >>> SignDescent(lr=0.5).step({"w": w}, {"w": np.array([0.1, -9.0])})
    >>> w
    array([0.5, 2.5])
    """

    formula = ""

    def __init__(
        self,
        lr: Any,
        weight_decay: Any = 0.0,
        rate_factors: Mapping[str, float] | None = None,
        decay_factors: Mapping[str, float] | None = None,
    ) -> None:
        self.lr, self.weight_decay = lr, weight_decay
        self.rate_factors, self.decay_factors = dict(rate_factors or {}), dict(decay_factors or {})
        self.state: dict[str, Array] = {}
        check_settings(self, {"lr": _FOR_MEMBERS, "weight_decay": _FOR_MEMBERS})

    def step(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Change every parameter, in place.

        Parameters
        ----------
        parameters, gradients : dict of arrays
            As ``network.parameters()`` and ``network.backward`` give them.

        Raises
        ------
        InputError
            If a parameter has no gradient, or one of another shape.
        SettingError
            If a factor is for a parameter that does not exist.
        """
        self.check(parameters, gradients)
        self.state["step"] = np.array(int(self.state.get("step", 0)) + 1)
        for name, w in parameters.items():
            self.update(name, w, gradients[name], *self.rates(name, w))

    def rates(self, name: str, w: Array) -> tuple[Any, Any]:
        """Return η and λ of the parameter `w` called `name`.

        Examples
        --------
        >>> SGD(0.1, weight_decay=0.5, rate_factors={"0.bias": 2.0}).rates("0.bias", np.ones(3))
        (0.2, 0.0)
        """
        exempt = name.rpartition(".")[2] == "bias"
        lr = _for_members(self.lr, w) * self.rate_factors.get(name, 1.0)
        return lr, _for_members(self.weight_decay, w) * self.decay_factors.get(name, 0.0 if exempt else 1.0)

    def update(self, name: str, w: Array, g: Array, lr: Any, decay: Any) -> None:
        """Change the parameter `w` in place; `lr` and `decay` are those of this parameter."""
        raise NotImplementedError  # each optimizer has its own

    def remembered(self, name: str, like: Array) -> Array:
        """Return the array of the state called `name`, zeros at first.

        Examples
        --------
        >>> SGD(0.1).remembered("0.weight.velocity", np.ones(2))
        array([0., 0.])
        """
        if name not in self.state:
            self.state[name] = np.zeros_like(like)
        return self.state[name]

    def check(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Raise what `step` raises, and change nothing.

        Examples
        --------
        >>> SGD(0.1, rate_factors={"0.wieght": 2.0}).check({"0.weight": np.ones(1)}, {"0.weight": np.ones(1)})
        Traceback (most recent call last):
        feedforward.errors.SettingError: SGD has factors for unknown parameters: 0.wieght.
        """
        shapes = {name: w.shape for name, w in parameters.items()}
        given = {name: g.shape for name, g in gradients.items()}
        if shapes != given:
            differ = sorted(name for name in {*shapes, *given} if shapes.get(name) != given.get(name))
            raise InputError(
                f"{type(self).__name__}.step: parameters and gradients differ in name or shape: "
                + "; ".join(f"{name} {shapes.get(name, 'missing')} and {given.get(name, 'missing')}" for name in differ)
            )
        unknown = sorted({*self.rate_factors, *self.decay_factors} - {*parameters})
        if unknown:
            raise SettingError(f"{type(self).__name__} has factors for unknown parameters: {', '.join(unknown)}.")

    def __repr__(self) -> str:
        settings = {name: value for name, value in vars(self).items() if name not in ("state", "formula")}
        shown = [f"{name}={value!r}" for name, value in settings.items() if not isinstance(value, dict) or value]
        return f"{type(self).__name__}({', '.join(shown)})"


def _for_members(value: Any, w: Array) -> Any:
    """Shape one number for each member so that it multiplies the members of `w`."""
    return value if np.ndim(value) == 0 else np.reshape(value, (-1,) + (1,) * (w.ndim - 1)).astype(w.dtype)


class SGD(Optimizer):
    """Step downhill: ``w ← w − η g``; with momentum μ along a running sum of the gradients.

    With weight decay ``g ← g + λ w`` first. With momentum ``v ← μ v + (1 − dampening) g`` (at first ``v = g``), and
    the step is along ``v``, or along ``g + μ v`` with Nesterov. This velocity has no η in it, so a change of η acts at
    once; that of Sutskever et al. (2013) has, which is the same while η is constant.

    Parameters
    ----------
    lr, weight_decay, rate_factors, decay_factors
        See `Optimizer`.
    momentum : float
        μ: 0 or more, below 1.
    nesterov : bool
        Needs momentum, and no dampening.
    dampening : float

    Examples
    --------
    >>> w = np.array([-6.0])
    >>> SGD(lr=0.1).step({"w": w}, {"w": 2 * w})          # the slope of w² at −6 is −12
    >>> w
    array([-4.8])
    """

    formula = "w ← w − η·g"

    def __init__(
        self,
        lr: Any,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: Any = 0.0,
        dampening: float = 0.0,
        *,
        rate_factors: Mapping[str, float] | None = None,
        decay_factors: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(lr, weight_decay, rate_factors, decay_factors)
        self.momentum, self.nesterov, self.dampening = momentum, nesterov, dampening
        check_settings(self, {"momentum": _SHARE, "nesterov": SWITCH, "dampening": NOT_NEGATIVE})
        if nesterov and (momentum == 0 or dampening != 0):
            raise SettingError(
                f"SGD: nesterov needs momentum above 0 and dampening 0; got momentum={momentum}, dampening={dampening}."
            )
        if momentum:
            self.formula = f"v ← μ·v + (1 − dampening)·g,  w ← w − η·{'(g + μ·v)' if nesterov else 'v'}"

    def update(self, name: str, w: Array, g: Array, lr: Any, decay: Any) -> None:
        """``w ← w − η g``, or along the velocity."""
        g = g + decay * w
        if self.momentum:
            first = f"{name}.velocity" not in self.state
            v = self.remembered(f"{name}.velocity", w)
            v *= self.momentum
            v += g if first else (1 - self.dampening) * g
            g = g + self.momentum * v if self.nesterov else v
        w -= lr * g


class RMSprop(Optimizer):
    """Step by the gradient over its usual size: ``s ← α s + (1 − α) g²``, ``w ← w − η g / (√s + ε)``.

    Weight decay is coupled, ``g ← g + λ w`` first. Hinton (2012), Neural networks for machine learning, lecture 6e.

    Parameters
    ----------
    lr, weight_decay, rate_factors, decay_factors
        See `Optimizer`.
    alpha : float
        How slowly the usual size is forgotten.
    eps : float
        ε, against division by 0.

    Examples
    --------
    >>> w = np.array([1.0, 1.0])
    >>> RMSprop().step({"w": w}, {"w": np.array([1e-3, 1e3])})          # η / √(1 − α), whatever the size of g
    >>> w.round(4)
    array([0.9, 0.9])
    """

    formula = "s ← α·s + (1 − α)·g²,  w ← w − η·g / (√s + ε)"

    def __init__(
        self,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: Any = 0.0,
        *,
        rate_factors: Mapping[str, float] | None = None,
        decay_factors: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(lr, weight_decay, rate_factors, decay_factors)
        self.alpha, self.eps = alpha, eps
        check_settings(self, {"alpha": _SHARE, "eps": NOT_NEGATIVE})

    def update(self, name: str, w: Array, g: Array, lr: Any, decay: Any) -> None:
        """``w ← w − η g / (√s + ε)``."""
        g = g + decay * w
        s = self.remembered(f"{name}.mean_square", w)
        s *= self.alpha
        s += (1 - self.alpha) * g**2
        w -= lr * g / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    """Momentum over usual size: ``m ← β₁ m + (1 − β₁) g``, ``s ← β₂ s + (1 − β₂) g²``, ``w ← w − η m̂ / (√ŝ + ε)``.

    Both means start at 0, so at step t they are too small by a known factor, hence ``m̂ = m / (1 − β₁ᵗ)`` and
    ``ŝ = s / (1 − β₂ᵗ)``. Weight decay is coupled, ``g ← g + λ w`` first, as in torch's Adam. Kingma and Ba (2015),
    algorithm 1, arXiv:1412.6980. scikit-learn adds ε before the correction (their section 2): small gradients move
    less there.

    Parameters
    ----------
    lr, weight_decay, rate_factors, decay_factors
        See `Optimizer`.
    betas : (float, float)
        β₁ and β₂: how slowly the two means forget.
    eps : float
        ε, against division by 0.

    Examples
    --------
    >>> w = np.array([1.0, 1.0])
    >>> Adam(lr=0.1).step({"w": w}, {"w": np.array([1e-3, -1e3])})      # first steps are η, whatever g
    >>> w.round(4)
    array([0.9, 1.1])
    """

    formula = "m ← β₁·m + (1 − β₁)·g,  s ← β₂·s + (1 − β₂)·g²,  w ← w − η·m̂ / (√ŝ + ε)"

    def __init__(
        self,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Any = 0.0,
        *,
        rate_factors: Mapping[str, float] | None = None,
        decay_factors: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(lr, weight_decay, rate_factors, decay_factors)
        self.betas, self.eps = betas, eps
        check_settings(self, {"betas": _TWO_SHARES, "eps": NOT_NEGATIVE})

    def update(self, name: str, w: Array, g: Array, lr: Any, decay: Any) -> None:
        """``w ← w − η m̂ / (√ŝ + ε)``."""
        g = g + decay * w
        t, (beta_1, beta_2) = int(self.state["step"]), self.betas
        m, s = self.remembered(f"{name}.mean", w), self.remembered(f"{name}.mean_square", w)
        m *= beta_1
        m += (1 - beta_1) * g
        s *= beta_2
        s += (1 - beta_2) * g**2
        w -= lr * (m / (1 - beta_1**t)) / (np.sqrt(s / (1 - beta_2**t)) + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay: ``w ← (1 − η λ) w`` first, and the decay stays out of both means.

    Loshchilov and Hutter (2019), arXiv:1711.05101.

    Parameters
    ----------
    lr, betas, eps, rate_factors, decay_factors
        See `Adam`.
    weight_decay : float, or array of shape (k,)
        λ.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> AdamW(lr=0.1, weight_decay=0.5).step({"w": w}, {"w": np.array([1e-3])})          # 1 · (1 − 0.05) − 0.1
    >>> w.round(4)
    array([0.85])
    """

    formula = f"w ← (1 − η·λ)·w,  {Adam.formula}"

    def __init__(
        self,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Any = 1e-2,
        *,
        rate_factors: Mapping[str, float] | None = None,
        decay_factors: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(lr, betas, eps, weight_decay, rate_factors=rate_factors, decay_factors=decay_factors)

    def update(self, name: str, w: Array, g: Array, lr: Any, decay: Any) -> None:
        """Shrink, then step as Adam does without decay."""
        w *= 1 - lr * decay
        super().update(name, w, g, lr, 0.0)
