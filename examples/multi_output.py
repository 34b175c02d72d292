"""One network, three answers: who wrote this post, by age, income and gender?

    python -m examples.multi_output                          train on generated posts, judge, draw
    python -m examples.multi_output --data blogs             the same on real blogs, with industry instead of income
    python -m examples.multi_output --data my_posts.csv      the same on your own posts
    python -m examples.multi_output predict "text ..."       ask the trained model (or standard input, a text a line)

A row of the data is a post and what is known of its author, {"text": "My clip went viral ...", "age": 16, "income":
"under 10k", "gender": "woman"}; what is not known is left out. The network is a text encoder with three heads: `graph`.
"""

from typing import TYPE_CHECKING

import zoo
from examples.command import WEIGHTS, Run, option, page, training_page
from zoo.cli.main import predict_command
from zoo.terminal import show_report

if TYPE_CHECKING:
    import keras

MODEL = "author_profile_small"


def graph() -> "keras.Model":
    """What `zoo.create_model("author_profile_small")` makes: posts (B, L) -> age, gender (B, 1), income (B, 10)."""
    import keras

    from blocks import (
        binary_head,
        classification_head,
        convolutional_text_encoder,
        embed,
        padding_mask,
        regression_head,
    )

    posts = keras.Input((None,), dtype="int32", name="posts")
    x = embed(posts, 4_000, 64, name="embedding")  # (B, L, 64): of each word a vector
    stages = ((64,), (128, 128), (128, 128))  # channels of the convolutions; between two stages L shrinks
    x = convolutional_text_encoder(x, padding_mask(posts), stages=stages, units=64, name="encoder")  # (B, 64)
    heads = {
        "age": regression_head(x, name="age"),
        "income": classification_head(x, 10, name="income"),
        "gender": binary_head(x, name="gender"),
    }
    return keras.Model([posts], heads, name=MODEL)


@training_page(MODEL, "posts", {"blogs": "author_profile_wide"})
def main(run: Run) -> None:
    """Train, and print scores beside baselines and the best possible; the run folder keeps them, and a picture."""
    _, report = zoo.train(run.model, run.data, **run.options)
    show_report(report, run.folder)


TEXTS = option("texts", "without any: one a line on standard input", nargs="*", metavar="TEXT")


@main.word("predict", page(TEXTS, WEIGHTS, frameworks=False))
def predict(run: Run) -> None:
    """As `zoo.load_pipeline("author_profile_small.posts").predict({"posts": ["text ..."]})`, shown in words."""
    run.model = None if run.weights else MODEL
    predict_command(run)


if __name__ == "__main__":
    raise SystemExit(main())
