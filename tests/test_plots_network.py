"""Drawings of networks, judged by their circles, lines and words: how many, how wide, where, and whether they touch."""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle
from numpy.testing import assert_allclose
from sklearn.neural_network import MLPClassifier

import feedforward as ff
from feedforward import nn
from feedforward.errors import FeedforwardError, InputError, SettingError
from feedforward.plots.numbers import short

plots: Any = ff.plots


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def mlp(*sizes: int, activation: Any = nn.Sigmoid) -> nn.Sequential:
    rng = np.random.default_rng(0)
    layers: list[nn.Layer] = []
    for m, h in pairwise(sizes):
        layers += [nn.Linear(m, h, rng=rng), activation()]
    return nn.Sequential(*layers[:-1])


def a_step(net: nn.Sequential, n: int = 3, optimizer: Any = None) -> nn.Trace:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, net[0].in_features))
    t = net(X).shape[1]
    return nn.trace(net, nn.MSELoss(), X, rng.integers(0, 2, (n, t)).astype(float), optimizer)


def circles(ax: Any) -> list[Circle]:
    return [patch for patch in ax.patches if isinstance(patch, Circle)]


def lines(ax: Any) -> list[Any]:
    return [collection for collection in ax.collections if isinstance(collection, LineCollection)]


def words(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def corners(ax: Any, text: Any) -> Any:
    """The corners of a text in pixels, turned as it is."""
    angle, place = text.get_rotation(), ax.transData.transform(text.get_position())
    text.set_rotation(0)
    upright = text.get_window_extent().get_points()
    text.set_rotation(angle)
    box = np.array([upright[0], [upright[1, 0], upright[0, 1]], upright[1], [upright[0, 0], upright[1, 1]]])
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return (box - place) @ np.array([[cos, sin], [-sin, cos]]) + place


def overlap(a: Any, b: Any) -> float:
    """How deep two turned rectangles lie in one another, in pixels: the least gap between their shadows, or 0."""
    depth = np.inf
    for box in (a, b):
        for side in (box[1] - box[0], box[3] - box[0]):
            axis = side / np.hypot(*side)
            (low, high), (first, last) = [((c @ axis).min(), (c @ axis).max()) for c in (a, b)]
            depth = min(depth, high - first, last - low)
    return float(max(depth, 0.0))


SHAPES = [(1, 1), (2, 3, 2), (2, 10, 2), (2, 10, 5, 2), (64, 100, 10), (784, 256, 128, 10), (5, *[8] * 8, 1)]


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("figsize", [None, (5.0, 3.6), (2.0, 1.5)])
@pytest.mark.parametrize("with_step", [False, True])
def test_nothing_touches_and_nothing_leaves_the_axes(sizes: Any, figsize: Any, with_step: bool) -> None:
    net = mlp(*sizes)
    ax = None if figsize is None else plt.figure(figsize=figsize, layout="constrained").subplots()
    ax = plots.network(net, a_step(net) if with_step else None, ax=ax)
    ax.figure.canvas.draw()
    whole = ax.get_window_extent()
    points = ax.figure.dpi / 72
    boxes = [corners(ax, text) for text in ax.texts]
    for text, box in zip(ax.texts, boxes, strict=True):
        assert text.get_fontsize() >= 5.0
        assert (box.min(axis=0) > whole.min - 2).all(), text.get_text()
        assert (box.max(axis=0) < whole.max + 2).all(), text.get_text()
    for (one, a), (other, b) in combinations(zip(ax.texts, boxes, strict=True), 2):
        # Boxes of text have room for letters that hang and rise, which numbers have not.
        room = 0.35 * max(one.get_fontsize(), other.get_fontsize()) * points
        assert overlap(a, b) <= room, (one.get_text(), other.get_text())
    legend = ax.get_legend()
    if legend is not None:
        frame = legend.get_window_extent()
        assert whole.x0 - 2 < frame.x0 < frame.x1 < whole.x1 + 2
        assert all(box[:, 1].min() > frame.y1 - 3 for box in boxes)
    middles = np.array([ax.transData.transform(circle.center) for circle in circles(ax)])
    radius = np.ptp(ax.transData.transform([(0, 0), (circles(ax)[0].radius, 0)])[:, 0])
    away = np.linalg.norm(middles[:, np.newaxis] - middles, axis=2)[np.triu_indices(len(middles), 1)]
    assert away.min(initial=np.inf) > 2 * radius


CROWDED = [(2, 3, 1), (2, 10, 2), (3, 5, 4, 2), (4, 8, 8, 3), (64, 100, 10), (2, 2, 2, 2, 2, 2, 1)]


def ink(ax: Any, text: Any) -> Any:
    """The corners of a number in pixels, without the room its box has for letters that hang."""
    lower_left, lower_right, upper_right, upper_left = corners(ax, text)
    up = (upper_left - lower_left) / np.hypot(*(upper_left - lower_left))
    hang = 0.22 * text.get_fontsize() * ax.figure.dpi / 72 * up
    return np.array([lower_left + hang, lower_right + hang, upper_right, upper_left])


def gap(box: Any, middle: Any) -> float:
    """How far a point is from a turned rectangle."""
    inside = [
        np.clip((middle - box[0]) @ side / (side @ side), 0, 1) * side for side in (box[1] - box[0], box[3] - box[0])
    ]
    return float(np.hypot(*(middle - box[0] - sum(inside))))


@pytest.mark.parametrize("sizes", CROWDED)
@pytest.mark.parametrize("figsize", [None, (5.0, 3.6), (3.0, 6.0), (14.0, 3.0)])
@pytest.mark.parametrize("scale", [1.0, 25.0])
@pytest.mark.parametrize("max_units", [10, 4])
def test_no_number_touches_another_or_a_circle_and_those_left_out_are_named(
    sizes: Any, figsize: Any, scale: float, max_units: int
) -> None:
    net = mlp(*sizes)
    for array in net.parameters().values():
        array *= scale
    ax = None if figsize is None else plt.figure(figsize=figsize, layout="constrained").subplots()
    ax = plots.network(net, a_step(net), ax=ax, max_units=max_units)
    ax.figure.canvas.draw()
    numbers = [text for text in ax.texts if re.fullmatch(r"(b )?−?[\d.]+(e−?\d+)?", text.get_text())]
    boxes = [ink(ax, text) for text in numbers]
    for (one, a), (other, b) in combinations(zip(numbers, boxes, strict=True), 2):
        assert overlap(a, b) <= 1.0, (one.get_text(), other.get_text())
    for circle in circles(ax):
        middle = ax.transData.transform(circle.center)
        radius = ax.transData.transform((circle.center[0] + circle.radius, 0))[0] - middle[0]
        for text, box in zip(numbers, boxes, strict=True):
            if text.get_position() == tuple(circle.center):
                assert np.ptp(box[:, 0]) < 2 * radius
            else:
                assert gap(box, middle) > radius - 0.5, text.get_text()
    legend = ax.get_legend()
    units, along, biases = len(circles(ax)), sum(len(one.get_segments()) for one in lines(ax)), 0
    biases = units - sum(circle.center[0] == circles(ax)[0].center[0] for circle in circles(ax))
    if legend is not None:
        assert ("too crowded" in legend.get_title().get_text()) == (len(numbers) < units + along + biases)


def test_the_note_names_the_layers_whose_numbers_are_left_out() -> None:
    net = mlp(4, 8, 8, 3)
    ax = plots.network(net, a_step(net))
    assert ax.get_legend().get_title().get_text() == "too crowded for the numbers of W⁽¹⁾, W⁽²⁾"
    with plt.style.context("dark_background"):
        ax = plots.network(net, a_step(net))
        assert contrast(ax.get_legend().get_title().get_color(), ax.figure.get_facecolor()) > 7
    assert plots.network(net).get_legend().get_title().get_text() == ""


@pytest.mark.parametrize("sizes", SHAPES)
def test_a_circle_for_each_unit_or_the_first_and_last_few(sizes: Any) -> None:
    ax = plots.network(mlp(*sizes))
    shown = [size if size <= 10 else 8 for size in sizes]
    assert len(circles(ax)) == sum(shown)
    assert [len(one.get_segments()) for one in lines(ax)] == [a * b for a, b in pairwise(shown)]
    assert [text for text in words(ax) if "more" in text] == [f"{size - 8} more" for size in sizes if size > 10]
    columns = sorted({circle.center[0] for circle in circles(ax)})
    assert len(columns) == len(sizes)
    assert_allclose(np.diff(columns), np.diff(columns)[0])


@pytest.mark.parametrize("edges", ["weights", "gradients", "updates"])
def test_lines_are_the_wider_the_larger_the_weight_and_coloured_by_sign(edges: str) -> None:
    net = mlp(3, 4, 2)
    step = a_step(net, optimizer=nn.SGD(0.1))
    ax = plots.network(net, step, edges=edges)
    numbers = net.parameters() if edges == "weights" else getattr(step, edges)
    found: list[tuple[float, float]] = []
    for gap, collection in zip((0, 2), lines(ax), strict=True):
        matrix = numbers[f"{gap}.weight"]
        ends = np.array(collection.get_segments())
        units = [sorted(set(ends[:, end, 1]), reverse=True) for end in (0, 1)]  # the first unit is at the top
        for (start, end), width, colour in zip(ends, collection.get_linewidths(), collection.get_colors(), strict=True):
            weight = matrix[units[1].index(end[1]), units[0].index(start[1])]
            found.append((abs(weight), width))
            red, _, blue = colour[:3]
            assert (blue > red) == (weight > 0)
    widths = [width for _, width in sorted(found)]
    assert widths == sorted(widths)
    assert widths[-1] > 4 * widths[0]
    assert short(max(size for size, _ in found)) in ax.get_legend().get_texts()[2].get_text()


def test_circles_stand_in_the_order_of_the_units() -> None:
    ax = plots.network(mlp(3, 2), input_names=["age", "income", "$ spent"], output_names=["no", "yes"])
    at: dict[str, Any] = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert at["age"] > at["income"] > at[r"\$ spent"]
    assert at["no"] > at["yes"]


def test_captions_say_what_each_layer_is() -> None:
    net = nn.Sequential(nn.Dropout(0.1), nn.Linear(20, 3, bias=False), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))
    said = words(plots.network(net))
    for line in ("inputs", "20 features", "Dropout 0.1", "hidden", "3 units", "ReLU", "outputs", "1 unit"):
        assert line in said
    assert [line for line in said if line[0] in "Wb"] == ["W⁽¹⁾ (3, 20)", "W⁽²⁾ (1, 3)", "b⁽²⁾ (1,)"]
    deep = words(plots.network(mlp(2, 3, 3, 2)))
    assert {"hidden 1", "hidden 2"} <= set(deep)


