"""What an estimator has once it is fitted, and what it says where it is asked for too early, or for something else."""

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any


class FittedNames:
    """A mixin: attributes like ``network_`` that are not there are missed in a sentence that says what to do.

    Examples
    --------
    >>> class Mean(FittedNames):
    ...     mean_: float
    >>> Mean().mean_
    Traceback (most recent call last):
    AttributeError: Mean has no mean_ before it is fitted: call fit first.
    >>> model = Mean()
    >>> model.mean_ = 2.0
    >>> model.median_
    Traceback (most recent call last):
    AttributeError: Mean has no median_. Once fitted, it has mean_.
    """

    if not TYPE_CHECKING:  # a type checker shall go on to know of every name whether it is there

        def __getattr__(self, name: str) -> Any:
            """Raise `AttributeError` for what was found nowhere else."""
            if name.startswith("_") or not name.endswith("_"):
                return object.__getattribute__(self, name)  # a property's own error, or Python's
            kind = type(self).__name__
            known = fitted_names(type(self))
            if name in known and not any(other in vars(self) for other in known):
                raise AttributeError(f"{kind} has no {name} before it is fitted: call fit first.")
            raise AttributeError(f"{kind} has no {name}. Once fitted, it has {', '.join(known)}.")


@cache
def fitted_names(kind: type) -> tuple[str, ...]:
    """Return the public names that classes declare to have after ``fit``, in their order.

    Examples
    --------
    >>> from feedforward import Perceptron
    >>> fitted_names(Perceptron)[:2]
    ('coef_', 'intercept_')
    """
    declared = (name for parent in reversed(kind.__mro__) for name in inspect.get_annotations(parent))
    return tuple(dict.fromkeys(name for name in declared if name.endswith("_") and not name.startswith("_")))
