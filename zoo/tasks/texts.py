"""Texts, and what is to be said of each: of posts who wrote them; or any labels of one's own.

All choices of the settings were made on validation splits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from zoo.columns import Schema
from zoo.columns.frames import Frame, pandas
from zoo.columns.reading import FORMATS
from zoo.datasets.dataset import Dataset
from zoo.datasets.texts.text_folders import SUFFIXES, texts_below
from zoo.errors import DataError
from zoo.models.author_profile import TARGETS
from zoo.samples import Target
from zoo.tasks.length import Length
from zoo.tasks.settings import Settings
from zoo.tasks.task import Task, targets_of
from zoo.training import Optimiser

CHOSEN_ON = 11_000  # texts, of the data sets with a name
STATIC_WEIGHTS = {"age": 0.25, "income": 1.0, "industry": 1.0, "gender": 10.0}  # Chollet 2017, section 7.1.3

# The static weights let the age, whose squared error is counted in years, take nearly all of the gradient; with Adam
# the income then stays near the constant prediction for many epochs. Learnt weights and Muon cure both.
CLASSIC = Settings(
    config={"dropout": 0.15},
    training={
        "epochs": 5,
        "batch_size": 128,
        "balance": "uncertainty",
        "trim_padding": True,
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
        "trim_padding": True,
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
        "trim_padding": True,
        "optimiser": Optimiser("adam", learning_rate=3e-3, average=0.99),
    },
    losses={"age": "mae"},
    weights={"age": 0.25, "income": 0.5, "industry": 0.5, "gender": 1.0},
)
# Texts with labels of one's own: a linear score of words and pairs of words, which is what some thousand texts
# tell first, beside the convolution. On clothing reviews, by validation: accuracy of "recommended" .898 with it and
# .895 without, AUC .945 and .928, of five ratings .654 and .643, of departments .863 and .851.
OWN = Settings(
    config={**SMALL.config, "bag": True, "bag_l2": 2e-3, "word_dropout": 0.3, "dropout": 0.3},
    training={
        "epochs": 5,
        "batch_size": 32,
        "balance": "relative",
        "trim_padding": True,
        "optimiser": Optimiser("adam", learning_rate=3e-3, average=0.99),
    },
)
SETTINGS = {"author_profile_small": SMALL, "author_profile_wide": WIDE}  # entry -> settings; `CLASSIC` for the others


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of the entry, on posts; of the small one others on texts with labels of one's own.

    The losses and weights of the reference's outputs are for those alone. A file of one's own is trained on as long as
    suits its number of texts.
    """
    found = SETTINGS.get(entry, CLASSIC)
    if not _is_profile(dataset):
        found = OWN if entry == "author_profile_small" else replace(found, losses={}, weights={})
    return found if data in TASK.sources else replace(found, length=Length.like(found.training, CHOSEN_ON))


def _is_profile(dataset: Dataset) -> bool:
    """Whether the targets are some of the reference's."""
    return _are_profile(dataset.targets)


def _are_profile(targets: Mapping[str, Target]) -> bool:
    own = all(TARGETS.get(name) == target.kind for name, target in targets.items())
    return own and not {"income", "industry"} <= targets.keys()


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The vocabulary, and the outputs: those of the reference where the data has no other."""
    found = {**settings.config, "vocabulary_size": dataset.schema.of("text")[0].size}
    if _is_profile(dataset):
        classes = [len(target.labels) for target in dataset.targets.values() if target.kind == "classification"]
        return {**found, "targets": list(dataset.targets), **({"income_groups": classes[0]} if classes else {})}
    return {**found, "outputs": dataset.schema.model_config()["outputs"]}


def rows(texts: Sequence[str], schema: Schema) -> Frame:
    """A text a row."""
    names = schema.names
    if len(names) != 1:
        raise DataError(f"The model reads the columns {', '.join(names)}; give a file of rows.")
    return pandas().DataFrame({names[0]: list(texts)}, dtype=object)


def file_options(schema: Schema) -> Mapping[str, Any]:
    """What other texts are read for: the labels of one's own that the model predicts."""
    return {} if _are_profile(schema.targets) else {"targets": targets_of(schema)}


TASK = Task(
    name="texts",
    families=("author_profile",),
    of="posts",
    sources={"posts": "zoo.datasets.texts.posts:posts", "blogs": "zoo.datasets.texts.blogs:blogs"},
    file="zoo.datasets.texts.posts_file:read_file",
    readers={"targets": "zoo.datasets.texts.texts_file:read_texts_file"},
    read_again=("text", "person", "written"),
    file_options=file_options,
    suffixes=FORMATS,
    folder="zoo.datasets.texts.texts_file:read_texts_file",
    inside=SUFFIXES,
    folder_rows=texts_below,
    settings=settings,
    config=config,
    rows=rows,
)
