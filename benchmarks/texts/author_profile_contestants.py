"""The contestants of `benchmarks.texts.author_profile_speed`: each builds its network and times its steps.

A contestant is a function of (posts, targets) per data set's batches; see `CONTESTANTS`.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

BATCH = 64
VOCABULARY, EMBEDDING, GROUPS = 50_000, 256, 10
WEIGHTS = {"age": 0.25, "income": 1.0, "gender": 10.0}  # Chollet 2017, listing 7.4

Arrays = dict[str, np.ndarray]
Measure = Callable[[np.ndarray, Arrays], float]  # posts (n, 500) and targets -> seconds a step, the first step aside


def keras_textbook() -> Measure:
    """Chollet 2017, section 7.1.3: "valid" convolutions without masks, plain compile and fit with RMSprop."""
    import keras
    from keras import layers

    posts = keras.Input((None,), dtype="int32", name="posts")
    x = layers.Embedding(VOCABULARY, EMBEDDING)(posts)
    x = layers.Conv1D(128, 5, activation="relu")(x)
    x = layers.MaxPooling1D(5)(x)
    x = layers.Conv1D(256, 5, activation="relu")(x)
    x = layers.Conv1D(256, 5, activation="relu")(x)
    x = layers.MaxPooling1D(5)(x)
    x = layers.Conv1D(256, 5, activation="relu")(x)
    x = layers.Conv1D(256, 5, activation="relu")(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(128, activation="relu")(x)
    outputs = {
        "age": layers.Dense(1, name="age")(x),
        "income": layers.Dense(GROUPS, activation="softmax", name="income")(x),
        "gender": layers.Dense(1, activation="sigmoid", name="gender")(x),
    }
    return _plain_fit(keras.Model([posts], outputs))


def keras_profile() -> Measure:
    """The zoo's author profile (lengths kept, padding masked: 7 % more arithmetic) by plain compile and fit."""
    from zoo.models import author_profile

    return _plain_fit(author_profile())


def zoo_recipe() -> Measure:
    """The zoo's author profile by the optimiser and balance of its recipe: `fit` runs these very steps."""
    from zoo.tasks.texts import CLASSIC

    return _zoo_steps(CLASSIC.training["optimiser"], CLASSIC.training["balance"])


def zoo_rmsprop() -> Measure:
    """The same with RMSprop and fixed weights of the losses, as the others have them."""
    from zoo.training import Optimiser

    return _zoo_steps(Optimiser("rmsprop", schedule="constant"), "static")


def _plain_fit(model: Any) -> Measure:
    import keras

    losses = {"age": "mse", "income": "sparse_categorical_crossentropy", "gender": "binary_crossentropy"}
    model.compile(optimizer="rmsprop", loss=losses, loss_weights=WEIGHTS)

    def measure(posts: np.ndarray, targets: Arrays) -> float:
        ends: list[float] = []
        clock = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter()))
        model.fit(posts, targets, batch_size=BATCH, verbose=0, callbacks=[clock])
        return _pace(ends)

    return measure


def _zoo_steps(optimiser: Any, balance: str) -> Measure:
    from zoo.models import author_profile
    from zoo.samples import Samples, Target
    from zoo.training import heads_for
    from zoo.training.balance import BALANCES
    from zoo.training.batches import Batches
    from zoo.training.trainer import Trainer

    labels = tuple(str(group) for group in range(GROUPS))
    targets = {
        "age": Target("regression"),
        "income": Target("classification", labels),
        "gender": Target("binary", ("woman", "man")),
    }
    heads = heads_for(targets, weight=WEIGHTS)
    trainer = Trainer(author_profile(), heads, BALANCES[balance](heads, dict.fromkeys(heads, 1.0)), {})
    trainer.compile(optimizer=optimiser.build(1000, heads, trainer.trainable_variables))

    def measure(posts: np.ndarray, targets: Arrays) -> float:
        batches, ends = Batches(Samples({"posts": posts}, targets), batch_size=BATCH), []
        for rows in batches.order(epoch=0):
            trainer.train_on_batch(batches.inputs(rows), batches.targets(rows), return_dict=True)
            ends.append(time.perf_counter())
        return _pace(ends)

    return measure


