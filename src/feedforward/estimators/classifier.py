"""The multilayer perceptron for classes: a network of Linear layers and activations."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin

from feedforward import nn
from feedforward.errors import InputError, SettingError
from feedforward.estimators.inputs import indicators, is_table, known_codes
from feedforward.estimators.network import Array, NetworkEstimator
from feedforward.targets import check_same_classes, encode_labels, one_column, row_weights
from feedforward.training.checkpoints import Callback, Checkpoint
from feedforward.training.recipe import Recipe, build_loss
from feedforward.validation import CLASS_WEIGHT, Rule


class MLPClassifier(ClassifierMixin, NetworkEstimator):
    """A network that tells classes apart: any number of them, or any number of labels a row.

    Each class has an output, also where there are two; the largest decides. Where `y` has several columns of 0 and 1,
    each column has an output, and decides by itself.

    Parameters
    ----------
    hidden_sizes : int or sequence of int, default (100,)
        Units of each hidden layer; () for none.
    activation : str or ActivationLayer, default "relu"
        After each hidden layer: "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu",
        "mish", "softplus", or a layer of `feedforward.nn`. It also decides how the first weights are drawn.
    loss : str or Loss, default "cross_entropy"
        "cross_entropy" (of each column by itself, where `y` has several); "squared_error" of outputs that end in a
        Sigmoid, the classic choice, where `y` has one; or a loss of `feedforward.nn` with ``probabilities``.
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
        Share of the rows, of each class alike, that ``fit`` sets aside to judge the network on after each epoch.
        ``partial_fit`` never does.
    patience : int or None, default None
        Stop after this many epochs without a lower loss (on the validation rows, if there are any, else in training)
        and go back to the best weights. None: train to the end.
    class_weight : dict, "balanced" or None, default None
        Weights of the classes, multiplied with `sample_weight`.
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
    classes_ : array of shape (k,)
        Labels; of several columns, their numbers.
    network_ : Sequential
        The trained network. Its outputs are logits, before the softmax.
    history_ : dict
        "train_loss" and "train_score" (accuracy), weighted means of the batches, each before its update and with
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
    >>> import feedforward as ff
    >>> X, y = ff.datasets.moons(n=300, random_state=0)
    >>> model = ff.MLPClassifier(hidden_sizes=(32, 32), batch_size=32, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95, model.predict_proba(X[:2]).shape
    (True, (2, 2))
    """

    classes_: Array

    _rules: ClassVar[Mapping[str, Rule]] = {**NetworkEstimator._rules, "class_weight": CLASS_WEIGHT}
    _losses = ("cross_entropy", "squared_error", "binary_cross_entropy")
    _several: bool  # whether y has several columns: any number of labels a row

    def __init__(
        self,
        hidden_sizes: Any = (100,),
        *,
        activation: str | nn.ActivationLayer = "relu",
        loss: str | nn.Loss = "cross_entropy",
        optimizer: str | nn.Optimizer = "adam",
        learning_rate: float = 1e-3,
        schedule: str = "constant",
        batch_size: int | None = 128,
        max_epochs: int = 100,
        weight_decay: float = 0.0,
        dropout: float = 0.0,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
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
        self.class_weight = class_weight
        self.engine = engine
        self.device = device
        self.dtype = dtype
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Go on from where training stands: one pass over these rows, in the order given.

        The optimizer goes on with what it remembers, and the schedule where it was. Nothing stops it: with `patience`,
        ``should_stop_`` says when it would be time.

        Parameters
        ----------
        X : array, DataFrame or sparse matrix of shape (n, m)
            One row may be given as an array of shape (m,), with a single label.
        y : array-like of shape (n,) or (n, t), or one label
        classes : array-like of shape (k,), optional
            Every class there will ever be. Needed in the first call where `y` does not have them all.
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
            If rows, targets, weights or settings cannot be used, or a label is not one of the classes.

        Examples
        --------
        >>> import feedforward as ff
        >>> model = ff.MLPClassifier(random_state=0)
        >>> model = model.partial_fit([[1.0, 2.0]], ["spam"], classes=["ham", "spam"])
        >>> model.partial_fit([[-1.0, 0.5]], ["ham"]).n_iter_
        2
        """
        if isinstance(self.class_weight, str):
            raise SettingError(
                f"{type(self).__name__}: class_weight={self.class_weight!r} needs all rows at once, and partial_fit "
                "sees only some; give a dict from class to weight."
            )
        if hasattr(self, "network_"):
            check_same_classes(classes, self.classes_)
        self._fit_pass(X, y, sample_weight, X_val, y_val, classes)
        return self

    def predict(self, X: Any) -> Array:
        """Return the label of each row, of shape (n,); of several columns 0 or 1 for each, of shape (n, t).

        Raises
        ------
        InputError
            If the columns are not those of training, or a number is not finite, or too large.
        """
        outputs = self._outputs(X)
        if self._several:
            return (outputs > 0).astype(np.int64)
        labels: Array = self.classes_[outputs.argmax(axis=1)]
        return labels

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, of shape (n, k), rows summing to 1; of several columns that of 1.

        Errors are those of `predict`.
        """
        outputs = self._outputs(X)
        probabilities: Array = self._loss.probabilities(outputs)
        return probabilities

    # What targets and outputs mean ---------------------------------------------------------------------------------

    def _read_targets(self, y: Any, name: str) -> Array:
        return indicators(y, name) if is_table(y, name) else one_column(y)

    def _encode(self, y: Array, name: str, *, fresh: bool = False, classes: Any = None) -> Array:
        if fresh:
            self._several = y.ndim == 2
        if self._several or y.ndim == 2:
            return self._encode_several(y, name, fresh=fresh, classes=classes)
        if fresh and classes is None:
            self.classes_, codes = encode_labels(y)
        elif name == "y":
            known = encode_labels(classes)[0] if fresh else self.classes_
            self.classes_, codes = encode_labels(y, known)
        else:
            codes = known_codes(y, self.classes_, name)
        self.n_outputs_ = len(self.classes_)
        return codes

    def _encode_several(self, y: Array, name: str, *, fresh: bool, classes: Any) -> Array:
        if fresh:
            self.classes_ = np.arange(y.shape[1])
            self.n_outputs_ = y.shape[1]
        shape = (self.n_outputs_,) if self._several else ()
        if y.shape[1:] != shape or (fresh and classes is not None and len(np.unique(classes)) != y.shape[1]):
            expected = f"('n', {self.n_outputs_})" if self._several else "('n',)"
            raise InputError(
                f"{name} has shape {y.shape}, and the network was made for y of shape {expected}"
                f"{'' if classes is None else f' and classes={classes!r}'}. To learn other targets, fit anew."
            )
        return y

    def _weigh(self, weights: Array | None, codes: Array) -> Array | None:
        if self.class_weight is None:
            return weights
        if self._several:
            raise SettingError(
                f"{type(self).__name__}: class_weight={self.class_weight!r} is for one class a row, and y has "
                f"{self.n_outputs_} columns. Give sample_weight."
            )
        weighed = row_weights(weights, self.class_weight, self.classes_, codes)
        if not weighed.any():
            raise InputError(
                f"class_weight={self.class_weight!r} leaves every row the weight zero: nothing would be learned."
            )
        return weighed

    def _choose_loss(self, recipe: Recipe) -> nn.Loss:
        owner, loss = type(self).__name__, build_loss(recipe)
        if self._several:
            if recipe.loss == "cross_entropy":
                return nn.BCEWithLogitsLoss()
            if not isinstance(loss, nn.BCEWithLogitsLoss):
                raise SettingError(
                    f"{owner}: loss={recipe.loss!r} does not fit y of several columns, each 0 or 1. "
                    'Take loss="cross_entropy", which is then that of each column.'
                )
        elif isinstance(loss, nn.BCEWithLogitsLoss) or not hasattr(loss, "probabilities"):
            raise SettingError(
                f"{owner}: loss={recipe.loss!r} has no probabilities that sum to 1 over the classes. "
                'Take loss="cross_entropy", which for two classes is the binary one, or "squared_error".'
            )
        return loss

    def _final_layer(self) -> nn.Layer | None:
        return nn.Sigmoid() if isinstance(self._loss, nn.MSELoss) else None

    def _score_name(self) -> str:
        return "exact" if self._several else "accuracy"

    def _troubles_with(self, codes: Array) -> list[str]:
        if codes.ndim == 2 or (codes != codes[0]).any():
            return []
        label = self.classes_.tolist()[codes[0]]
        return [f"every row has the class {label!r}: there is nothing to tell apart. Give rows of another."]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.loss == "cross_entropy"
        return tags
