"""Questions about stories, answered by looking up sentences: an end-to-end memory network.

Sukhbaatar, Szlam, Weston and Fergus, "End-To-End Memory Networks", 2015.
"""

from functools import partial

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_share
from blocks.heads import classification_head
from blocks.memory import learnt_position_encoding, memory_hop, position_encoding, sentence_ages, word_places
from blocks.text import PADDING, table_dropout
from zoo.errors import require_known

TYINGS = ("adjacent", "layerwise")
ENCODINGS = ("position", "learnt")
FIRST_WORD = 2  # tokens before it: padding, and words that are not known


def memory_network(
    *,
    vocabulary_size: int = 200,
    answers: int = 100,
    embedding_dim: int = 20,
    hops: int = 3,
    memory_size: int = 50,
    tying: str = "adjacent",
    encoding: str = "position",
    places: int = 12,
    noise: float = 0.1,
    linear: bool = False,
    multiplicative: bool = False,
    weight_dropout: float = 0.0,
    tied_answers: bool = True,
    name: str = "memory_network",
) -> keras.Model:
    """text (B, S, W) and question (B, Q) int32 -> {"answer": (B, answers)}, for any number of sentences and words.

    Tokens: 0 is padding on the right of words and sentences, 1 an unknown word, all below `vocabulary_size`; sentences
    stand oldest first, and all that are older than `memory_size` count as equally old. With "adjacent" tying what one
    hop reads is what the next one compares; with "layerwise" all hops share one pair of memories, and a dense layer
    turns the state between them. A sentence is a sum of its words, weighted by the paper's "position" encoding or, for
    the first `places` words, by a "learnt" one. With `tied_answers` the answers are the words from token 2 on, in their
    order, and are scored by the vectors that the last hop reads: what it finds in a sentence is an answer at once.
    The attention of hop k, (B, S), is the layer "hop{k}_attention". `noise` is that of `sentence_ages`, `linear` and
    `multiplicative` are those of `memory_hop`; the paper has no product and no dropout. `weight_dropout` falls on the
    tables of words (`table_dropout`), but not where they score the answers.
    """
    require_known("tying", tying, TYINGS)
    require_known("encoding of sentences", encoding, ENCODINGS)
    for option, value in {"hops": hops, "places": places}.items():
        require_integer(option, value)
    require_integer("answers", answers, least=2)
    require_share("weight_dropout", weight_dropout)
    if tied_answers:
        require_integer("vocabulary_size", vocabulary_size, least=answers + FIRST_WORD)
    text = keras.Input((None, None), dtype="int32", name="text")
    question = keras.Input((None,), dtype="int32", name="question")
    present = ops.any(ops.not_equal(text, PADDING), axis=-1)  # (B, S)
    ages = sentence_ages(present, memory_size, noise=noise, name="ages")  # (B, S)

    banks = range(hops + 1 if tying == "adjacent" else 2)
    kind = layers.ReversibleEmbedding if tied_answers else layers.Embedding
    words = [_table(vocabulary_size, embedding_dim, f"words{k}", kind=kind) for k in banks]
    times = [_table(memory_size, embedding_dim, f"ages{k}") for k in banks]
    weights = [_table(places, embedding_dim, f"places{k}", mean=1.0) for k in banks] if encoding == "learnt" else []

    names = [f"words{k}_dropout" for k in banks] if weight_dropout else []
    counts = [table_dropout(words[k], weight_dropout, question, name=name) for k, name in enumerate(names)]

    def look_up(k: int, tokens: keras.KerasTensor) -> keras.KerasTensor:  # (...) -> (..., embedding_dim)
        return words[k](tokens) * ops.take(counts[k], tokens, axis=0) if counts else words[k](tokens)

    def encode(k: int, tokens: keras.KerasTensor, name: str) -> keras.KerasTensor:  # (..., W) -> (..., embedding_dim)
        mask = ops.not_equal(tokens, PADDING)
        if encoding == "learnt":
            return learnt_position_encoding(look_up(k, tokens), mask, weights[k])
        return position_encoding(look_up(k, tokens), word_places(mask), name=name)

    memories = [layers.Add(name=f"memory{k}")([encode(k, text, f"sentences{k}"), times[k](ages)]) for k in banks]
    state = encode(0, question, "question_encoding")  # (B, embedding_dim)
    for hop in range(1, hops + 1):
        keys, values = memories[hop - 1 : hop + 1] if tying == "adjacent" else memories
        if tying == "layerwise" and hop > 1:
            state = layers.Dense(embedding_dim, use_bias=False, name=f"turn{hop}")(state)
        state = memory_hop(state, keys, values, present, linear=linear, multiplicative=multiplicative, name=f"hop{hop}")
    if tied_answers:
        scores = words[-1](state, reverse=True)[:, FIRST_WORD : FIRST_WORD + answers]
        answer = layers.Activation("softmax", dtype="float32", name="answer")(scores)
    else:
        answer = classification_head(state, answers, name="answer")
    # In alphabetical order, in which Keras takes a dict when it calls a model inside another graph.
    return keras.Model([question, text], {"answer": answer}, name=name)


memory_network_tiny = partial(memory_network, embedding_dim=8, hops=2, encoding="learnt", name="memory_network_tiny")


def _table(rows: int, dim: int, name: str, *, mean: float = 0.0, kind: type = layers.Embedding) -> layers.Embedding:
    """An embedding with the initial values of the paper, N(mean, 0.1)."""
    return kind(rows, dim, embeddings_initializer=keras.initializers.RandomNormal(mean, 0.1), name=name)