def torch_network(
    *, sparse: bool = False, channels_last: bool = False, compiled: bool = False, half: bool = False
) -> Measure:
    """The textbook's network in PyTorch, RMSprop.

    sparse         the embedding's gradient holds touched rows only, which SparseAdam alone can take.
    channels_last  convolutions in two dimensions with the channels innermost in memory.
    compiled       torch.compile. half: bfloat16 by autocast.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(0)
    flat = (lambda size: (1, size)) if channels_last else (lambda size: size)
    convolution, pool = (nn.Conv2d, nn.MaxPool2d) if channels_last else (nn.Conv1d, nn.MaxPool1d)

    class Profile(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(VOCABULARY, EMBEDDING, sparse=sparse)
            parts: list[nn.Module] = []
            for read, filters, shorten in (
                (EMBEDDING, 128, True), (128, 256, False), (256, 256, True), (256, 256, False), (256, 256, False),
            ):  # fmt: skip
                parts += [convolution(read, filters, flat(5)), nn.ReLU(), *([pool(flat(5))] if shorten else [])]
            self.encoder = nn.Sequential(*parts)
            self.dense, self.heads = nn.Linear(256, 128), nn.Linear(128, GROUPS + 2)

        def forward(self, posts: torch.Tensor) -> torch.Tensor:
            x = self.embedding(posts).transpose(1, 2)  # (B, 256, L)
            x = self.encoder(x.unsqueeze(2) if channels_last else x)
            return self.heads(torch.relu(self.dense(x.flatten(2).amax(2))))

    network = Profile().to(memory_format=torch.channels_last) if channels_last else Profile()
    table = [network.embedding.weight] if sparse else []
    others = [parameter for parameter in network.parameters() if not any(parameter is each for each in table)]
    optimisers: list[Any] = [torch.optim.RMSprop(others, 1e-3)]
    if sparse:
        optimisers.append(torch.optim.SparseAdam(table, 1e-3))
    run = torch.compile(network) if compiled else network

    def step(posts: torch.Tensor, targets: dict[str, torch.Tensor]) -> None:
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            y = run(posts)
        y = y.float()
        age = functional.mse_loss(y[:, 0], targets["age"])
        income = functional.cross_entropy(y[:, 2:], targets["income"])
        gender = functional.binary_cross_entropy_with_logits(y[:, 1], targets["gender"])
        (WEIGHTS["age"] * age + WEIGHTS["income"] * income + WEIGHTS["gender"] * gender).backward()
        for optimiser in optimisers:
            optimiser.step()

    def measure(posts: np.ndarray, targets: Arrays) -> float:
        ends = []
        tokens = torch.from_numpy(posts.astype(np.int64))
        kinds = {"age": np.float32, "income": np.int64, "gender": np.float32}
        labels = {name: torch.from_numpy(targets[name].astype(kind)) for name, kind in kinds.items()}
        for start in range(0, len(posts), BATCH):
            part = slice(start, start + BATCH)
            step(tokens[part], {name: values[part] for name, values in labels.items()})
            ends.append(time.perf_counter())
        return _pace(ends)

    return measure


def _pace(ends: Sequence[float]) -> float:
    """Seconds a step, from the end of the first step to the end of the last."""
    return (ends[-1] - ends[0]) / (len(ends) - 1)


CONTESTANTS: dict[str, Callable[[], Measure]] = {
    "zoo": zoo_recipe,
    "zoo_rmsprop": zoo_rmsprop,
    "keras_textbook": keras_textbook,
    "keras_profile": keras_profile,
    "torch_float32": torch_network,
    "torch_sparse": lambda: torch_network(sparse=True),
    "torch_channels_last": lambda: torch_network(channels_last=True),
    "torch_channels_last_sparse": lambda: torch_network(channels_last=True, sparse=True),
    "torch_compiled": lambda: torch_network(channels_last=True, compiled=True),
    "torch_bfloat16": lambda: torch_network(channels_last=True, sparse=True, half=True),
}
