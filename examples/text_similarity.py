"""How alike are two texts?

    python -m examples.text_similarity "a man plays a guitar" "someone is playing music"
    python -m examples.text_similarity                      two texts a line on standard input, separated by a tab
    python -m examples.text_similarity train                train on generated pairs, judge, draw
    python -m examples.text_similarity train --data sick    the same on SICK; also sts-b, or my_pairs.csv

A row of the data is two texts and their score, {"left": "A man plays a guitar", "right": "Someone is playing", "score":
4.1}, as are the columns of a file of your own. Three models, in `zoo/models/text_similarity.py`, compare what one
encoder, with one set of weights, makes of both texts; `graph` is the simplest, `text_similarity_aligned` the default.
"""

from typing import TYPE_CHECKING

import zoo
from examples.command import WEIGHTS, Run, load_reader, option, page, training_page
from zoo.cli.main import predict_command
from zoo.terminal import import_frameworks, show_report

if TYPE_CHECKING:
    import keras

MODEL = "text_similarity_aligned"
TEXTS = option("texts", "two; without any: two a line, separated by a tab", nargs="*", metavar="TEXT")


def graph() -> "keras.Model":
    """What `zoo.create_model("text_similarity")` makes: left (B, L), right (B, M) -> score (B, 1) from 0 to 1."""
    import keras
    from keras import layers

    from blocks import bounded_output, fuse, padding_mask, shared_encoder

    texts = [keras.Input((None,), dtype="int32", name=side) for side in ("left", "right")]
    words = shared_encoder(layers.Embedding(10_000, 128, name="embedding"), texts)  # (B, L, 128), (B, M, 128)
    masks = [padding_mask(text) for text in texts]
    left, right = shared_encoder(layers.LSTM(32, name="encoder"), words, masks)  # (B, 32) each
    score = bounded_output(fuse([left, right], name="both"), 0.0, 1.0, name="score")
    return keras.Model(texts, {"score": score}, name="text_similarity")


@page(TEXTS, WEIGHTS, frameworks=False)
def main(run: Run) -> None:
    """As `zoo.load_pipeline("text_similarity_aligned").predict({"left": [...], "right": [...]})`, shown in words."""
    run.model = None if run.weights else MODEL
    if run.weights:
        import_frameworks()
        load_reader(run.weights, ("left", "right"), "compares no texts")
    predict_command(run)


@main.word("train", training_page(MODEL, "pairs"))
def train(run: Run) -> None:
    """Train, and print scores beside those of simple models of shared words; the run folder keeps all."""
    _, report = zoo.train(run.model, run.data, **run.options)
    show_report(report, run.folder)


if __name__ == "__main__":
    raise SystemExit(main())