def test_a_step_puts_the_numbers_of_a_row_into_the_circles() -> None:
    net = mlp(2, 3, 2)
    step = a_step(net)
    for row in range(3):
        ax = plots.network(net, step, row=row)
        inside = {}
        for text in ax.texts:
            for circle in circles(ax):
                if text.get_position() == tuple(circle.center):
                    inside[tuple(circle.center)] = text.get_text()
        told = [inside[key] for key in sorted(inside, key=lambda key: (key[0], -key[1]))]
        expected = np.concatenate([step.inputs[row], step.outputs["1"][row], step.outputs["2"][row]])
        assert told == [short(value) for value in expected]
        assert f"row {row} of 0…2" in ax.get_title(loc="left")
        assert words(ax).count(f"z⁽²⁾₁, y = {step.targets[row, 0]:.0f}") == 1
    assert "row" not in plots.network(net, a_step(net, n=1)).get_title(loc="left")


@pytest.mark.parametrize("edges", ["weights", "gradients"])
def test_a_step_puts_its_number_on_each_line_of_a_small_network(edges: str) -> None:
    net = mlp(2, 3, 2)
    step = a_step(net)
    ax = plots.network(net, step, edges=edges)
    numbers = net.parameters() if edges == "weights" else step.gradients
    turned = sorted(text.get_text() for text in ax.texts if text.get_bbox_patch() is not None)
    assert turned == sorted(short(value) for name in ("0.weight", "2.weight") for value in numbers[name].ravel())
    letter = "b" if edges == "weights" else "∂b"
    biases = [text for text in words(ax) if text.startswith(f"{letter} ")]
    assert biases == [f"{letter} {short(value)}" for name in ("0.bias", "2.bias") for value in numbers[name]]
    wide = mlp(64, 100, 10)
    crowded = plots.network(wide, a_step(wide))
    assert all(text.get_bbox_patch() is None for text in crowded.texts)


