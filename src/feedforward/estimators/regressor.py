"""The multilayer perceptron for numbers: a network of Linear layers and activations."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from feedforward import nn
from feedforward.errors import InputError, SettingError
from feedforward.estimators.inputs import numbers
from feedforward.estimators.network import Array, NetworkEstimator
from feedforward.training.checkpoints import Callback, Checkpoint
from feedforward.training.recipe import Recipe, build_loss


class MLPRegressor(RegressorMixin, NetworkEstimator):
    """A network that predicts numbers: one a row, or several at once.

    Scale the targets to a size of about 1, as you scale the columns: first weights and learning rate are made for
    numbers of that size. `sklearn.compose.TransformedTargetRegressor` does it.

    Parameters
    ----------
    hidden_sizes : int or sequence of int, default (100,)
        Units of each hidden layer; () for none.
    activation : str or ActivationLayer, default "relu"
        After each hidden layer: "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu",
        "mish", "softplus", or a layer of `feedforward.nn`. It also decides how the first weights are drawn.
    loss : str or Loss, default "squared_error"
        "squared_error", "huber" (squared for errors up to 1, then straight: outliers pull less), or a loss of
        `feedforward.nn`.
    optimizer : str or Optimizer, default "adam"
        "sgd", "momentum", "nesterov" (both 0.9), "rmsprop", "adam", "adamw", or an optimizer of `feedforward.nn`,
        which brings its own learning rate and weight decay.
    learning_rate : float, default 0.001
        Step size η.
    schedule : str, default "constant"
        How the rate changes over `max_epochs`: "constant", "step", "cosine", "warmup_cosine", "one_cycle", "coslog4",
        "flat_cos", or, by the loss, "plateau".
    batch_size : int or None, default 128
        Rows of one step; None, or more than there are, takes all of them.
    max_epochs : int, default 100
        Passes over the rows.
    weight_decay : float, default 0.0
        How hard weights, not biases, are pulled towards 0.
    dropout : float, default 0.0
        Share of the units of each hidden layer to silence in each step.
    validation_fraction : float, default 0.0
        Share of the rows that ``fit`` sets aside to judge the network on after each epoch. ``partial_fit`` never does.
    patience : int or None, default None
        Stop after this many epochs without a lower loss (on the validation rows, if there are any, else in training)
        and go back to the best weights. None: train to the end.
    engine : str, default "auto"
        What does the arithmetic of training: "numpy", the layers' own code, for every network, loss and optimizer;
        "compiled", the fastest on a CPU; "torch", by autograd, also on a GPU; "auto", torch on a GPU, on a CPU the
        first of compiled, torch and numpy that can. All come to the same numbers but for rounding.
    device : str, default "auto"
        Where: "cpu", "cuda", "cuda:1" and so on, "mps"; "auto", a GPU of NVIDIA if there is one and network times batch
        are large enough for it (``feedforward.training.devices.CROSSOVERS``), else "cpu".
    dtype : str, default "float32"
        What the network computes in: "float32" or "float64"; "bfloat16" is mixed precision on a GPU of NVIDIA: its
        products are of bfloat16, its parameters float32.
    callbacks : sequence of callables, default ()
        Each is called after each epoch with the `Training`; one that returns True stops it. A `Checkpoint` among them
        writes down all that is needed to go on after a stop. For callbacks of scikit-learn's protocol (1.9 and later)
        there is ``set_callbacks``.
    verbose : bool, default False
        Print the progress.
    random_state : int, RandomState or None, default None
        Source of the first weights, the split, the order of the rows and of dropout.

    Attributes
    ----------
    network_ : Sequential
        The trained network. Its outputs are the predictions.
    history_ : dict
        "train_loss" and "train_score" (R²), weighted means of the batches, each before its update and with
        dropout; "val_loss" and "val_score" after the epoch and without, where there are validation rows; "seconds".
        One value an epoch.
    n_iter_ : int
        Epochs done.
    should_stop_ : bool
        Whether the loss has not fallen for `patience` epochs, or a callback wanted to stop.
    seed_ : int
        What `random_state` came to: the same number gives the same network.
    n_outputs_ : int
    n_features_in_ : int
    feature_names_in_ : array of shape (m,)
        Only where `X` was a table with named columns.

    Examples
    --------
    >>> import numpy as np
    >>> import feedforward as ff
    >>> X = np.linspace(-1, 1, 200)[:, np.newaxis]
    >>> y = np.sin(3 * X[:, 0])
    >>> model = ff.MLPRegressor(learning_rate=0.01, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.99, model.predict(X[:2]).shape
    (True, (2,))
    """

    _losses = ("squared_error", "huber")

    def __init__(
        self,
        hidden_sizes: Any = (100,),
        *,
        activation: str | nn.ActivationLayer = "relu",
        loss: str | nn.Loss = "squared_error",
        optimizer: str | nn.Optimizer = "adam",
        learning_rate: float = 1e-3,
        schedule: str = "constant",
        batch_size: int | None = 128,
        max_epochs: int = 100,
        weight_decay: float = 0.0,
        dropout: float = 0.0,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        engine: str = "auto",
        device: str = "auto",
        dtype: str = "float32",
        callbacks: Sequence[Callback | Checkpoint] = (),
        verbose: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_sizes = hidden_sizes
        self.activation = activation
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.engine = engine
        self.device = device
        self.dtype = dtype
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Go on from where training stands: one pass over these rows, in the order given.

        The optimizer goes on with what it remembers, and the schedule where it was. Nothing stops it: with `patience`,
        ``should_stop_`` says when it would be time.

        Parameters
        ----------
        X : array, DataFrame or sparse matrix of shape (n, m)
            One row may be given as an array of shape (m,), with a single target.
        y : array-like of shape (n,) or (n, t), or one number
        sample_weight : array-like of shape (n,), optional
            As in `fit`.
        X_val, y_val : like X and y, optional
            Rows to be judged on after the pass.

        Returns
        -------
        self

        Raises
        ------
        InputError, SettingError
            If rows, targets, weights or settings cannot be used.

        Examples
        --------
        >>> import feedforward as ff
        >>> ff.MLPRegressor(random_state=0).partial_fit([[1.0, 2.0]], [3.0]).predict([[1.0, 2.0]]).shape
        (1,)
        """
        self._fit_pass(X, y, sample_weight, X_val, y_val)
        return self

    def predict(self, X: Any) -> Array:
        """Return the number for each row, of shape (n,), or (n, t) where there are several.

        Raises
        ------
        InputError
            If the columns are not those of training, or a number is not finite, or too large.
        """
        outputs = self._outputs(X).astype(np.float64)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    # What targets and outputs mean ---------------------------------------------------------------------------------

    def _read_targets(self, y: Any, name: str) -> Array:
        return numbers(y, name)

    def _encode(self, y: Array, name: str, *, fresh: bool = False, classes: Any = None) -> Array:
        if fresh:
            self.n_outputs_ = y.shape[1]
        if y.shape[1] != self.n_outputs_:
            raise InputError(
                f"{name} has {y.shape[1]} columns, and the network was made for {self.n_outputs_}. "
                "To learn other targets, fit anew."
            )
        return y

    def _choose_loss(self, recipe: Recipe) -> nn.Loss:
        loss = build_loss(recipe)
        if isinstance(loss, nn.CrossEntropyLoss | nn.BCEWithLogitsLoss):
            raise SettingError(
                f'{type(self).__name__}: loss={recipe.loss!r} is for classes. Take "squared_error" or "huber", or '
                "MLPClassifier."
            )
        return loss

    def _score_name(self) -> str:
        return "squared_error"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
