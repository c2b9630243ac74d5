"""What went wrong in a training, in words: what was seen, and what to do about it.

Each function returns its sentences, none if all is well. They look at little, so they cost little.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse

from feedforward import nn
from feedforward.training.plan import Array
from feedforward.validation import row_sample

RISES = 5  # epochs running
RISE = 0.1  # of the first loss: less than this is noise
SCORE_GAP = 0.1
ENOUGH = 50  # epochs: who trains for fewer does not expect it to be over
OFF_CENTRE = 1e3  # means over deviations beyond which float32 has few digits left for what differs


def diverged(epoch: int, learning_rate: float) -> str:
    """Say that numbers stopped being finite.

    Examples
    --------
    >>> print(diverged(3, 10.0))
    training diverged in epoch 3: the loss or a weight was no longer a finite number. Training stopped, with the last
    finite weights. learning_rate=10.0 is too high: try learning_rate=1. If it diverges still, scale the inputs, and the
    targets of a regression, with sklearn.preprocessing.StandardScaler.
    """
    return (
        f"training diverged in epoch {epoch}: the loss or a weight was no longer a finite number. Training stopped, "
        f"with the last finite weights. learning_rate={learning_rate!r} is too high: try learning_rate="
        f"{learning_rate / 10:.3g}. If it diverges still, scale the inputs, and the targets of a regression, with "
        "sklearn.preprocessing.StandardScaler."
    )


def dead_units(network: nn.Sequential, X: Any) -> list[str]:
    """Say which layers of ReLU are more than half dead: units that fire for no row of a sample do not learn.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> net[0].bias[...] = -1e3
    >>> print(*dead_units(net, np.array([[1.0], [-1.0]])))
    in layer 1, 100 % of the ReLU units fire for no row: ...
    """
    sample = row_sample(X)
    _, saved = network.forward(sample.toarray() if issparse(sample) else sample)
    shares = {name: 1 - (outputs > 0).any(axis=-2).mean() for name, outputs in _relu_outputs(network, saved)}
    dead = [f"{name}, {100 * share:.0f} %" for name, share in shares.items() if share > 0.5]
    if not dead:
        return []
    others = f" (and in {len(dead) - 1} more layers many)" if len(dead) > 1 else ""
    return [
        f"in layer {dead[0]} of the ReLU units fire for no row{others}: they are dead, and learn no more. Lower "
        "learning_rate, centre the inputs with sklearn.preprocessing.StandardScaler, or take activation='leaky_relu'."
    ]


def off_centre(X: Any, names: Sequence[Any] | None = None) -> list[str]:
    """Say which column lies so far from 0 that its values hardly differ, judged by some rows.

    Examples
    --------
    >>> print(*off_centre(np.array([[1.7e9], [1.7e9 + 500]]), ["time"]))
    column 'time' lies around 1.7e+09 and varies by only 250: its values hardly differ. Centre and scale the columns ...
    """
    sample = row_sample(X)
    if issparse(sample) or len(sample) < 2:
        return []
    sample = sample.astype(np.float64)
    centre, spread = np.abs(sample.mean(axis=0)), sample.std(axis=0)
    columns = np.flatnonzero((centre > OFF_CENTRE * spread) & (spread > 1e-12 * centre))
    if not len(columns):
        return []
    j = columns[np.argmax(centre[columns] / spread[columns])]
    name = repr(names[j] if names is not None else int(j))
    return [
        f"column {name} lies around {centre[j]:.3g} and varies by only {spread[j]:.3g}: its values hardly differ. "
        "Centre and scale the columns first, with sklearn.preprocessing.StandardScaler or feedforward.TableEncoder."
    ]


def _relu_outputs(network: nn.Sequential, saved: Sequence[Any], above: str = "") -> Iterator[tuple[str, Array]]:
    """Yield name and output of each ReLU in the network, and in networks inside it."""
    for i, (layer, kept) in enumerate(zip(network, saved, strict=True)):
        if isinstance(layer, nn.Sequential):
            yield from _relu_outputs(layer, kept, f"{above}{i}.")
        elif isinstance(layer, nn.ReLU):
            yield f"{above}{i}", kept[1]


def rising_loss(losses: Sequence[float], learning_rate: float) -> list[str]:
    """Say that the loss of training rose for five epochs running, if it rose by more than noise does.

    Examples
    --------
    >>> rising_loss([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4], 0.1), rising_loss([0.5, 0.51, 0.5], 0.1)
    ([], [])
    >>> print(*rising_loss([1.0, 1.1, 1.2, 1.3, 1.4, 1.5], 0.1))
    the loss rose for 5 epochs running, from 1 in epoch 1 to 1.5 in epoch 6: ...
    """
    loss = np.asarray(losses, dtype=np.float64)
    if len(loss) <= RISES:
        return []
    risen = np.lib.stride_tricks.sliding_window_view(np.diff(loss) > 0, RISES).all(axis=1)
    places = np.flatnonzero(risen & (loss[RISES:] - loss[:-RISES] > RISE * loss[0]))
    if not len(places):
        return []
    first = int(places[0])
    return [
        f"the loss rose for {RISES} epochs running, from {loss[first]:.4g} in epoch {first + 1} to "
        f"{loss[first + RISES]:.4g} in epoch {first + RISES + 1}: learning_rate={learning_rate!r} is too high. Try "
        f"learning_rate={learning_rate / 3:.2g}, or schedule='cosine', which lowers it by and by."
    ]


def memorised(history: Mapping[str, Sequence[float]], best_epoch: int) -> list[str]:
    """Say that rows were learned by heart.

    For long the loss of the training rows went on falling, to less than a half, while that of the others rose; and the
    score is far better on the former.

    Examples
    --------
    >>> falling, rising = [1 / (epoch + 1) for epoch in range(40)], [1 + 0.1 * epoch for epoch in range(40)]
    >>> history = {"train_loss": falling, "train_score": [1.0] * 40, "val_loss": rising, "val_score": [0.6] * 40}
    >>> print(*memorised(history, best_epoch=1))
    the training rows were memorised: their score is 1.000, that of the validation rows 0.600, and the loss of ...
    """
    losses, own = history.get("val_loss", ()), history.get("train_loss", ())
    epochs = len(losses)
    if epochs < 20 or not best_epoch or epochs - best_epoch < epochs // 2:
        return []
    best, last = losses[best_epoch - 1], losses[-1]
    gap = history["train_score"][-1] - history["val_score"][-1]
    if not (gap > SCORE_GAP and last > 1.1 * best and own[-1] < 0.5 * own[best_epoch - 1]):
        return []
    return [
        f"the training rows were memorised: their score is {history['train_score'][-1]:.3f}, that of the validation "
        f"rows {history['val_score'][-1]:.3f}, and the loss of the latter has risen from {best:.4g} after epoch "
        f"{best_epoch} to {last:.4g}. Set patience=10 to stop at the best epoch; weight_decay, dropout, fewer units or "
        "more rows help against it."
    ]


def useless(score: str, scores: Sequence[float]) -> list[str]:
    """Say that quantities were learned worse than by always giving their mean, though there was time to learn.

    Examples
    --------
    >>> useless("squared_error", [-5.0] * 49 + [-2.0])
    ['after the last epoch R² on the training rows is -2, worse than always giving the mean. Scale the targets to mean 0
    and deviation 1 (sklearn.compose.TransformedTargetRegressor), or train for more epochs or with smaller batches.']
    """
    if score != "squared_error" or len(scores) < ENOUGH or not scores[-1] < 0:
        return []
    return [
        f"after the last epoch R² on the training rows is {scores[-1]:.3g}, worse than always giving the mean. "
        "Scale the targets to mean 0 and deviation 1 (sklearn.compose.TransformedTargetRegressor), or train for more "
        "epochs or with smaller batches."
    ]
