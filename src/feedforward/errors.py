"""Every error raised on purpose: one base class, and children that are also the standard exceptions.

A message says what was wrong, what was given and what to do, in one line.
"""


class FeedforwardError(Exception):
    """Base of every error this library raises on purpose.

    Examples
    --------
    >>> import feedforward as ff
    >>> try:
    ...     ff.Perceptron(learning_rate=-1).fit([[0.0], [1.0]], [0, 1])
    ... except ff.FeedforwardError as error:
    ...     print(error)
    Perceptron: learning_rate must be a number above 0; got -1.
    """


class SettingError(FeedforwardError, ValueError):
    """A setting has a value it cannot have, or a name nobody knows.

    Examples
    --------
    >>> issubclass(SettingError, ValueError)
    True
    """


class InputError(FeedforwardError, ValueError):
    """Rows, labels or weights given to an estimator cannot be used.

    Examples
    --------
    >>> issubclass(InputError, ValueError)
    True
    """


class InputTypeError(InputError, TypeError):
    """What was given is, or holds, what no number can be made of: a dict in a cell, dates beside numbers.

    Examples
    --------
    >>> issubclass(InputTypeError, TypeError)
    True
    """


class HugeNumberError(InputError):
    """A number is so large that what a model makes of its row is not finite.

    Attributes
    ----------
    row : int
        Counted from 0.
    column : str or int
        Its name, or its place where it has none.

    Examples
    --------
    >>> print(HugeNumberError(3, "height", 1e300))
    Column 'height' is 1e+300 at row 3 (counted from 0), too large a number for this model: what it makes of the row is
    not finite. Correct the number, or leave the row out.
    """

    def __init__(self, row: int, column: str | int, value: object) -> None:
        super().__init__(
            f"Column {column!r} is {value!s} at row {row} (counted from 0), too large a number for this model: what it "
            "makes of the row is not finite. Correct the number, or leave the row out."
        )
        self.row, self.column = row, column


class TableError(FeedforwardError, ValueError):
    """A table can be opened but not used: ragged, empty, without its target, of the wrong kind.

    Examples
    --------
    >>> issubclass(TableError, ValueError)
    True
    """


class FileError(FeedforwardError, OSError):
    """A file cannot be opened or written: absent, a directory, not permitted.

    Examples
    --------
    >>> issubclass(FileError, OSError)
    True
    """


class ModelFileError(FileError, ValueError):
    """A model file cannot be read: absent, damaged, foreign, or of a format that is too new.

    Examples
    --------
    >>> issubclass(ModelFileError, OSError), issubclass(ModelFileError, ValueError)
    (True, True)
    """


class MissingPackageError(FeedforwardError, ImportError):
    """Something needs a package that is not installed.

    Examples
    --------
    >>> issubclass(MissingPackageError, ImportError)
    True
    """
