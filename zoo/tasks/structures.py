"""Small structures in volumes: where they are and how large, or the mask of each. Choices were made on validation."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.columns.frames import Frame, pandas
from zoo.costs import CostMatrix
from zoo.datasets.dataset import Dataset
from zoo.datasets.volumes.labelled import (
    CENTRE,
    MASK,
    RADIUS,
    STRIDE,
    LabelledVolumes,
    from_model,
    mask_from_model,
    numbers_of,
    prepared,
    trained_window,
)
from zoo.errors import DataError, DataWarning
from zoo.pipeline import Pipeline
from zoo.pipeline.thresholds import THRESHOLDS
from zoo.structures.froc import dice, froc_of
from zoo.structures.masks import centroid, find_mask
from zoo.structures.search import find_structures
from zoo.structures.structure import Structure
from zoo.tasks.settings import Settings
from zoo.tasks.structure_report import (
    COSTS,
    StructureReport,
    decided,
    mistakes_of,
    radius_error,
    scores_of_centres,
)
from zoo.tasks.task import Task
from zoo.training import Imbalance, Optimiser, Recipe, Run
from zoo.volumes import SUFFIXES, Volume
from zoo.volumes.files import find_volumes, read_volume

SOURCES = "zoo.datasets.volumes"
LEAST_SCORE = 0.05  # of a finding that is told at all
SHOWN = THRESHOLDS["heat_map"]  # of a finding that is given where no threshold was chosen
KEPT = "the threshold is that of the trained model."
NONE_KEPT = f"the trained model keeps no threshold: {SHOWN} is taken."

CENTRES = Settings(
    losses={RADIUS: "mae"},
    weights={RADIUS: 0.02},  # of losses as shares of the constant prediction's: centres are what counts
    metrics={RADIUS: ("mae",)},
    # Few windows have a structure: half of an epoch's have, and half of the others are those that were taken for some.
    imbalance={CENTRE: Imbalance("hard_negatives", calibration="none")},
    config={"stride": STRIDE},
    training={
        "epochs": 8,
        "batch_size": 16,
        "standard_units": False,
        "start_at_prior": False,
        "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=1e-3, schedule="one_cycle"),
    },
)
MASKS = Settings(
    config={"stride": 1},
    training={
        "epochs": 12,
        "batch_size": 2,
        "start_at_prior": False,
        "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=1e-3, schedule="one_cycle"),
    },
)


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of masks, or of centres."""
    return MASKS if MASK in dataset.targets else CENTRES


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """A map for each target."""
    return {**settings.config, "outputs": dataset.schema.model_config()["outputs"]}


def evaluate(
    model: keras.Model,
    recipe: Recipe,
    dataset: Dataset,
    *,
    run: Run | None = None,
    seed: int = 0,
    thresholds: Mapping[str, float] | None = None,
) -> StructureReport:
    """The whole volumes of the test split searched; the threshold is that of a trained pipeline (`thresholds`, `SHOWN`
    where it keeps none, as in `find_in`), or after a training the cheapest on the volumes of validation.
    """
    table = dataset.table
    assert isinstance(table, LabelledVolumes)
    read = [prepared(each, dataset.schema) for each in table.test]
    common = {
        "title": f"{recipe.entry} on {dataset.name}",
        "sizes": {"train": len(table.train), "validation": len(table.validation), "test": len(table.test)},
        "history": list(run.history) if run else [],
        "volumes": [numbers for numbers, _, _ in read],
    }
    if table.labels:
        masks = [mask for _, _, mask in read if mask is not None]
        window = trained_window(dataset.schema)
        return masks_report(model, [numbers for numbers, _, _ in read], masks, table.labels, window, common)
    known = [structures for _, structures, _ in read]
    if not any(known):
        raise DataError(f"None of the {len(known)} volumes to test has a structure: no sensitivity can be told.")
    costs = recipe.heads[CENTRE].costs or COSTS
    if thresholds is None:
        threshold, note = decision(model, recipe, dataset, costs)
    else:
        threshold = thresholds.get(CENTRE, SHOWN)
        note = f"{mistakes_told(costs)} {KEPT if CENTRE in thresholds else NONE_KEPT}"
    found = [find_structures(model, numbers, threshold=LEAST_SCORE) for numbers, _, _ in read]
    froc = froc_of(found, known)
    scores = scores_of_centres(froc, costs, threshold)
    if (error := radius_error(found, known)) is not None:
        scores.append({"output": RADIUS, "metric": "mean absolute error, voxels", "model": error})
    return StructureReport(**common, scores=scores, known=known, found=found, froc=froc, threshold=threshold, note=note)


