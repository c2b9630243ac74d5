"""The peers of `networks.py`, each in its best form: how other libraries train the same network, and the limit."""

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from contest import BETA_1, BETA_2, EPSILON, RATE, THREADS, Array, Contender, Task

BLOCK = 1024  # rows that are predicted together by the products


class NumpyProducts(Contender):
    """The limit: for each layer the products of forward, of ∂L/∂W and, but for the first, of ∂L/∂A."""

    name = "matrix products, NumPy"
    forms = ("np.matmul", "np.dot")

    def __init__(self, task: Task, form: str) -> None:
        super().__init__(task, form)
        self.product: Any = np.matmul if form == "np.matmul" else np.dot
        self.buffers = [np.empty((BLOCK, h), np.float32) for h in task.sizes[1:]]

    def start(self) -> None:
        self.W = [w for w, _ in self.task.weights()]
        self.A = [np.random.default_rng(0).random((self.task.batch, m), np.float32) for m in self.task.sizes]
        self.delta, self.W_slope = [a.copy() for a in self.A], [w.copy() for w in self.W]

    def train(self, epochs: int) -> None:
        A, W, delta = self.A, self.W, self.delta
        for _ in range(epochs * self.task.batches):
            for i in range(len(W)):
                self.product(A[i], W[i].T, out=A[i + 1])
            for i in reversed(range(len(W))):
                self.product(delta[i + 1].T, A[i], out=self.W_slope[i])
                if i:
                    self.product(delta[i + 1], W[i], out=delta[i])

    def predict(self, X: Array) -> Array:
        """Return the last block's outputs: blocks that stay in the cache are faster than all rows at once."""
        for first in range(0, len(X), BLOCK):
            A = X[first : first + BLOCK]
            for W, Z in zip(self.W, self.buffers, strict=True):
                A = self.product(A, W.T, out=Z[: len(A)])
        return A


class TorchProducts(Contender):
    """The same products by torch."""

    name = "matrix products, torch"
    needs = "torch"

    def start(self) -> None:
        import torch

        torch.set_num_threads(THREADS)
        torch.set_grad_enabled(False)
        self.W = [torch.from_numpy(w) for w, _ in self.task.weights()]
        self.A = [torch.rand(self.task.batch, m) for m in self.task.sizes]
        self.delta, self.W_slope = [a.clone() for a in self.A], [w.clone() for w in self.W]
        self.buffers = [torch.empty(BLOCK, h) for h in self.task.sizes[1:]]

    def train(self, epochs: int) -> None:
        import torch

        A, W, delta = self.A, self.W, self.delta
        for _ in range(epochs * self.task.batches):
            for i in range(len(W)):
                torch.mm(A[i], W[i].t(), out=A[i + 1])
            for i in reversed(range(len(W))):
                torch.mm(delta[i + 1].t(), A[i], out=self.W_slope[i])
                if i:
                    torch.mm(delta[i + 1], W[i], out=delta[i])

    def predict(self, X: Array) -> Array:
        import torch

        rows: Any = torch.from_numpy(X)
        for A in rows.split(BLOCK):
            for W, Z in zip(self.W, self.buffers, strict=True):
                A = torch.mm(A, W.t(), out=Z[: len(A)])
        return np.asarray(A)


class ScikitLearn(Contender):
    """Whole calls of `fit`, warm so that it starts from the weights of all. Two classes are one logit to it."""

    name = "scikit-learn"
    needs = "sklearn"
    quick = False

    def __init__(self, task: Task, form: str) -> None:
        super().__init__(task, form)
        from sklearn.neural_network import MLPClassifier

        self.model = MLPClassifier(
            task.sizes[1:-1],
            batch_size=task.batch,
            learning_rate_init=RATE,
            alpha=0.0,
            tol=0.0,
            n_iter_no_change=10**6,
            max_iter=1,
            warm_start=True,
            random_state=task.seed,
        ).fit(self.X, self.y)

    def start(self) -> None:
        *weights, (w, b) = self.task.weights()
        weights.append((w, b) if len(b) > 2 else (w[1:] - w[:1], b[1:] - b[:1]))
        self.model.coefs_ = [w.T.copy() for w, _ in weights]
        self.model.intercepts_ = [b for _, b in weights]
        self.model.t_ = 0  # rows seen

    def train(self, epochs: int) -> None:
        self.model.set_params(max_iter=epochs).fit(self.X, self.y)

    def steps(self) -> int:
        return int(self.model.t_) // self.task.batch

    def predict(self, X: Array) -> Array:
        return np.asarray(self.model.predict_proba(X))


