"""Explanations: do they point at what decides, how long do they take, do they agree with other tools?

    python -m benchmarks.explanations.explain pointing      a planted set: the largest value within the deciding pattern
    python -m benchmarks.explanations.explain speed  MobileNet at 224 pixels, in forward passes measured in turn
    KERAS_BACKEND=torch python -m benchmarks.explanations.explain agreement     with captum, pytorch-grad-cam
    KERAS_BACKEND=torch python -m benchmarks.explanations.explain occlusion     MobileNet's on a photo, beside captum

Each writes its part of results/explain_PART.json.
"""

import argparse
import importlib.util
import time
from typing import Any

import keras
import numpy as np

import zoo
from zoo.explain import METHODS
from zoo.explain.checks import points_at
from zoo.explain.explain import explain_subject, find_subject
from zoo.explain.heat_maps import FORMULAS
from zoo.explain.planted import PATCH, PATTERNS, SIDE, planted
from zoo.records import write_record

SEED = 0
POINTED = 50  # test pictures that are explained
EPOCHS = {"average": 3, "max": 1}
MARGIN = 2  # pixels around the pattern that count as hit: a cell of a heat map is four wide
LARGER = 1000.0  # times: pytorch-grad-cam adds 1e-6 to a divisor of Grad-CAM++ that is as small in this network
WINDOW, STRIDE, TOGETHER, ROUNDS = 28, 28, 32, 2  # of occlusion beside captum: 64 windows, so many asked about at once
OPTIONS: dict[str, dict[str, Any]] = {"occlusion": {"window": 12, "stride": 4}, "rise": {"masks": 128, "cells": 6}}