def test_colours_of_circles_are_told_apart_by_sign() -> None:
    net = mlp(2, 1)
    ax = plots.network(net, nn.trace(net, nn.MSELoss(), [3.0, -3.0], [0.0]))
    above, below = (to_rgb(circle.get_facecolor()) for circle in circles(ax)[:2])
    assert above[2] > above[0]
    assert below[0] > below[2]


def luminance(colour: Any) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one: Any, other: Any) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("style", ["default", "dark_background", "ggplot"])
def test_words_and_lines_are_seen_on_any_style(style: str) -> None:
    with plt.style.context(style):
        net = mlp(2, 3, 2)
        ax = plots.network(net, a_step(net))
        behind = ax.figure.get_facecolor()
        assert min(contrast(text.get_color(), behind) for text in ax.texts) > 2.9
        assert min(contrast(text.get_color(), behind) for text in ax.texts if text.get_bbox_patch() is None) > 7
        assert min(contrast(text.get_color(), behind) for text in ax.get_legend().get_texts()) > 7
        positive, negative = (handle.get_color() for handle in ax.get_legend().legend_handles[:2])
        assert contrast(positive, negative) > 1.5  # in grey too
        curve = plots.learning_curve({"loss": [2.0, 1.0]})
        assert contrast(curve.yaxis.label.get_color(), curve.figure.get_facecolor()) > 7


