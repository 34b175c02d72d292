"""Predictions for rows of which some may be wrong: those get a message in their row, the others what the model says."""

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np

from zoo.columns.frames import Frame, pandas, require_columns
from zoo.errors import DataError
from zoo.pipeline.row_parts import Part

if TYPE_CHECKING:
    from zoo.pipeline.pipeline import Pipeline

ERROR = "error"
ROW = re.compile(r"(?<!')\brow 1\b(?!')")  # in a sentence about a single row


@dataclass
class Outcome:
    """How many rows there were, how many have no prediction, and why the first of those has none."""

    rows: int = 0
    failed: int = 0
    first: str = ""


def predicted(
    pipeline: "Pipeline",
    parts: Iterable[Part],
    outcome: Outcome,
    keep: Sequence[str] | None = None,
    *,
    allow_unseen: bool = False,
) -> Iterator[Frame]:
    """A frame for each part: columns of the user's, predictions, by what each was decided, and what was wrong.

    keep  the columns of the user's rows that stand before the predictions; None: all that the first part has. A
          prediction never takes the name of one of them.

    Raises as `Pipeline.predictions` does for a part that has next to nothing in common with the training rows, unless
    `allow_unseen`.
    """
    kept: list[str] | None = None
    for part in parts:
        if kept is None:
            if keep is not None:
                require_columns(part.given, keep, "are to be kept")
            kept = list(part.given.columns) if keep is None else list(dict.fromkeys(keep))
        errors = {row: str(error) for row, error in part.errors.items()}
        answers, wrong = _answers(pipeline, part, errors, allow_unseen)
        errors |= wrong
        outcome.rows += len(part.given)
        outcome.failed += len(errors)
        if errors and not outcome.first:
            outcome.first = errors[min(errors)]
        told = pandas().Series([errors.get(row) for row in range(len(part.given))], dtype=object, name=ERROR)
        given = part.given.reset_index(drop=True).reindex(columns=kept)
        yield _beside(given, _beside(answers, told.to_frame()))
    if not outcome.rows:
        raise DataError("There is nothing to predict: the file has no row.")


def _answers(
    pipeline: "Pipeline", part: Part, known: dict[int, str], allow_unseen: bool
) -> tuple[Frame, dict[int, str]]:
    """(predictions of all rows, empty for the wrong ones; row -> what is wrong with it)."""
    sound = np.array([row for row in range(len(part.rows)) if row not in known], dtype=int)
    wrong: dict[int, str] = {}
    while len(sound):
        try:
            found = pipeline.predict_with_rules(part.rows.iloc[sound])
            break
        except DataError:
            bad = _wrong_rows(pipeline, part.rows, sound)
            if not bad:  # what is wrong shows in the predictions alone
                bad = _without_prediction(pipeline, part.rows, sound)
            wrong |= {row: _placed(message, part.places[row]) for row, message in bad.items()}
            sound = np.array([row for row in sound if row not in bad], dtype=int)
    else:
        found = pipeline.no_predictions
    if len(sound):
        pipeline.require_seen(part.rows.iloc[sound], allow_unseen=allow_unseen)
    found = found.set_axis(sound, axis="index").reindex(range(len(part.given)))
    return found, wrong


def wrong_rows(pipeline: "Pipeline", rows: Frame) -> dict[int, str]:
    """Number of a row -> why there is no prediction for it; none where that shows in no row alone."""
    numbers = np.arange(len(rows))
    return _wrong_rows(pipeline, rows, numbers) or _without_prediction(pipeline, rows, numbers)


def _wrong_rows(pipeline: "Pipeline", rows: Frame, numbers: np.ndarray) -> dict[int, str]:
    """Row -> why it cannot be encoded; found by halves, so that a few wrong ones among many cost little."""
    try:
        pipeline.require_readable(rows.iloc[numbers])
    except DataError as error:
        if len(numbers) == 1:
            return {int(numbers[0]): str(error)}
        middle = len(numbers) // 2
        return _wrong_rows(pipeline, rows, numbers[:middle]) | _wrong_rows(pipeline, rows, numbers[middle:])
    return {}


def _without_prediction(pipeline: "Pipeline", rows: Frame, numbers: np.ndarray) -> dict[int, str]:
    """Row -> why the model has no prediction for it."""
    try:
        pipeline.predict_with_rules(rows.iloc[numbers])
    except DataError as error:
        if len(numbers) == 1:
            return {int(numbers[0]): str(error)}
        middle = len(numbers) // 2
        halves = numbers[:middle], numbers[middle:]
        return _without_prediction(pipeline, rows, halves[0]) | _without_prediction(pipeline, rows, halves[1])
    return {}


def _placed(message: str, place: str) -> str:
    """What is wrong with a single row, by its line in the file.

    >>> _placed("The column 'x' must be numbers; row 1 holds 'a'.", "new.csv, line 7")
    "new.csv, line 7: The column 'x' must be numbers; it holds 'a'."
    """
    return f"{place}: {ROW.sub('it', message, count=1).replace(' in it', ' here')}"


def _beside(left: Frame, right: Frame) -> Frame:
    """Both side by side; a column of `right` whose name is taken gets another one: "y" -> "y_predicted"."""
    taken = set(left.columns)
    names: dict[str, str] = {}
    for name in right.columns:
        names[name] = free_name(str(name), taken | set(names.values()))
    return pandas().concat([left, right.rename(columns=names)], axis="columns")


def free_name(name: str, taken: Set[str], word: str = "_predicted") -> str:
    """The name, or one like it that is not taken.

    >>> free_name("y", {"y"}), free_name("y", {"y", "y_predicted"}), free_name("y", {"y"}, "")
    ('y_predicted', 'y_predicted_2', 'y_2')
    """
    others = (f"{name}{word}{end}" for end in chain([""], (f"_{number}" for number in count(2))))
    return next(each for each in chain([name], others) if each not in taken)
