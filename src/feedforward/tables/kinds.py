"""What a column can be declared to be."""

from collections.abc import Mapping, Sequence

from feedforward.errors import SettingError
from feedforward.validation import nearest

KINDS = ("number", "category", "boolean", "date", "drop")


def checked_kinds(kinds: Mapping[str, str] | None, names: Sequence[str]) -> Mapping[str, str]:
    """Return what columns of these names are declared to be; `SettingError` if there is no such column, or kind.

    Examples
    --------
    >>> checked_kinds({"age": "numeric"}, ["age", "town"])
    Traceback (most recent call last):
    feedforward.errors.SettingError: TableEncoder: kinds['age'] is no kind: 'numeric'. Did you mean 'number'?
    """
    for name, kind in (kinds or {}).items():
        if name not in names:
            near = nearest(str(name), names, "columns")
            raise SettingError(f"TableEncoder: kinds names a column the table does not have: {name!r}. {near}")
        if kind not in KINDS:
            near = nearest(str(kind), KINDS, "kinds")
            raise SettingError(f"TableEncoder: kinds[{name!r}] is no kind: {kind!r}. {near}")
    return kinds or {}
