"""Numbers of one column, as networks like them: x becomes (x - center) / scale and, if asked, bent below 3."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCALINGS = ("standard", "robust", "smooth_clip", "none")

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Scaler:
    """Scale one column: u = (x - center) / scale and, where clipped, u / sqrt(1 + (u/3)²), which stays within ±3.

    The smooth clip leaves small numbers nearly as they are and keeps the order of all others, so that one wild value
    cannot drown a network. Centre, scale and clip are those of RealMLP (arXiv:2407.04491, appendix A).

    Attributes
    ----------
    fill : float
        What a missing value becomes, before it is scaled.
    center, scale : float
        A scale of 0 gives zeros: the column was constant.
    clipped : bool

    Examples
    --------
    >>> Scaler(0.0, 0.0, 1.0, clipped=True)(np.array([0.5, 1.0, 10.0, np.nan])).round(8)
    array([0.49319696, 0.9486833 , 2.87347886, 0.        ])
    """

    fill: float
    center: float
    scale: float
    clipped: bool = False

    @classmethod
    def fit(cls, values: NDArray[np.float64], scaling: str) -> "Scaler":
        """Return the scaler for training values, of which none is missing.

        By `scaling`, center and scale are mean and standard deviation ("standard"); median and interquartile range,
        or, where that is 0, the standard deviation ("robust"), or half the range ("smooth_clip"); 0 and 1 ("none").

        Examples
        --------
        >>> Scaler.fit(np.array([0.0, 0.0, 0.0, 0.0, 1.0]), "smooth_clip")
        Scaler(fill=0.0, center=0.0, scale=0.5, clipped=True)
        """
        return cls(*_statistics(values, scaling), clipped=scaling == "smooth_clip")

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values filled and scaled."""
        if self.scale == 0:
            return np.zeros(len(values))
        missing = np.isnan(values)
        if missing.any():
            values = np.where(missing, self.fill, values)
        scaled = _scaled(values, self.center, self.scale)
        return scaled / np.sqrt(1.0 + (scaled / 3.0) ** 2) if self.clipped else scaled


UNSCALED = Scaler(0.0, 0.0, 1.0)
ALWAYS_0 = Scaler(0.0, 0.0, 0.0)


def fit_flag(values: NDArray[np.float64], scaling: str) -> Scaler:
    """Return the scaler of a column that says yes or no: only "smooth_clip" scales these, like numbers.

    Examples
    --------
    >>> fit_flag(np.array([0.0, 0.0, 0.0, 0.0, 1.0]), "smooth_clip")(np.array([0.0, 1.0])).round(4)
    array([0.    , 1.6641])
    """
    return Scaler.fit(values, scaling) if scaling == "smooth_clip" else UNSCALED


def _statistics(values: NDArray[np.float64], scaling: str) -> tuple[float, float, float]:
    """Return median, center and scale."""
    # Divided by a power of two, which is exact, the largest doubles have squares and sums, and the smallest too.
    unit = 2.0 ** (float(np.frexp(np.abs(values).max())[1]) - 1.0)
    values = values / unit
    median = float(np.median(values))
    if scaling == "none":
        return median * unit, 0.0, 1.0
    center, scale = float(values.mean()), float(values.std())
    if scaling != "standard":  # the quartiles are equal where more than half of the values are
        low, high = np.quantile(values, [0.25, 0.75])
        center, scale = median, float(high - low) or (scale if scaling == "robust" else float(np.ptp(values)) / 2)
    scale = min(scale * unit, float(np.finfo(np.float64).max))
    constant = np.ptp(values) == 0 or scale < np.finfo(np.float64).tiny
    return median * unit, center * unit, 0.0 if constant else scale


def _scaled(values: NDArray[np.float64], center: float, scale: float) -> NDArray[np.float64]:
    if (center, scale) == (0.0, 1.0):
        return values
    # Of halves, because a difference of the largest doubles overflows; within float32, because networks compute in it.
    with np.errstate(over="ignore"):
        scaled: NDArray[np.float64] = (values / 2 - center / 2) / (scale / 2)
    return np.clip(scaled, -_LARGEST, _LARGEST)
