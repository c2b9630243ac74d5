"""Pictures, judged by what they show: labels, colours at known points, titles, lines, and what the model was asked."""

import runpy
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.text import Annotation
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import feedforward as ff
from feedforward import datasets, nn
from feedforward.errors import InputError, SettingError
from feedforward.nn.activations import ACTIVATIONS
from feedforward.plots import style

plots: Any = ff.plots  # what a picture shows is found through parts of matplotlib that carry no types

FRAMES: list[Any] = [pd.DataFrame, pl.DataFrame, lambda columns: pa.table(dict(columns))]


@pytest.fixture(autouse=True)
def _closed_figures() -> Any:
    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before
    plt.close("all")


@pytest.fixture(scope="module")
def clouds() -> Any:
    return datasets.blobs(n=200, cluster_std=2.5, random_state=42)


def test_a_notebook_shows_a_picture_once(monkeypatch: pytest.MonkeyPatch, clouds: Any) -> None:
    net = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    history = {"train_loss": [2.0, 1.0], "train_score": [0.5, 0.6]}
    for figure in (plots.points(*clouds).figure, plots.network(net).figure, plots.learning_curve(history).figure):
        assert figure._repr_mimebundle_() == {}
        assert plt.fignum_exists(figure.number)  # in a window, it stays
        monkeypatch.setattr(matplotlib, "get_backend", lambda: "module://matplotlib_inline.backend_inline")
        assert figure._repr_mimebundle_() == {}
        assert not plt.fignum_exists(figure.number)
        monkeypatch.undo()


def legend_of(ax: Any) -> list[str]:
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def title_of(ax: Any) -> Any:
    return ax.get_title(loc="left")


def drawn(ax: Any) -> Any:
    """The figure as it looks: an array of pixels."""
    ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())


def shade_at(ax: Any, x: float, y: float) -> Any:
    """The colour of the region at a point, found through the image's extent."""
    image = ax.images[0]
    left, right, lower, upper = image.get_extent()
    codes = image.get_array()
    i = int((y - lower) / (upper - lower) * codes.shape[0])
    j = int((x - left) / (right - left) * codes.shape[1])
    return image.to_rgba(codes)[i, j]


