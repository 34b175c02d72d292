"""A joint model of several senses against each sense alone, the best vote, a linear model and boosted trees.

    ZOO_MIRROR=... python -m benchmarks.senses.joint                 # all parts; writes results/joint.json
    ZOO_MIRROR=... python -m benchmarks.senses.joint --parts shop  # one part; the others stay as they are in the record
    ZOO_MIRROR=... python -m benchmarks.senses.joint --parts houses --seeds 0 1 2 3 4   # instead of three seeds

Everything of a part sees the same split. All choices, the weights of the vote among them, are made on validation rows;
on fashion each contestant is then trained on those too, by the same recipe. It predicts the test rows once.
Photos are read by MobileNet's ImageNet weights, frozen: their features are computed once, kept in the folder of
features, and read by all.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import keras
import numpy as np

import zoo
from benchmarks.seeds import each_seed, spread
from benchmarks.senses.joint_simple import simple_scores
from zoo.datasets.dataset import Dataset
from zoo.datasets.joint.houses import FOLDS, ROOMS
from zoo.datasets.joint.shop import SENSES as SHOP_SENSES
from zoo.datasets.joint.shop import limits
from zoo.files import atomic_path
from zoo.lazy_array import LazyArray
from zoo.metrics import score
from zoo.models.joint import joint
from zoo.records import write_record
from zoo.report import best_weights, sense_rows, vote
from zoo.samples import Samples, present
from zoo.tasks import load_dataset
from zoo.tasks.backbones import PRETRAINED
from zoo.tasks.joint import TASK, senses_of
from zoo.training import Recipe, Run, fit
from zoo.training.fine_tuning.features import features_folder
from zoo.training.predictions import predict

RECORD, RUNS = Path("results/joint.json"), Path("runs/joint")
SEEDS = (0, 1, 2)
BATCH = 64
HOUSES_GOAL = 135.0  # thousands of dollars; that of ridge regression on the table was 147
MODEL = "mobilenet"
METRIC = {"season": "accuracy", "usage": "accuracy", "year": "mae", "price": "mae", "trend": "accuracy"}


@dataclass(frozen=True)
class Part:
    """Samples whose photos are vectors already, and how their joint model is made and trained."""

    dataset: Dataset
    splits: tuple[Samples, Samples, Samples]
    config: Mapping[str, Any]
    recipe: Recipe
    vectors: tuple[str, ...]
    senses: Mapping[str, tuple[str, ...]]


def with_features(samples: Samples) -> Samples:
    """The samples with what the frozen network gives for each photo in the place of the photos."""
    inputs: dict[str, Any] = dict(samples.inputs)
    for name, pictures in samples.inputs.items():
        if isinstance(pictures, LazyArray):
            inputs[name] = features_of(pictures)
    return replace(samples, inputs=inputs)


def features_of(pictures: LazyArray) -> np.ndarray:
    """(n, H, W, 3) -> (n, 1024), from the folder of features where they stand there; each photo by its own hash."""
    folder = features_folder()
    folder.mkdir(parents=True, exist_ok=True)
    keys = [
        sha256(f"{MODEL} {pictures.shape[1:]} {pictures.identity(item)}".encode()).hexdigest()
        for item in pictures.items
    ]
    file = folder / "benchmark_joint.npz"
    known = dict(np.load(file)) if file.exists() else {}
    if lacking := [row for row, key in enumerate(keys) if key not in known]:
        shape = tuple(pictures.shape[1:])
        network = zoo.create_model(MODEL, weights=PRETRAINED, input_shape=shape, include_top=False, pooling="avg")
        for start in range(0, len(lacking), BATCH):
            rows = lacking[start : start + BATCH]
            found = np.asarray(network.predict_on_batch(pictures[np.array(rows)])["features"])
            known |= {keys[row]: values for row, values in zip(rows, found, strict=True)}
            print(f"features {start + len(rows)}/{len(lacking)}", end="\r", flush=True)
        with atomic_path(file) as scratch:
            np.savez(scratch, **known)
    return np.stack([known[key] for key in keys])


def part_of(entry: str, data: str, **options: Any) -> Part:
    """The data with features in the place of photos; generated pictures, which a small network learns, as they are."""
    dataset = load_dataset(data, **options)
    settings = TASK.settings(dataset, entry, data)
    recipe = zoo.tasks.recipe_for(dataset, entry, data=data, options=options)
    frozen = settings.config.get("picture") == MODEL
    splits = (dataset.train, dataset.validation, dataset.test)
    config = {name: value for name, value in recipe.config.items() if not (frozen and name == "picture")}
    vectors: tuple[str, ...] = ()
    if frozen:
        vectors = tuple(config["pictures"])
        splits = tuple(map(with_features, splits))
        size = splits[0].inputs[vectors[0]].shape[1]
        config |= {"pictures": {}, "others": {"vectors": dict.fromkeys(vectors, size)}}
    return Part(dataset, splits, config, recipe, vectors, senses_of(dataset.schema))


def restricted(part: Part, senses: Sequence[str]) -> dict[str, Any]:
    """The options of the builder for these senses alone."""
    config = dict(part.config)
    if "table" not in senses:
        config |= {"numbers": 0, "categories": {}, "complete": (), "wide": False}
    for key in ("texts", "pictures"):
        config[key] = {name: told for name, told in config[key].items() if name in senses}
    others = {
        kind: {name: told for name, told in each.items() if name in senses} for kind, each in config["others"].items()
    }
    config["others"] = others
    config["optional"] = [name for name in config["optional"] if name in senses]
    return config


def only(samples: Samples, part: Part, senses: Sequence[str]) -> Samples:
    inputs = {name for sense in senses for name in part.senses[sense]}
    return replace(samples, inputs={name: values for name, values in samples.inputs.items() if name in inputs}, raw={})


def trained(
    part: Part, senses: Sequence[str], seed: int, *, refit: bool, targets: Sequence[str] = ()
) -> tuple[Any, Run]:
    """A model of these senses, trained by the recipe of the joint one."""
    keras.utils.set_random_seed(seed)
    model = joint(**restricted(part, senses))
    first, second, _ = (only(each, part, senses) for each in part.splits)
    return model, fit(model, first, second, replace(part.recipe, refit=refit, fine_tune=None, patience=None), seed=seed)


def outputs(part: Part, model: Any, samples: Samples) -> dict[str, np.ndarray]:
    """Predictions in the targets' own units."""
    found = predict(model, samples, part.recipe.heads)
    kinds = part.dataset.targets
    return {
        name: part.dataset.schema.original(name, values) if kinds[name].kind == "regression" else values
        for name, values in found.items()
    }


