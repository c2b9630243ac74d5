"""scikit-learn's callbacks, where it has them (1.9 and later): each epoch is a task of ``fit`` that they are told of.

Nothing else in the library knows of them: to the training loop, `FitTasks` is one more plain callback.
"""

import copy
from collections.abc import Callable
from typing import Any

from feedforward.training.state import Training

__all__ = ["CallbackSupport", "FitTasks", "with_callbacks"]


class _NoCallbacks:
    """What stands in for the mixin of scikit-learn 1.9 where an older one is installed."""


def _as_it_is(method: Callable[..., Any]) -> Callable[..., Any]:
    return method


try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupport
    from sklearn.callback import with_callbacks
except ImportError:
    CallbackSupport, with_callbacks = _NoCallbacks, _as_it_is


class FitTasks:
    """The tasks of one ``fit``: the whole of it, and in it one for each epoch.

    Parameters
    ----------
    estimator : estimator
        Its method must be decorated by `with_callbacks`.
    max_epochs : int
    X, y, sample_weight : object
        As the user gave them: callbacks score on them.
    attributes_of : callable
        From a training, the attributes that make the estimator a fitted one.

    Examples
    --------
    Without callbacks, training hears of none:

    >>> import feedforward as ff
    >>> tasks = FitTasks(ff.MLPClassifier(), 10, [[0.0]], [0], None, vars)
    >>> tasks.callbacks
    ()
    >>> tasks.end()
    """

    def __init__(
        self,
        estimator: Any,
        max_epochs: int,
        X: Any,
        y: Any,
        sample_weight: Any,
        attributes_of: Callable[[Training], dict[str, Any]],
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._facts = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._max_epochs, self._attributes_of = max_epochs, attributes_of
        self._fit: Any = None
        self._epoch: Any = None  # the task that has begun and not ended
        if hasattr(estimator, "_init_callback_context"):
            self._fit = estimator._init_callback_context(max_subtasks=max_epochs)
            self._fit.call_on_fit_task_begin(**self._facts)
        self.callbacks: tuple[Callable[[Training], bool], ...] = ()
        if self._fit is not None and hasattr(estimator, "_skl_callbacks"):
            self.callbacks = (self._after_epoch,)
            self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._facts)

    def _after_epoch(self, training: Training) -> bool:
        """End the task of this epoch, and begin the next; True if a callback wants to stop."""

        def attributes() -> dict[str, Any]:  # called only if a callback asks for a fitted estimator
            return self._attributes_of(copy.deepcopy(training))

        stop = bool(self._epoch.call_on_fit_task_end(**self._facts, reconstruction_attributes=attributes))
        self._epoch = None
        if not stop and not training.should_stop and training.epoch < self._max_epochs:
            self._begin_epoch()
        return stop

    def end(self) -> None:
        """End the whole, and before it an epoch that had begun when training stopped."""
        if self._epoch is not None:
            self._epoch.call_on_fit_task_end(estimator=self._facts["estimator"])
        if self._fit is not None:
            self._fit.call_on_fit_task_end(**self._facts, reconstruction_attributes=dict)
