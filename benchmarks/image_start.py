"""From a file of weights to the first answer: `zoo.create_model` beside keras.applications with `load_weights`.

python -m benchmarks.image_start                                   # writes results/image_start.json; half an hour
python -m benchmarks.image_start --models mobilenet --backends tensorflow --rounds 1

Measured from the end of the imports: build the model, load an official file (random weights, in the legacy layout),
prepare one image, predict. Ours and theirs in turns, a fresh process each time, the median of all rounds; the file is
in the disk cache. `--answer call` calls the model instead of `predict`, which compiles it.
"""

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from zoo.records import write_record

MODELS = {"inception_v3": "InceptionV3", "resnet50": "ResNet50", "vgg16": "VGG16", "mobilenet": "MobileNet"}
GOALS = {"tensorflow": 0.5, "jax": 0.3}
FOLDER = Path("runs/image_start")
PHOTO = "data/chelsea.png"  # in scikit-image


def make(name: str) -> None:
    """The official file, with random weights."""
    from benchmarks.official_models import OFFICIAL, build_keras, randomise_keras
    from benchmarks.parity import save_legacy

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


def zoo_first_answer(name: str, answer: str) -> dict[str, float]:
    import zoo
    import zoo.create
    import zoo.pretrained.images

    importlib.import_module("keras")  # the imports are over when the clock starts
    picture = photo()
    start = time.perf_counter()
    model = zoo.create_model(name, weights=file_of(name))
    loaded = time.perf_counter()
    image = zoo.preprocess(picture, f"{name}.imagenet")
    prepared = time.perf_counter()
    answered(model, image, answer)
    return stages(start, loaded, prepared)


def keras_first_answer(name: str, answer: str) -> dict[str, float]:
    import keras
    import numpy as np

    importlib.import_module("zoo.pretrained.images")  # so that both processes hold the same

    picture = photo()
    module = getattr(keras.applications, name.split("_v2")[0] if name != "resnet50" else "resnet")
    start = time.perf_counter()
    model = getattr(keras.applications, MODELS[name])(weights=None)
    model.load_weights(file_of(name))
    loaded = time.perf_counter()
    size = model.input_shape[1:3]
    image = module.preprocess_input(np.asarray(picture.resize(size), dtype="float32")[None])
    prepared = time.perf_counter()
    answered(model, image, answer)
    return stages(start, loaded, prepared)


def answered(model: Any, image: Any, answer: str) -> None:
    import keras

    outputs = model.predict(image, verbose=0) if answer == "predict" else model(image, training=False)
    keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)


def stages(start: float, loaded: float, prepared: float) -> dict[str, float]:
    end = time.perf_counter()
    return {"load": loaded - start, "prepare": prepared - loaded, "answer": end - prepared, "all": end - start}


CHILDREN = {"zoo": zoo_first_answer, "keras": keras_first_answer}


def child(side: str, name: str, backend: str, answer: str) -> dict[str, float]:
    """The seconds of one fresh process."""
    command = [sys.executable, "-m", "benchmarks.image_start", "--child", side, "--models", name, "--answer", answer]
    environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side} {name} on {backend}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(name: str, backend: str, rounds: int, answer: str) -> dict[str, Any]:
    """Medians of both sides, stage by stage, and their ratio; the sides take turns."""
    seconds: dict[str, list[dict[str, float]]] = {side: [] for side in CHILDREN}
    for number in range(rounds):
        for side in sorted(CHILDREN, reverse=bool(number % 2)):
            seconds[side].append(child(side, name, backend, answer))
    medians = {
        side: {stage: statistics.median(one[stage] for one in every) for stage in every[0]}
        for side, every in seconds.items()
    }
    return {
        **medians,
        "ratio": medians["zoo"]["all"] / medians["keras"]["all"],
        "goal": GOALS[backend],
        "seconds": {side: [one["all"] for one in every] for side, every in seconds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--backends", nargs="+", default=list(GOALS), choices=GOALS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--answer", default="predict", choices=("predict", "call"))
    parser.add_argument("--child", choices=(*CHILDREN, "make"))
    options = parser.parse_args()
    if options.child == "make":
        make(options.models[0])
        return
    if options.child:
        print(json.dumps(CHILDREN[options.child](options.models[0], options.answer)))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {"answer": options.answer, "rounds": options.rounds}
    for backend in options.backends:
        figures[backend] = {}
        for name in options.models:
            if not file_of(name).exists():
                command = [sys.executable, "-m", "benchmarks.image_start", "--child", "make", "--models", name]
                subprocess.run(command, env=os.environ | {"KERAS_BACKEND": "tensorflow"}, check=True)
            found = figures[backend][name] = compare(name, backend, options.rounds, options.answer)
            cells = "  ".join(
                f"{side} {one['load']:.2f} + {one['prepare']:.2f} + {one['answer']:.2f} s"
                for side, one in ((side, found[side]) for side in CHILDREN)
            )
            print(f"{backend:<10} {name:<14} {cells}  ratio {found['ratio']:.2f} (goal {found['goal']})", flush=True)
    whole = options.models == list(MODELS) and options.backends == list(GOALS) and options.rounds >= 5
    if whole:
        suffix = "" if options.answer == "predict" else "_call"
        command = f"python -m benchmarks.image_start --answer {options.answer}"
        write_record(f"results/image_start{suffix}.json", figures, command=command, seed=0)


if __name__ == "__main__":
    main()