def truths(part: Part, samples: Samples) -> dict[str, np.ndarray]:
    kinds = part.dataset.targets
    return {
        name: part.dataset.schema.original(name, values) if kinds[name].kind == "regression" else values
        for name, values in samples.targets.items()
    }


def scores(part: Part, found: Mapping[str, np.ndarray], samples: Samples) -> dict[str, float]:
    labels = truths(part, samples)
    return {name: float(score(METRIC[name], labels[name], values) or 0.0) for name, values in found.items()}


def contest(
    part: Part, alone: Mapping[str, Sequence[str]], seeds: Sequence[int], single: Sequence[int], *, refit: bool = True
) -> dict[str, Any]:
    """Scores on test, contestant -> output -> one a seed; what the vote weighs; what senses are worth to the joint one.

    alone  contestant -> its senses; trained with the seeds of `single`.
    refit  whether all are trained on the validation rows too, once the weights of the vote are chosen.
    """
    test = part.splits[2]
    apart = {name: trained(part, senses, single[0], refit=False)[0] for name, senses in alone.items()}
    weights = vote_weights(part, alone, apart)
    rows: dict[str, list[dict[str, float]]] = {}
    seconds, worth = [], []
    for seed in seeds:
        start = time.perf_counter()
        model, _ = trained(part, list(part.senses), seed, refit=refit)
        seconds.append(time.perf_counter() - start)
        rows.setdefault("joint", []).append(scores(part, outputs(part, model, test), test))
        print("joint", seed, rows["joint"][-1], f"{seconds[-1]:.0f} s", flush=True)
        worth = worth or worth_of_senses(part, model)
    for seed in single:
        tested = {}
        for name, senses in alone.items():
            again = refit or seed != single[0]
            model = trained(part, senses, seed, refit=refit)[0] if again else apart[name]
            tested[name] = outputs(part, model, only(test, part, senses))
        for output, each in weights.items():
            tested.setdefault("vote", {})[output] = vote({name: tested[name][output] for name in alone}, each)
        for name, found in tested.items():
            rows.setdefault(name, []).append(scores(part, found, test))
            print(name, seed, rows[name][-1], flush=True)
    return {"scores": rows, "vote_weights": weights, "senses": worth, "seconds_of_joint": seconds}


