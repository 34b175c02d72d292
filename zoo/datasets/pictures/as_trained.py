"""Other pictures for a trained model: its columns, whatever they are called in the folder or table that is judged."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from zoo.datasets.checks import require_labels
from zoo.datasets.class_folders import LABEL
from zoo.datasets.pictures.finding import PICTURE
from zoo.errors import ConfigError

CLASSES = ("classification", "binary")


def as_trained(
    frames: Mapping[str, pd.DataFrame], column: str, targets: Any, trained: Mapping[str, Any]
) -> tuple[dict[str, pd.DataFrame], str, Mapping[str, Any]]:
    """(split -> rows, the column of pictures, the targets), as they are called in the model's own data.

    trained  "picture": the model's column of pictures; "targets": name -> kind of what it predicts; "outputs": the
             columns of these, whose labels are checked while rows have the numbers that they have in the file.

    A file's only target is the model's only one, and the folders of pictures are the labels of its only target of
    classes; what a folder does not say is unknown. Raises `ConfigError` where that leaves more than one way, and
    `DataError` for a label that the model does not know.
    """
    wanted = dict(trained["targets"])
    (columns,) = {tuple(frame.columns) for frame in frames.values()}
    named = [targets] if isinstance(targets, str) else list(targets)
    renamed = {column: trained["picture"]}
    if not all(name in columns for name in wanted):
        given = [name for name in named if name in columns] or [name for name in columns if name != column]
        renamed |= _target(given, wanted, is_folder=list(columns) == [PICTURE, LABEL])
    unknown = [name for name in wanted if name not in columns and name not in renamed.values()]
    found = {}
    for split, frame in frames.items():
        taken = frame.drop(columns=[name for name in renamed.values() if name in columns and name not in renamed])
        found[split] = taken.rename(columns=renamed).assign(**dict.fromkeys(unknown))
        require_labels(found[split], trained.get("outputs", ()))
    return found, trained["picture"], wanted


def _target(given: Sequence[str], wanted: Mapping[str, Any], *, is_folder: bool) -> dict[str, str]:
    """Column of the file -> the model's target that it is."""
    classes = [name for name, kind in wanted.items() if kind in CLASSES or isinstance(kind, list)]
    if len(given) == 1 and len(wanted) == 1:
        return {given[0]: next(iter(wanted))}
    if is_folder and len(classes) == 1:
        return {LABEL: classes[0]}
    if is_folder:
        raise ConfigError(
            f"The names of the folders could be labels of any of {', '.join(classes) or 'none'}, and the model "
            f"predicts {', '.join(wanted)}: give a CSV file with these columns."
        )
    lacking = [name for name in wanted if name not in given]
    raise ConfigError(
        f"The model predicts {', '.join(wanted)}; the columns beside the pictures are {', '.join(given) or 'none'}: "
        f"name a column '{lacking[0]}'."
    )
