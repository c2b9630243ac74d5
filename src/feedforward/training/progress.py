"""What a training says of itself while it runs, on stderr: a line now and then, and a bar where someone watches."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from feedforward.kernels import told_of_compiling

_LINES = 20  # of a whole training


class Progress:
    """Prints, if `verbose`, what `epoch` is told; a context manager, for the bar to go away.

    That machine code is made, which takes long and happens once on a machine, is also told to a terminal.

    Parameters
    ----------
    verbose : bool
    first, last : int
        Epochs done when training begins, and when it ends.
    introduction : str
        What to say first.
    compiles : bool
        Whether this training runs as machine code.

    Examples
    --------
    >>> with Progress(False, 0, 10, "") as progress:
    ...     progress.epoch(1, {"train_loss": [0.5], "train_score": [0.9], "seconds": [0.1]})
    """

    def __init__(self, verbose: bool, first: int, last: int, introduction: str, compiles: bool = False) -> None:
        self.verbose, self.first, self.last, self.introduction = verbose, first, last, introduction
        self._printed, self._exits = first, ExitStack()
        self._compiles = compiles and (verbose or (sys.stderr is not None and sys.stderr.isatty()))
        self._bar: Any = None
        self._latest: tuple[int, str] = (first, "")

    def __enter__(self) -> Self:
        if self._compiles:
            self._exits.enter_context(told_of_compiling("run_span", _tell_of_compiling))
        if self.verbose:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            console = Console(stderr=True, highlight=False)
            columns = (TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
            self._task = self._bar.add_task("epochs", total=self.last, completed=self.first)
            self._bar.start()
            console.print(self.introduction, markup=False, soft_wrap=True)
        return self

    def ends_at(self, last: int) -> None:
        """Take note of another number of epochs.

        Examples
        --------
        >>> Progress(False, 0, 10, "").ends_at(7)
        """
        self.last = last
        if self.verbose:
            self._bar.update(self._task, total=last)

    def epoch(self, epoch: int, history: Mapping[str, Sequence[float]]) -> None:
        """Take note of one more epoch.

        Examples
        --------
        >>> Progress(False, 0, 10, "").epoch(1, {})
        """
        if not self.verbose:
            return
        self._bar.update(self._task, completed=epoch)
        self._latest = (epoch, _line(epoch, self.last, history))
        step = max(1, (self.last - self.first) // _LINES)
        if epoch == self.first + 1 or epoch % step == 0:
            self._print()

    def _print(self) -> None:
        self._printed, line = self._latest
        self._bar.console.print(line, markup=False, soft_wrap=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.close()
        if self.verbose:
            if self._printed < self._latest[0]:
                self._print()
            self._bar.stop()


def _tell_of_compiling() -> None:
    print("compiling for this machine: about 20 seconds, once; the machine code is then cached.", file=sys.stderr)


def _line(epoch: int, last: int, history: Mapping[str, Sequence[float]]) -> str:
    words = {"train_loss": "loss", "train_score": "score", "val_loss": "val loss", "val_score": "val score"}
    numbers = [f"{word} {history[name][-1]:.4g}" for name, word in words.items() if history.get(name)]
    return "  ".join([f"epoch {epoch:>{len(str(last))}}", *numbers, f"{sum(history['seconds']):.1f} s"])
