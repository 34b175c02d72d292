"""Untrained pipelines of small models, for tests of files and commands."""

from zoo.columns import Schema, TextColumn
from zoo.columns.outputs import OutputColumn
from zoo.create import create_model, full_config
from zoo.pipeline import Pipeline
from zoo.training import heads_for

TINY = "author_profile_tiny"


def tiny_profile(targets, *, vocabulary_size=4, words=("a", "b"), metrics=None, costs=None, intervals=None):
    """The tiny author profile of these targets, with a vocabulary of two words, and its heads."""
    config = {"vocabulary_size": vocabulary_size, "targets": list(targets)}
    heads = heads_for(targets, metrics=metrics or {}, costs=costs or {})
    text = TextColumn(name="posts", input="posts", vocabulary=tuple(words), words=10, cut=True)
    outputs = tuple(OutputColumn(name, target, name) for name, target in targets.items())
    origin = {
        "data": "posts",
        "seed": 0,
        "entry": TINY,
        "config": full_config(TINY, config),
        "metrics": {name: list(head.metrics) for name, head in heads.items()},
        "trim_padding": True,
        "of": "people",
    }
    schema = Schema((text,), outputs, "z-score", 1)
    model = create_model(TINY, **config)
    return Pipeline(schema, model, origin=origin, costs=costs or {}, intervals=intervals or {}), heads
