"""From a file of weights to the first answer: the zoo beside keras.applications with `load_weights`.

python -m benchmarks.backbones.start                        # writes results/image_start.json; about ten minutes
python -m benchmarks.backbones.start --backends jax --models mobilenet  # a part; recorded when a backend has all models

Measured from the end of the imports: build the model, load an official file (random weights, in the legacy layout),
prepare one image, answer. Ours is `create_model`, `preprocess`, `zoo.predict`; theirs is what their documentation
shows, `load_weights` and `model.predict`, by which the goal is judged, and beside it `model(x)`. All take turns, each
time in a fresh process, forked from one that has imported everything and computed nothing. Medians of all rounds (on
JAX one round of `model(x)`, which compiles every operation by itself), by the clock and in seconds of the processor.
The file is in the disk cache.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.records import write_record

MODELS = {"inception_v3": "InceptionV3", "resnet50": "ResNet50", "vgg16": "VGG16", "mobilenet": "MobileNet"}
GOALS = {"tensorflow": 0.5, "jax": 0.3}
ROUNDS = 5
FOLDER = Path("runs/image_start")
PHOTO = "data/chelsea.png"  # in scikit-image


def make(name: str) -> None:
    """The official file, with random weights."""
    from benchmarks.backbones.official_models import OFFICIAL, build_keras, randomise_keras
    from benchmarks.backbones.parity import save_legacy

    model = build_keras(OFFICIAL[name], 299 if name == "inception_v3" else 224, include_top=True)
    randomise_keras(model, model.input_shape[1])
    save_legacy(model, file_of(name))


def file_of(name: str) -> Path:
    return FOLDER / f"{name}.h5"


def photo() -> Any:
    from importlib.util import find_spec

    from PIL import Image

    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise SystemExit("This benchmark reads a photo of scikit-image: pip install scikit-image.")
    return Image.open(Path(package.origin).parent / PHOTO).convert("RGB")


Stages = dict[str, float]


class Stopwatch:
    """Seconds of each stage by the clock, and those of the processor in all."""

    def __init__(self) -> None:
        self.stages: Stages = {}
        self.start = self.last = time.perf_counter()
        self.processor = time.process_time()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.stages[stage], self.last = now - self.last, now

    def stop(self) -> Stages:
        self.lap("answer")
        return {**self.stages, "all": self.last - self.start, "processor": time.process_time() - self.processor}


def zoo_first_answer(name: str) -> Stages:
    import zoo

    picture = photo()
    watch = Stopwatch()
    model = zoo.create_model(name, weights=file_of(name))
    watch.lap("load")
    image = zoo.preprocess(picture, f"{name}.imagenet")
    watch.lap("prepare")
    zoo.predict(model, image)
    return watch.stop()


def keras_first_answer(name: str, answer: Callable[[Any, Any], Any]) -> Stages:
    import keras
    import numpy as np

    picture = photo()
    module = getattr(keras.applications, name if name != "resnet50" else "resnet")
    watch = Stopwatch()
    model = getattr(keras.applications, MODELS[name])(weights=None)
    model.load_weights(file_of(name))
    watch.lap("load")
    size = model.input_shape[1:3]
    image = module.preprocess_input(np.asarray(picture.resize(size), dtype="float32")[None])
    watch.lap("prepare")
    np.asarray(answer(model, image))
    return watch.stop()


SIDES: dict[str, Callable[[str], Stages]] = {
    "zoo": zoo_first_answer,
    "keras predict": lambda name: keras_first_answer(name, lambda model, image: model.predict(image, verbose=0)),
    "keras call": lambda name: keras_first_answer(name, lambda model, image: model(image, training=False)),
}


def measured(side: str, name: str) -> Stages:
    return SIDES[side](name)


def rounds_of(name: str, rounds: int) -> dict[str, list[Stages]]:
    """All rounds of every side, each in a process of its own that finds the imports done."""
    for module in ("keras", "zoo.create", "zoo.prediction", "zoo.pretrained.images"):
        importlib.import_module(module)
    on_jax = importlib.import_module("keras").backend.backend() == "jax"
    forks = multiprocessing.get_context("fork")
    seconds: dict[str, list[Stages]] = {side: [] for side in SIDES}
    for number in range(rounds):
        for side in sorted(SIDES, reverse=bool(number % 2)):
            if side != "keras call" or not on_jax or number == 0:
                with forks.Pool(1) as pool:
                    seconds[side].append(pool.apply(measured, (side, name)))
    return seconds


def child(kind: str, name: str, backend: str, rounds: int) -> str:
    """The last line that a process with this backend prints; `kind` is "make" or "rounds"."""
    command = [sys.executable, "-m", "benchmarks.backbones.start", "--child", kind, "--models", name]
    environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    command += ["--rounds", str(rounds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} on {backend}: {done.stderr[-2000:]}")
    return (done.stdout.strip().splitlines() or [""])[-1]


def compare(name: str, backend: str, rounds: int) -> dict[str, Any]:
    """Medians of all sides, stage by stage, and ratios of ours to theirs; the sides take turns."""
    seconds = json.loads(child("rounds", name, backend, rounds))
    medians = {
        side: {stage: statistics.median(one[stage] for one in every) for stage in every[0]}
        for side, every in seconds.items()
    }
    ratios = {
        f"{title} to {side}": medians["zoo"][stage] / medians[side][stage]
        for title, stage in (("ratio", "all"), ("ratio of processor time", "processor"))
        for side in SIDES
        if side != "zoo"
    }
    return {
        **medians,
        **ratios,
        "goal": GOALS[backend],
        "rounds": rounds,
        "load average": os.getloadavg()[1],
        "seconds": {side: [one["all"] for one in every] for side, every in seconds.items()},
    }


def row(backend: str, name: str, found: dict[str, Any]) -> str:
    cells = [f"{side} {found[side]['all']:.2f} s ({found[side]['processor']:.2f})" for side in SIDES]
    ratios = [f"{found[f'ratio to {side}']:.2f} of {side}" for side in ("keras predict", "keras call")]
    return f"{backend:<10} {name:<13} {'  '.join(cells)}   {', '.join(ratios)} (goal {found['goal']})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--backends", nargs="+", default=list(GOALS), choices=GOALS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--child", choices=("make", "rounds"))
    options = parser.parse_args()
    if options.child == "make":
        make(options.models[0])
        return
    if options.child:
        print(json.dumps(rounds_of(options.models[0], options.rounds)))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for backend in options.backends:
        for name in options.models:
            if not file_of(name).exists():
                child("make", name, "tensorflow", options.rounds)
            found = compare(name, backend, options.rounds)
            print(row(backend, name, found), flush=True)
            kept(backend, name).write_text(json.dumps(found))
    complete = {backend: rows for backend in GOALS if len(rows := complete_rows(backend)) == len(MODELS)}
    if complete:
        write_record("results/image_start.json", complete, command="python -m benchmarks.backbones.start", seed=0)


def complete_rows(backend: str) -> dict[str, Any]:
    """Model -> its comparison with all rounds, where it was made."""
    paths = {name: kept(backend, name) for name in MODELS}
    rows = {name: json.loads(path.read_text()) for name, path in paths.items() if path.exists()}
    return {name: found for name, found in rows.items() if found["rounds"] >= ROUNDS}


def kept(backend: str, name: str) -> Path:
    """Where one comparison waits for the others."""
    return FOLDER / f"{backend}_{name}.json"


if __name__ == "__main__":
    main()