def test_a_network_of_zeros_or_of_nan_is_drawn() -> None:
    net = mlp(2, 3, 2)
    for array in net.parameters().values():
        array[...] = 0.0
    ax = plots.network(net, a_step(net))
    ax.figure.canvas.draw()
    assert len({*lines(ax)[0].get_linewidths()}) == 1
    net[0].weight[0, 0] = np.nan
    net[2].bias[...] = np.inf
    ax = plots.network(net)
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_legend().get_texts()][-1] == "not finite"


def test_no_legend_if_not_wanted() -> None:
    assert plots.network(mlp(2, 2), legend=False).get_legend() is None


def test_drawing_changes_neither_network_nor_step() -> None:
    net = mlp(2, 3, 2)
    before = {name: array.copy() for name, array in net.parameters().items()}
    plots.network(net, a_step(net))
    for name, array in net.parameters().items():
        assert_allclose(array, before[name], rtol=0)


NET = mlp(2, 3, 2)
STEP = a_step(NET)


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "sentence"),
    [
        ((nn.Linear(2, 1),), {}, InputError, "network draws an nn.Sequential; got a Linear"),
        ((MLPClassifier(),), {}, InputError, "got a MLPClassifier. Give an nn.Sequential"),
        ((nn.stack([NET, NET]),), {}, InputError, "a stack of several. Draw a member: nn.unstack(net)[0]"),
        ((nn.Sequential(nn.ReLU()),), {}, InputError, "this network has none"),
        ((nn.Sequential(),), {}, InputError, "this network has none"),
        ((nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1)),), {}, InputError, "layer 1 (Linear(in_features=4"),
        ((NET, a_step(mlp(2, 4, 2))), {}, InputError, "step is one of another network"),
        ((NET, a_step(nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 2)))), {}, InputError, "0.weight"),
        ((NET, 7), {}, InputError, "step must be what nn.trace returns; got an int"),
        ((NET, STEP), {"row": 3}, InputError, "row must be one of the step's, from 0 to 2; got 3"),
        ((NET, STEP), {"row": -1}, SettingError, "row must be a whole number of 0 or more; got -1"),
        ((NET, STEP), {"edges": "weight"}, SettingError, "edges must be 'weights' or 'gradients' or 'updates'"),
        ((NET,), {"edges": "gradients"}, SettingError, "Give step=nn.trace("),
        ((NET, STEP), {"edges": "updates"}, SettingError, "Give nn.trace an optimizer"),
        ((NET,), {"max_units": 3}, SettingError, "max_units must be a whole number of 4 or more; got 3"),
        ((NET,), {"input_names": 3}, InputError, "input_names must be 2 names, one for each of the inputs; got 3"),
        ((NET,), {"ax": 3}, InputError, "ax must be matplotlib Axes, as plt.subplots() gives; got an int"),
        ((nn.Sequential,), {}, InputError, "got the class Sequential itself"),
        ((NET,), {"input_names": ["a"]}, InputError, "input_names must be 2 names, one for each of the inputs; got 1"),
        ((NET,), {"output_names": "ab"}, InputError, "output_names must be 2 names, one for each of the outputs"),
    ],
)
def test_what_cannot_be_drawn(arguments: Any, settings: Any, error: Any, sentence: str) -> None:
    with pytest.raises(error) as caught:
        plots.network(*arguments, **settings)
    assert sentence in str(caught.value)
    assert isinstance(caught.value, FeedforwardError)
    assert plt.get_fignums() == []


