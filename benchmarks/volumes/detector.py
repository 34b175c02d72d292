"""What the detector of small structures reaches: a phantom with a known limit, hippocampi, and a large volume searched.

    python -m benchmarks.volumes.detector phantom --seed 0    the detector; seeds 0, 1, 2
    python -m benchmarks.volumes.detector beside --seed 0     the matched filter, and 2.5-D, of the same seeds
    python -m benchmarks.volumes.detector labels              what n more labelled volumes bought, and weak labels
    python -m benchmarks.volumes.detector hippocampus --seed 0
    python -m benchmarks.volumes.detector search              256 x 256 x 128 voxels

    python -m benchmarks.volumes.detector picture             the report of seed 0 as a picture of the guide

Each writes its part of results/volumes_phantom.json, volumes_hippocampus.json or volumes_search.json. Validation
chooses the epoch and the threshold; the test volumes are read once, in the end. On a CPU without AVX-512 a training in
three dimensions is fastest with KERAS_BACKEND=torch.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.records import write_record

RESULTS = Path(__file__).resolve().parents[2] / "results"
RUNS = Path(__file__).resolve().parents[2] / "runs" / "volumes"  # remove it to train anew
ENTRY = "structure_detector"
EPOCHS, MASK_EPOCHS = 8, 12
SEARCHED = (128, 256, 256)
WEAK = {"jitter": 2.0}  # voxels
FEW = (10, 40)  # volumes; the training of the part "phantom" has all
NOTE = "One core of a machine that others used at the same time."


def known_and_found(model: Any, dataset: Any) -> tuple[list[Any], list[Any]]:
    """Of the test volumes: what is there, and what the detector finds."""
    from zoo.datasets.volumes.labelled import prepared
    from zoo.structures.search import find_structures

    read = [prepared(each, dataset.schema) for each in dataset.table.test]
    return [known for _, known, _ in read], [find_structures(model, numbers, threshold=0.03) for numbers, _, _ in read]


def figures_of(found: Sequence[Any], known: Sequence[Any]) -> dict[str, Any]:
    """Sensitivities with their intervals."""
    from zoo.structures.froc import ALARMS, froc_of, interval_at, sensitivity_at

    froc = froc_of(found, known)
    rows = {f"{each:g}": sensitivity_at(froc, each) for each in ALARMS}
    return {"sensitivity": rows, "interval_at_3": list(interval_at(froc, 3.0)), "structures": float(froc.known.sum())}


def trained(
    dataset: Any, seed: int, *, model: Any = None, epochs: int = EPOCHS, name: str = "", **changes: Any
) -> tuple[Any, float]:
    """The detector by its recipe on a data set, and the seconds of its training; one that stopped goes on."""
    import keras

    from zoo.create import create_model
    from zoo.tasks.task import recipe_for
    from zoo.training import fit

    recipe = replace(recipe_for(dataset, ENTRY, data=dataset.name, options={}), epochs=epochs, **changes)
    keras.utils.set_random_seed(seed)
    model = create_model(ENTRY, **recipe.config) if model is None else model
    folder = RUNS / f"{dataset.name}{name}_{seed}"
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs, flush=True))
    run = fit(model, dataset.train, dataset.validation, recipe, seed=seed, callbacks=[told], folder=folder)
    return model, run.history[-1]["seconds"]


def phantom(seed: int) -> dict[str, Any]:
    from zoo.costs import CostMatrix
    from zoo.datasets.volumes.phantom import phantom
    from zoo.samples import FOUND
    from zoo.structures.froc import cost_at, froc_of
    from zoo.tasks.structure_report import decided, mistakes_of

    dataset = phantom(seed=seed)
    model, seconds = trained(dataset, seed)
    known, found = known_and_found(model, dataset)
    rows = {"detector": {**figures_of(found, known), "seconds": seconds}}
    chosen = replace_test(dataset)
    judged = froc_of(*known_and_found(model, chosen)[::-1])
    froc = froc_of(found, known)
    for missed in (1.0, 10.0, 100.0):
        costs = CostMatrix.of_mistakes(FOUND, false_positive=1.0, false_negative=missed)
        threshold = decided(judged, costs)
        rows[f"costs_{missed:g}_to_1"] = {"threshold": threshold, "cost": cost_at(froc, threshold, *mistakes_of(costs))}
    return rows


def beside(seed: int) -> dict[str, Any]:
    """What the matched filter finds in the same test volumes, and 2.5-D."""
    from benchmarks.volumes.slices import found_by_slices
    from zoo.datasets.volumes.phantom import filtered, phantom, phantoms

    dataset = phantom(seed=seed)
    known = [each.structures for each in dataset.table.test]
    again = phantoms(len(known), seed=10 * seed + 2)  # the same test volumes, with what their vessels are
    assert all((one.volume == each.volume.voxels).all() for one, each in zip(again, dataset.table.test, strict=True))
    by_slices, seconds = found_by_slices(seed, dataset, again)
    return {
        "matched_filter_vessels_known": figures_of(filtered(again, vessels_known=True), known),
        "matched_filter": figures_of(filtered(again, vessels_known=False), known),
        "slices_2_5d": {**figures_of(by_slices, known), "seconds": seconds},
    }


def replace_test(dataset: Any) -> Any:
    """The data set with its validation volumes in the place of the test."""
    return replace(dataset, table=replace(dataset.table, test=dataset.table.validation))


def labels(seed: int) -> dict[str, Any]:
    """Trainings on 10 and on 40 volumes; on 120 with weak labels, and then on 10 with clean ones."""
    from zoo.datasets.volumes.phantom import phantom
    from zoo.training import Optimiser

    rows = {}
    for volumes in FEW:
        dataset = phantom(seed=seed, volumes=volumes)
        model, _ = trained(dataset, seed, name=f"_{volumes}")
        rows[f"{volumes}_clean"] = figures_of(*known_and_found(model, dataset)[::-1])
        print(rows, flush=True)
    few = phantom(seed=seed, volumes=FEW[0])
    weak = phantom(seed=seed, **WEAK)
    model, _ = trained(weak, seed, name="_weak")
    rows["120_weak"] = figures_of(*known_and_found(model, few)[::-1])
    print(rows, flush=True)
    slow = Optimiser("adamw", learning_rate=1e-3, weight_decay=1e-3, schedule="one_cycle")
    model, _ = trained(few, seed, model=model, name="_weak_then_clean", optimiser=slow)
    rows["120_weak_then_10_clean"] = figures_of(*known_and_found(model, few)[::-1])
    return rows


def hippocampus(seed: int) -> dict[str, Any]:
    from zoo.datasets.volumes.hippocampus import LABELS, hippocampus
    from zoo.datasets.volumes.labelled import prepared, trained_window
    from zoo.structures.masks import find_mask, mean_shape
    from zoo.tasks.structures import mask_scores

    dataset = hippocampus(seed=seed)
    model, seconds = trained(dataset, seed, epochs=MASK_EPOCHS)
    read = [prepared(each, dataset.schema) for each in dataset.table.test]
    masks = [mask for _, _, mask in read]
    window = trained_window(dataset.schema)
    found = [find_mask(model, numbers, window=window) for numbers, _, _ in read]
    taught = [each.mask for each in dataset.table.train]
    means = [mean_shape(taught, mask.shape, len(LABELS)) for mask in masks]
    return {
        "detector": {**mask_scores(found, masks, LABELS), "seconds": seconds},
        "mean_shape": mask_scores(means, masks, LABELS),
        "cases": [len(dataset.table.train), len(dataset.table.validation), len(dataset.table.test)],
    }


def search(seed: int) -> dict[str, Any]:
    """Seconds and memory of a search, after a small one that compiles; untrained weights cost the same."""
    from zoo.create import create_model
    from zoo.datasets.volumes.phantom import phantoms
    from zoo.structures.search import find_structures

    (each,) = phantoms(1, seed=seed, side=SEARCHED, nodes=(20, 20), vessels=(20, 20))
    model = create_model(ENTRY)
    find_structures(model, each.volume[:64, :64, :64], threshold=0.5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start, cpu = time.perf_counter(), time.process_time()
    find_structures(model, each.volume, threshold=0.5)
    return {
        "shape": list(SEARCHED),
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "peak_gib_before": before,
    }


def picture(seed: int) -> dict[str, Any]:
    """The report of the trained detector as docs/images/structures.png."""
    from zoo.datasets.volumes.phantom import phantom
    from zoo.tasks.structure_picture import draw_report
    from zoo.tasks.structures import evaluate
    from zoo.tasks.task import recipe_for

    dataset = phantom(seed=seed)
    model, _ = trained(dataset, seed)
    recipe = recipe_for(dataset, ENTRY, data=dataset.name, options={})
    report = evaluate(model, recipe, dataset, seed=seed)
    lines = (RUNS / f"{dataset.name}_{seed}" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    history = [json.loads(line) for line in lines]
    draw_report(replace(report, history=history), RESULTS.parent / "docs" / "images" / "structures.png")
    return {}


PARTS = {
    "picture": picture,
    "phantom": phantom,
    "beside": beside,
    "labels": labels,
    "hippocampus": hippocampus,
    "search": search,
}
FILES = {"labels": "phantom", "beside": "phantom"}


def spread(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Mean and deviation over seeds of what each row says, and the seeds themselves."""
    runs = [each for name, each in figures.items() if name.startswith("seed_")]
    if not runs or any(run.keys() != runs[0].keys() for run in runs):  # some seed has a part that others lack
        return dict(figures)

    def both(path: tuple[str, ...], value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: both((*path, name), each) for name, each in value.items()}
        if not isinstance(value, int | float):
            return value
        numbers = []
        for run in runs:
            for name in path:
                run = run[name]
            numbers.append(float(run))
        return {
            "mean": float(np.mean(numbers)),
            "deviation": float(np.std(numbers, ddof=1)) if len(numbers) > 1 else 0.0,
        }

    return {**figures, "over_seeds": both((), runs[0])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    path = RESULTS / f"volumes_{FILES.get(asked.part, asked.part)}.json"
    old = json.loads(path.read_text()) if path.exists() else {"figures": {}, "seed": []}
    figures = {name: each for name, each in old["figures"].items() if name != "over_seeds"}
    key = asked.part if asked.part in ("labels", "search") else f"seed_{asked.seed}"
    if asked.part == "picture":
        picture(asked.seed)
        return
    figures[key] = {**figures.get(key, {}), **PARTS[asked.part](asked.seed)}
    if {"detector", "matched_filter_vessels_known"} <= figures[key].keys():
        at_3 = [figures[key][name]["sensitivity"]["3"] for name in ("detector", "matched_filter_vessels_known")]
        figures[key]["share_of_limit"] = at_3[0] / at_3[1]
    figures |= {"backend": os.environ.get("KERAS_BACKEND", "tensorflow"), "note": NOTE}
    print(json.dumps(figures[key], indent=1))
    seeds = sorted({*old["seed"], asked.seed})
    command = f"python -m benchmarks.volumes.detector {asked.part} --seed N, each seed"
    write_record(path, spread(figures), command=command, seed=seeds)


if __name__ == "__main__":
    main()