def small_network(pooling: str = "average") -> keras.Model:
    """48 x 48 -> maps 12 x 12 -> four patterns."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = keras.layers.Rescaling(4.0, offset=-1.8)(image)
    for stage, width in enumerate((12, 24, 24), start=1):
        x = keras.layers.Conv2D(width, 3, padding="same", activation="relu", name=f"conv{stage}")(x)
        x = keras.layers.MaxPooling2D()(x) if stage < 3 else x
    x = keras.layers.GlobalAveragePooling2D()(x) if pooling == "average" else keras.layers.GlobalMaxPooling2D()(x)
    return keras.Model(image, keras.layers.Dense(len(PATTERNS), activation="softmax", name="pattern")(x), name="small")


def pointing() -> dict[str, Any]:
    """All methods on a network that takes the mean over places, as heat maps are made for; heat maps on one that takes
    the maximum."""
    return {pooling: pointing_of(pooling) for pooling in ("average", "max")}


def pointing_of(pooling: str) -> dict[str, Any]:
    """Train on planted pictures, then mark every method on others that are classified rightly."""
    keras.utils.set_random_seed(SEED)
    train, validation, test = planted(1600, seed=1), planted(300, seed=2), planted(300, seed=3)
    model = small_network(pooling)
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    best = keras.callbacks.ModelCheckpoint(
        "/tmp/planted.weights.h5", monitor="val_accuracy", save_best_only=True, save_weights_only=True
    )
    model.fit(train.pictures, train.labels, epochs=EPOCHS[pooling], batch_size=32, verbose=2,
              validation_data=(validation.pictures, validation.labels), callbacks=[best])  # fmt: skip
    model.load_weights("/tmp/planted.weights.h5")
    said = model.predict(test.pictures, verbose=0).argmax(axis=1)
    right = np.flatnonzero(said == test.labels)[:POINTED]
    figures: dict[str, Any] = {
        "accuracy_on_test": float((said == test.labels).mean()),
        "pictures": len(right),
        "margin_pixels": MARGIN,
        "random_point": ((PATCH + 2 * MARGIN) / SIDE) ** 2,
        "hits": {},
    }
    for name in methods() if pooling == "average" else FORMULAS:
        hits, start = [], time.perf_counter()
        for row in right:
            found = zoo.explain(model, test.pictures[row], method=name, labels=PATTERNS, **OPTIONS.get(name, {}))
            hits.append(points_at(found.values, tuple(test.boxes[row]), margin=MARGIN))
        figures["hits"][name] = float(np.mean(hits))
        print(
            f"{name:<24} {np.mean(hits):.1%}  {(time.perf_counter() - start) / len(right):.2f} s a picture", flush=True
        )
    return figures


def methods() -> list[str]:
    """Those that explain pictures."""
    return [name for name, method in METHODS.items() if "picture" in method.runs]


def speed() -> dict[str, Any]:
    """Medians of runs in turn, so that what else the machine does falls on both alike."""
    keras.utils.set_random_seed(SEED)
    model = zoo.create_model("mobilenet", input_shape=(224, 224, 3))
    image = np.random.default_rng(SEED).random((224, 224, 3)).astype("float32")
    tensor = keras.ops.convert_to_tensor(image[None])
    subject = find_subject(model, image, output=None, label=None, input=None, senses=False)

    def forward() -> None:
        keras.ops.convert_to_numpy(model([tensor], training=False)["predictions"])

    def grad_cam() -> None:
        zoo.explain(model, image, method="grad-cam")

    def map_alone() -> None:
        explain_subject(subject, "grad-cam")

    timed: dict[str, list[float]] = {"forward": [], "grad_cam": [], "grad_cam_known_target": []}
    for round_ in range(9):
        for name, run in (("forward", forward), ("grad_cam", grad_cam), ("grad_cam_known_target", map_alone)):
            start = time.perf_counter()
            run()
            if round_ >= 2:
                timed[name].append(time.perf_counter() - start)
    figures: dict[str, Any] = {f"{name}_seconds": float(np.median(each)) for name, each in timed.items()}
    figures["grad_cam_in_forward_passes"] = figures["grad_cam_seconds"] / figures["forward_seconds"]
    batch = keras.ops.convert_to_tensor(np.repeat(image[None], 32, axis=0))
    start = time.perf_counter()
    keras.ops.convert_to_numpy(model([batch], training=False)["predictions"])
    figures["forward_32_seconds"] = time.perf_counter() - start
    start = time.perf_counter()
    found = explain_subject(subject, "occlusion", window=28, stride=14)
    figures["occlusion_seconds"] = time.perf_counter() - start
    figures["occlusion_windows"] = found.settings["windows"]
    figures["occlusion_in_forward_passes_of_its_windows"] = figures["occlusion_seconds"] / (
        figures["forward_32_seconds"] / 32 * found.settings["windows"]
    )
    figures["backend"] = keras.backend.backend()
    return figures


def agreement() -> dict[str, Any]:
    """The same weights in a plain PyTorch network, explained by captum and pytorch-grad-cam."""
    import torch

    if keras.backend.backend() != "torch":
        raise SystemExit("The other tools are of PyTorch: set KERAS_BACKEND=torch.")
    declared = torch.library.Library("torchvision", "DEF")  # whose compiled part may be missing; the others import it
    for name in ("nms", "qnms"):
        declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    keras.utils.set_random_seed(SEED)
    model, image = small_network(), planted(1, seed=7).pictures[0]
    twin = torch_twin(model)
    x = torch.tensor(image.transpose(2, 0, 1)[None])
    figures = compared(model, twin, image, x, of_captum, of_grad_cam)
    for row in (model.get_layer("pattern").kernel, model.get_layer("pattern").bias):
        row.assign(row * LARGER)
    larger = compared(model, torch_twin(model), image, x, of_grad_cam)
    missing = [each for each in ("captum", "pytorch_grad_cam") if importlib.util.find_spec(each) is None]
    return {"methods": figures, "larger_gradients": {"times": LARGER, "methods": larger}, "not_installed": missing}


def compared(model: keras.Model, twin: Any, image: np.ndarray, x: Any, *tools: Any) -> dict[str, dict[str, float]]:
    """Method -> how near the map of here is to that of the other tools."""
    figures: dict[str, dict[str, float]] = {}
    label = int(twin(x).argmax())
    references = {name: map_ for tool in tools for name, map_ in tool(twin, x, label).items()}
    for name, reference in references.items():
        options = {"integrated-gradients": {"steps": 64}, "occlusion": {"window": 8, "stride": 4, "fill": "zero"}}
        found = zoo.explain(model, image, method=name, label=label, **options.get(name, {})).values
        scale = np.abs(reference).max()
        figures[name] = {
            "correlation": float(np.corrcoef(found.reshape(-1), reference.reshape(-1))[0, 1]),
            "largest_relative_difference": float(np.abs(found - reference).max() / scale),
        }
        print(name, figures[name], flush=True)
    return figures


def torch_twin(model: keras.Model) -> Any:
    """(1, 3, 48, 48) -> (1, 4) logits."""
    import torch

    layers: list[Any] = []
    for stage in (1, 2, 3):
        kernel, bias = model.get_layer(f"conv{stage}").get_weights()
        conv = torch.nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1)
        conv.weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
        conv.bias.data = torch.tensor(bias.copy())
        layers += [conv, torch.nn.ReLU(), *([torch.nn.MaxPool2d(2)] if stage < 3 else [])]
    kernel, bias = model.get_layer("pattern").get_weights()
    dense = torch.nn.Linear(*kernel.shape)
    dense.weight.data, dense.bias.data = torch.tensor(kernel.T.copy()), torch.tensor(bias.copy())

    class Scale(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 4.0 - 1.8

    pool = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]
    return torch.nn.Sequential(Scale(), *layers, *pool, dense).eval()


def of_captum(twin: Any, x: Any, label: int) -> dict[str, np.ndarray]:
    """Maps (48, 48) as captum gives them, colours taken together as here."""
    if importlib.util.find_spec("captum") is None:
        return {}
    import torch
    from captum.attr import GuidedBackprop, IntegratedGradients, LayerGradCam, Occlusion, Saliency

    def colours(found: Any, *, signed: bool) -> np.ndarray:
        values = found.detach().numpy()[0]
        return values.sum(axis=0) if signed else np.abs(values).max(axis=0)

    x = x.clone().requires_grad_()
    last = twin[8]  # the ReLU after the third convolution
    cam = LayerGradCam(twin, last).attribute(x, target=label, relu_attributions=True)
    cam = torch.nn.functional.interpolate(cam, (SIDE, SIDE), mode="bilinear", align_corners=False)
    probabilities = torch.nn.Sequential(twin, torch.nn.Softmax(dim=1))
    hidden = Occlusion(probabilities).attribute(x, sliding_window_shapes=(3, 8, 8), strides=(3, 4, 4), target=label,
                                                baselines=0)  # fmt: skip
    return {
        "saliency": colours(Saliency(twin).attribute(x, target=label), signed=False),
        "integrated-gradients": colours(
            IntegratedGradients(twin).attribute(x, target=label, n_steps=64, method="gausslegendre"), signed=True
        ),
        "guided-backpropagation": colours(GuidedBackprop(twin).attribute(x, target=label), signed=False),
        "grad-cam": cam.detach().numpy()[0, 0],
        "occlusion": hidden.detach().numpy()[0].mean(axis=0),
    }


def of_grad_cam(twin: Any, x: Any, label: int) -> dict[str, np.ndarray]:
    """Maps before their scaling to 1, (48, 48)."""
    if importlib.util.find_spec("pytorch_grad_cam") is None:
        return {}
    import torch
    from pytorch_grad_cam import GradCAMPlusPlus, LayerCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    found = {}
    for name, kind in (("grad-cam++", GradCAMPlusPlus), ("layer-cam", LayerCAM)):
        cam = kind(model=twin, target_layers=[twin[8]])
        cam.activations_and_grads(x)
        twin.zero_grad()
        outputs = cam.activations_and_grads(x)
        ClassifierOutputTarget(label)(outputs[0]).backward()
        values = cam.activations_and_grads.activations[0].numpy()
        gradients = cam.activations_and_grads.gradients[0].numpy()
        targets = [ClassifierOutputTarget(label)]
        map_ = np.maximum(cam.get_cam_image(x, twin[8], targets, values, gradients, False), 0)
        large = torch.nn.functional.interpolate(torch.tensor(map_[:, None]), (SIDE, SIDE), mode="bilinear")
        found[name] = large.numpy()[0, 0]
    return found


def occlusion() -> dict[str, Any]:
    """MobileNet on a photo on PyTorch, the same network explained here and by captum, in turn; seconds of each."""
    import torch
    from captum.attr import Occlusion
    from sklearn.datasets import load_sample_image

    if keras.backend.backend() != "torch":
        raise SystemExit("captum is of PyTorch: set KERAS_BACKEND=torch.")
    keras.utils.set_random_seed(SEED)
    model = zoo.create_model("mobilenet", weights="imagenet")
    image = zoo.preprocess(load_sample_image("flower.jpg"), "mobilenet.imagenet")[0]
    subject = find_subject(model, image)
    label, batch = int(subject.target.place or 0), torch.tensor(image[None])
    found: dict[str, np.ndarray] = {}

    def here() -> None:
        found["zoo"] = explain_subject(subject, "occlusion", window=WINDOW, stride=STRIDE, fill="zero").values

    def captum(together: int) -> None:
        tool = Occlusion(lambda pixels: model([pixels], training=False)["predictions"])
        shape, strides = (WINDOW, WINDOW, 3), (STRIDE, STRIDE, 3)
        lost = tool.attribute(batch, shape, strides, 0, label, perturbations_per_eval=together)
        found["captum"] = lost.detach().numpy()[0, ..., 0]

    ways = {"zoo": here, "captum": lambda: captum(1), "captum_together": lambda: captum(TOGETHER)}
    model([batch], training=False)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, run in ways.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
            print(name, round(seconds[name][-1], 1), "s of the processor", flush=True)
    least = {name: min(each) for name, each in seconds.items()}
    return {
        "windows": (224 // STRIDE) ** 2,
        "together": TOGETHER,
        "rounds": ROUNDS,
        "processor_seconds": least,
        "captum_in_times_of_zoo": least["captum"] / least["zoo"],
        "captum_together_in_times_of_zoo": least["captum_together"] / least["zoo"],
        "correlation": float(np.corrcoef(found["zoo"].reshape(-1), found["captum"].reshape(-1))[0, 1]),
    }


PARTS = {"pointing": pointing, "speed": speed, "agreement": agreement, "occlusion": occlusion}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    part = parser.parse_args().part
    figures = PARTS[part]()
    write_record(
        f"results/explain_{part}.json", figures, command=f"python -m benchmarks.explanations.explain {part}", seed=SEED
    )
    print(figures)
