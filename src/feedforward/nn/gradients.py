"""Are the gradients right? Wiggle every number a little, and see whether the loss moves as the gradient says.

For each parameter and each input, ``ĝ = (L(w + h) − L(w − h)) / 2h``, the central difference. It knows nothing
of the chain rule, so agreement to six digits is proof.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.layers import Training
from feedforward.nn.losses import Loss
from feedforward.nn.sequential import Sequential

# The error of a central difference is of the size h² + ε/h, ε = 2.2e-16 being float64's rounding: least at ε^(1/3).
STEP = float(np.finfo(np.float64).eps ** (1 / 3))


def gradient_error(
    net: Sequential,
    loss: Loss,
    X: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    training: Training = None,
) -> float:
    """Return how wrong the worst gradient is: the largest value of `gradient_errors`.

    Below 1e-6 backpropagation is right. Larger values tell of a mistake, of a ReLU's kink within reach of h, or of a
    gradient so small that rounding is all there is.

    Parameters
    ----------
    net, loss, X, y, weights, training
        As in `gradient_errors`.

    Returns
    -------
    float
        The largest ``‖g − ĝ‖ / max(‖g‖ + ‖ĝ‖, 1e-8)`` over the parameters and the input.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    >>> gradient_error(net, nn.CrossEntropyLoss(), [[1.0, 2.0], [0.5, -1.0]], [0, 1]) < 1e-6
    True
    """
    return max(gradient_errors(net, loss, X, y, weights, training=training).values())


def gradient_errors(
    net: Sequential,
    loss: Loss,
    X: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    training: Training = None,
) -> dict[str, float]:
    """Return the error of each gradient by name, the input's under "input", the worst first.

    Parameters
    ----------
    net : Sequential
        Not changed: a float64 copy is.
    loss : Loss
    X, y, weights : array-like
        A few rows; time grows with the number of parameters times that of the rows. A column that takes no small steps,
        as the codes of an `Embedding`, must have a gradient of 0.
    training : None or (seed, step)
        With these, dropout is on and is checked too.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 1))
    >>> sorted(gradient_errors(net, nn.MSELoss(), [[1.0, 2.0]], [[3.0]]))
    ['0.bias', '0.weight', 'input']
    """
    net = net.copy(np.float64)
    outputs, saved = net.forward(X, training=training)
    input_gradient, gradients = net.backward(loss.value_and_gradient(outputs, y, weights)[1], saved)
    # A copy for each member of a stack, so that each has its own gradient.
    X = np.array(np.broadcast_to(np.asarray(X, dtype=np.float64), input_gradient.shape))

    def value() -> float:
        outputs, _ = net.forward(X, training=training)
        return float(np.sum(loss.value_and_gradient(outputs, y, weights)[0]))

    slopes = {name: central_difference(value, array) for name, array in net.parameters().items()}
    slopes["input"] = np.zeros_like(X)
    for j in (j for j in range(X.shape[-1]) if _takes_steps(net, X, j)):
        slopes["input"][..., j] = central_difference(value, X[..., j])
    gradients["input"] = input_gradient
    errors = {name: _relative_error(gradients[name], slopes[name]) for name in slopes}
    return {name: errors[name] for name in sorted(errors, key=errors.__getitem__, reverse=True)}


def central_difference(value: Callable[[], float], array: Array) -> Array:
    """Return the slope of ``value()`` for each number of `array`, which it reads: each is changed and put back.

    Examples
    --------
    >>> w = np.array([-6.0])
    >>> central_difference(lambda: float(w[0] ** 2), w).round(6)
    array([-12.])
    """
    slopes = np.empty_like(array)
    for place in np.ndindex(array.shape):
        old = float(array[place])
        h = STEP * max(1.0, abs(old))
        array[place] = old + h
        above, upper = value(), array[place]
        array[place] = old - h
        below, lower = value(), array[place]
        array[place] = old
        slopes[place] = (above - below) / (upper - lower)
    return slopes


def _takes_steps(net: Sequential, X: Array, column: int) -> bool:
    """Whether the numbers of a column may be a little larger: codes may not."""
    moved = X.copy()
    moved[..., column] += STEP
    try:
        net.forward(moved)
    except InputError:
        return False
    return True


def _relative_error(g: Array, g_hat: Array) -> float:
    size = float(np.linalg.norm(g)) + float(np.linalg.norm(g_hat))
    return float(np.linalg.norm(g - g_hat)) / max(size, 1e-8)
