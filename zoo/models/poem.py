"""What comes next? A recurrent language model of poems, and the same weights one step at a time for writing them.

Mikolov et al. 2010; the embedding that reads is also the one that predicts (Press and Wolf 2017).
"""

from collections.abc import Callable
from functools import partial

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_share
from zoo.errors import ConfigError, require_known

CELLS = {"gru": layers.GRU, "lstm": layers.LSTM}
LOOKED_UP = ("above", "rhyme")  # characters further back
CHARACTERS = ("character", *LOOKED_UP)  # inputs that the vocabulary's embedding reads
PLACES = {"place": 17, "left": 18, "line": 17, "form": 19}  # input -> its numbers, 0 for padding


def poem(
    *,
    vocabulary_size: int = 6_000,
    embedding_dim: int = 128,
    look_dim: int = 32,
    place_dim: int = 8,
    cell: str = "gru",
    units: int = 320,
    depth: int = 1,
    dropout: float = 0.0,
    name: str = "poem",
) -> keras.Model:
    """Seven inputs (B, L) int32 -> {"next": (B, L, vocabulary_size)}: probabilities of the character of every step.

    The inputs are `zoo.datasets.poems.STEP_INPUTS`: the character before, the one above and the one to rhyme with, and
    the numbers of the place where the next one stands. 0 is padding on the right. `depth` recurrent layers of `units`
    read them; places and looked-up characters, the latter in `look_dim` channels, also go round these, straight to the
    output. `dropout` falls on the embedded inputs, and on what each recurrent layer and the projection hand on.
    """
    for option, value in (("vocabulary_size", vocabulary_size), ("embedding_dim", embedding_dim), ("depth", depth),
                          ("units", units), ("place_dim", place_dim)):  # fmt: skip
        require_integer(option, value)
    require_known("cell", cell, CELLS)
    require_share("dropout", dropout)
    made: dict[str, layers.Layer] = {
        "embedding": layers.ReversibleEmbedding(vocabulary_size, embedding_dim, name="embedding"),
        **{place: layers.Embedding(size, place_dim, name=f"{place}_embedding") for place, size in PLACES.items()},
        **{each: layers.Dense(look_dim, name=f"{each}_projection") for each in LOOKED_UP},
        "projection": layers.Dense(embedding_dim, name="projection"),
        "dropout": layers.Dropout(dropout, name="dropout"),
        "projection_dropout": layers.Dropout(dropout, name="projection_dropout"),
    }
    for number in range(depth):
        made[f"recurrent{number}"] = CELLS[cell](units, return_sequences=True, name=f"recurrent{number}")
        made[f"recurrent{number}_dropout"] = layers.Dropout(dropout, name=f"recurrent{number}_dropout")
    inputs = [keras.Input((None,), dtype="int32", name=each) for each in (*CHARACTERS, *PLACES)]
    logits = _logits({each.name: each for each in inputs}, made, [made[f"recurrent{n}"] for n in range(depth)])
    return keras.Model(inputs, {"next": layers.Softmax(name="next", dtype="float32")(logits)}, name=name)


def _logits(
    inputs: dict[str, keras.KerasTensor],
    made: dict[str, layers.Layer],
    recur: list[Callable[[keras.KerasTensor], keras.KerasTensor]],
) -> keras.KerasTensor:
    """Inputs (B, L) or (B,) -> (B, L, V) or (B, V), the recurrent layers' part being that of `recur`."""
    embedding = made["embedding"]
    looked_up = [made[each](embedding(inputs[each])) for each in LOOKED_UP]
    places = [made[each](inputs[each]) for each in PLACES]
    straight = ops.concatenate([*looked_up, *places], axis=-1)
    x = made["dropout"](ops.concatenate([embedding(inputs["character"]), straight], axis=-1))
    for number, run in enumerate(recur):
        x = made[f"recurrent{number}_dropout"](run(x))
    x = made["projection_dropout"](made["projection"](ops.concatenate([x, straight], axis=-1)))
    return embedding(x, reverse=True)


def step_model(model: keras.Model) -> keras.Model:
    """A model of `poem` -> the same weights one step at a time: what generation runs, at a constant cost a character.

    Inputs, fed by name: those of `poem` for one step, (B,) int32 each, and "state_0", "state_1", ..., (B, units), zeros
    before the first character. Outputs: {"logits": (B, V) float32, "state_0": (B, units), ...}, the states after it.
    """
    recurrent = [layer for layer in model.layers if isinstance(layer, layers.RNN)]
    if not recurrent:
        raise ConfigError(f"'{model.name}' is no language model of poems: it has no recurrent layer.")
    inputs = {each: keras.Input((), dtype="int32", name=each) for each in (*CHARACTERS, *PLACES)}
    states: list[keras.KerasTensor] = []
    after: list[keras.KerasTensor] = []

    def step(layer: layers.RNN, x: keras.KerasTensor) -> keras.KerasTensor:
        sizes = layer.state_size if isinstance(layer.state_size, list | tuple) else [layer.state_size]
        before = [keras.Input((size,), name=f"state_{len(states) + n}") for n, size in enumerate(sizes)]
        layer.cell.name = f"{layer.name}_cell"  # Keras calls all of them alike, and a graph wants different names
        output, new = layer.cell(x, before)
        states.extend(before)
        after.extend(new if isinstance(new, list | tuple) else [new])
        return output

    made = {name.removesuffix("_embedding"): model.get_layer(name) for name in (f"{each}_embedding" for each in PLACES)}
    made |= {each: model.get_layer(f"{each}_projection") for each in LOOKED_UP}
    others = ("embedding", "projection", "dropout", "projection_dropout")
    made |= {name: model.get_layer(name) for name in others}
    made |= {f"recurrent{n}_dropout": model.get_layer(f"recurrent{n}_dropout") for n in range(len(recurrent))}
    logits = _logits(inputs, made, [partial(step, layer) for layer in recurrent])
    outputs = {"logits": ops.cast(logits, "float32"), **{f"state_{n}": state for n, state in enumerate(after)}}
    return keras.Model([*inputs.values(), *states], outputs, name=f"{model.name}_step")


poem_tiny = partial(poem, vocabulary_size=500, embedding_dim=8, place_dim=2, units=8, name="poem_tiny")