def decision(model: keras.Model, recipe: Recipe, dataset: Dataset, costs: CostMatrix) -> tuple[float, str]:
    """(the score that costs least on the validation volumes, in words); `SHOWN` where none has a structure, where they
    were trained on, and where the volumes to be judged are all that there is.
    """
    table = dataset.table
    assert isinstance(table, LabelledVolumes)
    judged = [prepared(each, dataset.schema) for each in table.validation] if len(dataset.validation) else []
    known = [structures for _, structures, _ in judged]
    told = mistakes_told(costs)
    if recipe.refit:
        return SHOWN, f"{told} the threshold is not chosen by it, as the validation volumes were trained on."
    if not any(known):
        return SHOWN, f"{told} the threshold is not chosen by it, as no validation volume has a structure."
    found = [find_structures(model, numbers, threshold=LEAST_SCORE) for numbers, _, _ in judged]
    return decided(froc_of(found, known), costs), f"{told} the threshold is the cheapest on validation volumes."


def mistakes_told(costs: CostMatrix) -> str:
    """What mistakes cost, as a sentence begins."""
    missed, alarm = mistakes_of(costs)
    return f"A missed structure costs {missed:g}, a false alarm {alarm:g}{f' {costs.unit}' if costs.unit else ''}:"


def masks_report(
    model: keras.Model,
    volumes: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    labels: Sequence[str],
    window: Sequence[int],
    common: Mapping[str, Any],
) -> StructureReport:
    """Dice of each label, mean over volumes, and how far the middle of what was found lies from that of the mask."""
    found = [find_mask(model, numbers, window=window) for numbers in volumes]
    scores = mask_scores(found, masks, labels)
    rows = [{"output": MASK, "metric": name, "model": value} for name, value in scores.items()]
    note = "Dice of a label: the mean over volumes. The centre is the mean place of all labels but the background."
    return StructureReport(**common, scores=rows, known=list(masks), found=found, note=note)


def mask_scores(found: Sequence[np.ndarray], masks: Sequence[np.ndarray], labels: Sequence[str]) -> dict[str, float]:
    """Dice over labels and volumes, that of each label, and the error of centres: a side's length without any."""
    by_label = {
        name: float(np.mean([dice(each, mask, number) for each, mask in zip(found, masks, strict=True)]))
        for number, name in enumerate(labels)
        if number
    }
    errors = []
    for each, mask in zip(found, masks, strict=True):
        right, ours = centroid(mask), centroid(each)
        if right is not None:
            errors.append(float(np.linalg.norm(right - ours)) if ours is not None else float(max(mask.shape)))
    scores = {
        "Dice": float(np.mean(list(by_label.values()))),
        **{f"Dice, {name}": each for name, each in by_label.items()},
    }
    return {**scores, "centre error, voxels": float(np.mean(errors))} if errors else scores


def find_in(pipeline: Pipeline, source: Any, *, threshold: float | None = None) -> list[Structure]:
    """The structures of a volume (a path or an array), centres in its own voxels and in millimetres, best first.

    Those of at least the pipeline's threshold, which validation chose, or of at least another `threshold`.
    """
    if threshold is None and CENTRE not in pipeline.thresholds:
        warnings.warn(
            f"The trained model keeps no threshold of structures: {SHOWN} is taken; name one that suits it, or "
            "train it again.",
            DataWarning,
            stacklevel=2,
        )
    if threshold is None:
        threshold = pipeline.thresholds.get(CENTRE, SHOWN)
    volume = _read(pipeline, source)
    numbers, factors = numbers_of(volume, pipeline.schema)
    found = find_structures(pipeline.model, numbers, threshold=threshold)
    return [from_model(each, volume, numbers.shape, factors) for each in found]


