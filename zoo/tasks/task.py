"""What a task is: its sources by name, the reader of a user's file, how its models are trained, what its report shows.

A task is one file of this package; it stands in `TASKS`, which the verbs, the command line and `load_dataset` read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from zoo.catalogue import describe
from zoo.columns import Schema
from zoo.columns.frames import Frame
from zoo.create import full_config
from zoo.datasets.class_folders import files_below
from zoo.datasets.dataset import Dataset
from zoo.datasets.table import Table
from zoo.errors import ConfigError, DataError, UnknownNameError, require_known
from zoo.pipeline import Pipeline
from zoo.samples import Samples
from zoo.tasks.settings import Settings
from zoo.training import Recipe, Run

if TYPE_CHECKING:
    from zoo.report import Report
    from zoo.report.language import LanguageReport
    from zoo.report.supplement import Supplement
    from zoo.tasks.structure_report import StructureReport

    AnyReport = Report | LanguageReport | StructureReport


def schema_config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """What the schema tells of every kind of column and of the outputs, and the options that the settings choose."""
    return {**dataset.schema.model_config(full_config(entry)), **settings.config}


@dataclass(frozen=True)
class Task:
    """One task. Functions are named by "module:function" where importing them needs more than the core.

    families  of the catalogue whose models are trained by it.
    sources   name of a data set -> function that gives its `Dataset` or `Table`.
    file      function that reads a user's file, by its path; `suffixes` are its endings.
    of        what a row is of, in the plural: "posts".
    settings  (data set, entry, name of the data) -> how the entry is trained on it.
    config    (data set, entry, settings) -> options of the builder that the data decides (`schema_config`).
    output_scale     data set -> options of the builder that say the scale of its outputs, where a training may start
              from weights of another scale; None: it may not.
    named     text -> (name of a source, options), for names that hold options ("babi-qa3"); else None.
    options   (entry, pretrained weights or None) -> options that its data is always loaded with.
    folder    function that reads a folder, where there is one, by its path; `inside` are the endings of its files.
    folder_rows      folder of a command line -> the rows to predict that it holds, with a column "file".
    is_base   (entry, weights) -> whether these weights are a base to fine-tune on any data, and not a trained pipeline.
    fine_tuning  how a pretrained base is trained on any data, in the place of `settings`; None: as any other model.
    init_model       (fresh model, data set): what it is given of the data before training.
    baseline_inputs  samples -> what the simple models of a report are shown of them.
    fit       as `zoo.training.fit`, where a training is more than one.
    evaluate  (model, recipe, data set, run=, seed=, thresholds=) -> report, where it is not that of outputs with one
              value a sample.
    asked_by  options that say by themselves that a file is read by this task: the `targets` of a table.
    read_again  options of a file, beside its targets, with which a trained model reads other files: what says which
              column is what; "types" are the kinds of columns that its schema knows.
    file_options     schema of a trained model -> options with which a file is read that it is to be judged on.
    told      (data set, entry, pretrained weights or None) -> sentences that a user should know before the training.
    groups    (data set, training samples, test samples) -> columns by which the report breaks errors down, beside those
              of the samples: name -> (n,) texts, "" where unknown.
    supplement  (report, data set) -> what the report shows beside the usual.
    rows      texts of a command line -> the rows that they mean.
    find      (pipeline, files) -> rows of what is found in them, several of one file, where a prediction a row is not
              what the model gives.
    show      (pipeline, texts) -> lines of text that reply to them, where rows of predictions do not.
    """

    name: str
    families: tuple[str, ...]
    of: str
    sources: Mapping[str, str]
    file: str
    suffixes: tuple[str, ...]
    settings: Callable[[Dataset, str, str], Settings]
    config: Callable[[Dataset, str, Settings], Mapping[str, Any]] = schema_config
    output_scale: Callable[[Dataset], Mapping[str, Any]] | None = None
    named: Callable[[str], tuple[str, dict[str, Any]] | None] = lambda text: None
    options: Callable[[str, str | None], Mapping[str, Any]] = lambda entry, weights: {}
    folder: str | None = None
    inside: tuple[str, ...] = ()
    folder_rows: Callable[[Path], Frame] | None = None
    is_base: Callable[[str, str | Path], bool] = lambda entry, weights: False
    fine_tuning: Settings | None = None
    init_model: Callable[[keras.Model, Dataset], None] | None = None
    baseline_inputs: Callable[[Samples], Samples] | None = None
    file_options: Callable[[Schema], Mapping[str, Any]] = lambda schema: {}
    fit: Callable[..., Run] | None = None
    evaluate: "Callable[..., AnyReport] | None" = None
    told: Callable[[Dataset, str, str | None], Sequence[str]] = lambda dataset, entry, weights: ()
    groups: Callable[[Dataset, Samples, Samples], Mapping[str, np.ndarray]] | None = None
    supplement: "Callable[[Report, Dataset], Supplement] | None" = None
    rows: Callable[[Sequence[str], Schema], Frame] | None = None
    find: Callable[[Pipeline, Sequence[str]], Frame] | None = None
    show: Callable[[Pipeline, Sequence[str]], list[str]] | None = None
    readers: Mapping[str, str] = field(default_factory=dict)  # option -> function that reads a file where it is given
    asked_by: tuple[str, ...] = ()
    read_again: tuple[str, ...] = ("types", "written")

    def load(
        self,
        data: str | Path,
        options: Mapping[str, Any] | None = None,
        schema: Schema | None = None,
        *,
        to_train: bool = False,
    ) -> Dataset:
        """The data set of this name, or of the file at this path; as the `schema` of a trained model reads it.

        to_train  the model is to be trained on: the data may have a scale of its own (`output_scale`).

        Raises `UnknownNameError` for an unknown name or option, `DataError` for a file that cannot be read,
        `ConfigError` where the targets are not those of the schema.
        """
        found = self.table(data, options or {})
        if isinstance(found, Dataset) and schema is None:
            return found
        table = found if isinstance(found, Table) else found.table
        assert table is not None
        if schema is not None and to_train and self.output_scale is not None:
            schema = table.with_scale(schema)
        return table.dataset(schema)

    def is_file(self, data: str | Path) -> bool:
        """Whether this is a user's file, and no name of a data set."""
        return str(data) not in self.sources and self.named(str(data)) is None

    def table(self, data: str | Path, options: Mapping[str, Any]) -> Dataset | Table:
        """What the source of this name gives, or the reader of a file."""
        given = str(data)
        if named := self.named(given):
            given, options = named[0], {**named[1], **options}
        if given in self.sources:
            return _call(self.sources[given], (), f"option of data set '{given}'", options)
        in_folder = self.folder is not None and is_folder(given, self.suffixes)
        if in_folder or is_path(given, self.suffixes):
            reader = next((self.readers[option] for option in options if option in self.readers), self.file)
            reader = self.folder if in_folder and self.folder else reader
            return _call(reader, (given,), f"option of a file of {self.of}", options)
        files = ["FOLDER"] * (self.folder is not None) + [f"FILE{suffix}" for suffix in unpacked(self.suffixes)]
        raise UnknownNameError(f"data set of {self.of}", given, self.sources, files)


