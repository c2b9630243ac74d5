"""How much of the gradient reaches each layer."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from feedforward.errors import InputError
from feedforward.nn.losses import Loss
from feedforward.nn.rows import as_numbers
from feedforward.nn.sequential import Sequential
from feedforward.nn.trace import leaves
from feedforward.plots.style import LINES, MARKERS, SMALL, colour, dressed, label_axes, legend_beside, paper, shortened
from feedforward.validation import check_kind, kind

_OWNER = "gradient_norms"


def gradient_norms(
    nets: Sequential | Mapping[str, Sequential],
    loss: Loss,
    X: ArrayLike,
    y: ArrayLike,
    *,
    ax: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Draw the size of the gradient of each layer's weights, inputs first.

    ``‖∂L/∂W‖``, the root of the sum of squares, on a logarithmic axis. Where it shrinks from the right to the left, the
    first layers hardly learn: each sigmoid multiplies by a slope of a quarter at most. Norms of 0 have no place on that
    axis; a note says which layers have them.

    Parameters
    ----------
    nets : Sequential, or dict from name to Sequential
        One network, or several side by side: activations, depths, initial weights.
    loss : Loss
    X, y : array-like
        Rows and targets as the loss takes them.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.
    legend : bool, default=True
        Whether to name several networks, to the right of the Axes.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there is no network, one is a stack or has no weights, or the rows do not fit.

    Examples
    --------
    >>> from feedforward import nn
    >>> from matplotlib.figure import Figure
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 3), nn.Sigmoid(), nn.Linear(3, 1))
    >>> ax = gradient_norms(net, nn.MSELoss(), [[1.0, 2.0]], [[0.0]], ax=Figure().subplots())
    >>> ax.get_ylabel(), ax.lines[0].get_xdata().tolist()
    ('‖∂L/∂W‖', [1, 2, 3])
    """
    named = nets if isinstance(nets, Mapping) else {"": nets}
    if not named:
        raise InputError(f"{_OWNER}: there is no network. Give one, or a dict from name to network.")
    check_kind(_OWNER, "loss", loss, Loss, "a loss, such as nn.CrossEntropyLoss()")
    norms = {str(name): _norms(net, loss, X, y) for name, net in named.items()}
    ax = dressed(ax)
    ax.set_yscale("log", nonpositive="mask")
    for i, (name, values) in enumerate(norms.items()):
        ax.plot(
            np.arange(1, len(values) + 1),
            np.where(values > 0, values, np.nan),
            color=colour(i),
            linestyle=LINES[i % len(LINES)],
            marker=MARKERS[i % len(MARKERS)],
            markersize=5,
            linewidth=1.8,
            label=shortened(name),
            zorder=3,
        )
    ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    most = max(map(len, norms.values()))
    ax.set_xlim(0.7, most + 0.3)
    _note_zeros(ax, norms)
    label_axes(ax, "layer of weights", "‖∂L/∂W‖")
    if legend and len(norms) > 1:
        legend_beside(ax)
    return ax


def _norms(net: Sequential, loss: Loss, X: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    if not isinstance(net, Sequential):
        raise InputError(f"{_OWNER} takes an nn.Sequential, or a dict of them by name; got {kind(net)}.")
    layers = [(".".join(map(str, place)), layer.parameters()) for place, layer in leaves(net)]
    weights = [f"{name}.weight" for name, arrays in layers if np.ndim(arrays.get("weight", 0.0)) == 2]
    if net.members is not None:
        raise InputError(
            f"{_OWNER} takes single networks; this is a stack of several. Take a member: nn.unstack(net)[0]."
        )
    if not weights:
        raise InputError(f"{_OWNER} needs a network with weights, and this one has none.")
    outputs, saved = net.forward(as_numbers(_OWNER, X, net.dtype))
    _, gradients = net.backward(loss.value_and_gradient(outputs, y)[1], saved)
    return np.array([float(np.linalg.norm(gradients[name].astype(np.float64))) for name in weights])


def _note_zeros(ax: Axes, norms: Mapping[str, NDArray[np.float64]]) -> None:
    notes = []
    for name, values in norms.items():
        layers = [str(i + 1) for i in np.flatnonzero(~(values > 0))]
        if layers:
            whose = f"{shortened(name)}: " if name else ""
            notes.append(f"{whose}0 or not finite in layer{'s' * (len(layers) > 1)} {', '.join(layers)}")
    if notes:
        ax.set_title("\n".join(notes), fontsize=SMALL, color=paper(ax).ink, loc="right")
    if all(not (values > 0).any() for values in norms.values()):
        ax.yaxis.set_tick_params(which="both", left=False, labelleft=False)