def find(pipeline: Pipeline, files: Sequence[str]) -> Frame:
    """Volumes -> a row for each structure found: its centre in voxels and millimetres, radius and score, as `find_in`
    says; of a model of masks a row for each label. Raises `DataError` for what is no volume.
    """
    if not files:
        raise DataError(f"Name a volume to search: {', '.join(SUFFIXES)} or a folder of DICOM slices.")
    rows: list[dict[str, Any]] = []
    for file in map(str, find_volumes(files)):
        if MASK in pipeline.schema.targets:
            rows += _mask_rows(pipeline, file)
            continue
        for each in find_in(pipeline, file):
            x, y, z = each.centre[::-1]
            millimetres = dict(zip(("z_mm", "y_mm", "x_mm"), each.millimetres or each.centre, strict=True))
            places = {"x": x, "y": y, "z": z, **dict(sorted(millimetres.items()))}
            row = {**places, "radius": each.radius, "score": each.score}
            rows.append({"volume": file, **{name: round(value, 3) for name, value in row.items()}})
    columns = COLUMNS[MASK in pipeline.schema.targets]
    return pandas().DataFrame(rows, columns=list(columns))


COLUMNS = {
    False: ("volume", "x", "y", "z", "x_mm", "y_mm", "z_mm", "radius", "score"),
    True: ("volume", "label", "voxels", "x", "y", "z"),
}


def _read(pipeline: Pipeline, source: Any) -> Volume:
    """A volume to search; warns as the column does of one without a spacing, where training had some."""
    volume, column = read_volume(source), pipeline.schema.of("volume")[0]
    if volume.spacing is None and column.said:
        named = f"'{source}'" if isinstance(source, str | Path) else "The volume"
        warnings.warn(f"{named} does not say its spacing: 1 mm is taken.", DataWarning, stacklevel=3)
    return volume


def find_mask_in(pipeline: Pipeline, source: Any) -> np.ndarray:
    """A volume (a path or an array) -> the label of each of its own voxels."""
    volume, schema = _read(pipeline, source), pipeline.schema
    numbers, factors = numbers_of(volume, schema)
    found = find_mask(pipeline.model, numbers, window=trained_window(schema))
    return mask_from_model(found, volume.voxels.shape, factors)


def _mask_rows(pipeline: Pipeline, file: str) -> list[dict[str, Any]]:
    mask, rows = find_mask_in(pipeline, file), []
    for number, label in enumerate(pipeline.schema.targets[MASK].labels):
        middle = centroid(mask, number)
        if number and middle is not None:
            places = dict(zip(("z", "y", "x"), (round(float(at), 2) for at in middle), strict=True))
            rows.append({"volume": file, "label": label, "voxels": int((mask == number).sum()), **places})
    return rows


def told(dataset: Dataset, entry: str, weights: str | None) -> list[str]:
    """How many volumes and structures there are, and how they are read."""
    table = dataset.table
    assert isinstance(table, LabelledVolumes)
    parts = (table.train, table.validation, table.test)
    numbers = "{:,} volumes to train on, {:,} to validate, {:,} to test".format(*map(len, parts))
    if not table.labels:
        numbers += "; {:,}, {:,} and {:,} structures".format(
            *(sum(len(each.structures) for each in part) for part in parts)
        )
    windows = f"{len(dataset.train):,} windows of {dataset.train.inputs['volume'].shape[1:4]} voxels are cut of them."
    return [f"{numbers}. {windows}", f"Volumes are read as {dataset.schema.of('volume')[0].describe()}."]


TASK = Task(
    name="structures",
    families=("structure_detector",),
    of="volumes",
    sources={"phantom": f"{SOURCES}.phantom:phantom", "hippocampus": f"{SOURCES}.hippocampus:hippocampus"},
    file=f"{SOURCES}.structures_file:read_structures",
    suffixes=(".csv", ".csv.gz", ".tsv", ".jsonl", ".parquet"),
    settings=settings,
    config=config,
    evaluate=evaluate,
    told=told,
    find=find,
    read_again=(),
)
