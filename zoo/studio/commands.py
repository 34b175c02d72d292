"""The command line that gives again what the page shows."""

import shlex
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.studio.samples import Sample, Upload

if TYPE_CHECKING:
    from zoo.studio.explanations import Wanted

ROW_FILE = "row.csv"  # as the page offers it for download


def command_argument(sample: Sample) -> str:
    """The sample as a word of the command line: its only picture or text, else the file of its row.

    "" where it holds a picture that is no file, as those of arrays.
    """
    if any(isinstance(value, bytes | np.ndarray) or hasattr(value, "getexif") for value in sample.values.values()):
        return ""
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
    """An empty text where no command gives the sample."""
    word = command_argument(sample)
    return command("zoo", "predict", source, *_last(word)) if word else ""


def attack_command(source: str, sample: Sample, method: str, strength: float) -> str:
    """`strength` is a share of a pixel's range. An empty text where no command gives the sample."""
    word = command_argument(sample)
    options = ["--method", method, "--strength", f"{255 * strength:g}/255"]
    if word.startswith("-"):  # argparse takes model and data together only: after the mark, not around the options
        return command("zoo", "attack", *options, "--", source, word)
    return command("zoo", "attack", source, word, *options) if word else ""


def explain_command(source: str, sample: Sample, method: str, wanted: "Wanted") -> str:
    """An empty text where no command gives the sample."""
    word = command_argument(sample)
    options: list[str] = ["--method", method]
    for name in ("output", "label"):
        if value := getattr(wanted, name):
            options += [f"--{name}", value]
    if layer := wanted.options(method).get("layer"):
        options += ["--layer", layer]
    if wanted.check:
        options.append("--check")
    return command("zoo", "explain", source, *options, *_last(word)) if word else ""


def _last(word: str) -> list[str]:
    """A sample at the end of a command; behind a mark where it would be taken for an option."""
    return ["--", word] if word.startswith("-") else [word]