class Torch(Contender):
    """Plain torch: rows in memory, whole batches taken by an index, which is shuffled beforehand."""

    name = "torch, sliced tensors"
    needs = "torch"
    forms: ClassVar[tuple[str, ...]] = ("fused Adam", "foreach Adam")

    def start(self) -> None:
        import torch

        torch.set_num_threads(THREADS)
        self.network = torch_network(self.task)
        fused = self.form == "fused Adam"
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=RATE, fused=fused, foreach=not fused)
        self.rows, self.labels = torch.from_numpy(self.X), torch.from_numpy(self.y)
        self.order: Any = torch.from_numpy(self.task.order())
        torch.manual_seed(self.task.seed)  # for the DataLoader, which shuffles

    def train(self, epochs: int) -> None:
        from torch.nn.functional import cross_entropy

        for order in self.order[:epochs]:
            for batch in order.split(self.task.batch):
                self.optimizer.zero_grad(set_to_none=True)
                loss: Any = cross_entropy(self.network(self.rows[batch]), self.labels[batch])
                loss.backward()
                self.optimizer.step()

    def steps(self) -> int:
        return int(next(iter(self.optimizer.state.values()))["step"])

    def predict(self, X: Array) -> Array:
        import torch

        with torch.inference_mode():
            return np.asarray(torch.softmax(self.network(torch.from_numpy(X)), dim=1))


class TorchLoader(Torch):
    """The loop of torch's tutorials."""

    name = "torch, DataLoader"
    forms = ("",)
    quick = False

    def train(self, epochs: int) -> None:
        import torch
        from torch.utils.data import DataLoader, TensorDataset

        loader = DataLoader(TensorDataset(self.rows, self.labels), batch_size=self.task.batch, shuffle=True)
        loss = torch.nn.CrossEntropyLoss()
        for _ in range(epochs):
            for x, y in loader:
                self.optimizer.zero_grad()
                loss(self.network(x), y).backward()
                self.optimizer.step()