def test_a_step_is_no_longer_one_of_a_network_that_learned() -> None:
    net = mlp(2, 3, 2)
    step = a_step(net)
    net[0].bias += 1.0
    with pytest.raises(InputError, match="or of this one before it learned"):
        plots.network(net, step)
    plots.network(step.network, step)


class Norm(nn.Layer):
    def parameters(self) -> dict[str, Any]:
        return {"scale": np.ones(3)}


def test_a_layer_with_weights_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="layer 1 .* is neither"):
        plots.network(nn.Sequential(nn.Linear(2, 3), Norm()))


def of_tables(*first: nn.Layer) -> nn.Sequential:
    rng = np.random.default_rng(0)
    hidden = nn.Linear(2, 3, rng=rng), nn.ParametricActivation(nn.SELU(), 3), nn.Dropout(0.1)
    return nn.Sequential(*first, nn.Scale(2), *hidden, nn.Linear(3, 1, rng=rng))


def test_layers_of_one_number_a_unit_stand_above_their_units() -> None:
    net = of_tables()
    ax = plots.network(net)
    texts = " ".join(text.get_text() for text in ax.texts)
    assert "Scale" in texts
    assert "parametric SELU" in texts
    assert "Dropout 0.1" in texts
    step = nn.trace(net, nn.MSELoss(), [[1.0, 2.0]], [[0.0]], nn.SGD(0.1))
    plots.network(net, step, edges="updates").figure.canvas.draw()


@pytest.mark.parametrize("layer", [nn.Identity(), nn.Embedding(3, 1)])
def test_layers_that_read_columns_are_not_drawn(layer: nn.Layer) -> None:
    net = of_tables(nn.Columns([((0, 1), layer), ((1, 2), nn.Identity())]))
    with pytest.raises(InputError, match=r"treat each unit by itself; layer 0 \(Columns\) is neither\.$"):
        plots.network(net)


def test_gradient_norms_are_those_of_layers_of_weights() -> None:
    net = of_tables(nn.Columns([((0, 1), nn.PeriodicEmbedding(1, width=2)), ((1, 2), nn.Embedding(3, 1))]))
    net = nn.Sequential(net[0], nn.Linear(3, 2), *net[1:])
    rows, y = np.array([[0.5, 1.0], [0.2, 2.0]]), np.ones((2, 1))
    outputs, saved = net.forward(rows)
    _, gradients = net.backward(nn.MSELoss().value_and_gradient(outputs, y)[1], saved)
    ax = plots.gradient_norms(net, nn.MSELoss(), rows, y)
    expected = [np.linalg.norm(gradients[f"{i}.weight"]) for i in (1, 3, 6)]
    assert_allclose(ax.lines[0].get_ydata(), expected)


