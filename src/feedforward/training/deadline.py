"""A time limit: how many epochs fit, known after a short while, and whether time is up."""

from time import perf_counter

import numpy as np

from feedforward.validation import NONE, POSITIVE, check_setting

MEASURED = 0.05  # of the limit: so long the pace is measured before the number of epochs is fixed


class Deadline:
    """The time that one call of `train` may take.

    Parameters
    ----------
    seconds : float or None
        From now on. None: no limit.

    Raises
    ------
    SettingError
        If it is no number above 0.

    Examples
    --------
    >>> Deadline(None).has_passed(), Deadline(1e-9).has_passed()
    (False, True)
    """

    def __init__(self, seconds: float | None) -> None:
        check_setting("train", "time_limit", seconds, POSITIVE | NONE)
        self.seconds = np.inf if seconds is None else float(seconds)
        self._begun = perf_counter()
        self._measured_from: float | None = None
        self._steps, self._worked = 0, 0.0

    @property
    def left(self) -> float:
        """Seconds until the limit; below 0 after it."""
        return self.seconds - (perf_counter() - self._begun)

    def has_passed(self, reserve: float = 0.0) -> bool:
        """Whether fewer than `reserve` seconds are left."""
        return self.left <= reserve

    def worked(self, steps: int, seconds: float) -> None:
        """Take note of a span; the first one is left out, since machine code may be made in it."""
        if self._measured_from is None:
            self._measured_from = perf_counter()
        else:
            self._steps, self._worked = self._steps + steps, self._worked + seconds

    @property
    def knows_pace(self) -> bool:
        """Whether it was measured for long enough."""
        if self._measured_from is None or not self._worked:
            return False
        return perf_counter() - self._measured_from >= MEASURED * self.seconds

    def epochs(self, done: float, steps: int, judging: float) -> int:
        """Return the number of epochs that fit in all.

        Parameters
        ----------
        done : float
            Epochs done, the begun one with its share.
        steps : int
            Of an epoch.
        judging : float
            Seconds that the end of an epoch takes.

        Examples
        --------
        >>> deadline = Deadline(100.0)
        >>> for _ in range(2):
        ...     deadline.worked(steps=50, seconds=5.0)
        >>> deadline.epochs(2.0, steps=50, judging=5.0)
        11
        """
        epoch = steps * self._worked / self._steps + judging
        return max(int(done + max(self.left, 0.0) / epoch), int(np.ceil(done)), 1)
