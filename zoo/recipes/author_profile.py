"""How the author profiles are trained, for each kind of data. All choices were made on validation splits."""

from collections.abc import Mapping
from typing import Any

from zoo.datasets.dataset import Dataset
from zoo.recipes.settings import Settings
from zoo.training import Optimiser, Recipe, heads_for

STATIC_WEIGHTS = {"age": 0.25, "income": 1.0, "industry": 1.0, "gender": 10.0}  # Chollet 2017, section 7.1.3

# The static weights let the age, whose squared error is counted in years, take nearly all of the gradient; with Adam
# the income then stays near the constant answer for many epochs. Learnt weights and Muon cure both.
CLASSIC = Settings(
    config={"dropout": 0.15},
    training={
        "epochs": 5,
        "batch_size": 128,
        "balance": "uncertainty",
        "optimiser": Optimiser("muon", learning_rate=2e-3, warm_up=0.1),
    },
    weights=STATIC_WEIGHTS,
)

# What a post tells of its writer is a sum of what its sentences tell. With one convolution that knows them, and the sum
# over the post in the place of the maximum, nothing is left for Muon to cure, and an epoch takes a quarter of the time.
# The heads read the sums themselves beside the dense layer: there, evidence adds up without a bound. Unknown words and
# dropout of the sums steady the gender, whose linear model is nearly as good as can be; dropout of the embedding's
# channels gains less than the time that it costs.
SMALL = Settings(
    config={
        "embedding_dim": 128,
        "stages": ((128,),),
        "pooling": "sum",
        "units": 256,
        "skip": True,
        "pooled_dropout": 0.3,
    },
    training={
        "epochs": 5,
        "batch_size": 128,
        "balance": "uncertainty",
        "token_dropout": 0.05,
        "optimiser": Optimiser("adamw", learning_rate=3e-3, warm_up=0.1, weight_decay=0.2),
    },
    weights=STATIC_WEIGHTS,
)

# Few authors: the weights of the losses say how strongly each output pulls against the penalty on the bag's vectors, so
# a small weight is a strong regularisation. Ages are skewed, and judged by their mean absolute error in years. The
# average of the weights steadies what so few authors can tell. Of industries, which a thousand authors hardly tell
# apart, only a linear score of the words learns anything that holds for others.
WIDE = Settings(
    config={"dropout": 0.5},
    training={
        "epochs": 5,
        "batch_size": 32,
        "balance": "static",
        "optimiser": Optimiser("adam", learning_rate=3e-3, average=0.99),
    },
    losses={"age": "mae"},
    weights={"age": 0.25, "income": 0.5, "industry": 0.5, "gender": 1.0},
)
SETTINGS = {"author_profile_small": SMALL, "author_profile_wide": WIDE}  # entry -> settings; `CLASSIC` for the others


def recipe(dataset: Dataset, entry: str, *, data: str, options: Mapping[str, Any]) -> Recipe:
    """The recipe of `entry` on `dataset`, which was loaded as `data` with `options`."""
    assert dataset.tokeniser is not None
    settings = SETTINGS.get(entry, CLASSIC)
    config = {**settings.config, "vocabulary_size": dataset.tokeniser.size, "targets": list(dataset.targets)}
    for target in dataset.targets.values():
        if target.kind == "classification":
            config["income_groups"] = len(target.labels)
    heads = heads_for(
        dataset.targets,
        weight={name: settings.weights[name] for name in dataset.targets},
        loss={name: loss for name, loss in settings.losses.items() if name in dataset.targets},
    )
    return Recipe(
        heads,
        entry=entry,
        config=config,
        data=data,
        data_options=dict(options),
        trim_padding=True,
        **settings.training,
    )
