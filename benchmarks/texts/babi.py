"""The twenty tasks of bAbI, one by one and all together: two LSTMs, and a memory network.

    python -m benchmarks.texts.babi run memory_network --tasks 1-20 --seeds 3   # one file a run, in runs/babi; what is
    python -m benchmarks.texts.babi run question_answering --tasks 1-20 --seeds 3   # there is not trained again
    python -m benchmarks.texts.babi run memory_network --data babi-10k-qa1 --seeds 3
    python -m benchmarks.texts.babi run memory_network --data babi --seeds 1 --save weights/memory_network.babi.h5
    python -m benchmarks.texts.babi card weights/memory_network.babi.h5         # what the file reaches, beside it
    python -m benchmarks.texts.babi table                                       # writes results/babi.json

Everything was chosen on validation stories, split off the training split by the seed; the official test split is read
once a run, here. The figures of others are those of Weston et al. 2015 (LSTM) and Sukhbaatar et al. 2015 (MemN2N).
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.shipped import ship
from zoo.catalogue import describe
from zoo.files import write_json
from zoo.records import machine_facts, write_record

FOLDER = Path("runs/babi")
MODELS = ("question_answering", "memory_network")
TASKS = tuple(range(1, 21))
PUBLISHED = {  # accuracy in per cent, by task; "mean" over the twenty
    "LSTM (Weston et al. 2015)": {"1": 50.0, "2": 20.0, "3": 20.0, "mean": 49.2},
    "MemN2N, 3 hops (Sukhbaatar et al. 2015)": {"1": 99.9, "2": 91.8, "3": 58.2, "mean": 86.2},
}


def one_run(model: str, data: str, seed: int, save: Path | None = None) -> dict[str, Any]:
    """Train by the recipe of the entry, and read the test split once; `save` writes the weights in half precision."""
    import keras

    from zoo.create import create_model
    from zoo.metrics import score
    from zoo.tasks import recipe_for, task_of
    from zoo.tasks.verbs import pipeline_of
    from zoo.training import predict

    task = task_of(model)
    options = {**task.options(model, None), "seed": seed}
    dataset = task.load(data, options)
    recipe = recipe_for(dataset, model, data=data, options=options)
    keras.utils.set_random_seed(seed)
    network = create_model(model, **recipe.config)
    start, processor = time.perf_counter(), time.process_time()
    assert task.fit is not None
    run = task.fit(network, dataset.train, dataset.validation, recipe, seed=seed)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    best = run.history[run.best_epoch - 1]
    if save is not None:
        origin = {"data": data, "data_options": options, "seed": seed, "epochs": recipe.epochs}
        pipeline_of(network, recipe, dataset, origin=origin, unseen=None).save(save, dtype="float16")
    answers = predict(network, dataset.test, recipe.heads, trim_padding=recipe.trim_padding)["answer"]
    return {
        "model": model,
        "data": data,
        "seed": seed,
        "backend": keras.backend.backend(),
        "accuracy": score("accuracy", dataset.test.targets["answer"], answers),
        "by_task": _by_task(dataset.test, answers),
        "validation_accuracy": best["val_answer_accuracy"],
        "epochs": len(run.history),
        "weights": network.count_params(),
        "seconds": seconds,
        "processor_seconds": processor,
        "machine": machine_facts(),
    }


def _by_task(test: Any, answers: Any) -> dict[str, float]:
    """Task -> accuracy, where the data holds several."""
    tasks = test.groups.get("task")
    if tasks is None:
        return {}
    right = answers.argmax(axis=-1) == test.targets["answer"]
    return {str(task): float(right[tasks == task].mean()) for task in dict.fromkeys(tasks)}


def runs() -> Iterator[dict[str, Any]]:
    for path in sorted(FOLDER.glob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def spread(values: list[float]) -> dict[str, float]:
    return {
        "mean": statistics.mean(values),
        "deviation": statistics.stdev(values) if len(values) > 1 else 0.0,
        "runs": len(values),
    }


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Model -> task -> accuracy over the seeds; the mean over the twenty tasks where all of them were run."""
    tables: dict[str, Any] = {}
    for model in MODELS:
        table = {}
        for task in TASKS:
            values = [run["accuracy"] for run in found if (run["model"], run["data"]) == (model, f"babi-qa{task}")]
            if values:
                table[str(task)] = spread(values)
        if len(table) == len(TASKS):
            table["mean"] = {"mean": statistics.mean(row["mean"] for row in table.values())}
        tables[model] = table
    return tables


