"""Draw the pictures of record into docs/pictures: ``make pictures``."""

from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import feedforward as ff
from feedforward import nn
from feedforward.nn.activations import ACTIVATIONS

FOLDER = Path(__file__).parent / "pictures"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, figure in {
        "neurons": neurons(),
        "separable": separable(),
        "activations": activations(),
        "descent": descent(),
        "network": network(),
        "step": step(),
        "vanishing": vanishing(),
    }.items():
        save(figure, FOLDER / f"{name}.png")


def save(figure: Figure, path: Path) -> None:
    """Write a small file: these pictures need few colours. Equal pictures are equal files."""
    pixels = BytesIO()
    figure.savefig(pixels, dpi=110)
    Image.open(pixels).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def neurons() -> Figure:
    """One neuron on what a line can separate, another on what it cannot, and how both learned."""
    figure = Figure(figsize=(12.5, 3.9), layout="constrained")
    places = figure.subplot_mosaic([["perceptron", "adaline", "mistakes"], ["perceptron", "adaline", "loss"]])

    X, y = ff.datasets.blobs(n=300, cluster_std=1.8, random_state=42)
    perceptron = ff.Perceptron(random_state=0).fit(X, y)
    ff.plots.decision_regions(perceptron, X, y, ax=places["perceptron"], legend=False)
    places["perceptron"].set_title(f"Perceptron: {wrong(perceptron, X, y)}", loc="left")

    X, y = ff.datasets.blobs(n=300, cluster_std=2.5, random_state=42)
    scaled = make_pipeline(StandardScaler(), ff.Adaline(max_epochs=12, random_state=1)).fit(X, y)
    ff.plots.decision_regions(scaled, X, y, ax=places["adaline"], legend=False)
    places["adaline"].set_title(f"Adaline: {wrong(scaled, X, y)}", loc="left")

    ff.plots.learning_curve(perceptron, ax=places["mistakes"])
    places["mistakes"].set_title("How they learned", loc="left")
    places["mistakes"].set_xlabel("")
    ff.plots.learning_curve(scaled[-1], ax=places["loss"])
    return figure


def wrong(model: ff.Perceptron | ff.MLPClassifier | Pipeline, X: np.ndarray, y: np.ndarray) -> str:
    return f"{np.sum(model.predict(X) != y)} of {len(y)} wrong"


def separable() -> Figure:
    """The same two clouds, near their centres and spread out."""
    figure = Figure(figsize=(8.6, 3.7), layout="constrained")
    for ax, spread, title in zip(figure.subplots(1, 2), (1.0, 2.5), ("Separable", "Not separable"), strict=True):
        X, y = ff.datasets.blobs(n=1000, cluster_std=spread, random_state=42)
        ff.plots.points(X, y, ax=ax, legend=spread > 1)
        ax.set_title(f"{title} by a line (cluster_std={spread})", loc="left")
    return figure


def activations() -> Figure:
    """The step and every activation, with its slope."""
    figure = Figure(figsize=(10.5, 7.2), layout="constrained")
    names = ["step", *ACTIVATIONS]
    for ax, name in zip(figure.subplots(3, 4).flat, names, strict=True):
        ff.plots.activation(name, ax=ax)
        if name != names[0]:
            ax.get_legend().remove()
        if name not in names[-4:]:
            ax.set_xlabel("")
    return figure


def descent() -> Figure:
    """Gradient descent on x² from -6: too slow, good, too large a learning rate."""
    figure = Figure(figsize=(12.5, 3.7), layout="constrained")
    for ax, learning_rate in zip(figure.subplots(1, 3), (0.01, 0.1, 1.1), strict=True):
        ff.plots.descent(lambda x: x**2, lambda x: 2 * x, -6, learning_rate, steps=10, ax=ax)
    return figure


def network() -> Figure:
    """A network on two moons: how it learned, what it decides, and itself."""
    X, y = ff.datasets.moons(n=400, noise=0.2, random_state=0)
    model = ff.MLPClassifier((8, 8), activation="tanh", learning_rate=0.01, validation_fraction=0.25, random_state=0)
    model.fit(X, y)
    figure = Figure(figsize=(12.5, 4.6), layout="constrained")
    axes = figure.subplot_mosaic(
        [["regions", "loss", "network"], ["regions", "score", "network"]], width_ratios=[1, 1, 1.3]
    )
    ff.plots.decision_regions(model, X, y, ax=axes["regions"], legend=False)
    axes["regions"].set_title(f"8 and 8 units: {wrong(model, X, y)}", loc="left")
    ff.plots.learning_curve(model, curves=["train_loss", "val_loss"], ax=axes["loss"], legend=False)
    ff.plots.learning_curve(model, curves=["train_score", "val_score"], ax=axes["score"], legend=False)
    axes["score"].legend(["training", "validation"], loc="center right", frameon=False)
    axes["loss"].set_xlabel("")
    axes["loss"].set_title("How it learned", loc="left")
    figure.draw_without_rendering()
    ff.plots.network(model.network_, ax=axes["network"])
    return figure


def step() -> Figure:
    """One row on its way through a small network: weights, biases, activations; and what the step would change."""
    rng = np.random.default_rng(4)
    net = nn.Sequential(nn.Linear(2, 3, rng=rng), nn.Tanh(), nn.Linear(3, 2, rng=rng))
    traced = nn.trace(net, nn.CrossEntropyLoss(), [1.0, -0.5], 1)
    figure = Figure(figsize=(12.5, 3.9), layout="constrained")
    for ax, edges in zip(figure.subplots(1, 2), ("weights", "gradients"), strict=True):
        ff.plots.network(net, traced, edges=edges, ax=ax)
        ax.set_title(f"{edges}, {ax.get_title(loc='left')}", loc="left")
    return figure


def vanishing() -> Figure:
    """The gradient layer by layer: sigmoids let little of it through, ReLUs most."""
    X, y = ff.datasets.moons(n=200, noise=0.2, random_state=0)
    nets = {}
    for name, activation in (("sigmoid", nn.Sigmoid), ("ReLU", nn.ReLU)):
        for hidden in (2, 8):
            rng = np.random.default_rng(0)
            sizes = [2, *[16] * hidden, 2]
            layers = [part for m, h in pairwise(sizes) for part in (nn.Linear(m, h, rng=rng), activation())]
            nets[f"{name}, {hidden} hidden layers"] = nn.Sequential(*layers[:-1])
    figure = Figure(figsize=(7.5, 4.0), layout="constrained")
    ff.plots.gradient_norms(nets, nn.CrossEntropyLoss(), X, y, ax=figure.subplots())
    return figure


if __name__ == "__main__":
    main()
