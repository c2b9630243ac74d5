"""Labels as JSON, each with its type beside it, and back: the text 3, the number 3 and 3.0 are not the same."""

from typing import Any

import numpy as np

from feedforward.errors import InputError
from feedforward.storage.checks import Array, is_text, need, need_keys

_LABELS = {"str": "U", "int": "iu", "float": "f", "bool": "b"}
_MOST_CHARACTERS = 2**24  # in the labels of one array, which are all as long as the longest


def label_to_facts(label: Any, what: str = "label") -> list[Any]:
    """Return one label with its type beside it.

    Examples
    --------
    >>> label_to_facts(True), label_to_facts(np.str_("a"))
    (['bool', True], ['str', 'a'])
    """
    label = label.item() if isinstance(label, np.generic) else label
    tag = type(label).__name__
    need(tag in _LABELS, f"{what} {label!r} is of the type {tag}, and only {', '.join(_LABELS)} have a place in a file")
    need(label == label and label not in (np.inf, -np.inf), f"{what} {label!r} is not finite")
    return [tag, label]


def label_from_facts(facts: Any) -> Any:
    """Return the label that `label_to_facts` wrote down.

    Examples
    --------
    >>> label_from_facts(["int", 3])
    3
    """
    need(
        isinstance(facts, list)
        and len(facts) == 2
        and facts[0] in list(_LABELS)
        and type(facts[1]).__name__ == facts[0],
        f"a label must be its type and its value; got {facts!r}",
    )
    return facts[1]


def labels_to_facts(labels: Array) -> dict[str, Any]:
    """Return an array of labels as JSON can hold it.

    Raises
    ------
    InputError
        If a label is neither text nor a number nor a boolean.

    Examples
    --------
    >>> labels_to_facts(np.array(["no", "yes"]))
    {'dtype': '<U3', 'values': [['str', 'no'], ['str', 'yes']]}
    """
    facts = {"dtype": str(labels.dtype), "values": [label_to_facts(value) for value in labels.tolist()]}
    labels_from_facts(facts)
    return facts


def labels_from_facts(facts: Any) -> Array:
    """Return the array that `labels_to_facts` wrote down: distinct labels, in their order.

    Examples
    --------
    >>> labels_from_facts({"dtype": "<U3", "values": [["str", "no"], ["str", "yes"]]})
    array(['no', 'yes'], dtype='<U3')
    """
    need_keys(facts, ["dtype", "values"], "labels")
    word, values = facts["dtype"], facts["values"]
    need(isinstance(values, list) and len(values) > 0 and is_text(word), "labels must be a list, and have a dtype")
    labels = [label_from_facts(value) for value in values]
    dtype = _label_dtype(word, len(labels))
    tags = {value[0] for value in values}
    if dtype.kind != "O":
        need(
            tags == {t for t, kinds in _LABELS.items() if dtype.kind in kinds}, f"labels of {word} must be of its type"
        )
    try:
        array = np.empty(len(labels), dtype)
        array[:] = labels
        is_sorted = len(labels) < 2 or bool((array[:-1] < array[1:]).all())
    except (OverflowError, TypeError, ValueError):
        raise InputError(f"labels do not fit their dtype {word}, or have no order") from None
    need(array.tolist() == labels and is_sorted, f"labels must be distinct, in order, and fit their dtype {word}")
    return array


def _label_dtype(word: str, count: int) -> Any:
    numbers = [f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)]
    if word in ("object", "bool") or (word in numbers and word != "float8"):
        return np.dtype(word)
    width = word.removeprefix("<U")
    need(
        word.startswith("<U") and width.isdecimal() and width.isascii() and len(width) < 9 and int(width) > 0,
        f"labels have an unknown dtype: {word!r}",
    )
    need(
        int(width) * count <= _MOST_CHARACTERS,
        f"{count} labels of {width} characters are more than have a place in a file",
    )
    return np.dtype(word)