# Histories of networks ---------------------------------------------------------------------------------------------

HISTORY = {
    "train_loss": [0.7, 0.5, 0.3, 0.2],
    "train_score": [0.5, 0.7, 0.8, 0.9],
    "val_loss": [0.8, 0.6, 0.5, 0.7],
    "val_score": [0.5, 0.6, 0.7, 0.6],
    "seconds": [0.1, 0.1, 0.1, 0.1],
}


def test_a_network_shows_loss_above_score_and_marks_the_best_epoch() -> None:
    loss = plots.learning_curve(HISTORY)
    upper, lower = loss.figure.axes
    assert loss is upper
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("loss", "score")
    assert (upper.get_xlabel(), lower.get_xlabel()) == ("", "epoch")
    for ax, names in ((upper, ("train_loss", "val_loss")), (lower, ("train_score", "val_score"))):
        for line, name in zip(ax.lines, names, strict=False):
            assert_allclose(line.get_ydata(), HISTORY[name])
        assert [line.get_xdata()[0] for line in ax.lines[2:]] == [3, 3]
    assert [text.get_text() for text in upper.texts] == ["best epoch 3: 0.5"]
    assert [text.get_text() for text in lower.texts] == ["best epoch 3: 0.7"]
    assert upper.get_xlim() == lower.get_xlim()


def test_given_axes_have_one_panel_and_curves_chooses() -> None:
    upper, lower = plt.figure().subplots(2)
    assert plots.learning_curve(HISTORY, ax=upper).get_ylabel() == "loss"
    assert plots.learning_curve(HISTORY, ax=lower, curves=["val_score"]).texts[0].get_text().startswith("best epoch 3")
    assert len(upper.figure.axes) == 2


def test_the_loss_of_calibrated_probabilities_decides_where_there_is_one() -> None:
    losses = {"train_loss": [3.0, 2.0, 1.0], "val_loss": [1.0, 2.0, 3.0], "val_calibrated_loss": [0.9, 0.5, 0.8]}
    ax = plots.learning_curve(losses)
    assert [text.get_text() for text in ax.texts if "best" in text.get_text()] == ["best epoch 2: 0.5"]


def test_without_validation_nothing_is_best() -> None:
    history = {name: values for name, values in HISTORY.items() if not name.startswith("val")}
    ax = plots.learning_curve(history)
    assert [len(panel.texts) for panel in ax.figure.axes] == [0, 0]
    lost = plots.learning_curve({**HISTORY, "val_loss": [np.nan] * 4})
    assert not any("best" in text.get_text() for panel in lost.figure.axes for text in panel.texts)


@pytest.mark.parametrize(
    ("validated", "note"),
    [
        ([False, False, True, True], "no validation in epochs 1 to 2"),
        ([True, True, False, False], "no validation from epoch 3"),
        ([True, True, False, True], "no validation at epoch 3"),
        ([False, True, False, True], "no validation at 2 of 4 epochs, first 1"),
    ],
)
def test_epochs_without_validation_are_no_divergence(validated: list[bool], note: str) -> None:
    X, y = ff.datasets.moons(n=40, random_state=0)
    model = ff.MLPClassifier((4,), engine="numpy", random_state=0)
    for one in validated:
        model.partial_fit(X, y, classes=[0, 1], **({"X_val": X, "y_val": y} if one else {}))
    for panel in plots.learning_curve(model).figure.axes:
        assert panel.get_title(loc="right") == note
        assert not any("finite" in text.get_text() for text in panel.texts)


