"""The presets of the tabular estimators: every setting of each, in one table."""

from dataclasses import dataclass, replace
from typing import Any

from feedforward.errors import SettingError
from feedforward.validation import COUNT, NONE, check_setting, nearest


@dataclass(frozen=True)
class Preset:
    """What a tabular network is made of, and how it is trained.

    Attributes
    ----------
    members : int
        Networks that are trained at once; their answers are averaged.
    folds : int
        Parts the rows are cut into: member j learns from all but part j, and is judged on that. More members than
        folds cut them anew. A single member is judged on one part of so many.
    hidden_sizes : tuple of int
    activation : str
        After each hidden layer, with a slope of its own for every unit (`nn.ParametricActivation`).
    max_epochs, patience, patience_growth
        Training stops once it has gone ``patience + patience_growth · best`` epochs beyond the best one.
    batch_sizes : tuple of (rows, batch)
        The batch is that of the first entry with at least as many rows.
    learning_rate, weight_decay, dropout : float
        At their highest: the rate goes through four waves, each twice as long as the one before (`nn.coslog4`), decay
        and dropout fall in the second half of training (`nn.flat_cos`).
    frequencies, width
        Of the periodic embedding of every number.
    sigmas : tuple of float
        How fast its waves are at the start, `nn.PeriodicEmbedding`'s sigma: members take them in turns. Which is the
        best differs from table to table, by up to 10 % of the log loss, and members that see a number more or less
        sharply err in different places.
    embedding : int
        Numbers that stand for a category of more than 8 levels.

    Examples
    --------
    >>> PRESETS["strong"].batch_size(1_000) <= PRESETS["strong"].batch_size(100_000)
    True
    """

    members: int
    folds: int
    max_epochs: int
    hidden_sizes: tuple[int, ...] = (256, 256, 256)
    patience: int = 20
    patience_growth: float = 1.0
    batch_sizes: tuple[tuple[float, int], ...] = ((1024, 64), (4096, 128), (float("inf"), 256))
    weight_decay: float = 0.02
    dropout: float = 0.15
    frequencies: int = 16
    width: int = 4
    sigmas: tuple[float, ...] = (0.45, 0.1, 1.0, 0.2, 2.0)
    embedding: int = 8

    def batch_size(self, n: int) -> int:
        """Return the rows of a batch for n rows."""
        return next(batch for rows, batch in self.batch_sizes if n <= rows)


PRESETS: dict[str, Preset] = {
    "fast": Preset(members=2, folds=5, max_epochs=32, hidden_sizes=(128, 128)),
    "strong": Preset(members=5, folds=5, max_epochs=128),
    "ensemble": Preset(members=16, folds=8, max_epochs=128),
}
ACTIVATION = {"classification": "selu", "regression": "mish"}
LEARNING_RATE = {"classification": 0.04, "regression": 0.2}


def preset_of(owner: str, name: Any, members: int | None, max_epochs: int | None) -> Preset:
    """Return the preset of a name, with those of its settings that were given.

    Raises
    ------
    SettingError
        If there is no such preset, or a number is none.

    Examples
    --------
    >>> preset_of("TabularClassifier", "fast", 1, None).members
    1
    >>> preset_of("TabularClassifier", "stong", None, None)
    Traceback (most recent call last):
    feedforward.errors.SettingError: TabularClassifier: preset is unknown: 'stong'. Did you mean 'strong'?
    """
    if not isinstance(name, str) or name not in PRESETS:
        advice = nearest(str(name), PRESETS, "presets")
        raise SettingError(f"{owner}: preset is unknown: {name!r}. {advice}")
    preset = PRESETS[name]
    for setting, value in (("members", members), ("max_epochs", max_epochs)):
        check_setting(owner, setting, value, COUNT | NONE)
    return replace(
        preset,
        members=int(preset.members if members is None else members),
        max_epochs=int(preset.max_epochs if max_epochs is None else max_epochs),
    )
