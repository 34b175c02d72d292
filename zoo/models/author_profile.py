"""Who wrote this? Age, income group (or industry) and gender of an author, from posts, by one network with three heads.

Chollet 2017, "Deep Learning with Python", section 7.1.3.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate

import keras

from blocks.bag import bag_of_words
from blocks.checks import require_integer
from blocks.heads import binary_head, classification_head, regression_head
from blocks.text import PROFILE_STAGES, convolutional_text_encoder, embed, padding_mask
from zoo.errors import ConfigError, require_known

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
    income_groups: int = 10,
    targets: Sequence[str] = ("age", "income", "gender"),
    dropout: float = 0.0,
    word_dropout: float = 0.0,
    bag: bool = False,
    bag_l2: float = 0.0,
    name: str = "author_profile",
) -> keras.Model:
    """posts (B, L) int32 -> {"age": (B, 1), "income": (B, income_groups), "gender": (B, 1)}, for any length L >= 1.

    Tokens: 0 is padding on the right, 1 an unknown word, all below `vocabulary_size`. `targets` chooses the outputs;
    "industry" may stand in the place of "income", and `income_groups` then counts industries. With `bag` a linear score
    of the text's words and pairs of words is added to every output before its activation; `bag_l2` holds them small.
    `stages`, `pooling`, `units`, `dropout` and `word_dropout` are those of `convolutional_text_encoder`.
    """
    _require_targets(targets)
    require_integer("income_groups", income_groups, least=2)
    heads: dict[str, Callable[..., keras.KerasTensor]] = {
        "regression": regression_head,
        "classification": partial(classification_head, classes=income_groups),
        "binary": binary_head,
    }
    posts = keras.Input((None,), dtype="int32", name="posts")
    x = embed(posts, vocabulary_size, embedding_dim, name="embedding")  # (B, L, embedding_dim)
    x = convolutional_text_encoder(
        x,
        padding_mask(posts),
        stages=stages,
        pooling=pooling,
        units=units,
        dropout=dropout,
        word_dropout=word_dropout,
        name="encoder",
    )  # (B, units)
    sizes = {target: income_groups if TARGETS[target] == "classification" else 1 for target in targets}
    scores: Mapping[str, keras.KerasTensor | None] = dict.fromkeys(targets)
    if bag:
        total = bag_of_words(
            posts,
            padding_mask(posts),
            sum(sizes.values()),
            vocabulary_size=vocabulary_size,
            buckets=PAIR_BUCKETS,
            dropout=word_dropout,
            l2=bag_l2,
            name="bag",
        )
        ends = dict(zip(targets, accumulate(sizes.values()), strict=True))
        scores = {target: total[:, ends[target] - sizes[target] : ends[target]] for target in targets}
    outputs = {target: heads[TARGETS[target]](x, scores=scores[target], name=target) for target in targets}
    return keras.Model([posts], outputs, name=name)


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


def _require_targets(targets: Sequence[str]) -> None:
    if isinstance(targets, str) or not isinstance(targets, Sequence) or not targets:
        raise ConfigError(f"'targets' must be a list of some of {', '.join(TARGETS)}; received {targets!r}.")
    for target in targets:
        require_known("target", target, TARGETS)
    if len(set(targets)) < len(targets):
        raise ConfigError(f"'targets' must not repeat a name; received {list(targets)}.")
    if {"income", "industry"} <= set(targets):
        raise ConfigError("'targets' may hold 'income' or 'industry', not both: they share 'income_groups'.")
