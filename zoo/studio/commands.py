"""The command line that gives again what the page shows."""

import shlex
from typing import TYPE_CHECKING, Any

from zoo.studio.samples import Sample, Upload

if TYPE_CHECKING:
    from zoo.studio.explanations import Wanted

ROW_FILE = "row.csv"  # as the page offers it for download


def given(sample: Sample) -> str:
    """The sample as a word of the command line: its only picture or text, else the file of its row."""
    if len(sample.values) == 1:
        (value,) = sample.values.values()
        if isinstance(value, Upload):
            return value.name
        if isinstance(value, str) and len(value) < 2_000:
            return value
    return ROW_FILE


def command(*words: Any) -> str:
    """
    >>> command("zoo", "predict", "runs/my pets", "cat.png")
    "zoo predict 'runs/my pets' cat.png"
    """
    return shlex.join(map(str, words))


def predict_command(source: str, sample: Sample) -> str:
    return command("zoo", "predict", source, *_last(sample))


def _last(sample: Sample) -> list[str]:
    """The sample at the end of a command; behind a mark where it would be taken for an option."""
    word = given(sample)
    return ["--", word] if word.startswith("-") else [word]


def explain_command(source: str, sample: Sample, method: str, wanted: "Wanted") -> str:
    options: list[str] = ["--method", method]
    for name in ("output", "label"):
        if value := getattr(wanted, name):
            options += [f"--{name}", value]
    if layer := wanted.options(method).get("layer"):
        options += ["--layer", layer]
    if wanted.check:
        options.append("--check")
    return command("zoo", "explain", source, *options, *_last(sample))
