"""Compiled: the optimizers of `feedforward.nn.optimizers`, over flat arrays."""

import math

import numpy as np

from feedforward.kernels import inner, woven

SGD, RMSPROP, ADAM = range(3)


@woven
def update(code, hyper, t, lr, decay, tensors, factors, w, new, state_1, state_2):  # type: ignore[no-untyped-def]
    """Write the new parameters over their gradients, in `new`; return whether all of them are finite.

    Nothing of `w` changes, so a step that fails can be left out. `tensors` has the bounds of each parameter, `factors`
    its factors on the rate and on the decay.
    """
    rest = w.dtype.type(0)
    for k in range(len(tensors)):
        a, b = tensors[k, 0], tensors[k, 1]
        eta, shrink = lr * factors[k, 0], decay * factors[k, 1]
        if code == SGD:
            rest += descend(hyper, t, eta, shrink, w[a:b], new[a:b], state_1[a:b])
        elif code == RMSPROP:
            rest += rmsprop(hyper, eta, shrink, w[a:b], new[a:b], state_1[a:b])
        else:
            rest += adam(hyper, t, eta, shrink, w[a:b], new[a:b], state_1[a:b], state_2[a:b])
    return rest == w.dtype.type(0)


@inner
def descend(hyper, t, lr, decay, w, g, v):  # type: ignore[no-untyped-def]
    """W − η g, or along the velocity v; return Σ 0·w, which is 0 only for finite numbers."""
    kind = w.dtype.type
    eta, lam, mu, zero, rest = kind(lr), kind(decay), kind(hyper[0]), kind(0), kind(0)
    if hyper[0] == 0:
        for i in range(len(w)):
            g[i] = w[i] - eta * (g[i] + lam * w[i])
            rest += zero * g[i]
        return rest
    nesterov = hyper[2] > 0
    fresh = kind(1.0) if t == 1 else kind(1 - hyper[1])
    for i in range(len(w)):
        slope = g[i] + lam * w[i]
        v[i] = mu * v[i] + fresh * slope
        g[i] = w[i] - eta * (slope + mu * v[i] if nesterov else v[i])
        rest += zero * g[i]
    return rest


@inner
def rmsprop(hyper, lr, decay, w, g, s):  # type: ignore[no-untyped-def]
    """W − η g / (√s + ε); return Σ 0·w."""
    kind = w.dtype.type
    eta, lam, alpha, fresh, eps = kind(lr), kind(decay), kind(hyper[0]), kind(1 - hyper[0]), kind(hyper[1])
    zero, rest = kind(0), kind(0)
    for i in range(len(w)):
        slope = g[i] + lam * w[i]
        s[i] = alpha * s[i] + fresh * slope * slope
        g[i] = w[i] - eta * slope / (np.sqrt(s[i]) + eps)
        rest += zero * g[i]
    return rest


@inner
def adam(hyper, t, lr, decay, w, g, m, s):  # type: ignore[no-untyped-def]
    """W − η m̂ / (√ŝ + ε), after (1 − η λ) w where the decay is decoupled; return Σ 0·w."""
    kind = w.dtype.type
    decoupled = hyper[3] > 0
    kept = kind(1 - lr * decay) if decoupled else kind(1)
    lam = kind(0) if decoupled else kind(decay)
    beta_1, beta_2, eps = kind(hyper[0]), kind(hyper[1]), kind(hyper[2])
    fresh_1, fresh_2 = kind(1 - hyper[0]), kind(1 - hyper[1])
    step, unbias = kind(lr / (1 - math.pow(hyper[0], t))), kind(1 / (1 - math.pow(hyper[1], t)))
    zero, rest = kind(0), kind(0)
    for i in range(len(w)):
        slope = g[i] + lam * w[i]
        m[i] = beta_1 * m[i] + fresh_1 * slope
        s[i] = beta_2 * s[i] + fresh_2 * slope * slope
        g[i] = kept * w[i] - step * m[i] / (np.sqrt(s[i] * unbias) + eps)
        rest += zero * g[i]
    return rest
