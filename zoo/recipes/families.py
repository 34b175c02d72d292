"""Which recipes an entry has, by the family that it is of: those of texts or those of tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras

from zoo.catalogue import ENTRIES, describe
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError
from zoo.recipes import author_profile, pairs, poems, questions, tables, texts
from zoo.recipes.trained import Trained, read_trained, trained_file
from zoo.recipes.trained_pairs import read_trained_pairs
from zoo.recipes.trained_poem import TrainedPoem, read_trained_poem
from zoo.recipes.trained_questions import read_trained_questions
from zoo.recipes.trained_table import TrainedTable, read_trained_table
from zoo.report import Report
from zoo.report.language import LanguageReport
from zoo.samples import Samples
from zoo.training import Recipe, Run
from zoo.weights import read_metadata

AnyReport = Report | LanguageReport
AnyTrained = Trained | TrainedTable | TrainedPoem


@dataclass(frozen=True)
class Family:
    """What the verbs need to know of a kind of models.

    load     (data, options, file of a model whose vocabulary or schema is to be used, or None) -> data set.
    recipe   (data set, entry, data=, options=) -> recipe.
    rows     (data set, entry) -> what is trained on.
    trained  (model, recipe, data set, origin=) -> what answers, and is saved.
    read     the file of it -> what answers.
    file     the name of that file in a run folder.
    merges   whether what is saved can answer labels that training merged; a table's schema knows its own only.
    judge    (model, recipe, data set, run=, seed=) -> report; None: that of outputs with one answer a sample.
    fit      as `zoo.training.fit`, where a training is more than one; None: that.
    begin    (fresh model, data set): what it is given of the data before training; None: nothing.
    seen     samples -> what the simple models of a report are shown of them; None: the samples as they are.
    """

    load: Callable[[str, Mapping[str, Any], Path | None], Dataset]
    recipe: Callable[..., Recipe]
    rows: Callable[[Dataset, str], Samples]
    trained: Callable[..., AnyTrained]
    read: Callable[[Path], AnyTrained]
    file: str
    merges: bool
    seen: Callable[[Samples], Samples] | None = None
    judge: Callable[..., AnyReport] | None = None
    fit: Callable[..., Run] | None = None
    begin: Callable[[keras.Model, Dataset], None] | None = None


TEXTS = Family(
    load=texts.load,
    recipe=author_profile.recipe,
    rows=texts.training_rows,
    trained=texts.trained,
    read=read_trained,
    file="model.h5",
    merges=True,
)
TABLES = Family(
    load=tables.load,
    recipe=tables.recipe,
    rows=tables.training_rows,
    trained=tables.trained,
    read=read_trained_table,
    file="model.keras",
    merges=False,
)
PAIRS = Family(
    load=pairs.load,
    recipe=pairs.recipe,
    rows=pairs.training_rows,
    trained=pairs.trained,
    read=read_trained_pairs,
    file="model.h5",
    merges=False,
    seen=pairs.seen,
    begin=pairs.begin,
)
POEMS = Family(
    load=poems.load,
    recipe=poems.recipe,
    rows=poems.training_rows,
    trained=poems.trained,
    read=read_trained_poem,
    file="model.h5",
    merges=False,
    judge=poems.judge,
)
QUESTIONS, MEMORIES = (
    Family(
        load=partial(questions.load, name),
        recipe=questions.recipe,
        rows=questions.training_rows,
        trained=questions.trained,
        read=read_trained_questions,
        file="model.h5",
        merges=False,
        seen=questions.seen,
        fit=questions.fit_from_starts,
    )
    for name in ("question_answering", "memory_network")
)
FAMILIES = {
    "author_profile": TEXTS,
    "memory_network": MEMORIES,
    "poem": POEMS,
    "question_answering": QUESTIONS,
    "text_similarity": PAIRS,
    **dict.fromkeys(tables.GENERAL, TABLES),
}


def family_of(entry: str) -> Family:
    """The recipes of an entry. Raises `ConfigError` where there are none."""
    family = describe(entry).family
    if family not in FAMILIES:
        raise ConfigError(f"There is no recipe for '{entry}' yet; there are some for {', '.join(FAMILIES)}.")
    return FAMILIES[family]


def require_seed(seed: int) -> None:
    """Raise unless all random generators take this seed."""
    if not 0 <= seed < 2**32:
        raise ConfigError(f"A seed must not be negative, and below 2**32; received {seed}.")


def load_trained(source: str | Path) -> AnyTrained:
    """What answers, from a run folder, a file of a trained model, or "entry.tag" of the catalogue.

    Raises `WeightsError` for a file that does not hold a trained model, `UnknownNameError` for an unknown name.
    """
    path = trained_file(source)
    if path.suffix == ".keras":
        return read_trained_table(path)
    entry = read_metadata(path).get("entry")
    return (family_of(entry).read if entry in ENTRIES else read_trained)(path)
