"""Feedforward networks, from one neuron to production.

Public names load on first use (PEP 562), so that ``import feedforward`` costs NumPy alone.

Examples
--------
>>> import feedforward as ff
>>> X, y = ff.datasets.blobs(n=200, random_state=0)
>>> ff.Adaline().fit(X, y).score(X, y) > 0.9
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np  # noqa: F401 - the one dependency that is loaded at once

if TYPE_CHECKING:
    from feedforward import datasets as datasets
    from feedforward import nn as nn
    from feedforward import plots as plots
    from feedforward.errors import FeedforwardError as FeedforwardError
    from feedforward.errors import FileError as FileError
    from feedforward.errors import InputError as InputError
    from feedforward.errors import MissingPackageError as MissingPackageError
    from feedforward.errors import ModelFileError as ModelFileError
    from feedforward.errors import SettingError as SettingError
    from feedforward.errors import TableError as TableError
    from feedforward.estimators.classifier import MLPClassifier as MLPClassifier
    from feedforward.estimators.regressor import MLPRegressor as MLPRegressor
    from feedforward.estimators.tabular_classifier import TabularClassifier as TabularClassifier
    from feedforward.estimators.tabular_regressor import TabularRegressor as TabularRegressor
    from feedforward.exports.writing import export as export
    from feedforward.importance import permutation_importance as permutation_importance
    from feedforward.neurons.adaline import Adaline as Adaline
    from feedforward.neurons.perceptron import Perceptron as Perceptron
    from feedforward.storage.saving import load as load
    from feedforward.storage.saving import save as save
    from feedforward.tables.encoding import TableEncoder as TableEncoder
    from feedforward.tables.reading import read_table as read_table
    from feedforward.training.checkpoints import Checkpoint as Checkpoint
    from feedforward.training.torch_bridge import from_torch as from_torch
    from feedforward.training.torch_bridge import to_torch as to_torch

__version__ = "0.1.0"

_SUBMODULES = ("datasets", "nn", "plots")
_HOME = {
    "Perceptron": "neurons.perceptron",
    "Adaline": "neurons.adaline",
    "MLPClassifier": "estimators.classifier",
    "MLPRegressor": "estimators.regressor",
    "TabularClassifier": "estimators.tabular_classifier",
    "TabularRegressor": "estimators.tabular_regressor",
    "Checkpoint": "training.checkpoints",
    "read_table": "tables.reading",
    "TableEncoder": "tables.encoding",
    "permutation_importance": "importance",
    "save": "storage.saving",
    "load": "storage.saving",
    "export": "exports.writing",
    "to_torch": "training.torch_bridge",
    "from_torch": "training.torch_bridge",
    "FeedforwardError": "errors",
    "FileError": "errors",
    "InputError": "errors",
    "MissingPackageError": "errors",
    "ModelFileError": "errors",
    "SettingError": "errors",
    "TableError": "errors",
}

__all__ = ["__version__", *_SUBMODULES, *_HOME]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"feedforward.{name}")
    if name in _HOME:
        value = getattr(import_module(f"feedforward.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'feedforward' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
