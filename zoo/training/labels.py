"""Labels as training sees them: merged ones under their new integers, ignored ones missing."""

import warnings
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from zoo.errors import ConfigError, DataWarning, require_known
from zoo.samples import MAPS, MISSING_CLASS, Samples
from zoo.training.head_checks import check_values
from zoo.training.heads import Head
from zoo.training.resampling.imbalance import new_label


def relabel(samples: Samples, heads: Mapping[str, Head], *, ignore: bool = True) -> Samples:
    """The samples with the labels that the heads' outputs predict; `ignore=False` keeps ignored labels, for a report.

    The same object where no head merges or ignores.
    """
    changed = {}
    for name, head in heads.items():
        if not (head.plan.merge or (ignore and head.plan.ignore)):
            continue
        require_known("target (heads are matched with targets by name)", name, samples.targets)
        check_values(name, head, samples.targets[name])
        changed[name] = label_table(head, ignore=ignore)[samples.targets[name]]
    return replace(samples, targets={**samples.targets, **changed}) if changed else samples


def label_table(head: Head, *, ignore: bool = True) -> np.ndarray:
    """(labels + 1,) old integer -> new integer; the last place serves -1, a missing label."""
    merge, ignored = head.plan.merge, head.plan.ignore if ignore else ()
    names = [new_label(label, merge) for label in head.target.labels]
    places = [MISSING_CLASS if name in ignored else head.answers.labels.index(name) for name in names]
    return np.array([*places, MISSING_CLASS], dtype=np.int32)


def require_labels_from_zero(heads: Mapping[str, Head], samples: Samples) -> None:
    """Raise a `ConfigError` for training labels that begin at -1 as others write them: -1 and 1, where -1 is missing.

    -1, 0 and 1 of three labels may also be the lower two of them and missing ones: this is a warning.
    """
    for name, head in heads.items():
        values = np.asarray(samples.targets.get(name, ()))
        if head.target.kind in ("regression", *MAPS) or values.dtype.kind not in "fi":
            continue
        found = np.unique(values[~np.isnan(values)] if values.dtype.kind == "f" else values).tolist()
        two = head.target.kind == "tags" or len(head.target.labels) == 2
        if found[:1] != [MISSING_CLASS] or len(found) != (2 if two else len(head.target.labels)):
            continue
        told = ", ".join(f"{label:g}" for label in found)
        cure = "(values > 0).astype(int)" if found[-1] == 1 and two else "values + 1"
        labels = ("no", "yes") if head.target.kind == "tags" else head.target.labels
        sentence = (
            f"The labels of '{name}' in the training split are {told}, and {MISSING_CLASS} says that a label is "
            f"missing, 0 '{labels[0]}' and {len(labels) - 1} '{labels[-1]}'"
        )
        if two:
            raise ConfigError(f"{sentence}; give {cure}, or leave the output out where it has one label alone.")
        warnings.warn(f"{sentence}; if {MISSING_CLASS} is a label, give {cure}.", DataWarning, stacklevel=3)
