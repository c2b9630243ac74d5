"""What went wrong in a training, in words: what was seen, and what to do about it.

Each function returns its sentences, none if all is well. They look at little, so they cost little.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse

from feedforward import nn
from feedforward.training.plan import Array, Rows
from feedforward.validation import far_scales, row_sample

RISES = 5  # epochs running
RISE = 0.1  # of the first loss: less than this is noise
SCORE_GAP = 0.1
ENOUGH = 50  # epochs: who trains for fewer does not expect it to be over, unless by patience
FEW = 250  # updates: Adam moves a weight by about its rate in each
FALL = 0.01  # of the loss, in a tenth of the epochs: less than this is no haste
SLEEP = 0.01  # nearer than this share to the loss of a constant answer, nothing was learned
DEEP, DEEP_SLEEP = 5, 0.25  # layers of sigmoid: so many get stuck early on the way down, too
HUGE = 30  # deviations from 0 at which a number is no longer scaled
TOO_LARGE = 1e12  # a number so far from 1 is of a column that nobody has scaled
OFF_CENTRE = 1e3  # means over deviations beyond which float32 has few digits left for what differs


def diverged(epoch: int, learning_rate: float, kept: str, rows: Rows, is_stack: bool = False) -> str:
    """Say that numbers stopped being finite, which weights were kept, and what to change first.

    Who trains a stack of members sets neither its rate nor its scales: an encoder has scaled the rows, and what is left
    are targets of which few lie far from all others.

    Examples
    --------
    >>> rows = Rows(np.array([[0.5], [-1.0]]), np.array([[1.0], [2.0]]))
    >>> print(diverged(3, 10.0, "the weights it began with", rows))
    training diverged in epoch 3: the loss or a weight was no longer a finite number. Training stopped, with the weights
    it began with. learning_rate=10.0 is too high: try learning_rate=0.01. If it diverges still, scale the inputs, ...
    >>> print(diverged(1, 0.01, "the last finite weights", Rows(rows.X, 1e6 * rows.targets)))
    training diverged in epoch 1: ... The targets reach 2e+06: scale them to mean 0 and deviation 1
    (sklearn.compose.TransformedTargetRegressor). If it diverges still, try learning_rate=0.001.
    >>> print(diverged(2, 0.2, "the weights of the best epoch", rows, is_stack=True))
    training diverged in epoch 2: ... Look for columns and targets of which a few values lie far from all others: ...
    """
    lower = min(learning_rate / 10, 0.01)
    reach = {"inputs": _reach(rows.X), "targets": _reach(rows.targets) if rows.targets.ndim > 1 else 0.0}
    large = max(reach, key=lambda name: reach[name])
    if is_stack:
        advice = (
            "Look for columns and targets of which a few values lie far from all others: correct these, or leave their "
            "rows out; numbers above 0 can be given as logarithms."
        )
    elif reach[large] > HUGE or far_scales(rows.X):
        tool = "compose.TransformedTargetRegressor" if large == "targets" else "preprocessing.StandardScaler"
        advice = (
            f"The {large} reach {reach[large]:.3g}: scale them to mean 0 and deviation 1 (sklearn.{tool}). If it "
            f"diverges still, try learning_rate={lower:.3g}."
        )
    else:
        advice = (
            f"learning_rate={learning_rate!r} is too high: try learning_rate={lower:.3g}. If it diverges still, scale "
            "the inputs, and the targets of a regression, with sklearn.preprocessing.StandardScaler."
        )
    return (
        f"training diverged in epoch {epoch}: the loss or a weight was no longer a finite number. Training stopped, "
        f"with {kept}. {advice}"
    )


def not_finite(network: nn.Sequential) -> list[str]:
    """Return the names of the parameters that are not finite.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 1))
    >>> net[0].bias[...] = np.nan
    >>> not_finite(net)
    ['0.bias']
    """
    return [name for name, array in network.parameters().items() if not np.isfinite(array).all()]


def overwritten(epoch: int, names: Sequence[str], kept: str) -> str:
    """Say that weights were not finite before the step that would have changed them.

    Examples
    --------
    >>> print(overwritten(3, ["0.weight", "0.bias"], "the weights of the best epoch"))
    in epoch 3 the weights were not finite before the step: 0.weight (and 1 more) holds NaN or infinity, which training
    does not write; a callback may have. Training stopped, with the weights of the best epoch.
    """
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return (
        f"in epoch {epoch} the weights were not finite before the step: {names[0]}{more} holds NaN or infinity, which "
        f"training does not write; a callback may have. Training stopped, with {kept}."
    )


def _reach(values: Any) -> float:
    return float(abs(row_sample(values)).max())


def dead_units(network: nn.Sequential, X: Any) -> list[str]:
    """Say which layers of ReLU are more than half dead: units that fire for no row of a sample do not learn.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> net[0].bias[...] = -1e3
    >>> print(*dead_units(net, np.array([[1.0], [-1.0]])))
    in layer 1, 100 % of the ReLU units fire for no row: ...
    """
    if not _has_relu(network):
        return []
    sample = row_sample(X)
    _, saved = network.forward(sample.toarray() if issparse(sample) else sample)
    shares = {name: 1 - (outputs > 0).any(axis=-2).mean() for name, outputs in _relu_outputs(network, saved)}
    dead = [f"{name}, {100 * share:.0f} %" for name, share in shares.items() if share > 0.5]
    if not dead:
        return []
    more = len(dead) - 1
    others = f" (and many in {more} more layer{'s' if more > 1 else ''})" if more else ""
    return [
        f"in layer {dead[0]} of the ReLU units fire for no row{others}: they are dead, and learn no more. Lower "
        "learning_rate, centre the inputs with sklearn.preprocessing.StandardScaler, or take activation='leaky_relu'."
    ]


def ill_scaled(X: Any, names: Sequence[Any] | None = None, network: nn.Sequential | None = None) -> list[str]:
    """Say, in one sentence, what is worst about the scales of the columns, judged by some rows.

    Codes that the `network` looks up in an embedding have no scale.

    Examples
    --------
    >>> X = np.array([[0.5, 2e5], [-0.5, 1.0]])
    >>> print(*ill_scaled(X))
    column 1 reaches 2e+05 and column 0 only 0.5: on scales so far apart they learn at different speeds. Scale ...
    >>> ill_scaled(X, network=nn.Sequential(nn.Columns([((0, 1), nn.Identity()), ((1, 2), nn.Embedding(200_001, 1))])))
    []
    """
    if network is not None and isinstance(network[0], nn.Columns):
        parts = zip(network[0].layers, network[0].columns, strict=True)
        read = [
            np.r_[slice(*at)] if isinstance(at, tuple) else at for one, at in parts if type(one) is not nn.Embedding
        ]
        places = sorted({int(place) for places in read for place in places})
        if not places:
            return []
        X, names = row_sample(X)[:, places], places if names is None else [names[j] for j in places]
    return far_scales(X, names) or off_centre(X, names) or too_large(X, names)


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
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers too large to be squared `too_large` tells
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


def _has_relu(network: nn.Sequential) -> bool:
    return any(
        _has_relu(layer) if isinstance(layer, nn.Sequential) else isinstance(layer, nn.ReLU) for layer in network
    )


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
    the training rows were memorised: over the last epoch their score is 1.000, after it that of the validation rows
    0.600, and the loss of the latter has risen ...
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
        f"the training rows were memorised: over the last epoch their score is {history['train_score'][-1]:.3f}, after "
        f"it that of the validation rows {history['val_score'][-1]:.3f}, and the loss of the latter has risen from "
        f"{best:.4g} after epoch {best_epoch} to {last:.4g}. Set patience=10 to stop at the best epoch; weight_decay, "
        "dropout, fewer units or more rows help against it."
    ]


def useless(score: str, history: Mapping[str, Sequence[float]], kept: int, is_stack: bool = False) -> list[str]:
    """Say that quantities were learned worse than by always giving their mean, judged by the epoch whose weights stay.

    The targets of a stack are scaled, and its batches chosen, by the estimator that made it.

    Examples
    --------
    >>> print(*useless("squared_error", {"train_score": [-5.0, -2.0]}, kept=2))
    R² of the training rows is -2 over epoch 2 (the mean of its batches, each before its update and with dropout): worse
    than always giving the mean. Scale the targets to mean 0 and deviation 1 ...
    """
    own, judged = (_in_epoch(history, name, kept) for name in ("train_score", "val_score"))
    if score != "squared_error" or not np.fmax(own, judged) < 0:
        return []
    advice = (
        "The columns tell next to nothing of the targets: give more rows or other columns, or train for more epochs."
        if is_stack
        else "Scale the targets to mean 0 and deviation 1 (sklearn.compose.TransformedTargetRegressor), or train for "
        "more epochs or with smaller batches."
    )
    return [
        f"R² of the training rows is {own:.3g} over epoch {kept} (the mean of its batches, each before its update and "
        f"with dropout): worse than always giving the mean. {advice}"
    ]


def asleep(
    network: nn.Sequential, loss: nn.Loss, rows: Rows, history: Mapping[str, Sequence[float]], kept: int
) -> list[str]:
    """Say that a network with hidden layers learned no more than to give the same answer for every row, or less.

    It is judged by the epoch whose weights stay: by the loss of its training rows, or of those for validation, if that
    is lower.

    Examples
    --------
    >>> deep = nn.Sequential(*(layer for _ in range(8) for layer in (nn.Linear(2, 2), nn.Sigmoid())), nn.Linear(2, 2))
    >>> rows = Rows(np.eye(2), np.array([0, 1]))
    >>> print(*asleep(deep, nn.CrossEntropyLoss(), rows, {"train_loss": [0.7] * 60}, kept=60))
    after epoch 60 the loss is 0.7, and 0.6931 if every row is given the same answer: next to nothing was learned.
    Through 8 layers of Sigmoid hardly any gradient reaches the first: take activation='relu', fewer layers, or ...
    >>> asleep(deep, nn.CrossEntropyLoss(), rows, {"train_loss": [0.1] * 60}, kept=60)
    []
    """
    hidden = [type(layer).__name__ for layer in network[:-1] if isinstance(layer, nn.ActivationLayer)]
    if not hidden or network.members is not None:
        return []
    with np.errstate(over="ignore", invalid="ignore"):
        constant = float(np.mean(loss.value_and_gradient(_constant_answer(loss, rows), rows.targets, rows.weights)[0]))
    reached = float(np.fmin(_in_epoch(history, "train_loss", kept), _in_epoch(history, "val_loss", kept)))
    share = DEEP_SLEEP if hidden.count("Sigmoid") >= DEEP else SLEEP
    if not reached > (1 - share) * constant > 1e-6:
        return []
    if isinstance(loss, nn.MSELoss | nn.HuberLoss) and reached > (1 + 5 * SLEEP) * constant:
        return []  # `useless` has better advice for quantities
    narrow = [name for name in hidden if name in ("Sigmoid", "Tanh")]
    cause = (
        f"Through {len(narrow)} layers of {narrow[0]} hardly any gradient reaches the first: take activation='relu', "
        "fewer layers, or another learning_rate."
        if len(narrow) > 2
        else "Try another learning_rate, more epochs or smaller batches; or the columns do not tell the targets."
    )
    return [
        f"after epoch {kept} the loss is {reached:.4g}, and {constant:.4g} if every row is given the same "
        f"answer: next to nothing was learned. {cause}"
    ]


def _in_epoch(history: Mapping[str, Sequence[float]], name: str, epoch: int) -> float:
    """Return what stands in the history for an epoch, counted from 1; NaN if nothing does."""
    values = history.get(name, ())
    return values[epoch - 1] if 0 < epoch <= len(values) else np.nan


def _constant_answer(loss: nn.Loss, rows: Rows) -> Array:
    """Return the best outputs that are the same for every row: logits of the classes' shares, or the mean."""
    targets = rows.targets if rows.targets.ndim > 1 else nn.one_hot(rows.targets, int(rows.targets.max()) + 1)
    mean: Any = np.average(targets.astype(np.float64), axis=0, weights=rows.weights)
    if isinstance(loss, nn.CrossEntropyLoss | nn.BCEWithLogitsLoss):
        mean = mean.clip(1e-6, 1 - 1e-6)
        mean = np.log(mean) - (np.log1p(-mean) if isinstance(loss, nn.BCEWithLogitsLoss) else 0.0)
    return np.broadcast_to(mean, targets.shape)


