"""Ctrl-C, heard between two spans: there a training is whole, and can be gone on with as if it had never stopped."""

import signal
from threading import current_thread, main_thread
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """Takes note of Ctrl-C instead of raising at once; a second one does not wait. A context manager.

    It changes nothing outside of the main thread, or where someone has a handler of his own.

    Attributes
    ----------
    asked : KeyboardInterrupt or None
        What to raise, if someone wants to stop.
    can_wait : bool
        Whether to take note only. Not so at first: until the first steps are done there is nothing to lose, and they
        may take long, since they are compiled.

    Examples
    --------
    >>> try:
    ...     with Interrupts() as interrupts:
    ...         interrupts.can_wait = True
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("until here")
    ... except KeyboardInterrupt:
    ...     print("and then")
    until here
    and then
    """

    def __init__(self) -> None:
        self.asked: KeyboardInterrupt | None = None
        self.can_wait = False
        self._is_heard = False

    def __enter__(self) -> Self:
        if current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._ask)
            self._is_heard = True
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked is not None or not self.can_wait:
            raise KeyboardInterrupt
        self.asked = KeyboardInterrupt()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None:
            self.end()

    def end(self) -> None:
        """Raise, if someone wants to stop.

        Examples
        --------
        >>> Interrupts().end()
        """
        if self.asked is not None:
            raise self.asked
