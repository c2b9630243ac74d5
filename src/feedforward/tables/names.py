"""Names that nobody knows: say which one was probably meant."""

from collections.abc import Sequence
from difflib import get_close_matches


def suggestion(name: str, known: Sequence[str], what: str) -> str:
    """Return a sentence with the known name nearest to `name`, or with the known names if none is near.

    Parameters
    ----------
    name : str
        What was asked for.
    known : sequence of str
        What there is.
    what : str
        The plural noun for `known`: columns, kinds, files.

    Examples
    --------
    >>> suggestion("colour", ["color", "size"], "columns")
    "Did you mean 'color'?"
    >>> suggestion("price", ["color", "size"], "columns")
    "The columns are 'color', 'size'."
    """
    near = get_close_matches(name.lower(), [other.lower() for other in known], n=1)
    if near:
        return f"Did you mean {next(other for other in known if other.lower() == near[0])!r}?"
    shown = ", ".join(map(repr, known[:20]))
    return f"The {what} are {shown}{', ...' if len(known) > 20 else ''}."
