"""One network, three answers: who wrote this post, by age, income and gender?

    python -m examples.multi_output                          train on generated posts, judge, draw
    python -m examples.multi_output --data blogs             the same on real blogs, with industry instead of income
    python -m examples.multi_output --data my_posts.csv      the same on your own posts
    python -m examples.multi_output predict "text ..."       ask the trained model (or standard input, a text a line)

The model, in `zoo/models/author_profile.py`, is a text encoder with three heads:

    posts = keras.Input((None,), dtype="int32", name="posts")
    x = embed(posts, ...)
    x = convolutional_text_encoder(x, padding_mask(posts), ...)
    keras.Model([posts], {"age": regression_head(x, ...), "income": classification_head(x, ...), "gender": ...})
"""

import argparse
import sys
from collections.abc import Sequence

from zoo.cli import predict_command, train_command
from zoo.options import add_training_options
from zoo.terminal import parse, run

MODEL = "author_profile_small"
MODELS = {"blogs": "author_profile_wide"}  # data -> model, where it is another


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, or answer when the first word is "predict"."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run(lambda: predict(given[1:]) if given[:1] == ["predict"] else train(given))


def train(arguments: Sequence[str]) -> None:
    """Train on --data, print scores beside baselines and the best possible, and draw them."""
    parser = argparse.ArgumentParser(prog="python -m examples.multi_output", allow_abbrev=False)
    add_training_options(parser)
    parser.add_argument("--model", help=f"an entry of the catalogue (default: {MODEL}, on blogs {MODELS['blogs']})")
    parsed = parse(parser, arguments)
    parsed.model = parsed.model or MODELS.get(parsed.data, MODEL)
    train_command(parsed)


def predict(arguments: Sequence[str]) -> None:
    """Answer for each text with age, income or industry and gender, and how sure each answer is."""
    parser = argparse.ArgumentParser(prog="python -m examples.multi_output predict", allow_abbrev=False)
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="without any: one a line on standard input")
    parser.add_argument("--weights", help="run folder or file (default: the weights that come with the zoo)")
    parsed = parse(parser, arguments)
    parsed.model = None if parsed.weights else MODEL
    predict_command(parsed)


if __name__ == "__main__":
    sys.exit(main())
