"""The picture of an experiment: how the model learned, what it decides, and the network itself."""

import io
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.disk import place_to_write, write_bytes
from feedforward.errors import FileError, NotFiniteError
from feedforward.estimators.tabular_base import TabularEstimator
from feedforward.experiment import Experiment

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[Any]

_SAMPLE = 1000  # rows to judge by which columns move the outputs


def draw_experiment(experiment: Experiment, path: str | Path) -> None:
    """Draw an experiment into a file.

    How it learned; of classes, the decision regions of the two number columns that move the outputs most; of a network,
    loss and score, and of one of plain layers the network itself; of a tabular one that predicts a quantity, its
    answers for the test against the right ones.

    Parameters
    ----------
    experiment : Experiment
    path : path whose suffix names a format matplotlib writes: .png, .svg, .pdf

    Raises
    ------
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> draw_experiment(None, "/no/such/folder/plot.png")
    Traceback (most recent call last):
    feedforward.errors.FileError: /no/such/folder/plot.png cannot be written: there is no folder /no/such/folder. ...
    """
    kind = picture_kind(path)
    place_to_write(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _network_figure(experiment) if hasattr(experiment.learner, "network_") else _neuron_figure(experiment)
    FigureCanvasAgg(figure)
    sink = io.BytesIO()
    figure.savefig(sink, format=kind, dpi=120)
    write_bytes(path, sink.getvalue())


def _neuron_figure(experiment: Experiment) -> "Figure":
    from matplotlib.figure import Figure

    from feedforward import plots

    columns = _two_columns(experiment)
    figure = Figure(figsize=(10.5 if columns else 5.5, 4.2), layout="constrained")
    axes = figure.subplots(1, 2 if columns else 1, squeeze=False)[0]
    plots.learning_curve(experiment.learner, ax=axes[0])
    _write_title(experiment, figure)
    if columns:
        _draw_regions(experiment, columns, axes[1])
    return figure


def _network_figure(experiment: Experiment) -> "Figure":
    from matplotlib.figure import Figure

    from feedforward import plots

    columns, is_drawn = _two_columns(experiment), not isinstance(experiment.learner, TabularEstimator)
    beside = "regions" if columns else "answers" if experiment.task == "regression" and not is_drawn else None
    rows: list[Any] = [["loss", beside], ["score", beside]] if beside else [["loss", "score"]]
    heights = [1.0, 1.0] if beside else [1.0]
    if is_drawn:
        rows, heights = [*rows, ["network", "network"]], [*heights, 2.2 if beside else 1.4]
    figure = Figure(figsize=(10.5, (8.6 if beside else 7.4) if is_drawn else 4.6), layout="constrained")
    axes = figure.subplot_mosaic(rows, height_ratios=heights)
    history = experiment.learner.history_
    for panel in ("loss", "score"):
        curves = [name for name in history if name.endswith(panel)]
        plots.learning_curve(history, curves=curves, ax=axes[panel])
    _write_title(experiment, figure)
    axes["score"].set_ylabel("accuracy" if experiment.task == "classification" else "R²")
    if beside:
        axes["loss"].set_xlabel("")
    if columns:
        _draw_regions(experiment, columns, axes["regions"])
    elif beside:
        _draw_answers(experiment, axes["answers"])
    if is_drawn:
        figure.draw_without_rendering()  # now the last panel has the size it is going to have
        _draw_network(experiment, axes["network"])
    return figure


def _write_title(experiment: Experiment, figure: "Figure") -> None:
    from feedforward.plots.style import INK, LARGE, shortened

    title = shortened(f"{experiment.model_name} on {experiment.source}", 60)
    figure.suptitle(title, x=0.01, horizontalalignment="left", fontsize=LARGE, color=INK)


def _draw_network(experiment: Experiment, ax: "Axes") -> None:
    from feedforward import plots

    learner, names = experiment.learner, experiment.encoder.get_feature_names_out()
    outputs = learner.classes_.tolist() if experiment.task == "classification" else [experiment.target]
    plots.network(learner.network_, input_names=list(names), output_names=outputs, ax=ax)


def _draw_answers(experiment: Experiment, ax: "Axes") -> None:
    """Draw the answers for the rows of the test against the right ones."""
    from matplotlib.ticker import MaxNLocator

    from feedforward.plots.style import GREY, colour, dressed, label_axes

    X, y = experiment.test
    answers = experiment.model.predict(X)
    ends = [min(y.min(), answers.min()), max(y.max(), answers.max())]
    dressed(ax).plot(ends, ends, color=GREY, linewidth=1)
    ax.scatter(y, answers, s=9, color=colour(0), alpha=0.6, linewidths=0)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    label_axes(ax, experiment.target, "answer", f"{len(y):,} rows of the test")


def _draw_regions(experiment: Experiment, columns: tuple[str, str], ax: "Axes") -> None:
    from feedforward import plots

    try:
        plots.decision_regions(experiment.model, *experiment.test, columns=columns, ax=ax)
    except NotFiniteError as error:  # training that diverged, or a number too large: all else can be drawn
        ax.set_axis_off()
        ax.text(0.5, 0.5, f"no regions\n{fill(str(error), 40)}", ha="center", va="center", transform=ax.transAxes)


def picture_kind(path: str | Path) -> str:
    """Return what kind of picture the suffix of a path says.

    Examples
    --------
    >>> picture_kind("plot.docx")
    Traceback (most recent call last):
    feedforward.errors.FileError: plot.docx: pictures end in .png, .svg or .pdf. Name such a file.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".png", ".svg", ".pdf"):
        raise FileError(f"{path}: pictures end in .png, .svg or .pdf. Name such a file.")
    return suffix[1:]


def _two_columns(experiment: Experiment) -> tuple[str, str] | None:
    """Return the number column that moves the outputs most, and the next that does not say much the same."""
    from feedforward.plots.style import MAX_CLASSES

    if experiment.task == "regression" or len(experiment.learner.classes_) > MAX_CLASSES:
        return None
    inputs = experiment.encoder.transform(experiment.train[0])
    sizes = _pulls(experiment.learner, inputs)
    names = experiment.encoder.get_feature_names_out()
    numbers = [place for place in np.argsort(-sizes) if experiment.encoder.kinds_.get(names[place]) == "number"]
    if len(numbers) < 2:
        return None
    with np.errstate(invalid="ignore"):  # of a constant column
        likeness = np.abs([np.corrcoef(inputs[:, numbers[0]], inputs[:, place])[0, 1] for place in numbers[1:]])
    other = numbers[1 + int(np.argmax(likeness < 0.7))]
    return str(names[numbers[0]]), str(names[other])


def _pulls(learner: Any, inputs: Array) -> Array:
    """Return how far each input moves the outputs: a neuron's largest weight, a network's mean slope."""
    if not hasattr(learner, "network_"):
        sizes: Array = np.abs(learner.coef_).max(axis=0)
        return sizes
    network = learner.network_
    outputs, saved = network.forward(inputs[:_SAMPLE].astype(network.dtype))
    slopes = np.zeros(inputs.shape[1])
    for chosen in np.eye(outputs.shape[-1], dtype=outputs.dtype):
        slope = network.backward(np.broadcast_to(chosen, outputs.shape), saved)[0]
        slope = slope.mean(axis=0) if network.members else slope
        slopes += np.abs(slope).mean(axis=0)
    return slopes
