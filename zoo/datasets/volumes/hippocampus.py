"""A sample of hippocampi in MRI with masks of their two parts: Medical Segmentation Decathlon, task 4.

Simpson et al. 2019, arXiv 1902.09063. CC BY-SA 4.0.
"""

import numpy as np

from zoo.artifacts import fetch
from zoo.datasets.checks import require_count, require_seed
from zoo.datasets.dataset import Dataset
from zoo.datasets.splits import split_people
from zoo.datasets.volumes.labelled import Labelled, LabelledVolumes
from zoo.volumes import Volume

ARTIFACT = "volumes.hippocampus"
LABELS = ("background", "anterior", "posterior")
WINDOW = 64  # voxels: a crop is one window


def hippocampus(*, seed: int = 0, volumes: int | None = None) -> Dataset:
    """130 crops (D, H, W), shared out by case 70:10:20; the target "mask" has background, anterior and posterior.

    volumes  to train on, at the most: what more labels are worth is measured by it. Each case is one crop.
    """
    if volumes is not None:
        require_count("volumes", volumes, least=2)
    items = read_hippocampi()
    split = split_people({each.name: "all" for each in items}, seed=require_seed(seed))
    train, validation, test = (
        [each for each in items if split[each.name] == part] for part in ("train", "validation", "test")
    )
    return LabelledVolumes(
        "hippocampus",
        train[:volumes],
        validation,
        test,
        labels=LABELS,
        side=WINDOW,
        seed=seed,
        card={"source": "Medical Segmentation Decathlon, task 4, a sample", "licence": "CC BY-SA 4.0", "seed": seed},
    ).dataset()


def read_hippocampi() -> list[Labelled]:
    """All crops in their own shapes."""
    with np.load(fetch(ARTIFACT), allow_pickle=False) as file:
        images, masks, shapes, names = file["images"], file["labels"], file["shapes"].astype(int), file["names"]
    found = []
    for image, mask, shape, name in zip(images, masks, shapes.tolist(), names, strict=True):
        box = tuple(slice(0, side) for side in shape)
        found.append(Labelled(str(name).removesuffix(".nii.gz"), Volume(image[box]), mask=mask[box]))
    return found
