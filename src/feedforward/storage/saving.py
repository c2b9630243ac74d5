"""Models into files and back: `save` and `load`."""

import os
from collections.abc import Mapping
from typing import Any

from feedforward.errors import FeedforwardError, FileError, InputError, ModelFileError
from feedforward.files import read_file, write_file
from feedforward.storage.checks import is_text, need, need_keys
from feedforward.storage.labels import label_from_facts
from feedforward.storage.models import KINDS, from_state, to_state
from feedforward.validation import COUNT_OR_ZERO, NOT_NEGATIVE, NUMBER, PATH, check_setting

Path = str | os.PathLike[str]
_ABOUT = ("table", "target", "task", "model", "rows", "scores", "baseline", "seconds")


def save(model: Any, path: Path, *, training_state: bool = True) -> None:
    """Store a model in one file: `load` gives it back, predicting the same bits.

    The file is safetensors, so other tools can read its arrays, with a SHA-256 over all of it. It is there as a whole
    or not at all, and what stood there before stays until then. Reloading needs neither pickle nor the code of a class.

    Parameters
    ----------
    model : estimator, TableEncoder, Pipeline, Sequential or dict of arrays
        `Perceptron`, `Adaline`, `MLPClassifier`, `MLPRegressor` or `TableEncoder`, fitted; a Pipeline of a TableEncoder
        and one of the former (an MLPRegressor also inside a TransformedTargetRegressor with a StandardScaler, as
        ``feedforward train`` makes it); a network; or its parameters alone, by name.
    path : path
        By custom ending in ``.safetensors``.
    training_state : bool, default True
        False leaves out what only further training needs: the optimizer's memory, the best weights so far. The file
        is then a third as large with Adam, and ``partial_fit`` refuses to go on.

    Raises
    ------
    InputError
        If the model is not fitted, or has something of your own that a file cannot hold, such as a layer; named.
    FileError
        If the file cannot be written.
    SettingError
        If `path` is no path.

    Notes
    -----
    `device`, `callbacks` and `verbose` are not stored, and `random_state` becomes the seed that was drawn from it.

    Examples
    --------
    >>> import tempfile
    >>> import feedforward as ff
    >>> X, y = ff.datasets.moons(n=100, random_state=0)
    >>> model = ff.MLPClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ff.save(model, f"{folder}/moons.safetensors")
    ...     again = ff.load(f"{folder}/moons.safetensors")
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    write_model(model, path, training_state=training_state)


def load(path: Path) -> Any:
    """Return the model that `save` stored, after checking every bit of the file.

    No code in the file is run, and nothing that it names is imported.

    Parameters
    ----------
    path : path

    Raises
    ------
    ModelFileError
        If the file is absent, damaged, altered, foreign or of a newer version; naming the file and the fault.
    SettingError
        If `path` is no path.

    Examples
    --------
    The weights of a network by themselves:

    >>> import tempfile
    >>> import feedforward as ff
    >>> net, twin = (ff.nn.Sequential(ff.nn.Linear(2, 3), ff.nn.Tanh()) for _ in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ff.save(net.parameters(), f"{folder}/weights.safetensors")
    ...     twin.load_parameters(ff.load(f"{folder}/weights.safetensors"))
    >>> bool((twin([[1.0, 2.0]]) == net([[1.0, 2.0]])).all())
    True
    """
    return read_model(path)[0]


def write_model(model: Any, path: Path, *, about: Mapping[str, Any] | None = None, training_state: bool = True) -> None:
    """Do as `save` does, and store beside the model what is known about it.

    Parameters
    ----------
    model, path, training_state
        As for `save`.
    about : dict, optional
        Of an experiment: its table, target, task, rows and scores.

    Examples
    --------
    >>> write_model(object(), "a.safetensors")
    Traceback (most recent call last):
    feedforward.errors.InputError: a.safetensors was not written: object has no place in a file; ...
    """
    check_setting("save", "path", path, PATH)
    try:
        facts, arrays = to_state(model, training_state=training_state)
        _check_about(about)
        write_file(path, {"kind": facts["kind"], "model": facts, "about": about}, arrays)
    except FileError:
        raise
    except FeedforwardError as error:
        raise InputError(f"{path} was not written: {str(error).rstrip('.')}.") from error


def read_model(path: Path) -> tuple[Any, dict[str, Any] | None]:
    """Return the model in a file, and what is known about it, or None.

    Errors are those of `load`.

    Examples
    --------
    >>> read_model("absent.safetensors")
    Traceback (most recent call last):
    feedforward.errors.ModelFileError: absent.safetensors cannot be read: no such file or directory. ...
    """
    check_setting("load", "path", path, PATH)
    facts, arrays = read_file(path, KINDS)
    try:
        need_keys(facts, ["kind", "model", "about", "format_version", "library", "sha256"], "a model")
        need(isinstance(facts["model"], dict) and facts["model"].get("kind") == facts["kind"], "it has two kinds")
        _check_about(facts["about"])
        return from_state(facts["model"], arrays), facts["about"]
    except FeedforwardError as error:
        raise ModelFileError(f"{path} cannot be read: {str(error).rstrip('.')}.") from error


def _check_about(about: Any) -> None:
    """Hold what is said about a model against what there can be."""
    if about is None:
        return
    need_keys(about, _ABOUT, "what is said about the model")
    need(all(is_text(about[name]) for name in ("table", "target", "task", "model")), "table and target must be text")
    need_keys(about["rows"], ["train", "test"], "rows")
    need(all(map(COUNT_OR_ZERO.holds, about["rows"].values())), "rows must be counts")
    need(NOT_NEGATIVE.holds(about["seconds"]), "seconds must be a number")
    need_keys(about["baseline"], ["answer", "scores"], "baseline")
    label_from_facts(about["baseline"]["answer"])
    for scores in (about["scores"], about["baseline"]["scores"]):
        need(isinstance(scores, dict), "scores must have names")
        for parts in scores.values():
            need_keys(parts, ["train", "test"], "a score")
            need(all(one is None or NUMBER.holds(one) for one in parts.values()), "scores must be numbers")