def others(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Data -> model -> accuracy of all that is not one of the twenty small tasks."""
    groups: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for run in found:
        if run["data"] not in {f"babi-qa{task}" for task in TASKS}:
            groups.setdefault(run["data"], {}).setdefault(run["model"], []).append(run)
    return {
        data: {
            model: spread([run["accuracy"] for run in rows]) | {"by_task": rows[0]["by_task"]}
            for model, rows in by_model.items()
        }
        for data, by_model in groups.items()
    }


def table() -> None:
    found = list(runs())
    figures = {
        "published": PUBLISHED,
        "tasks": summary(found),
        "others": others(found),
        "runs": [{key: run[key] for key in run if key not in ("machine", "by_task")} for run in found],
    }
    print(json.dumps({key: figures[key] for key in ("tasks", "others")}, indent=1))
    commands = [f"python -m benchmarks.texts.babi run {model} --tasks 1-20 --seeds 3" for model in MODELS]
    write_record(
        "results/babi.json",
        figures,
        command="; ".join([*commands, "python -m benchmarks.texts.babi table"]),
        seed=sorted({run["seed"] for run in found}),
    )


def card(path: Path) -> None:
    """Beside a file of weights, what it reaches on the test split of its data, which is read here once more."""
    from zoo.tasks import load_pipeline
    from zoo.tasks.evaluation import dataset_of
    from zoo.tasks.verbs import heads_of
    from zoo.training import predict

    pipeline = load_pipeline(path)
    entry, origin = pipeline.entry, pipeline.origin
    dataset = dataset_of(pipeline)
    answers = predict(pipeline.model, dataset.test, heads_of(pipeline), trim_padding=True)["answer"]
    by_task = _by_task(dataset.test, answers)
    ship(
        path,
        {
            "model": f"{entry}: {describe(entry).summary}",
            "data": f"{dataset.card['source']}; all {len(by_task)} tasks together, {len(dataset.train):,} questions",
            "licence": "Apache-2.0; trained on data under CC BY 3.0 (Weston et al. 2015)",
            "command": f"python -m benchmarks.texts.babi run {entry} --data {origin['data']} --seeds 1 --save {path}",
            "seed": origin["seed"],
            "scores_on_test": {"accuracy": statistics.mean(by_task.values()), "by_task": by_task},
            "published": PUBLISHED,
        },
    )


def train(model: str, names: list[str], seeds: int, save: Path | None = None) -> None:
    for seed in range(seeds):
        for data in names:
            path = FOLDER / f"{model}_{data}_{seed}.json"
            if path.exists():
                continue
            done = one_run(model, data, seed, save)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, done)
            print(
                f"{model} {data} seed {seed}: test {100 * done['accuracy']:.1f} %, validation "
                f"{100 * done['validation_accuracy']:.1f} %, {done['epochs']} epochs, {done['seconds']:.0f} s",
                flush=True,
            )


def tasks_of(given: str) -> list[int]:
    """ "1-3,7" -> [1, 2, 3, 7]."""
    parts = [part.partition("-") for part in given.split(",")]
    return [task for first, _, last in parts for task in range(int(first), int(last or first) + 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    training = verbs.add_parser("run")
    training.add_argument("model", choices=MODELS)
    training.add_argument("--tasks", type=tasks_of, default=list(TASKS))
    training.add_argument("--data", help="instead of tasks: babi, babi-10k-qa1, ...")
    training.add_argument("--seeds", type=int, default=3)
    training.add_argument("--save", type=Path, metavar="FILE", help="keep the weights, in half precision")
    verbs.add_parser("card").add_argument("file", type=Path)
    verbs.add_parser("table")
    given = parser.parse_args()
    if given.verb == "table":
        table()
    elif given.verb == "card":
        card(given.file)
    else:
        names = [given.data] if given.data else [f"babi-qa{task}" for task in given.tasks]
        train(given.model, names, given.seeds, given.save)


if __name__ == "__main__":
    main()