class Asked:
    """A model that keeps what it was asked."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.asked: list[Any] = []

    def predict(self, X: Any) -> Any:
        self.asked.append(X)
        return self.model.predict(X)


# What every function keeps to --------------------------------------------------------------------------------------


def every_picture(ax: Any = None) -> Any:
    X, y = datasets.blobs(n=20, random_state=0)
    model = LogisticRegression().fit(X, y)
    square, double = (lambda x: x**2), (lambda x: 2 * x)
    yield lambda: plots.points(X, y, ax=ax)
    yield lambda: plots.decision_regions(model, X, y, ax=ax)
    yield lambda: plots.learning_curve({"loss": [1.0, 0.5]}, ax=ax)
    yield lambda: plots.activation("tanh", ax=ax)
    yield lambda: plots.slope(square, double, -6, ax=ax)
    yield lambda: plots.descent(square, double, -6, 0.1, 3, ax=ax)
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    yield lambda: plots.network(net, ax=ax)
    yield lambda: plots.network(net, nn.trace(net, nn.CrossEntropyLoss(), X, y), ax=ax)
    yield lambda: plots.gradient_norms(net, nn.CrossEntropyLoss(), X, y, ax=ax)
    yield lambda: plots.learning_curve({"train_loss": [1.0, 0.5], "train_score": [0.5, 0.8]}, ax=ax)


def test_without_axes_there_is_one_new_figure_each(monkeypatch: Any) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("nobody asked to show it"))
    for i, picture in enumerate(every_picture(), start=1):
        ax = picture()
        assert isinstance(ax, Axes)
        assert len(plt.get_fignums()) == i


def test_given_axes_are_drawn_on_and_nothing_else_is_touched() -> None:
    bystander = plt.figure()
    _, ax = plt.subplots()
    for picture in every_picture(ax):
        ax.clear()
        assert picture() is ax
    assert bystander.axes == []
    assert len(plt.get_fignums()) == 2


def test_every_picture_can_be_drawn() -> None:
    for picture in every_picture():
        assert len(np.unique(drawn(picture()).reshape(-1, 4), axis=0)) > 5


def test_import_loads_no_pictures_and_pictures_no_neurons() -> None:
    code = (
        "import sys, feedforward; assert 'matplotlib' not in sys.modules; import feedforward.plots; "
        "print(sorted({'feedforward.neurons', 'feedforward.tables', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pictures_of_record_are_drawn_small(tmp_path: Any, monkeypatch: Any) -> None:
    script = Path(__file__).parents[1] / "docs" / "pictures.py"
    monkeypatch.setattr(sys, "argv", [str(script)])
    record = runpy.run_path(str(script))
    monkeypatch.setitem(record["main"].__globals__, "FOLDER", tmp_path)
    record["main"]()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {path.name for path in (script.parent / "pictures").iterdir()}
    assert max(sizes.values()) < 80_000


# Points ------------------------------------------------------------------------------------------------------------


def test_points_show_each_class_in_its_colour_and_marker(clouds: Any) -> None:
    X, y = clouds
    labels = np.array(["no", "yes"])[y]
    ax = plots.points(X, labels)
    assert legend_of(ax) == ["no", "yes"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x0", "x1")
    for code, collection in enumerate(ax.collections):
        assert_array_equal(collection.get_offsets(), X[y == code])
        assert tuple(collection.get_facecolors()[0]) == to_rgba(style.PALETTE[code])
    shapes = {collection.get_paths()[0].vertices.tobytes() for collection in ax.collections}
    assert len(shapes) == 2


@pytest.mark.parametrize("frame", FRAMES)
def test_axes_are_named_after_columns(frame: Any) -> None:
    X = frame({"age": [1, 2, 3], "city": ["a", "b", "c"], "income $": [1.5, None, 3.5]})
    ax = plots.points(X, [True, False, True], columns=("income $", 0))
    assert ax.get_ylabel() == "age"
    assert ax.get_xlabel() == r"income \$"
    assert legend_of(ax) == ["False", "True"]
    assert_allclose(ax.collections[1].get_offsets(), [[1.5, 1], [3.5, 3]])


@pytest.mark.parametrize("series", [pd.Series, pl.Series, pa.chunked_array, list])
def test_labels_come_in_any_dress(series: Any) -> None:
    labels = [["b", "a", "b"]] if series is pa.chunked_array else ["b", "a", "b"]
    assert legend_of(plots.points(np.eye(3), series(labels))) == ["a", "b"]


def test_columns_of_pandas_may_have_numbers_for_names() -> None:
    X = pd.DataFrame(np.arange(6.0).reshape(3, 2))
    ax = plots.points(X, [0, 1, 0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("0", "1")


def test_sixteen_classes_are_told_apart_and_seventeen_refused() -> None:
    ax = plots.points(np.arange(34.0).reshape(17, 2)[:16], np.arange(16))
    looks = {
        (tuple(c.get_facecolors()[0]), tuple(c.get_edgecolors()[0]), c.get_paths()[0].vertices.tobytes())
        for c in ax.collections
    }
    assert len(looks) == 16
    assert len({style.tint(i) for i in range(16)}) == 16
    with pytest.raises(InputError, match="17 classes are too many to tell apart"):
        plots.points(np.arange(34.0).reshape(17, 2), np.arange(17))


def test_many_points_are_small_and_their_legend_is_not() -> None:
    X, y = datasets.blobs(n=20_000, random_state=0)
    ax = plots.points(X, y)
    assert ax.collections[0].get_sizes()[0] < 10
    assert all(handle.get_sizes()[0] > 30 for handle in ax.get_legend().legend_handles)


def test_long_labels_are_cut() -> None:
    ax = plots.points([[0, 1], [1, 0]], ["x" * 100, "two\nlines"])
    assert legend_of(ax) == ["two lines", "x" * 31 + "…"]


def test_legend_is_beside_the_data_or_absent(clouds: Any) -> None:
    ax = plots.points(*clouds)
    drawn(ax)
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1
    assert plots.points(*clouds, legend=False).get_legend() is None
    model = LogisticRegression().fit(*clouds)
    assert plots.decision_regions(model, *clouds, legend=False).get_legend() is None


# Regions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [1, 7], [2.0, 5.0]])
def test_regions_have_the_colour_of_the_class_predicted_there(clouds: Any, labels: Any) -> None:
    X, y = clouds[0], np.array(labels)[clouds[1]]
    model = LogisticRegression().fit(X, y)
    ax = plots.decision_regions(model, X, y)
    far = np.abs(model.decision_function(X)) > 0.5  # a cell of the grid may straddle the boundary
    for row, label in zip(X[far], model.predict(X[far]), strict=True):
        assert_allclose(shade_at(ax, *row), to_rgba(style.tint(labels.index(label))), atol=1e-6)
    assert legend_of(ax)[:2] == [str(label) for label in labels]


def test_shading_is_what_is_seen(clouds: Any) -> None:
    X, y = clouds
    ax = plots.decision_regions(LogisticRegression().fit(X, y), X)
    pixels = drawn(ax)
    x, up = (int(v) for v in ax.transData.transform((-5.0, 12.5)))
    assert_allclose(pixels[pixels.shape[0] - up, x, :3] / 255, style.tint(0), atol=0.01)
    assert legend_of(ax) == ["0", "1"]


def test_the_boundary_is_where_the_model_has_it(clouds: Any) -> None:
    X, y = clouds
    model = LogisticRegression().fit(X, y)
    ax = plots.decision_regions(model, X, y)
    boundary = np.vstack([path.vertices for path in ax.collections[0].get_paths()])
    cell = np.linalg.norm(model.coef_ * np.ptp(X, axis=0) * 1.12 / 300)
    assert np.abs(model.decision_function(boundary)).max() < 1.5 * cell


def test_one_call_for_the_whole_grid(clouds: Any) -> None:
    X, y = clouds
    model = Asked(LogisticRegression().fit(X, y))
    plots.decision_regions(model, X)
    assert [rows.shape for rows in model.asked] == [(90_000, 2)]
    plots.decision_regions(model, X, y, resolution=50)
    assert [len(rows) for rows in model.asked] == [90_000, 2500, 200]


def test_the_range_is_that_of_the_data_and_a_small_margin(clouds: Any) -> None:
    X, y = clouds
    ax = plots.decision_regions(LogisticRegression().fit(X, y), X, y)
    for limits, column in zip((ax.get_xlim(), ax.get_ylim()), X.T, strict=True):
        margins = np.array([column.min() - limits[0], limits[1] - column.max()]) / np.ptp(column)
        assert_allclose(margins, 0.06)


def test_a_single_row_and_a_constant_column_have_a_range() -> None:
    for X in ([[2.0, 3.0], [2.0, 4.0]], [[1e9, 0.0], [1e9, 1.0]]):
        ax = plots.decision_regions(LogisticRegression().fit(X, [0, 1]), X, [0, 1])
        assert np.ptp(ax.get_xlim()) > 0
    model = LogisticRegression().fit([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    assert np.ptp(plots.decision_regions(model, [[1.0, 1.0]], [1]).get_ylim()) > 0


def test_mistakes_are_ringed_where_that_is_legible(clouds: Any) -> None:
    X, y = clouds
    model = LogisticRegression().fit(X, y)
    wrong = model.predict(X) != y
    ax = plots.decision_regions(model, X, y)
    assert legend_of(ax)[-1] == f"wrong: {wrong.sum()} of 200"
    assert_array_equal(ax.collections[-1].get_offsets(), X[wrong])
    many, labels = datasets.blobs(n=2001, cluster_std=2.5, random_state=42)
    assert legend_of(plots.decision_regions(model, many, labels)) == ["0", "1"]


def test_three_classes_and_our_own_neuron() -> None:
    X, y = datasets.blobs(n=90, centers=3, random_state=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one neuron against the rest does not get to 0 mistakes
        model = ff.Perceptron(random_state=0).fit(X, np.array(["a", "b", "c"])[y])
    ax = plots.decision_regions(model, X)
    assert legend_of(ax) == ["a", "b", "c"]
    assert set(np.unique(ax.images[0].get_array())) == {0, 1, 2}


def test_a_network_of_twelve_classes() -> None:
    X, y = datasets.blobs(n=240, centers=12, cluster_std=0.5, random_state=3)
    labels = np.array([f"kind {code:02d}" for code in range(12)])
    model = ff.MLPClassifier((32,), learning_rate=0.01, max_epochs=60, random_state=0).fit(X, labels[y])
    ax = plots.decision_regions(model, X, labels[y])
    drawn(ax)
    assert legend_of(ax)[:12] == labels.tolist()
    for code in range(12):
        centre = X[y == code].mean(axis=0)
        predicted = model.predict(centre[np.newaxis])[0]
        assert_allclose(shade_at(ax, *centre), to_rgba(style.tint(labels.tolist().index(predicted))), atol=1e-6)


def test_a_class_predicted_but_not_among_the_labels_is_named(clouds: Any) -> None:
    X, y = clouds
    model = LogisticRegression().fit(X, y)
    ax = plots.decision_regions(model, X, np.zeros(200, dtype=int))
    assert legend_of(ax)[0] == "0"
    assert legend_of(ax)[-1] == "1"


def test_one_class_is_one_region() -> None:
    ax = plots.decision_regions(KNeighborsClassifier(1).fit([[0, 0], [1, 1]], [4, 4]), [[0, 0], [1, 1]], [4, 4])
    assert np.ptp(ax.images[0].get_array()) == 0
    assert legend_of(ax) == ["4"]


# More than two columns ---------------------------------------------------------------------------------------------


def household(frame: Any) -> Any:
    rng = np.random.RandomState(0)
    columns: dict[str, Any] = {
        "age": rng.randint(18, 80, 101),
        "income": rng.normal(30, 5, 101),
        "city": ["Rome", "Oslo", "Rome"] * 33 + ["Bonn", "Oslo"],
        "visits": rng.poisson(3, 101),
        "height": rng.normal(170, 9, 101).astype(np.float32),
    }
    return frame(columns), np.where(columns["income"] > 30, "buys", "leaves")


@pytest.mark.parametrize("frame", FRAMES)
def test_other_columns_are_held_and_keep_names_and_types(frame: Any) -> None:
    X, y = household(frame)

    class Income:
        def predict(self, rows: Any) -> Any:
            return np.where(np.asarray(rows["income"]) > 30, "buys", "leaves")

    model = Asked(Income())
    ax = plots.decision_regions(model, X, y, columns=("income", "age"))
    asked, given = (nw.from_native(table, eager_only=True).to_arrow() for table in (model.asked[0], X))
    assert type(model.asked[0]) is type(X)
    assert asked.column_names == given.column_names
    for name in ("income", "city", "visits", "height"):
        assert asked[name].type == given[name].type
    assert asked["age"].type == pa.float64()
    assert set(asked["city"].to_pylist()) == {"Rome"}
    assert set(asked["visits"].to_pylist()) == {np.median(given["visits"])}
    assert set(asked["height"].to_pylist()) == {np.median(given["height"])}
    assert title_of(ax) == "3 other columns held at their median or\nmost common value"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("income", "age")
    assert_allclose(shade_at(ax, 40.0, 50.0), to_rgba(style.tint(0)), atol=1e-6)
    assert_allclose(shade_at(ax, 22.0, 50.0), to_rgba(style.tint(1)), atol=1e-6)


def test_a_pipeline_over_a_frame() -> None:
    X, y = household(pd.DataFrame)
    X["city"] = X["city"].astype("category")
    X.loc[3, "height"] = np.nan
    X["visits"] = X["visits"].astype("Int64")
    X.loc[5, "visits"] = pd.NA
    chosen = make_column_transformer((OneHotEncoder(), ["city"]), (StandardScaler(), ["income", "age"]))
    model = make_pipeline(chosen, LogisticRegression()).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asked = Asked(model)
        ax = plots.decision_regions(asked, X, y, columns=(1, 0))
    assert asked.asked[0].dtypes.to_dict() == X.dtypes.to_dict() | {"age": np.dtype("float64")}
    assert legend_of(ax)[:2] == ["buys", "leaves"]


def test_a_column_without_values_is_held_as_it_is() -> None:
    X = pl.DataFrame({"a": [0.0, 1.0], "b": [0.0, 1.0], "c": [None, None], "d": [None, None]})
    X = X.with_columns(pl.col("c").cast(pl.Int64), pl.col("d").cast(pl.Float64))
    model = Asked(Constant(1))
    plots.decision_regions(model, X)
    assert model.asked[0].schema == X.schema
    assert model.asked[0]["c"].null_count() == len(model.asked[0])


def test_columns_of_an_array_are_held_at_their_medians() -> None:
    X = np.array([[0, 0, 1, 5], [1, 1, 3, 6], [2, 0, 10, 7], [3, 1, 20, 7]])
    model = Asked(LogisticRegression().fit(X, [0, 0, 1, 1]))
    ax = plots.decision_regions(model, X, columns=("x2", "x0"))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x2", "x0")
    assert title_of(ax) == "2 other columns held at their median"
    assert_array_equal(np.unique(model.asked[0][:, [1, 3]], axis=0), [[0.5, 6.5]])
    assert model.asked[0].dtype == np.float64
    one = plots.decision_regions(LogisticRegression().fit(X[:, :3], [0, 0, 1, 1]), X[:, :3])
    assert title_of(one).endswith("1 other column held at its median")


def test_arrays_keep_their_kind() -> None:
    X = np.array([[0, 1, "a"], [1, 0, "b"], [2, 1, "b"]], dtype=object)
    model = Asked(make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(X, [0, 0, 1]))
    plots.decision_regions(model, X)
    assert model.asked[0].dtype == object
    assert set(model.asked[0][:, 2]) == {"b"}
    small = X[:, :2].astype(np.float32)
    model = Asked(LogisticRegression().fit(small, [0, 0, 1]))
    plots.decision_regions(model, small)
    assert model.asked[0].dtype == np.float32


# Learning curves ---------------------------------------------------------------------------------------------------


def test_a_fitted_neuron_shows_its_history(clouds: Any) -> None:
    model = ff.Perceptron(max_epochs=7, random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the clouds overlap
        model.fit(*clouds)
    ax = plots.learning_curve(model)
    assert_array_equal(ax.lines[0].get_xdata(), np.arange(1, 8))
    assert_array_equal(ax.lines[0].get_ydata(), model.history_["mistakes"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "mistakes")
    assert ax.get_legend() is None
    drawn(ax)
    for ticks in (ax.get_xticks(), ax.get_yticks()):
        assert_array_equal(ticks, np.round(ticks))


def test_losses_are_drawn_together_and_scores_on_demand() -> None:
    history = {
        "train_loss": [3.0, 2.0],
        "val_loss": [3.5, 2.5],
        "train_score": [0.5, 0.6],
        "val_score": [0.4, 0.5],
        "seconds": [1.0, 1.0],
    }
    ax = plots.learning_curve(history)
    assert legend_of(ax) == ["train loss", "val loss"]
    assert ax.get_ylabel() == "loss"
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    ax = plots.learning_curve(history, curves=["train_score", "val_score"])
    assert legend_of(ax) == ["train score", "val score"]
    assert ax.get_ylabel() == "score"
    assert plots.learning_curve(history, curves=["val_loss", "val_score"]).get_ylabel() == "value"
    assert plots.learning_curve({"train_score": [0.5], "seconds": [1.0]}).get_ylabel() == "train score"
    assert plots.learning_curve({"seconds": [1.0, 2.0]}).get_ylabel() == "seconds"


def test_one_epoch_is_a_dot() -> None:
    ax = plots.learning_curve({"loss": [0.25]})
    drawn(ax)
    assert ax.lines[0].get_marker() == "o"
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [1]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([1.0, 9.0, np.inf, np.nan], "not finite from epoch 3"),
        ([1.0, np.nan, 9.0], "not finite at epoch 2"),
        ([1.0, np.nan, 9.0, np.nan, 8.0], "not finite at 2 of 5 epochs, first 2"),
        ([np.nan, np.nan], "not finite from epoch 1"),
        ([1.0, 1e308], "not finite from epoch 2"),
    ],
)
def test_what_is_not_finite_is_a_marked_break(values: Any, note: Any) -> None:
    ax = plots.learning_curve({"loss": values})
    drawn(ax)
    assert [text.get_text() for text in ax.texts] == [note]
    assert_array_equal(np.isnan(ax.lines[0].get_ydata()), ~(np.abs(values) < 1e300))
    first = int(np.flatnonzero(~(np.abs(values) < 1e300))[0]) + 1
    assert ax.lines[1].get_xdata()[0] == first


def test_with_several_curves_the_note_says_whose() -> None:
    ax = plots.learning_curve({"train_loss": [1.0, np.nan], "val_loss": [2.0, 1.0]})
    assert ax.texts[0].get_text() == "train loss not finite from epoch 2"


def test_log_scale() -> None:
    ax = plots.learning_curve({"mistakes": [100, 10, 0]}, log=True)
    drawn(ax)
    assert ax.get_yscale() == "log"
    with pytest.raises(InputError, match="log=True needs a value above 0"):
        plots.learning_curve({"mistakes": [0, 0]}, log=True)


@pytest.mark.parametrize(
    ("history", "settings", "error", "sentence"),
    [
        (ff.Perceptron(), {}, InputError, "Perceptron has no history_. Fit it first"),
        ([1.0, 2.0], {}, InputError, "list has no history_"),
        ({}, {}, InputError, "the history has no curves"),
        ({"loss": []}, {}, InputError, "'loss' must hold one number an epoch; got shape (0,)"),
        ({"loss": [[1.0], [2.0]]}, {}, InputError, "got shape (2, 1)"),
        ({"loss": ["low"]}, {}, InputError, "'loss' must hold one number an epoch"),
        ({"loss": [1.0]}, {"curves": ["los"]}, SettingError, "no curve 'los'. Did you mean 'loss'?"),
        ({"loss": [1.0]}, {"curves": "loss"}, SettingError, "curves must be a list of names; got 'loss'"),
        ({"loss": [1.0]}, {"curves": []}, SettingError, "curves must be a list of names"),
        ({"loss": [1.0]}, {"curves": 3}, SettingError, "curves must be a list of names; got 3"),
        ({"loss": [1.0]}, {"curves": [["loss"]]}, SettingError, "no curve ['loss']"),
        ({1: [1.0]}, {}, InputError, "the name of a curve must be text; got an int"),
        (ff.Perceptron, {}, InputError, "the class Perceptron itself has no history_"),
        ({"loss": [1.0]}, {"ax": 3}, InputError, "ax must be matplotlib Axes, as plt.subplots() gives; got an int"),
    ],
)
def test_a_history_that_cannot_be_drawn(history: Any, settings: Any, error: Any, sentence: Any) -> None:
    with pytest.raises(error) as caught:
        plots.learning_curve(history, **settings)
    assert sentence in str(caught.value)


# Activations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["step", *ACTIVATIONS])
def test_each_activation_is_drawn_with_its_slope(name: Any) -> None:
    ax = plots.activation(name)
    drawn(ax)
    assert title_of(ax) == name
    assert legend_of(ax) == ["value", "slope"]
    value, slope = (next(line for line in ax.lines if line.get_label() == label) for label in ("value", "slope"))
    assert (value.get_linestyle(), slope.get_linestyle()) == ("-", "--")
    # The slope is the one the value has, wherever it is smooth.
    z = value.get_xdata()
    rise = np.diff(value.get_ydata()) / np.diff(z)
    middle = (slope.get_ydata()[1:] + slope.get_ydata()[:-1]) / 2
    smooth = (np.abs(z[1:]) > 0.05) & (np.abs(z[:-1]) > 0.05)
    assert_allclose(rise[smooth], middle[smooth], atol=2e-3)


def test_the_step_jumps() -> None:
    ax = plots.activation("step", slope=False)
    dot, line = ax.lines[-2:]
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (0.0, 1.0)
    assert np.isnan(line.get_ydata()).sum() == 1
    assert legend_of(ax) == ["value"]


def test_an_unknown_activation_gets_the_nearest_name() -> None:
    with pytest.raises(SettingError, match=r"activation: nobody knows 'sigmoyd'. Did you mean 'sigmoid'\?"):
        plots.activation("sigmoyd")
    with pytest.raises(SettingError, match="The choices are 'step', 'identity'"):
        plots.activation("zzz")


# Slopes and descent ------------------------------------------------------------------------------------------------


def square(x: Any) -> Any:
    return x**2


def double(x: Any) -> Any:
    return 2 * x


def test_the_slope_of_a_parabola() -> None:
    ax = plots.slope(square, double, -6)
    assert ax.texts[0].get_text() == "x = −6\nvalue 36\nslope −12"
    tangent = ax.lines[3]
    rise = np.diff(tangent.get_ydata()) / np.diff(tangent.get_xdata())
    assert_allclose(rise, -12)
    assert_allclose(np.interp(-6, tangent.get_xdata(), tangent.get_ydata()), 36)
    curve = ax.lines[0]
    assert_allclose(curve.get_ydata(), np.square(curve.get_xdata()))


def test_several_tangents_and_functions_of_math() -> None:
    import math

    ax = plots.slope(math.log, lambda x: 1 / x, [1, 4], span=(-1, 5))
    drawn(ax)
    assert [text.get_text().splitlines()[1] for text in ax.texts] == ["value 0", "value 1.386"]
    assert np.isnan(ax.lines[0].get_ydata()[0])


def test_the_path_of_descent() -> None:
    path = plots.descent_path(double, start=-6, learning_rate=0.1, steps=20)
    assert_allclose(path, -6 * 0.8 ** np.arange(21))
    assert_allclose([path[1], square(path[1])], [-4.8, 23.04])


def test_descent_draws_its_path_and_its_outcome() -> None:
    ax = plots.descent(square, double, -6, 0.1, steps=3)
    places = next(line for line in ax.lines if line.get_marker() == "o")
    assert_allclose(places.get_xdata()[:2], [-6, -4.8])
    assert_allclose(places.get_ydata()[:2], [36, 23.04])
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["0", "1", "2", "3"]
    assert title_of(ax) == "η = 0.1: x = −3.072 after 3 steps"


def test_where_places_crowd_only_some_are_numbered() -> None:
    ax = plots.descent(square, double, -6, 0.1, steps=60)
    numbers = [int(text.get_text()) for text in ax.texts if text.get_text()]
    assert numbers[:4] == [0, 1, 2, 3]
    assert len(numbers) < 20


@pytest.mark.parametrize("steps", [5, 20, 5000])
def test_a_path_that_diverges_is_drawn_as_far_as_it_can_be_seen(steps: Any) -> None:
    ax = plots.descent(square, double, -6, 1.1, steps)
    drawn(ax)
    assert np.isfinite([*ax.get_xlim(), *ax.get_ylim()]).all()
    assert max(np.abs(ax.get_xlim())) < 30
    assert title_of(ax).startswith("η = 1.1 diverges: x ")


def test_divergence_of_every_kind_is_finite_on_paper() -> None:
    import math

    def steep(x: Any) -> Any:
        return math.exp(x)  # raises OverflowError beyond 709

    for f, df, start, rate in [(steep, steep, 5.0, -1.0), (lambda x: x**4, lambda x: 4 * x**3, 3.0, 1.0)]:
        if rate > 0:
            ax = plots.descent(f, df, start, rate, 50)
            drawn(ax)
            assert title_of(ax) == "η = 1 diverges: x is not finite after 50 steps"
    ax = plots.descent(lambda x: -steep(x), lambda x: -steep(x), 5.0, 1.0, 50)
    drawn(ax)
    assert "diverges" in title_of(ax)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: plots.slope(square, double, "here"), SettingError, "slope: at must be a finite number or several"),
        (lambda: plots.slope(square, double, []), SettingError, "slope: at must be"),
        (lambda: plots.slope(square, double, 1, span=(2, 1)), SettingError, "slope: span must be two finite numbers"),
        (lambda: plots.slope(np.log, double, -1), InputError, "no finite value or slope at -1"),
        (lambda: plots.descent(square, double, -6, 0, 5), SettingError, "learning_rate must be a number above 0"),
        (lambda: plots.descent(square, double, np.nan, 0.1, 5), SettingError, "start must be a finite number"),
        (lambda: plots.descent(square, double, -6, 0.1, 0), SettingError, "steps must be a whole number of 1 or more"),
        (lambda: plots.descent(np.log, double, -1, 0.1, 5), InputError, "no finite value at the start, -1"),
    ],
)
def test_what_cannot_be_descended(call: Any, error: Any, sentence: Any) -> None:
    with pytest.raises(error) as caught:
        call()
    assert sentence in str(caught.value)
    assert plt.get_fignums() == []


# Bad input ---------------------------------------------------------------------------------------------------------

TWO = np.array([[0.0, 1.0], [1.0, 0.0]])
FITTED = LogisticRegression().fit(TWO, [0, 1])


@pytest.mark.parametrize(
    ("X", "y", "settings", "error", "sentence"),
    [
        ([1.0, 2.0], [0, 1], {}, InputError, "X must have rows and columns; got a list of shape (2,)"),
        (np.zeros((2, 2, 2)), [0, 1], {}, InputError, "got a ndarray of shape (2, 2, 2)"),
        (pl.LazyFrame({"a": [1]}), [0], {}, InputError, "got a LazyFrame of shape ()"),
        ([[1.0], [2.0, 3.0]], [0, 1], {}, InputError, "rows of different lengths"),
        (np.zeros((0, 2)), [], {}, InputError, "X has no rows"),
        (np.zeros((2, 1)), [0, 1], {}, InputError, "X has 1 column(s)"),
        (TWO, [0, 1, 0], {}, InputError, "X has 2 rows, y has 3 labels"),
        (TWO, [0.5, 1.5], {}, InputError, "continuous"),
        (TWO, [None, "a"], {}, InputError, "y contains NaN, infinity or None"),
        (TWO, [0, 1], {"columns": (0, 2)}, SettingError, "names or places from 0 to 1, counted from 0; got 2"),
        (TWO, [0, 1], {"columns": (0, -1)}, SettingError, "got -1"),
        (TWO, [0, 1], {"columns": (0, True)}, SettingError, "got True"),
        (TWO, [0, 1], {"columns": (1, 1)}, SettingError, "columns must be two different ones"),
        (TWO, [0, 1], {"columns": (0,)}, SettingError, "columns must be two places or names"),
        (TWO, [0, 1], {"columns": "ab"}, SettingError, "columns must be two places or names"),
        (TWO, [0, 1], {"columns": 1}, SettingError, "columns must be two places or names"),
        (pd.DataFrame(TWO, columns=["age", "b"]), [0, 1], {"columns": ("aeg", "b")}, SettingError, "mean 'age'?"),
        (pd.DataFrame(TWO, columns=["a", "a"]), [0, 1], {}, InputError, "columns of one name"),
        (pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}), [0, 1], {}, InputError, "column 'b' is not a column of numbers"),
        ([[1, "x"], [2, "y"]], [0, 1], {}, InputError, "column 'x1' is not a column of numbers"),
        (np.array([[1.0, np.nan], [2.0, np.inf]]), [0, 1], {}, InputError, "column 'x1' has no finite value"),
    ],
)
def test_bad_rows_labels_and_columns(X: Any, y: Any, settings: Any, error: Any, sentence: Any) -> None:
    for owner, arguments in [("points", (X, y)), ("decision_regions", (FITTED, X, y))]:
        with pytest.raises(error) as caught:
            getattr(plots, owner)(*arguments, **settings)
        assert sentence in str(caught.value)
        assert str(caught.value).startswith(owner) or " y " in str(caught.value) or "label" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert plt.get_fignums() == []


def test_sparse_rows_are_refused() -> None:
    from scipy.sparse import csr_matrix

    with pytest.raises(InputError, match=r"X is sparse. Give X.toarray\(\)."):
        plots.points(csr_matrix(TWO), [0, 1])


THREE_COLUMNS = LogisticRegression().fit([[0, 0, 1], [1, 1, 0]], [0, 1])


class Constant:
    def __init__(self, prediction: Any) -> None:
        self.prediction = prediction

    def predict(self, X: Any) -> Any:
        return np.array([self.prediction] * len(X))


@pytest.mark.parametrize(
    ("model", "settings", "error", "sentence"),
    [
        (clone(FITTED), {}, InputError, "LogisticRegression is not fitted. Call fit(X, y) first."),
        (ff.Adaline(), {}, InputError, "Adaline is not fitted"),
        (StandardScaler(), {}, InputError, "StandardScaler has no predict. Give a fitted classifier."),
        (Constant([0.1, 0.9]), {}, InputError, "predict gave shape (90000, 2) for 90000 rows"),
        (Constant(0.5), {}, InputError, "Constant predicts continuous numbers, not classes"),
        (LogisticRegression, {}, InputError, "the class LogisticRegression itself has no predict"),
        (
            THREE_COLUMNS,
            {},
            InputError,
            "decision_regions: LogisticRegression cannot predict such rows: X has 2 features",
        ),
        (ff.MLPRegressor(), {}, InputError, "needs a classifier, and MLPRegressor predicts numbers. Give a model"),
        (FITTED, {"resolution": 1}, SettingError, "resolution must be a whole number from 2 to 4000; got 1."),
        (FITTED, {"resolution": 10.0}, SettingError, "resolution must be"),
    ],
)
def test_models_that_cannot_be_drawn(model: Any, settings: Any, error: Any, sentence: Any) -> None:
    with pytest.raises(error) as caught:
        plots.decision_regions(model, TWO, **settings)
    assert sentence in str(caught.value)
    assert plt.get_fignums() == []


def test_too_many_predicted_classes() -> None:
    rows = np.arange(40.0).reshape(20, 2)
    with pytest.raises(InputError, match="decision_regions: 20 classes are too many to tell apart"):
        plots.decision_regions(KNeighborsClassifier(1).fit(rows, np.arange(20)), rows)


def test_rows_without_both_values_are_left_out_of_range_and_picture() -> None:
    X = np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, 50.0], [2.0, np.inf]])
    ax = plots.points(X, [0, 1, 1, 1])
    assert len(drawn(ax)) > 0
    assert max(ax.get_xlim()) < 10


def test_the_best_epoch_of_calibrated_losses_is_named_at_the_top_away_from_the_curves() -> None:
    losses = [1.0, 0.4, 0.3, 0.35, 0.36]
    history = {"train_loss": losses, "val_loss": losses, "val_calibrated_loss": losses}
    ax = ff.plots.learning_curve(history)
    (words,) = [one for one in ax.texts if isinstance(one, Annotation) and "best epoch" in one.get_text()]
    assert words.xy[1] == 1.0
    plt.close("all")
