"""Who wrote this? Age, income group (or industry) and gender of an author, from posts, by one network with three heads.

Chollet 2017, "Deep Learning with Python", section 7.1.3.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import keras

from blocks.bag import bag_of_pairs, bag_of_words
from blocks.checks import require_integer
from blocks.text import PROFILE_STAGES, convolutional_text_encoder, embed, padding_mask
from zoo.errors import ConfigError, require_known
from zoo.models.outputs import Outputs, heads_of, require_outputs, width_of

TARGETS = {
    "age": "regression",
    "income": "classification",
    "industry": "classification",
    "gender": "binary",
}
PAIR_BUCKETS = 2**18  # of hashed pairs of words, where there is a bag of words


def author_profile(
    *,
    vocabulary_size: int = 50_000,
    embedding_dim: int = 256,
    stages: Sequence[Sequence[int]] = PROFILE_STAGES,
    pooling: str = "max",
    units: int | None = 128,
    skip: bool = False,
    income_groups: int = 10,
    targets: Sequence[str] = ("age", "income", "gender"),
    outputs: Outputs | None = None,
    dropout: float = 0.0,
    word_dropout: float = 0.0,
    pooled_dropout: float | None = None,
    bag: bool = False,
    bag_l2: float = 0.0,
    linear: Sequence[str] = (),
    name: str = "author_profile",
) -> keras.Model:
    """posts (B, L) int32 -> {"age": (B, 1), "income": (B, income_groups), "gender": (B, 1)}, for any length L >= 1.

    Tokens: 0 is padding on the right, 1 an unknown word, all below `vocabulary_size`. `targets` chooses the outputs;
    "industry" may stand in the place of "income", and `income_groups` then counts industries. `outputs` names others
    in their place, as {"stars": {"kind": "ordered", "classes": 5}} (`zoo.models.outputs`). With `bag` a linear score
    of the text's words and pairs of words is added to every output before its activation; `bag_l2` holds them small.
    Outputs in `linear` are such a score of the words alone: too little data for anything deeper.
    `stages`, `pooling`, `units`, `skip` and the dropouts are those of `convolutional_text_encoder`.
    """
    outputs = _outputs(targets, income_groups) if outputs is None else outputs
    require_outputs(outputs)
    for output in _linear(linear, bag):
        require_known("output of 'linear'", output, {*outputs, *TARGETS})
    linear = [output for output in linear if output in outputs]
    posts = keras.Input((None,), dtype="int32", name="posts")
    x = embed(posts, vocabulary_size, embedding_dim, name="embedding")  # (B, L, embedding_dim)
    x = convolutional_text_encoder(
        x,
        padding_mask(posts),
        stages=stages,
        pooling=pooling,
        units=units,
        skip=skip,
        dropout=dropout,
        word_dropout=word_dropout,
        pooled_dropout=pooled_dropout,
        name="encoder",
    )  # (B, units)
    scores: Mapping[str, keras.KerasTensor | None] = dict.fromkeys(outputs)
    if bag:
        sizes = {output: width_of(options) for output, options in outputs.items()}
        scores = _bag_scores(posts, sizes, linear, vocabulary_size, word_dropout, bag_l2)
    heads: dict[str, keras.KerasTensor] = {}
    for output, options in outputs.items():
        heads |= heads_of(_one(x) if output in linear else x, {output: options}, scores=scores)
    return keras.Model([posts], heads, name=name)


author_profile_small = partial(
    author_profile,
    vocabulary_size=4_000,
    embedding_dim=64,
    stages=((64,), (128, 128), (128, 128)),
    units=64,
    name="author_profile_small",
)
author_profile_wide = partial(
    author_profile,
    vocabulary_size=20_000,
    embedding_dim=32,
    stages=((64,),),
    pooling="mean_and_max",
    units=None,
    dropout=0.3,
    word_dropout=0.3,
    bag=True,
    bag_l2=2e-3,
    linear=("income", "industry"),
    name="author_profile_wide",
)
author_profile_tiny = partial(
    author_profile,
    vocabulary_size=500,
    embedding_dim=8,
    stages=((8,), (8, 8), (8, 8)),
    units=8,
    name="author_profile_tiny",
)


def _bag_scores(
    posts: keras.KerasTensor,
    sizes: Mapping[str, int],
    linear: Sequence[str],
    vocabulary_size: int,
    dropout: float,
    l2: float,
) -> dict[str, keras.KerasTensor]:
    """posts (B, L) -> target -> (B, size): linear scores of the words, and of the pairs unless it is in `linear`."""
    mask = padding_mask(posts)
    options: dict[str, Any] = {"vocabulary_size": vocabulary_size, "dropout": dropout, "l2": l2}
    words = _split(bag_of_words(posts, mask, sum(sizes.values()), name="bag_words", **options), sizes)
    paired = {target: size for target, size in sizes.items() if target not in linear}
    if not paired:
        return words
    together = bag_of_pairs(posts, mask, sum(paired.values()), buckets=PAIR_BUCKETS, name="bag_pairs", **options)
    pairs = _split(together, paired)
    return words | {target: keras.ops.add(words[target], pairs[target]) for target in paired}


def _split(scores: keras.KerasTensor, sizes: Mapping[str, int]) -> dict[str, keras.KerasTensor]:
    """(B, sum of sizes) -> target -> (B, size)."""
    ends = dict(zip(sizes, accumulate(sizes.values()), strict=True))
    return {target: scores[:, ends[target] - size : ends[target]] for target, size in sizes.items()}


def _one(x: keras.KerasTensor) -> keras.KerasTensor:
    """(B, C) -> (B, 1): the constant 1, whose weight is the intercept of a linear score."""
    return keras.ops.ones_like(x[:, :1])


def _linear(linear: Sequence[str], bag: bool) -> Sequence[str]:
    if isinstance(linear, str) or not isinstance(linear, Sequence):
        raise ConfigError(f"'linear' must be a list of outputs; received {linear!r}.")
    if linear and not bag:
        raise ConfigError(
            f"'linear' outputs are scores of the bag of words; set bag=True, or leave {list(linear)} out."
        )
    return linear


def _outputs(targets: Sequence[str], income_groups: int) -> dict[str, dict[str, Any]]:
    """The outputs of the reference."""
    _require_targets(targets)
    require_integer("income_groups", income_groups, least=2)
    classes = {"classes": income_groups}
    return {
        target: {"kind": TARGETS[target], **(classes if TARGETS[target] == "classification" else {})}
        for target in targets
    }


def _require_targets(targets: Sequence[str]) -> None:
    if isinstance(targets, str) or not isinstance(targets, Sequence) or not targets:
        raise ConfigError(f"'targets' must be a list of some of {', '.join(TARGETS)}; received {targets!r}.")
    for target in targets:
        require_known("target", target, TARGETS)
    if len(set(targets)) < len(targets):
        raise ConfigError(f"'targets' must not repeat a name; received {list(targets)}.")
    if {"income", "industry"} <= set(targets):
        raise ConfigError("'targets' may hold 'income' or 'industry', not both: they share 'income_groups'.")
