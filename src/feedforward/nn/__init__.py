"""Many neurons, written out: functions and plain layers in NumPy, with the names and the meaning of ``torch.nn``.

Read the files in this order: `activations`, `layers`, `sequential`, `losses`, `optimizers`. Then you know how a network
learns; `gradients` proves it, and `trace` shows it with your own numbers. `columns`, `scaling`, `embeddings`, `starts`
and `folding` are what networks that read tables need besides.

Examples
--------
The whole of training, with every gradient taken before any update:

>>> import numpy as np
>>> from feedforward import nn
>>> rng = np.random.default_rng(0)
>>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
>>> y = np.array([0, 1, 1, 0])          # exclusive or: one neuron cannot learn it
>>> net = nn.Sequential(nn.Linear(2, 8, rng=rng), nn.Tanh(), nn.Linear(8, 2, rng=rng))
>>> loss, optimizer = nn.CrossEntropyLoss(), nn.Adam(lr=0.05)
>>> for epoch in range(200):
...     for rows, labels in nn.minibatches(X, y, batch_size=2, rng=rng):
...         outputs, saved = net.forward(rows)
...         value, gradient = loss.value_and_gradient(outputs, labels)
...         input_gradient, gradients = net.backward(gradient, saved)
...         optimizer.step(net.parameters(), gradients)
>>> net(X).argmax(axis=1)
array([0, 1, 1, 0])
"""

from feedforward.nn import initializers, random, schedules
from feedforward.nn.activations import ACTIVATIONS, Activation
from feedforward.nn.columns import Columns
from feedforward.nn.embeddings import Embedding, PeriodicEmbedding
from feedforward.nn.folding import fold
from feedforward.nn.gradients import gradient_error, gradient_errors
from feedforward.nn.initializers import INITIALIZERS, initialize
from feedforward.nn.layers import (
    ELU,
    GELU,
    SELU,
    ActivationLayer,
    Dropout,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from feedforward.nn.losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, Loss, MSELoss
from feedforward.nn.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from feedforward.nn.rows import minibatches, one_hot
from feedforward.nn.scaling import ParametricActivation, Scale
from feedforward.nn.schedules import SCHEDULES, ReduceOnPlateau
from feedforward.nn.sequential import Sequential, stack, unstack
from feedforward.nn.starts import start_from_rows
from feedforward.nn.trace import Trace, trace

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "INITIALIZERS",
    "SCHEDULES",
    "SELU",
    "SGD",
    "Activation",
    "ActivationLayer",
    "Adam",
    "AdamW",
    "BCEWithLogitsLoss",
    "Columns",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "HuberLoss",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MSELoss",
    "Mish",
    "Optimizer",
    "ParametricActivation",
    "PeriodicEmbedding",
    "RMSprop",
    "ReLU",
    "ReduceOnPlateau",
    "Scale",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "Trace",
    "fold",
    "gradient_error",
    "gradient_errors",
    "initialize",
    "initializers",
    "minibatches",
    "one_hot",
    "random",
    "schedules",
    "stack",
    "start_from_rows",
    "trace",
    "unstack",
]
