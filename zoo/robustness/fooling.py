"""Pictures made from noise that a model answers with confidence, though they show nothing (Nguyen et al. 2015)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ConfigError, is_number
from zoo.files import write_json
from zoo.robustness.classifier import Classifier
from zoo.robustness.sources import class_numbers, picture_source

STEPS, STEP = 100, 0.5  # Euclidean length of a step, of pixels from 0 to 1
NOISE = 0.1  # deviation around grey


@dataclass(frozen=True)
class FoolingImages:
    """pictures  (k, H, W, C) pixels from 0 to 1; wanted  the class of each; confidence  (k,) its probability;
    before  (k,) that of the noise which it began with; colour  order of the channels, "rgb" or "bgr"."""

    pictures: np.ndarray
    wanted: Sequence[str]
    confidence: np.ndarray
    before: np.ndarray
    goal: float
    colour: str = "rgb"

    def sentence(self) -> str:
        reached = int((self.confidence >= self.goal).sum())
        return (
            f"{reached} of {len(self.wanted)} pictures made from noise are given their class with a probability of "
            f"{self.goal:.0%} or more; the noise they began with had {self.before.mean():.1%} on average."
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "goal": self.goal,
            "pictures": [
                {"class": name, "confidence": float(sure), "confidence_of_the_noise": float(first)}
                for name, sure, first in zip(self.wanted, self.confidence, self.before, strict=True)
            ],
        }

    def save(self, folder: Path | str) -> list[Path]:
        """Write fooling.json and fooling.png. Needs matplotlib."""
        from zoo.robustness.picture import draw_fooling

        folder = Path(folder)
        write_json(folder / "fooling.json", self.to_json())
        draw_fooling(self, folder / "fooling.png")
        return [folder / "fooling.json", folder / "fooling.png"]


def fooling_images(
    model: Any,
    *,
    classes: Sequence[str | int] | None = None,
    goal: float = 0.99,
    steps: int = STEPS,
    output: str | None = None,
    scale: Any = None,
    shape: tuple[int, int, int] | None = None,
    seed: int = 0,
) -> FoolingImages:
    """Grey noise, changed along the gradient until the model, or pipeline, is as sure of a class as `goal`.

    classes  which, by label or number; None: the first ten, each once.
    scale    as in `attack`; shape  (H, W, C), of a model whose input leaves it open.

    Raises `ConfigError` for a model without pictures, or whose input has no fixed size and no `shape` is given.
    """
    if not is_number(goal) or not 0 < goal < 1:
        raise ConfigError(f"The confidence to reach must be between 0 and 1; received {goal!r}.")
    if type(steps) is not int or steps < 1:
        raise ConfigError(f"'steps' must be a whole number of at least 1; received {steps!r}.")
    graph, scale, labels, sides = picture_source(model, output, scale, shape)
    wanted = class_numbers(classes if classes is not None else range(min(10, len(labels))), labels, "classes")
    random = np.random.default_rng(seed)
    low_high = np.clip(0.5 + random.normal(0, NOISE, (len(wanted), *sides)), 0, 1).astype(np.float32)
    name = next(each.name for each in graph.inputs if len(each.shape) == 4)
    classifier = Classifier(graph, {name: scale.to_numbers(low_high)}, output, scale)
    rows, pictures = np.arange(len(wanted)), low_high
    before = confidence = np.exp(classifier.scores(pictures, rows))[rows, wanted]
    for _ in range(steps):
        left = np.flatnonzero(confidence < goal)
        if not len(left):
            break
        _, gradient = classifier.gradient(pictures[left], left, wanted[left])  # of the cross-entropy: go down
        length = np.sqrt(np.square(gradient).sum(axis=(1, 2, 3), keepdims=True))
        pictures = pictures.copy()
        pictures[left] = np.clip(pictures[left] - STEP * gradient / np.maximum(length, 1e-12), 0, 1)
        confidence = confidence.copy()
        confidence[left] = np.exp(classifier.scores(pictures[left], left))[np.arange(len(left)), wanted[left]]
    return FoolingImages(pictures, [labels[each] for each in wanted], confidence, before, goal, scale.colour)