def torch_network(task: Task) -> Any:
    import torch

    layers: list[torch.nn.Module] = []
    for m, h in pairwise(task.sizes):
        layers += [torch.nn.Linear(m, h), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    with torch.no_grad():
        linear: Any = network[::2]
        for layer, (w, b) in zip(linear, task.weights(), strict=True):
            layer.weight.copy_(torch.from_numpy(w))
            layer.bias.copy_(torch.from_numpy(b))
    return network


class Skorch(Contender):
    """skorch without callbacks, and with an iterator that slices in place of its DataLoader."""

    name = "skorch"
    needs = "skorch"
    forms = ("fused Adam", "foreach Adam")
    quick = False

    def start(self) -> None:
        import torch
        from skorch import NeuralNetClassifier

        torch.set_num_threads(THREADS)
        torch.manual_seed(self.task.seed)
        self.model = NeuralNetClassifier(
            torch_network(self.task),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            optimizer__fused=self.form == "fused Adam",
            lr=RATE,
            batch_size=self.task.batch,
            train_split=None,
            callbacks="disable",
            iterator_train=Slices,
            iterator_train__shuffle=True,
            iterator_valid=Slices,
            iterator_valid__batch_size=10**6,
            verbose=0,
        ).initialize()

    def train(self, epochs: int) -> None:
        self.model.partial_fit(self.X, self.y, epochs=epochs)

    def steps(self) -> int:
        return int(next(iter(self.model.optimizer_.state.values()))["step"])

    def predict(self, X: Array) -> Array:
        return np.asarray(self.model.predict_proba(X))


class Slices:
    """Batches of a data set in memory, without touching single rows."""

    def __init__(self, dataset: Any, batch_size: int, shuffle: bool = False) -> None:
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle

    def __iter__(self) -> Iterator[Any]:
        import torch

        X: Any = torch.from_numpy(self.dataset.X)
        if not self.shuffle:  # predictions need no labels
            yield from ((x, x[:, 0]) for x in X.split(self.batch_size))
            return
        y, order = torch.from_numpy(self.dataset.y), torch.randperm(len(X))
        for first in range(0, len(X), self.batch_size):
            batch = order[first : first + self.batch_size]
            yield X[batch], y[batch]


class Keras(Contender):
    """Keras on JAX, jit_compile; torch beneath it takes five times as long on a CPU."""

    name = "Keras (JAX)"
    needs = "keras"
    forms = ("1 step an execution", "10 steps an execution")
    quick = False

    def __init__(self, task: Task, form: str) -> None:
        super().__init__(task, form)
        os.environ["KERAS_BACKEND"], os.environ["JAX_PLATFORMS"] = "jax", "cpu"
        import keras
        from keras.layers import Dense

        hidden = [Dense(h, activation="relu") for h in task.sizes[1:-1]]
        self.model = keras.Sequential([keras.Input((task.sizes[0],)), *hidden, Dense(task.sizes[-1])])
        self.model.compile(
            optimizer=keras.optimizers.Adam(RATE, BETA_1, BETA_2, EPSILON),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=True,
            steps_per_execution=int(form.split()[0]),
        )
        self.reader = keras.Sequential([self.model, keras.layers.Softmax()])
        self.model.optimizer.build(self.model.trainable_variables)
        self.fresh = [np.asarray(variable) for variable in self.model.optimizer.variables]

    def start(self) -> None:
        import keras

        keras.utils.set_random_seed(self.task.seed)  # for `fit`, which shuffles
        self.model.set_weights([array for w, b in self.task.weights() for array in (w.T, b)])
        for variable, value in zip(self.model.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)

    def train(self, epochs: int) -> None:
        self.model.fit(self.X, self.y, batch_size=self.task.batch, epochs=epochs, verbose=0)

    def steps(self) -> int:
        return int(self.model.optimizer.iterations)

    def predict(self, X: Array) -> Array:
        return np.asarray(self.reader.predict_on_batch(X))


class Jax(Contender):
    """JAX: many steps in one compiled scan, Adam written by hand, buffers donated."""

    name = "JAX, scan"
    needs = "jax"
    forms = ("an epoch a call, its rows gathered first", "all epochs in one call, rows gathered by step")

    def __init__(self, task: Task, form: str) -> None:
        super().__init__(task, form)
        os.environ["JAX_PLATFORMS"] = "cpu"
        import jax

        self.rows, self.labels = jax.numpy.asarray(self.X), jax.numpy.asarray(self.y, "int32")
        self.order = jax.numpy.asarray(task.order().reshape(-1, task.batches, task.batch), "int32")
        self.run = jax.jit(jax_run, donate_argnums=0, static_argnames="gather_first")
        self.reader = jax.jit(lambda parameters, x: jax.nn.softmax(jax_outputs(parameters, x)))

    def start(self) -> None:
        import jax

        parameters = [(jax.numpy.asarray(w.T), jax.numpy.asarray(b)) for w, b in self.task.weights()]
        mean, square = (jax.tree.map(jax.numpy.zeros_like, parameters) for _ in range(2))
        self.state = jax.block_until_ready((parameters, mean, square, jax.numpy.float32(0)))

    def train(self, epochs: int) -> None:
        import jax

        if gather_first := self.form.startswith("an epoch"):
            calls = [self.order[i] for i in range(epochs)]
        else:
            calls = [self.order[:epochs].reshape(-1, self.task.batch)]
        for order in calls:
            self.state, _ = self.run(self.state, self.rows, self.labels, order, gather_first=gather_first)
        jax.block_until_ready(self.state)

    def steps(self) -> int:
        return int(self.state[-1])

    def predict(self, X: Array) -> Array:
        return np.asarray(self.reader(self.state[0], X))


def jax_outputs(parameters: Any, a: Any) -> Any:
    import jax

    for w, b in parameters[:-1]:
        a = jax.nn.relu(a @ w + b)
    w, b = parameters[-1]
    return a @ w + b


def jax_loss(parameters: Any, x: Any, y: Any) -> Any:
    import jax

    log_p = jax.nn.log_softmax(jax_outputs(parameters, x))
    return -jax.numpy.take_along_axis(log_p, y[:, None], axis=1).mean()


def jax_step(state: Any, batch: Any) -> Any:
    import jax

    parameters, mean, square, t = state
    loss, slope = jax.value_and_grad(jax_loss)(parameters, *batch)
    t = t + 1
    rate, root = RATE / (1 - BETA_1**t), jax.numpy.sqrt(1 - BETA_2**t)
    mean = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, mean, slope)
    square = jax.tree.map(lambda s, g: BETA_2 * s + (1 - BETA_2) * g * g, square, slope)
    new = jax.tree.map(lambda w, m, s: w - rate * m / (jax.numpy.sqrt(s) / root + EPSILON), parameters, mean, square)
    return (new, mean, square, t), loss


def jax_run(state: Any, X: Any, y: Any, order: Any, gather_first: bool) -> Any:
    import jax

    if gather_first:
        return jax.lax.scan(jax_step, state, (X[order], y[order]))
    return jax.lax.scan(lambda state, rows: jax_step(state, (X[rows], y[rows])), state, order)


PEERS: list[type[Contender]] = [NumpyProducts, TorchProducts, Jax, Torch, TorchLoader, Skorch, Keras, ScikitLearn]
