"""Pictures of points, regions, curves, functions and networks: each takes ``ax=None`` and returns the Axes.

`frames` puts several of them behind a slider.
"""

from feedforward.plots.activations import activation
from feedforward.plots.curves import learning_curve
from feedforward.plots.frames import frames
from feedforward.plots.gradients import gradient_norms
from feedforward.plots.network import network
from feedforward.plots.regions import decision_regions
from feedforward.plots.scatter import points
from feedforward.plots.slopes import descent, descent_path, slope

__all__ = [
    "activation",
    "decision_regions",
    "descent",
    "descent_path",
    "frames",
    "gradient_norms",
    "learning_curve",
    "network",
    "points",
    "slope",
]
