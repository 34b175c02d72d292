"""Are our graphs the official ones? Random weights, through an official file and our loader, give the same logits.

python -m benchmarks.backbones.parity               # all that runs/parity does not hold yet; writes results/parity.json
python -m benchmarks.backbones.parity resnet50 vgg_tiny    # these alone
python -m benchmarks.backbones.parity --again --vectors all

For every builder of keras.applications (and torchvision's and timm's of the torch-form models): the official model with
random weights is saved as its publisher saves it (the legacy .h5 layout, a state dict), loaded by `create_model` into
our graph, and both answer the same images: logits with a top and features without, at two sizes. Softmax outputs are
not compared: those of random networks hide scrambled weights. Then weights of ours are reversed, one at a time: the
smallest change that a reversal makes says what the comparison would overlook. A fresh process for each model.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.backbones.official_models import OFFICIAL, Official
from zoo.catalogue import describe, list_models
from zoo.records import write_record

THRESHOLD = 1e-4  # of the spread (standard deviation) of the official logits
SIZES = (96, 107)  # the second one is odd, to meet every rounding of paddings
TORCH_SIZES = (224, 239)
BATCH = 2
VECTORS = 12  # weights that are reversed in a large model, spread over its depth; of tiny ones all are
FOLDER = Path("runs/parity")
SECONDS = 1800  # for one model


def tiny_members() -> list[str]:
    names = list_models(task="image-classification", for_tests=True)
    return [name for name in names if describe(name).for_tests]


def child(name: str, vectors: str) -> dict[str, Any]:
    """The figures of one model, measured in this process."""
    start = time.perf_counter()
    if name in OFFICIAL:
        compare = compare_keras if OFFICIAL[name].package == "keras.applications" else compare_torch
        figures, ours, inputs = compare(name, OFFICIAL[name])
    else:
        figures, ours, inputs = tiny(name)
        vectors = "all"
    figures["reversed"] = sensitivity(ours, inputs, None if vectors == "all" else int(vectors))
    return {**figures, "seconds": round(time.perf_counter() - start, 1), "peak_gib": peak_gib()}


def compare_keras(name: str, official: Official) -> tuple[dict[str, Any], Any, Any]:
    import keras

    from benchmarks.backbones.official_models import (
        build_keras,
        has_preprocessing,
        images,
        preprocessing_inside,
        randomise_keras,
    )
    from zoo.create import create_model

    rounds, counts, ours, inputs = [], {}, None, None
    for size in SIZES:
        theirs = build_keras(official, size, include_top=True)
        randomise_keras(theirs, size)
        for top in (True, False):
            if not top:
                whole, theirs = theirs, build_keras(official, size, include_top=False)
                for mine, value in zip(theirs.weights, whole.weights, strict=False):
                    mine.assign(value)
                del whole
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "weights.h5"
                save_legacy(theirs, path)
                mine = create_model(name, weights=path, input_shape=(size, size, 3), include_top=top)
            counts = counts or {"parameters": mine.count_params(), "official_parameters": theirs.count_params()}
            pixels = images(BATCH, size, seed=1)
            prepared = preprocessing_inside(theirs)(pixels)
            raw = pixels if has_preprocessing(theirs) else prepared
            expected = keras.ops.convert_to_numpy(theirs(raw, training=False))
            rounds.append({"size": size, "top": top, **difference(answer(mine, prepared), expected)})
            if ours is None:
                ours, inputs = mine, prepared
            del mine
    return {"official": f"{official.package}.{official.builder}", **counts, "rounds": rounds}, ours, inputs


def save_legacy(model: Any, path: Path) -> None:
    """The layout of the official files: of Keras 1 and 2, which Keras 3 still reads and writes."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def compare_torch(name: str, official: Official) -> tuple[dict[str, Any], Any, Any]:
    import keras
    import torch

    from benchmarks.backbones.official_models import build_torch, images
    from zoo.create import create_model

    module = build_torch(official)
    keras.config.set_floatx("float64")  # in float32 two libraries differ by up to 6e-4 in ResNet-50: rounding alone
    found: dict[str, Any] = {}
    hook = dict(module.named_modules())[official.features or ""].register_forward_hook(
        lambda part, given, output: found.update(features=output)
    )
    rounds, counts, ours, inputs = [], {}, None, None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save(module.state_dict(), path)
        module.double()
        for size in TORCH_SIZES:
            image = images(BATCH, size, seed=1).astype("float64") / 127.5 - 1
            with torch.no_grad():
                logits = module(torch.from_numpy(image).permute(0, 3, 1, 2)).numpy()
            for top, expected in ((True, logits), (False, found["features"].permute(0, 2, 3, 1).numpy())):
                mine = create_model(name, weights=path, input_shape=(size, size, 3), include_top=top)
                if not counts:
                    of_torch = sum(v.numel() for k, v in module.state_dict().items() if v.is_floating_point())
                    counts = {"parameters": mine.count_params(), "official_parameters": of_torch}
                rounds.append({"size": size, "top": top, **difference(answer(mine, image), expected)})
                if ours is None:
                    ours, inputs = mine, image
    hook.remove()
    return (
        {"official": f"{official.package}.{official.builder}", **counts, "dtype": "float64", "rounds": rounds},
        ours,
        inputs,
    )


