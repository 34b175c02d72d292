"""An output of tags in a report: the frequent ones, each as an output of its own."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from zoo.samples import Samples, Target

MOST_TAGS = 10  # that a report shows one by one, the most frequent


def frequent_tags(target: Target, labels: np.ndarray) -> dict[str, int]:
    """The `MOST_TAGS` most frequent tags of the training rows (n, tags), in order -> their columns."""
    counts = (labels == 1).sum(axis=0)
    places = sorted(np.argsort(-counts, kind="stable")[:MOST_TAGS].tolist())
    return {target.labels[place]: place for place in places}


def one_by_one(samples: Samples, name: str, named: Mapping[str, int]) -> Samples:
    """The samples with an output of its own for each of these tags of the target `name`."""
    values = samples.targets[name]
    others = {other: each for other, each in samples.targets.items() if other != name}
    return replace(
        samples, targets={**others, **{each: values[:, place] for each, place in named.items()}}, sample_weight={}
    )
