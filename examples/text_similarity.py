"""How alike are two texts?

    python -m examples.text_similarity "a man plays a guitar" "someone is playing music"
    python -m examples.text_similarity                      two texts a line on standard input, separated by a tab
    python -m examples.text_similarity train                train on generated pairs, judge, draw
    python -m examples.text_similarity train --data sick    the same on SICK; also sts-b, or my_pairs.csv

Columns of a file of your own: left, right, score. Three models, in `zoo/models/text_similarity.py`, compare what one
encoder, with one set of weights, makes of both texts:

    left, right = keras.Input((None,), dtype="int32", name="left"), keras.Input((None,), dtype="int32", name="right")
    x = shared_encoder(layers.Embedding(...), [left, right])
    x = shared_encoder(layers.LSTM(32, name="encoder"), x, masks)
    keras.Model([left, right], {"score": bounded_output(fuse(x, name="both"), 1, 5, name="score")})
"""

import argparse
import sys
from collections.abc import Sequence

from zoo.cli import predict_command, train_command
from zoo.errors import WeightsError
from zoo.options import add_training_options
from zoo.terminal import import_frameworks, parse, run

MODEL = "text_similarity_aligned"


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer, or train when the first word is "train"."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run(lambda: train(given[1:]) if given[:1] == ["train"] else compare(given))


def train(arguments: Sequence[str]) -> None:
    """Train on --data, print scores beside those of simple models of shared words, and draw them."""
    parser = argparse.ArgumentParser(prog="python -m examples.text_similarity train", allow_abbrev=False)
    add_training_options(parser)
    parser.add_argument("--model", default=MODEL, help=f"an entry of the catalogue (default: {MODEL})")
    parser.set_defaults(data="pairs")
    train_command(parse(parser, arguments))


def compare(arguments: Sequence[str]) -> None:
    """Say how alike two texts are, and how sure that is."""
    parser = argparse.ArgumentParser(prog="python -m examples.text_similarity", allow_abbrev=False)
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="two; without any: two a line, separated by a tab")
    parser.add_argument("--weights", help="run folder or file (default: the weights that come with the zoo)")
    parsed = parse(parser, arguments)
    parsed.model = None if parsed.weights else MODEL
    if parsed.weights:
        import_frameworks()
        from zoo.tasks import load_pipeline

        pipeline = load_pipeline(parsed.weights)
        if set(pipeline.schema.names) != {"left", "right"}:
            name = pipeline.entry or pipeline.model.name
            raise WeightsError(f"'{parsed.weights}' holds a model that compares no texts: {name}.")
    predict_command(parsed)


if __name__ == "__main__":
    sys.exit(main())