TASKS: dict[str, Task] = {}  # by name, in the order in which data of a bare name is looked up


def register(task: Task) -> Task:
    """Add a task: from then on the verbs train its families, and `load_dataset` knows its sources."""
    for other in TASKS.values():
        if other.name != task.name and (twice := set(other.families) & set(task.families)):
            raise ConfigError(f"The family '{min(twice)}' is trained by the task '{other.name}' already.")
    TASKS[task.name] = task
    return task


def task_of(entry: str) -> Task:
    """The task of an entry. Raises `ConfigError` where no task trains it."""
    family = describe(entry).family
    for task in TASKS.values():
        if family in task.families:
            return task
    known = ", ".join(sorted(family for task in TASKS.values() for family in task.families))
    raise ConfigError(f"There is no recipe for '{entry}' yet; there are some for {known}.")


def list_datasets() -> list[str]:
    """The names that `load_dataset` knows, beside the path of a file."""
    return sorted(name for task in TASKS.values() for name in task.sources)


def load_dataset(name_or_path: str | Path, *, task: str | None = None, **options: Any) -> Dataset:
    """A data set by its name or by the path of a file; `options` are those of its function.

    task  which one reads a file, by its name in `TASKS`. Without it an option may say so, as `targets` of a table
          (`Task.asked_by`); else the ending of the file does.

    Raises `UnknownNameError` for an unknown name or option, `DataError` for a file that cannot be read.
    """
    given = str(name_or_path)
    if task is not None:
        require_known("task", task, TASKS)
        return TASKS[task].load(given, options)
    for each in TASKS.values():
        if given in each.sources or each.named(given):
            return each.load(given, options)
    of_folders = [each for each in TASKS.values() if each.folder and is_folder(given, each.suffixes)]
    if of_folders:
        holding = (each for each in of_folders if files_below(Path(given), each.inside))
        if (found := next(holding, None)) is None:
            known = "; ".join(f"{each.of} ({', '.join(each.inside)})" for each in of_folders)
            raise DataError(f"'{given}' holds no file of a known kind; expected a folder for each class with {known}.")
        return found.load(given, options)
    for each in TASKS.values():
        if any(option in each.asked_by for option in options):
            return each.load(given, options)
    for each in TASKS.values():
        if is_path(given, each.suffixes):
            return each.load(given, options)
    endings = unpacked(dict.fromkeys(suffix for each in TASKS.values() for suffix in each.suffixes))
    files = ["FOLDER", *(f"FILE{suffix}" for suffix in endings)]
    raise UnknownNameError("data set", given, list_datasets(), files)


