"""The house: imports point one way, importing is light, every public name explains itself."""

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import feedforward

SOURCE = Path(feedforward.__file__).parent

# A module imports only from lines above its own.
ORDER = [
    "errors",
    "validation",
    "disk",
    "memory",
    "files",
    "places",
    "fitted",
    "kernels",
    "nn.random",
    "nn.activations",
    "nn.initializers",
    "nn.layers",
    "nn.composite",
    "nn.columns",
    "nn.scaling",
    "nn.embeddings",
    "nn.sequential",
    "nn.rows",
    "nn.starts",
    "nn.folding",
    "nn.lowering",
    "nn.losses",
    "nn.optimizers",
    "nn.schedules",
    "nn.gradients",
    "nn.blocks",
    "nn.arithmetic",
    "nn.updates",
    "nn.paths",
    "nn.trace",
    "nn",
    "targets",
    "training.plan",
    "training.scores",
    "training.recipe",
    "training.orders",
    "training.compiled.layout",
    "training.compiled.memory",
    "training.compiled.subnormals",
    "training.compiled.views",
    "training.compiled.elementwise",
    "training.compiled.waves",
    "training.compiled.products",
    "training.compiled.objectives",
    "training.compiled.updates",
    "training.compiled.blocks",
    "training.compiled.passes",
    "training.compiled.span",
    "training.compiled.predictor",
    "training.predictor",
    "training.numpy_engine",
    "training.compiled_engine",
    "training.torch_bridge",
    "training.torch_known",
    "training.torch_rows",
    "training.torch_layers",
    "training.torch_parts",
    "training.torch_graph",
    "training.torch_engine",
    "training.devices",
    "training.engines",
    "training.troubles",
    "training.progress",
    "training.checks",
    "training.state",
    "training.fingerprint",
    "training.checkpoints",
    "training.interrupts",
    "training.judge",
    "training.deadline",
    "training.loop",
    "neurons.sparse",
    "neurons.curvature",
    "neurons.neuron",
    "neurons.perceptron",
    "neurons.adaline",
    "tables.opening",
    "tables.cells",
    "tables.delimited",
    "tables.frames",
    "tables.values",
    "tables.sources",
    "tables.kinds",
    "tables.scaling",
    "tables.spikes",
    "tables.categories",
    "tables.dates",
    "tables.reading",
    "tables.streaming",
    "tables.columns",
    "tables.layout",
    "tables.state",
    "tables.surprises",
    "tables.encoding",
    "calibration",
    "measures",
    "scoring",
    "importance",
    "baselines",
    "estimators.inputs",
    "estimators.callbacks",
    "estimators.network",
    "estimators.classifier",
    "estimators.regressor",
    "estimators.presets",
    "estimators.members",
    "estimators.hurry",
    "estimators.tabular_network",
    "estimators.tabular_base",
    "estimators.tabular_classifier",
    "estimators.tabular_regressor",
    "datasets",
    "storage.checks",
    "storage.labels",
    "storage.parts",
    "storage.networks",
    "storage.estimators",
    "storage.tabular",
    "storage.models",
    "storage.saving",
    "phrases",
    "storage.words",
    "storage.summary",
    "exports.preprocessing",
    "exports.parts",
    "exports.samples",
    "exports.runtime",
    "exports.expressions",
    "exports.source",
    "exports.graph",
    "exports.onnx_calendar",
    "exports.onnx_columns",
    "exports.onnx_layers",
    "exports.onnx",
    "exports.writing",
    "plots.style",
    "plots.columns",
    "plots.scatter",
    "plots.regions",
    "plots.curves",
    "plots.activations",
    "plots.slopes",
    "plots.layers",
    "plots.diagram",
    "plots.numbers",
    "plots.network",
    "plots.gradients",
    "plots.frames",
    "plots",
    "demo",
    "fitting",
    "choices",
    "doubts",
    "experiment",
    "answers",
    "answer_files",
    "judging",
    "picture",
    "comparison",
    "report.contest",
    "report.verdict",
    "report.markup",
    "report.profile",
    "report.pictures",
    "report.chapters",
    "report.looks",
    "report.page",
    "terminal",
    "commands.errors",
    "commands.options",
    "commands.training",
    "commands.demo",
    "commands.train",
    "commands.compare",
    "commands.predict",
    "commands.evaluate",
    "commands.inspect",
    "commands.export",
    "cli",
    "__main__",
]