def vote_weights(
    part: Part, alone: Mapping[str, Sequence[str]], apart: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    """Output -> model of one sense -> its weight in the best vote on validation, of models not trained on that."""
    validation = part.splits[1]
    said = {name: outputs(part, apart[name], only(validation, part, senses)) for name, senses in alone.items()}
    labels = truths(part, validation)
    return {
        output: best_weights({name: each[output] for name, each in said.items()}, labels[output], METRIC[output])
        for output in part.recipe.heads
    }


def worth_of_senses(part: Part, model: Any) -> list[dict[str, Any]]:
    """What each sense is worth to a joint model, on test."""
    return sense_rows(
        lambda samples: outputs(part, model, samples),
        in_units(part, part.splits[2]),
        part.senses,
        part.dataset.targets,
        metrics={name: METRIC[name] for name in part.recipe.heads},
        repeats=2,
    )


def in_units(part: Part, samples: Samples) -> Samples:
    return replace(samples, targets=truths(part, samples))


def simple(part: Part, *, photos: bool = True) -> dict[str, dict[str, float]]:
    """The constant, a linear model on everything and boosted trees on table and photos, on the same split.

    Generated pictures have no features: neither model sees them; nor any others without `photos`.
    """
    splits = [in_units(part, each) for each in part.splits]
    metrics = {name: METRIC[name] for name in part.recipe.heads}
    logs = [column.output for column in part.dataset.schema.outputs if column.log]
    found = simple_scores(splits, part.vectors if photos else (), metrics, logs)
    return {"constant": {name: constant_score(splits, name) for name in metrics}, **found}


def constant_score(splits: Sequence[Samples], name: str) -> float:
    """Of the median, or of the most frequent label, of the training rows."""
    labels, tested = splits[0].targets[name], splits[2].targets[name]
    labels, tested = labels[present(labels)], tested[present(tested)]
    if np.issubdtype(labels.dtype, np.floating):
        return float(np.abs(tested - np.median(labels)).mean())
    return float((tested == np.bincount(labels).argmax()).mean())


def summary(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Contestant -> output -> mean, deviation and each value over the seeds."""
    return {
        name: {output: spread([each[output] for each in seeds]) for output in seeds[0]} for name, seeds in rows.items()
    }


def fashion(seeds: Sequence[int]) -> dict[str, Any]:
    part = part_of("fashion_trend", "fashion", seed=0)
    alone = {"table": ["table"], "text": ["name"], "picture": ["picture"]}
    found = contest(part, alone, seeds, seeds)
    found["simple"] = simple(part)
    print(found["simple"], flush=True)
    return {**found, "scores": summary(found["scores"]), "rows": [len(each) for each in part.splits]}


def shop(seeds: Sequence[int]) -> dict[str, Any]:
    part = part_of("joint", "shop", seed=0)
    alone = {"table": ["table"], "text": ["description"], "picture": ["photo"]}
    found = contest(part, alone, seeds, seeds[:1], refit=False)
    found["simple"] = simple(part)
    test = part.dataset.table.test if part.dataset.table else None
    best = {name: limits(test, [name]) for name in SHOP_SENSES} | {"joint": limits(test, tuple(SHOP_SENSES))}
    shares = {name: gap_closed(found["scores"], found["simple"]["constant"], best, name) for name in best}
    print(shares, flush=True)
    return {**found, "scores": summary(found["scores"]), "limits": best, "gap_closed": shares}


def gap_closed(rows: Any, constant: Mapping[str, float], best: Any, name: str) -> dict[str, float]:
    """Output -> the share of the way from the constant prediction to the limit, in the mean over the seeds."""
    found = {}
    for output, limit in best[name].items():
        metric = METRIC[output]
        mean = float(np.mean([each[output] for each in rows[name]]))
        found[output] = (mean - constant[output]) / (limit[metric] - constant[output])
    return found


def houses(seeds: Sequence[int]) -> dict[str, Any]:
    """Five folds, the same for each seed, so that each house is predicted once; the mean absolute error over them all.

    Every contestant is trained on the validation rows too, as the simple ones are, once the votes are weighed on them.
    A seed that has ended is kept in `RUNS`.
    """
    folds = [part_of("house_photos", "houses", fold=fold, seed=0) for fold in range(FOLDS)]
    sizes = [len(part.splits[2]) for part in folds]
    kept = each_seed(seeds, lambda seed: RUNS / f"houses-{seed}.json", lambda seed: houses_of_seed(folds, seed))
    simple_ones = [
        simple(part) | {f"{kind} on the table": each for kind, each in simple(part, photos=False).items()}
        for part in folds
    ]
    rows = {
        name: [over_folds(each["found"]["scores"][name], sizes) for each in kept.values()]
        for name in next(iter(kept.values()))["found"]["scores"]
    }
    return {
        "scores": summary(rows),
        "simple": {kind: over_folds([each[kind] for each in simple_ones], sizes) for kind in simple_ones[0]},
        "vote_weights": [each["found"]["vote_weights"] for each in kept.values()],
        "machines": [each["machine"] for each in kept.values()],
        "goal": HOUSES_GOAL,
        "reached": summary(rows)["joint"]["price"]["mean"] <= HOUSES_GOAL,
    }


def houses_of_seed(folds: Sequence[Part], seed: int) -> dict[str, Any]:
    """Contestant -> its scores in each fold; what the votes weigh there."""
    alone = {"table": ["table"], "photos": list(ROOMS)}
    rows: dict[str, list[dict[str, float]]] = {}
    votes = []
    for part in folds:
        found = contest(part, alone, [seed], [seed])
        for name, (scored,) in found["scores"].items():
            rows.setdefault(name, []).append(scored)
        votes.append(found["vote_weights"])
    return {"scores": rows, "vote_weights": votes}


def over_folds(scored: Sequence[Mapping[str, float]], sizes: Sequence[int]) -> dict[str, float]:
    """The mean over the rows of all folds, of means over those of each."""
    return {name: float(np.average([each[name] for each in scored], weights=sizes)) for name in scored[0]}


PARTS = {"fashion": fashion, "shop": shop, "houses": houses}


def _known() -> Iterator[tuple[str, Any]]:
    if RECORD.exists():
        yield from json.loads(RECORD.read_text(encoding="utf-8"))["figures"].items()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--simple", action="store_true", help="only the simple models of fashion, anew")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    given = parser.parse_args()
    if given.simple:
        figures = dict(_known())
        figures["fashion"]["simple"] = simple(part_of("fashion_trend", "fashion", seed=0))
        print(figures["fashion"]["simple"])
        write_record(RECORD, figures, command="python -m benchmarks.senses.joint", seed=list(SEEDS))
        return
    for name in given.parts:
        start = time.perf_counter()
        found = PARTS[name](given.seeds)
        figures = dict(_known()) | {name: {**found, "seconds": time.perf_counter() - start, "metric": METRIC}}
        write_record(RECORD, figures, command="python -m benchmarks.senses.joint", seed=given.seeds)


if __name__ == "__main__":
    main()
