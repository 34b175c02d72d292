"""Labels as training sees them: merged ones under their new integers, ignored ones missing."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from zoo.errors import require_known
from zoo.samples import MISSING_CLASS, Samples
from zoo.training.heads import Head, check_values
from zoo.training.resampling.imbalance import new_label


def relabel(samples: Samples, heads: Mapping[str, Head], *, ignore: bool = True) -> Samples:
    """The samples with the labels that the heads' outputs answer; `ignore=False` keeps ignored labels, for a report.

    The same object where no head merges or ignores.
    """
    changed = {}
    for name, head in heads.items():
        if not (head.plan.merge or (ignore and head.plan.ignore)):
            continue
        require_known("target (heads are matched with targets by name)", name, samples.targets)
        check_values(name, head, samples.targets[name])
        changed[name] = _table(head, ignore)[samples.targets[name]]
    return replace(samples, targets={**samples.targets, **changed}) if changed else samples


def _table(head: Head, ignore: bool) -> np.ndarray:
    """(labels + 1,) old integer -> new integer; the last place serves -1, a missing label."""
    merge, ignored = head.plan.merge, head.plan.ignore if ignore else ()
    names = [new_label(label, merge) for label in head.target.labels]
    places = [MISSING_CLASS if name in ignored else head.answers.labels.index(name) for name in names]
    return np.array([*places, MISSING_CLASS], dtype=np.int32)