def targets_of(schema: Schema) -> dict[str, Any]:
    """What a schema predicts, as an option with which a file is read: column -> kind, or labels in their order."""
    return {
        column.name: list(column.target.labels) if column.target.kind == "ordered" else column.target.kind
        for column in schema.outputs
    }


def unpacked(suffixes: Iterable[str]) -> list[str]:
    """The endings without those of packed files, which are many."""
    return [suffix for suffix in suffixes if suffix.count(".") == 1]


def is_folder(given: str, suffixes: tuple[str, ...]) -> bool:
    """Whether this is a folder, and is not named as a file is."""
    return Path(given).is_dir() and not given.lower().endswith(suffixes)


def is_path(given: str, suffixes: tuple[str, ...]) -> bool:
    """Whether this is no name: it has one of the endings, or a folder."""
    return given.lower().endswith(suffixes) or Path(given).name != given


def recipe_for(
    dataset: Dataset,
    entry: str,
    *,
    data: str,
    options: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    based: bool = False,
) -> Recipe:
    """The recipe of `entry` on `dataset`, which was loaded as `data` with `options`.

    `changes` are fields that the user chose: a length that follows from the number of rows follows them too. `based`
    says that the training begins with a pretrained base.
    """
    from zoo.training import heads_for

    task = task_of(entry)
    settings = task.fine_tuning if based and task.fine_tuning else task.settings(dataset, entry, data)
    named = {
        what: {name: value for name, value in getattr(settings, what).items() if name in dataset.targets}
        for what in ("losses", "weights", "metrics", "imbalance", "costs")
    }
    heads = heads_for(
        dataset.targets,
        loss=named["losses"],
        weight=named["weights"],
        metrics=named["metrics"],
        imbalance=named["imbalance"],
        costs=named["costs"],
    )
    # The rates of these settings were chosen for the loss of one output as it is; several are brought to one scale.
    training = {"balance": "static" if len(heads) == 1 else "relative", **settings.training}
    if settings.length is not None:
        training |= settings.length.training(len(dataset.train), changes)
    config = dict(task.config(dataset, entry, settings))
    return Recipe(heads, entry=entry, config=config, data=data, data_options=dict(options), **training)


def _call(address: str, arguments: tuple[str, ...], kind: str, options: Mapping[str, Any]) -> Any:
    """Import the source only now: listing and errors need none of its packages."""
    module, _, function = address.partition(":")
    source: Callable[..., Any] = getattr(import_module(module), function)
    known = dict(list(signature(source).parameters.items())[len(arguments) :])
    for option in options:
        require_known(kind, option, known)
    lacking = [name for name, each in known.items() if each.default is each.empty and name not in options]
    if "targets" in lacking:
        raise ConfigError(f"Name the columns of '{arguments[0]}' that are to be predicted: targets=['price'].")
    return source(*arguments, **options)
