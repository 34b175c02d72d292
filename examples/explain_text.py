"""Which words say so? A text, and what each of its words adds to or takes from an answer.

python -m examples.explain_text "I love my husband and our kids." --output gender
python -m examples.explain_text "..." --method integrated-gradients       on the embeddings, in one pass back
python -m examples.explain_text "..." --method sentence-occlusion         of whole sentences

Without the printing it is one line: zoo.explain("author_profile_small.posts", text, output="gender").save("why.png")
"""

import zoo
from examples.command import Run, option, page
from zoo.cli.explain import show_explanation

MODEL = "author_profile_small.posts"
TEXT = "My grandchildren visited, and my husband and I worked in the garden. The stock market can wait!"


@page(
    option("text", f"what is read (default: {TEXT})", nargs="?", default=TEXT, metavar="TEXT"),
    option("--model", f"model.tag, a run folder or a trained file (default: {MODEL})", default=MODEL),
    option("--output", "of several (default: the first)"),
    option("--label", "to be explained (default: the one that is predicted)"),
    option("--method", "occlusion (the default), sentence-occlusion, integrated-gradients"),
    option("--out", "the picture (default: text_why.png, here)", default="text_why.png", metavar="FILE"),
)
def main(run: Run) -> None:
    """A bar for each word, one sentence, and a picture."""
    pipeline = zoo.load_pipeline(run.model)
    found = zoo.explain(pipeline, run.text, output=run.output, label=run.label, method=run.method)
    show_explanation(found, run.out)


if __name__ == "__main__":
    raise SystemExit(main())
