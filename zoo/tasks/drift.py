"""Whether new rows are like those that a model was trained on: `zoo drift RUN FILE`."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns.frames import Frame
from zoo.columns.values import texts_of
from zoo.datasets.table import Table
from zoo.errors import DataError, DataWarning, ZooError
from zoo.files import write_json
from zoo.pipeline import Pipeline, load_pipeline
from zoo.report.drift import ColumnDrift, Drift, compare_categories, compare_numbers, with_corrected
from zoo.report.page import Page, PageTable
from zoo.tasks.evaluation import dataset_of

CHECKED = 20_000  # training rows, and new rows, that are compared at the most, evenly spaced
PREDICTED = 2_000  # rows whose predictions are compared


@dataclass(frozen=True)
class DriftReport:
    """`found`, `page`, `save` (.html, .md or .json)."""

    title: str
    found: Drift

    def to_json(self) -> dict[str, Any]:
        return {"title": self.title, **self.found.to_json()}

    def page(self) -> Page:
        found = self.found
        changed = ", ".join(f"{each.name} ({each.verdict})" for each in found.changed)
        sentences = [f"{found.rows[1]:,} new rows beside {found.rows[0]:,} of training."]
        sentences.append(f"Not as in training: {changed}." if changed else "All columns are as in training.")
        sentences += [found.note] if found.note else []
        heads = ("column", "verdict", "stability", "p", "without value", "what is new")
        notes = [
            "Stability is the population stability index: below .1 nothing, from .25 a shift; p is corrected for the "
            "number of columns. Many rows prove tiny differences: both must say so."
        ]
        tables = [PageTable("Columns", heads, [_cells(each) for each in found.columns], notes)]
        if found.predictions:
            tables.append(PageTable("Predictions", heads, [_cells(each) for each in found.predictions]))
        return Page(self.title, sentences, tables)

    def save(self, path: Path | str) -> Path:
        if Path(path).suffix.lower() == ".json":
            write_json(path, self.to_json())
            return Path(path)
        return self.page().save(path)


def drift(source: str | Path, rows: Any) -> DriftReport:
    """Each column of new rows (a file, a DataFrame), and what the model predicts for them, beside the training rows.

    Where the training rows cannot be loaded any more, the new ones are compared with what the schema kept of them.
    Raises `DataError` for rows that lack a column, or of a model whose columns are all pictures.
    """
    pipeline = load_pipeline(source)
    names = [name for name in pipeline.schema.names if pipeline.schema.types[name] in KINDS]
    if not names:
        raise DataError(f"'{source}' reads none of {', '.join(KINDS)}: there is no column whose drift is known.")
    given = pipeline.rows(rows)
    new = _some(given, CHECKED)
    trained, validation, note = _training_rows(pipeline)
    columns = [_column(pipeline.schema.column(name), new, trained) for name in names]
    predictions = _predictions(pipeline, new, validation) if validation is not None else []
    both = with_corrected([*columns, *predictions])
    order = {"shifted": 0, "changed": 1, "as in training": 2}
    ranked = sorted(both[: len(columns)], key=lambda each: (order[each.verdict], -(each.stability or 0.0), each.name))
    skipped = [name for name, kind in pipeline.schema.types.items() if kind not in KINDS]
    told = [note] if note else []
    told += (
        [f"{', '.join(skipped)}: not compared, as drift of dates, pictures and sounds is not told."] if skipped else []
    )
    if len(new) < len(given):
        told.append(f"Of the new rows {len(new):,} were compared, evenly spaced.")
    counts = (pipeline.schema.rows, len(given))
    found = Drift(counts, ranked, both[len(columns) :], " ".join(told))
    return DriftReport(f"New rows beside the training of {pipeline.entry or source}", found)


def _training_rows(pipeline: Pipeline) -> tuple[Frame | None, Frame | None, str]:
    """(training rows, rows that were not trained on, why there are none)."""
    try:
        table = dataset_of(pipeline).table
    except (ZooError, OSError) as error:
        return None, None, f"Compared with the schema alone: the training rows cannot be loaded ({error})."
    if not isinstance(table, Table):
        return None, None, "Compared with the schema alone: the training data is no table."
    return _some(table.train, CHECKED), _some(table.test, PREDICTED), ""


def _some(frame: Frame, most: int) -> Frame:
    chosen = np.unique(np.linspace(0, len(frame) - 1, min(len(frame), most)).astype(int))
    return frame.iloc[chosen].reset_index(drop=True)


def _column(column: Any, new: Frame, trained: Frame | None) -> ColumnDrift:
    old = trained[column.name] if trained is not None and column.name in trained.columns else None
    return KINDS[column.kind](column, new[column.name], old)


def _number(column: Any, new: Any, old: Any) -> ColumnDrift:
    values = column.encode(new) + column.origin
    known = values[np.isfinite(values)]
    outside = float(((known < column.low) | (known > column.high)).mean()) if len(known) else None
    moved = float((known.mean() - column.mean) / column.deviation) if len(known) and column.deviation else None
    before = column.missing / column.rows if column.rows else None
    found = ColumnDrift(column.name, column.kind, (before, _missing(values)), outside=outside, moved=moved)
    return found if old is None else compare_numbers(found, column.encode(old) + column.origin, values)


def _missing(values: np.ndarray) -> float:
    return float(np.isnan(values).mean()) if len(values) else 0.0


def _category(column: Any, new: Any, old: Any) -> ColumnDrift:
    now, before = _known_texts(new, column.name), None if old is None else _known_texts(old, column.name)
    unseen = column.unseen(new)
    share = unseen.share if unseen is not None else None
    trained = None if before is None else 1.0 - len(before) / max(len(old), 1)
    example = unseen.unknown if unseen is not None else ""
    found = ColumnDrift(column.name, column.kind, (trained, 1.0 - len(now) / max(len(new), 1)), share, example)
    return found if before is None else compare_categories(found, before, now)


def _known_texts(values: Any, name: str) -> list[str]:
    codes, texts = texts_of(values, name)
    return [str(texts[code]) for code in codes if code >= 0 and texts[code] is not None]


def _text(column: Any, new: Any, old: Any) -> ColumnDrift:
    """Of texts the number of words is compared, and how many words are unknown."""
    unseen = column.unseen(new)
    share = unseen.share if unseen is not None else None
    before = None if old is None else float(np.mean([not text.strip() for text in _texts(column, old)]))
    now = _texts(column, new)
    empty = float(np.mean([not text.strip() for text in now]))
    found = ColumnDrift(column.name, column.kind, (before, empty), share, unseen.unknown if unseen is not None else "")
    return found if old is None else compare_numbers(found, _lengths(_texts(column, old)), _lengths(now))


def _texts(column: Any, values: Any) -> list[str]:
    return [str(each) for each in column.raw(values)]


def _lengths(texts: list[str]) -> np.ndarray:
    return np.array([float(len(text.split())) or np.nan for text in texts])


KINDS = {"number": _number, "category": _category, "text": _text}


def _predictions(pipeline: Pipeline, new: Frame, old: Frame) -> list[ColumnDrift]:
    """Of each output: what is predicted for the new rows, beside what is for rows of the old data not trained on."""
    some = _some(new, PREDICTED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # values never seen are what the columns tell
            found = [pipeline.predictions(frame, allow_unseen=True) for frame in (old, some)]
    except DataError:  # rows that cannot be predicted; the columns say why
        return []
    drifts = []
    for column in pipeline.schema.outputs:
        before, after = (each[column.output] for each in found)
        empty = ColumnDrift(column.name, column.target.kind, (0.0, 0.0))
        if column.target.kind == "regression" or before.ndim == 1:
            drifts.append(compare_numbers(empty, before, after))
        elif column.target.kind != "tags":
            said = (pipeline.decisions(column, part) for part in (before, after))
            labels = [[column.target.labels[each] for each in part] for part in said]
            drifts.append(compare_categories(empty, *labels))
    return drifts


def _cells(each: ColumnDrift) -> list[str]:
    new = []
    if each.unseen:
        new.append(f"{each.unseen:.0%} never seen" + (f", as {each.example!r}" if each.example else ""))
    if each.outside:
        new.append(f"{each.outside:.0%} outside of training's range")
    if each.moved is not None and abs(each.moved) >= 0.1:
        new.append(f"mean {each.moved:+.1f} deviations")
    before = "?" if each.missing[0] is None else f"{each.missing[0]:.0%}"
    return [
        each.name,
        each.verdict,
        "–" if each.stability is None else f"{each.stability:.2f}",
        "–" if each.p is None else f"{each.p:.2g}",
        f"{before} → {each.missing[1]:.0%}",
        "; ".join(new),
    ]
