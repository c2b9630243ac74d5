"""Models into files that need this library no more: `export`."""

import os
import sys
from pathlib import Path
from typing import Any

from feedforward.disk import place_to_write, write_bytes
from feedforward.errors import SettingError
from feedforward.exports.parts import parts_of
from feedforward.exports.source import source_of
from feedforward.validation import PATH, check_setting, one_of

SUFFIXES = {"onnx": ".onnx", "numpy": ".py", "torch": ".py"}
_TAKEN = sys.stdlib_module_names | {"numpy", "torch", "feedforward"}


def export(model: Any, path: str | os.PathLike[str], to: str = "onnx") -> None:
    """Write a fitted model out for use without this library, all that it does with a table inside.

    That is filling gaps, reading dates, telling categories apart, scaling; then the network, and what its outputs mean.
    The answers are those of ``predict`` and ``predict_proba``, to 1e-5. What only training needs stays behind.

    Parameters
    ----------
    model : estimator or Pipeline
        `TabularClassifier`, `TabularRegressor`, `MLPClassifier`, `MLPRegressor`, `Perceptron` or `Adaline`, fitted; an
        MLPRegressor also inside a TransformedTargetRegressor with a StandardScaler; a Pipeline of a `TableEncoder` and
        one of these but the first two.
    path : path
        Ending in ``.onnx``, or for source in ``.py``. Weights of source go beside it, into a file ending in ``.npz``.
        If source is to be imported, its name must be one that ``import`` takes, such as ``my_model.py``.
    to : {"onnx", "numpy", "torch"}, default "onnx"
        "onnx": one file, with an input for each column that the model reads, of shape (rows, 1): doubles for numbers,
        booleans and days since 1970-01-01, NaN where a value is missing; strings for categories of text, "" where a
        value is missing. Out come "prediction", of shape (rows,), and of most classifiers "probabilities". Needs onnx.
        "numpy": a Python file to read, with ``predict(rows)`` and ``predict_proba(rows)``, that needs NumPy alone; run
        as a program, it tests itself. "torch": likewise, with the network as a ``torch.nn.Module``.

    Raises
    ------
    InputError
        If the model is not fitted, or of a kind, or has a layer, column or class that cannot be exported; named.
    SettingError
        If `to` or the ending of `path` is none of these.
    FileError
        If a file cannot be written. Each is there as a whole or not at all.
    MissingPackageError
        If onnx is needed and not installed.

    Examples
    --------
    >>> import tempfile
    >>> import feedforward as ff
    >>> neuron = ff.Adaline().fit([[0.0], [1.0]], ["no", "yes"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ff.export(neuron, f"{folder}/neuron.py", to="numpy")
    ...     sorted(os.listdir(folder))
    ['neuron.npz', 'neuron.py']
    """
    check_setting("export", "to", to, one_of(*SUFFIXES))
    places = places_of(path, to)
    parts = parts_of(model)
    if to == "onnx":
        from feedforward.exports.onnx import onnx_of

        write_bytes(places[0], onnx_of(parts))
        return
    text, weights = source_of(parts, to, places[1].name)
    write_bytes(places[1], weights)  # first: the source tells weights that are not its own
    write_bytes(places[0], text.encode())


def places_of(path: str | os.PathLike[str], to: str) -> list[Path]:
    """Return the paths of all files that an export writes, the named one first.

    Raises
    ------
    SettingError
        If the path is none, has another ending, or is that of a module that the source needs.
    FileError
        If a file cannot be written there.

    Examples
    --------
    >>> [place.name for place in places_of("model.py", "numpy")]
    ['model.py', 'model.npz']
    """
    check_setting("export", "path", path, PATH)
    given, suffix = Path(path), SUFFIXES[to]
    if given.suffix != suffix:
        raise SettingError(f"export: path must end in {suffix} with to={to!r}; got {str(path)!r}.")
    if to != "onnx" and given.stem in _TAKEN:
        raise SettingError(
            f"export: {given.name} would be imported in the place of the module {given.stem!r}. Name it otherwise, as "
            f"{given.with_name(f'{given.stem}_model.py')}."
        )
    places = [given] if to == "onnx" else [given, given.with_suffix(".npz")]
    for place in places:
        place_to_write(place)
    return places