def modules() -> dict[str, Path]:
    names = {path: ".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in SOURCE.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for path, name in names.items() if name != "__init__"}


def place(name: str) -> int:
    if name in {
        "neurons",
        "tables",
        "training",
        "training.compiled",
        "estimators",
        "storage",
        "commands",
        "exports",
        "report",
    }:  # a docstring alone
        return -1
    assert name in ORDER, f"{name} has no place in ORDER: give it one"
    return ORDER.index(name)


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name.removeprefix("feedforward.") for name in found if name.startswith("feedforward.")}
    known = modules()
    return {name if name in known else name.rpartition(".")[0] for name in ours} - {""}


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_point_one_way(name: str) -> None:
    for imported in imports_of(modules()[name]):
        assert place(imported) < place(name), f"{name} imports {imported}, which comes after it"


def test_no_file_or_function_outgrows_a_sitting() -> None:
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 420, f"{path.name} is long: split it"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                words = ast.get_docstring(node) or ""
                length = (node.end_lineno or 0) - node.lineno - len(words.splitlines())
                assert length <= 50, f"{path.name}: {node.name} is {length} lines long"


def fresh_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("other", ["pandas", "pyarrow", "torch", "polars"])
def test_what_import_must_not_load_is_there_to_be_loaded(other: str) -> None:
    importlib.import_module(other)


def test_import_loads_numpy_only() -> None:
    loaded = fresh_python("import sys, feedforward; print(*sys.modules)").split()
    packages = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    packages = {name for name in packages if not name.startswith(("_", "sitecustomize"))}
    assert packages <= {"feedforward", "numpy"}, packages
    assert {name for name in loaded if name.startswith("feedforward")} == {"feedforward"}


def test_compiling_waits_for_the_first_call() -> None:
    code = """
import sys, feedforward as ff
neuron = ff.Perceptron(random_state=0)
print("numba" in sys.modules)
neuron.fit([[0.0], [1.0]], [0, 1])
print("numba" in sys.modules, "torch" in sys.modules, "matplotlib" in sys.modules)
"""  # scikit-learn imports pandas where it finds it, and pandas pyarrow: not ours to avoid
    assert fresh_python(code).split() == ["False", "True", "False", "False"]


def test_public_names_are_all_there() -> None:
    assert set(feedforward.__all__) <= set(dir(feedforward))
    for name in feedforward.__all__:
        assert getattr(feedforward, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Perceptrom'"):
        feedforward.Perceptrom  # noqa: B018


def public_objects() -> dict[str, Any]:
    found = {name: getattr(feedforward, name) for name in feedforward.__all__ if name != "__version__"}
    for module in ("datasets", "nn", "plots"):
        members = vars(found[module])
        found |= {f"{module}.{n}": members[n] for n in getattr(found[module], "__all__", []) or members if n[0] != "_"}
    return {name: thing for name, thing in found.items() if callable(thing) and "feedforward" in thing.__module__}


@pytest.mark.parametrize("name", sorted(public_objects()))
def test_every_public_name_has_an_example(name: str) -> None:
    thing = public_objects()[name]
    examples = doctest.DocTestFinder(recurse=False).find(thing, name)
    assert examples, f"{name} has no docstring"
    assert examples[0].examples, f"{name} has no example in its docstring"


def estimators() -> list[Any]:
    return [thing for thing in public_objects().values() if hasattr(thing, "get_params")]


@pytest.mark.parametrize("estimator", estimators(), ids=lambda thing: thing.__name__)
def test_documented_defaults_are_the_real_ones(estimator: Any) -> None:
    text = inspect.getdoc(estimator) or ""
    for name, parameter in inspect.signature(estimator).parameters.items():
        line = next((line for line in text.splitlines() if line.startswith(f"{name} : ")), None)
        assert line is not None, f"{estimator.__name__} does not document {name}"
        default = str(parameter.default) if not isinstance(parameter.default, str) else f'"{parameter.default}"'
        assert line.endswith(f"default {default}"), f"{estimator.__name__}: {line!r}, but the default is {default}"


def words_of(estimator: Any, name: str) -> str:
    _, _, after = (inspect.getdoc(estimator) or "").partition(f"\n{name} : ")
    return re.split(r"\n(?=\S)", after)[0]


@pytest.mark.parametrize("name", ["initial_scale", "class_weight", "random_state"])
def test_twin_neurons_say_the_same_of_the_settings_they_share(name: str) -> None:
    assert words_of(feedforward.Perceptron, name) == words_of(feedforward.Adaline, name) != ""


@pytest.mark.parametrize("name", sorted({*inspect.signature(feedforward.MLPRegressor).parameters} - {"loss"}))
def test_twin_networks_say_the_same_of_the_settings_they_share(name: str) -> None:
    ours, theirs = (words_of(twin, name) for twin in (feedforward.MLPClassifier, feedforward.MLPRegressor))
    assert ours.replace(", of each class alike,", "").split() == theirs.split() != []
