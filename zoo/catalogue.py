"""What the zoo holds, as data: listing it imports no framework.

An entry's name is its builder's name, and `entry.tag` names a set of weights: `author_profile_small.posts`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from zoo.errors import require_known


@dataclass(frozen=True)
class Weights:
    """One set of trained weights: `file` in the folder of weights, what it was trained on, and its headline scores
    (output -> the score in words)."""

    file: str
    data: str
    scores: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One model. `inputs` and `outputs` say name -> shape and meaning; `weights` are keyed by tag."""

    name: str
    task: str
    family: str
    builder: str  # "module:function", imported only when the model is made
    summary: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    source: str
    weights: Mapping[str, Weights] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The entry as plain JSON values."""
        return json.loads(json.dumps(asdict(self)))

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.summary}", f"  task     {self.task}", f"  family   {self.family}"]
        for title, values in (("inputs", self.inputs), ("outputs", self.outputs)):
            lines += [f"  {title:<8} {name}: {meaning}" for name, meaning in values.items()]
        for tag, weights in self.weights.items():
            scores = ", ".join(f"{output} {value}" for output, value in weights.scores.items())
            lines.append(f"  weights  {tag}: trained on {weights.data}" + (f"; {scores}" if scores else ""))
        return "\n".join([*lines, f"  builder  {self.builder}", f"  source   {self.source}"])


def _author_profile(name: str, summary: str, weights: Mapping[str, Weights] | None = None) -> Entry:
    return Entry(
        name=name,
        task="author-profiling",
        family="author_profile",
        builder=f"zoo.models.author_profile:{name}",
        summary=summary,
        inputs={"posts": "(batch, length) integers: numbers of words, 0 for padding on the right, any length"},
        outputs={
            "age": "(batch, 1) years",
            "income": "(batch, 10) probabilities of income groups; 'industry' may stand in its place",
            "gender": "(batch, 1) probability of the second label",
        },
        source="Chollet 2017, Deep Learning with Python, section 7.1.3",
        weights=weights or {},
    )


ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        _author_profile(
            "author_profile", "age, income group and gender of an author from posts; the reference, 14.1 M weights"
        ),
        _author_profile(
            "author_profile_small",
            "the same network at about a quarter of the width, for two cores",
            {
                "posts": Weights(
                    file="author_profile_small.posts.h5",
                    data="generated posts, seed 0 (weights/author_profile_small.posts.card.json)",
                    scores={"age": "MAE 3.58 years", "income": "accuracy 56.7 %", "gender": "accuracy 88.7 %"},
                )
            },
        ),
        _author_profile(
            "author_profile_wide",
            "one convolution beside a bag of words and word pairs, for few authors with long texts",
        ),
        _author_profile("author_profile_tiny", "the same network for tests that run in milliseconds"),
        Entry(
            name="sequential_twin",
            task="vector-classification",
            family="sequential_twin",
            builder="zoo.models.sequential_twin:sequential_twin",
            summary="three dense layers: a Sequential stack, written with the functional API",
            inputs={"features": "(batch, 64) numbers"},
            outputs={"category": "(batch, 10) probabilities"},
            source="Chollet 2017, Deep Learning with Python, section 7.1.1",
        ),
    )
}


def list_models(pattern: str = "*", *, task: str | None = None, weights: str | None = None) -> list[str]:
    """Names that match `pattern` (as file names do: `author*`), in alphabetical order.

    `task` keeps the models of one task, `weights` those that have a set of weights of this tag.

    >>> list_models("author_profile*", task="author-profiling")
    ['author_profile', 'author_profile_small', 'author_profile_tiny', 'author_profile_wide']
    """
    if task is not None:
        require_known("task", task, {entry.task for entry in ENTRIES.values()})
    if weights is not None:
        require_known("weights", weights, {tag for entry in ENTRIES.values() for tag in entry.weights})
    return sorted(
        name
        for name, entry in ENTRIES.items()
        if fnmatchcase(name, pattern)
        and (task is None or entry.task == task)
        and (weights is None or weights in entry.weights)
    )


def describe(name: str) -> Entry:
    """The entry of this name; print it to read it.

    >>> describe("author_profile").task
    'author-profiling'
    """
    require_known("model", name, ENTRIES)
    return ENTRIES[name]