def unfinished(losses: Sequence[float], updates: int) -> list[str]:
    """Say that the loss was still falling at the end, where there were few updates, or the fall never slowed down.

    A loss that falls slowly after many updates is left alone: rows are then mostly learned by heart.

    Examples
    --------
    >>> falling = np.linspace(2.0, 1.0, 100)
    >>> print(*unfinished(falling, updates=10_000))
    the loss was still falling when training ended, from 1.15 to 1.05 over the last tenths of the epochs. Train for more
    epochs (max_epochs=1000), with smaller batches, or with a higher learning_rate.
    >>> unfinished(1 / np.arange(1, 101), updates=10_000)
    []
    """
    if len(losses) < ENOUGH or not np.isfinite(losses).all():
        return []
    tenths = np.array([losses[0], *(part.mean() for part in np.array_split(np.asarray(losses, np.float64), 10))])
    falls = -np.diff(tenths)
    if tenths[-1] <= 0.1 * tenths[0] or (falls[-2:] < FALL * tenths[-3:-1]).any():
        return []
    if updates > FEW and falls[-1] < 0.5 * falls.max():
        return []
    return [
        f"the loss was still falling when training ended, from {tenths[-2]:.3g} to {tenths[-1]:.3g} over the last "
        f"tenths of the epochs. Train for more epochs (max_epochs={10 * len(losses)}), with smaller batches, or with a "
        "higher learning_rate."
    ]


def too_large(X: Any, names: Sequence[Any] | None = None) -> list[str]:
    """Say which column is the largest, if its numbers are far too large to learn from, judged by some rows.

    Examples
    --------
    >>> print(*too_large(np.array([[1e30, -2e30], [3e30, 1e30]]), ["mass", "charge"]))
    column 'mass' reaches 3e+30: a network learns next to nothing from numbers so large. Scale the columns first, ...
    """
    sample = abs(row_sample(X))
    sizes = sample.max(axis=0)
    sizes = sizes.toarray().ravel() if issparse(sizes) else sizes
    j = int(sizes.argmax())
    if not sizes[j] > TOO_LARGE:
        return []
    return [
        f"column {names[j] if names is not None else j!r} reaches {sizes[j]:.3g}: a network learns next to nothing "
        "from numbers so large. Scale the columns first, with sklearn.preprocessing.StandardScaler or "
        "feedforward.TableEncoder."
    ]