def tiny(name: str) -> tuple[dict[str, Any], Any, Any]:
    """No official counterpart: the sensitivity alone."""
    from benchmarks.backbones.official_models import images, randomise_keras
    from zoo.create import create_model

    model = create_model(name)
    size = model.inputs[0].shape[1]
    randomise_keras(model, size)
    return {"parameters": model.count_params()}, model, images(BATCH, size, seed=1) / np.float32(127.5) - 1


def answer(model: Any, image: Any) -> np.ndarray:
    """Logits or features, as a numpy array."""
    import keras

    if "predictions" in model.output:
        model.get_layer("predictions").activation = keras.activations.linear
    outputs = model({"image": image}, training=False)
    return keras.ops.convert_to_numpy(outputs.get("predictions", outputs.get("features")))


def difference(found: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    """Largest difference and how far two images lie apart, both by the spread of what is expected."""
    if found.shape != expected.shape:
        raise ValueError(f"Ours answers {found.shape}, the official model {expected.shape}.")
    spread = float(expected.std())
    return {
        "difference": float(np.abs(found - expected).max()) / spread,
        "spread": spread,
        "between_images": float((expected[0] - expected[1]).std()) / spread,
    }


def sensitivity(model: Any, image: Any, most: int | None) -> dict[str, Any]:
    """Reverse one weight at a time (a vector end to end, a kernel along all its axes): the change that it makes."""
    expected = answer(model, image)
    variables = [  # a single number has no order
        (f"{layer.name}/{v.name}", v) for layer in model.layers for v in layer.weights if np.prod(v.shape) > 1
    ]
    places = range(len(variables)) if most is None else np.linspace(0, len(variables) - 1, most).round().astype(int)
    changes = {}
    for address, variable in (variables[place] for place in sorted({int(place) for place in places})):
        value = variable.numpy()
        variable.assign(value.reshape(-1)[::-1].reshape(value.shape))
        changes[address] = difference(answer(model, image), expected)["difference"]
        variable.assign(value)
    least = min(changes, key=lambda address: changes[address])
    return {"weights": len(changes), "of": len(variables), "smallest_change": changes[least], "of_weight": least}


def peak_gib() -> float:
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def measure(name: str, vectors: str) -> dict[str, Any]:
    """The figures of one model from a fresh process, kept in `FOLDER` for a run that goes on later."""
    command = [sys.executable, "-m", "benchmarks.backbones.parity", "--child", name, "--vectors", vectors]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        last = done.stdout.strip().splitlines()[-1:] or [""]
        if done.returncode == 0:
            figures = json.loads(last[0])
            (FOLDER / f"{name}.json").write_text(json.dumps(figures))
            return figures
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"}
    except subprocess.TimeoutExpired:
        return {"error": f"more than {SECONDS} s"}


def row(name: str, figures: dict[str, Any]) -> str:
    """One line of the table."""
    if "error" in figures:
        return f"{name:<28} {figures['error']}"
    rounds = figures.get("rounds", [])
    cells = " ".join(f"{one['difference']:9.1e}" for one in rounds) or " " * 39
    seen = figures["reversed"]
    counts = f"{figures['parameters']:>11,}"
    change = f"{seen['smallest_change']:9.1e} ({seen['weights']} of {seen['of']})"
    return f"{name:<28} {counts} {cells:<39} {change} {figures['seconds']:6.0f} s {figures['peak_gib']:5.1f} GiB"


def summary(models: dict[str, dict[str, Any]]) -> dict[str, Any]:
    compared = {name: figures for name, figures in models.items() if "rounds" in figures}
    largest = {name: max(one["difference"] for one in figures["rounds"]) for name, figures in compared.items()}
    seen = {name: row["reversed"]["smallest_change"] for name, row in models.items() if "reversed" in row}
    return {
        "threshold": THRESHOLD,
        "compared": len(compared),
        "of": len(OFFICIAL),
        "largest_difference": max(largest.values(), default=None),
        "above_threshold": sorted(name for name, value in largest.items() if value > THRESHOLD),
        "smallest_change_of_a_reversal": min(seen.values(), default=None),
        "reversals_overlooked": sorted(name for name, value in seen.items() if value <= THRESHOLD),
        "models": models,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--again", action="store_true", help="measure what is measured already")
    parser.add_argument("--vectors", default=str(VECTORS), help="weights to reverse in each model, or 'all'")
    parser.add_argument("--child", action="store_true", help="measure the one model in this process")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.names[0], options.vectors)))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    large = list(OFFICIAL)[-12:]
    everything = [*(name for name in OFFICIAL if name not in large), *tiny_members(), *large]
    models: dict[str, dict[str, Any]] = {}
    print(f"{'model':<28} {'weights':>11} {'difference: top, none; the other size':<39} smallest change of a reversal")
    for name in options.names or everything:
        kept = FOLDER / f"{name}.json"
        known = kept.exists() and not options.again
        models[name] = json.loads(kept.read_text()) if known else measure(name, options.vectors)
        print(row(name, models[name]), flush=True)
        if not options.names:  # after each: a run that is cut off leaves what it has
            write_record(
                "results/parity.json", summary(models), command="python -m benchmarks.backbones.parity", seed=0
            )


if __name__ == "__main__":
    main()