def test_a_divergence_is_named_beside_missing_validation() -> None:
    loss = [1.0, 0.5, np.inf, np.nan]
    history = {"train_loss": loss, "val_loss": [np.nan, 0.6, np.nan, np.nan], "train_score": [0.5] * 4}
    ax = plots.learning_curve(history)
    assert ax.get_title(loc="right") == "no validation at epoch 1"
    assert "train loss not finite from epoch 3\nval loss not finite from epoch 3" in words(ax)
    infinite = plots.learning_curve({"train_loss": [1.0, 0.5], "val_loss": [1.0, np.inf]})
    assert infinite.get_title(loc="right") == ""
    assert "val loss not finite from epoch 2" in words(infinite)


def test_a_value_alone_between_epochs_without_validation_is_seen() -> None:
    every_tenth = [0.5 if epoch % 10 == 0 else np.nan for epoch in range(1, 61)]
    ax = plots.learning_curve({"train_loss": [1.0] * 60, "val_loss": every_tenth})
    assert ax.lines[1].get_marker() == "o"
    assert ax.lines[1].get_markevery() == [9, 19, 29, 39, 49, 59]
    assert ax.lines[0].get_marker() == "None"


def test_log_is_for_losses_and_low_scores_are_cut() -> None:
    ax = plots.learning_curve({**HISTORY, "train_score": [-40.0, -2.0, 0.5, 0.8]}, log=True)
    assert [panel.get_yscale() for panel in ax.figure.axes] == ["log", "linear"]
    assert ax.figure.axes[1].get_ylim()[0] == -1


# Gradients by layer ------------------------------------------------------------------------------------------------


def test_gradient_norms_are_those_of_backpropagation() -> None:
    X, y = ff.datasets.moons(n=60, random_state=0)
    nets = {"sigmoid": mlp(2, *[16] * 6, 2), "relu": mlp(2, *[16] * 6, 2, activation=nn.ReLU)}
    ax = plots.gradient_norms(nets, nn.CrossEntropyLoss(), X, y)
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    for name, net in nets.items():
        step = nn.trace(net, nn.CrossEntropyLoss(), X, y)
        norms = [np.sqrt((g**2).sum()) for key, g in step.gradients.items() if key.endswith("weight")]
        assert_allclose(drawn[name], norms)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["sigmoid", "relu"]
    # The gradient vanishes: from the last layer to the first by far more with sigmoids.
    assert drawn["sigmoid"][-1] / drawn["sigmoid"][0] > 100 * drawn["relu"][-1] / drawn["relu"][0]
    assert plots.gradient_norms(nets["relu"], nn.CrossEntropyLoss(), X, y).get_legend() is None


def test_gradients_of_zero_are_said() -> None:
    net = mlp(2, 4, 4, 2, activation=nn.ReLU)
    net[2].bias[...] = -100.0
    ax = plots.gradient_norms({"dead": net}, nn.CrossEntropyLoss(), np.eye(2), [0, 1])
    ax.figure.canvas.draw()
    assert ax.get_title(loc="right") == "dead: 0 or not finite in layers 1, 2, 3"


@pytest.mark.parametrize(
    ("nets", "sentence"),
    [
        ({}, "there is no network"),
        (7, "takes an nn.Sequential, or a dict of them by name; got an int"),
        ({"a": nn.Sequential(nn.ReLU())}, "needs a network with weights"),
        (nn.stack([NET, NET]), "takes single networks; this is a stack of several. Take a member: nn.unstack(net)[0]"),
    ],
)
def test_gradients_that_cannot_be_drawn(nets: Any, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        plots.gradient_norms(nets, nn.CrossEntropyLoss(), np.eye(2), [0, 1])
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert plt.get_fignums() == []


def test_gradients_of_what_is_no_loss_or_no_rows() -> None:
    with pytest.raises(InputError, match="loss must be a loss, .*; got the class MSELoss itself"):
        plots.gradient_norms(NET, nn.MSELoss, np.eye(2), [0, 1])
    with pytest.raises(InputError, match="X must be rows of numbers; could not convert string to float: 'red'"):
        plots.gradient_norms(NET, nn.CrossEntropyLoss(), [["red", 1.0]], [0])
