"""What in this photo says so? The photo, and over it where a network looks.

    python -m examples.explain_picture PHOTO                                     Grad-CAM of the best class
    python -m examples.explain_picture PHOTO --method occlusion --label tabby
    python -m examples.explain_picture PHOTO --compare                           all methods, the most faithful first

Without the printing it is one line:

    zoo.explain("mobilenet.imagenet", "cat.png", method="grad-cam").save("cat_why.png")

Grad-CAM weighs the channels of the last maps by the gradient of the class's score, and keeps what speaks for it:

    weights = gradients.mean(axis=(0, 1))                            # (7, 7, C) -> (C,)
    heat = numpy.maximum((maps * weights).sum(axis=-1), 0)           # (7, 7)
"""

from pathlib import Path

import zoo
from examples.command import Run, option, page, shipped_photo
from zoo.cli.explain import show_comparison, show_explanation

MODEL = "mobilenet.imagenet"


@page(
    option("photo", "a file (default: one that an installed package brings)", nargs="?", metavar="PHOTO"),
    option("--model", f"model.tag, a run folder or a trained file (default: {MODEL})", default=MODEL),
    option("--method", "grad-cam, layer-cam, occlusion, rise, ... (default: grad-cam)"),
    option("--label", "to be explained (default: the best one)"),
    option("--layer", "of the heat map (default: the last one that gives maps)"),
    option("--compare", "rank all methods by how faithful they are", action="store_true"),
    option("--out", "the picture (default: PHOTO_why.png, here)", metavar="FILE"),
)
def main(run: Run) -> None:
    """The map in the terminal, one sentence, and a picture."""
    from zoo.explain.compare import compare  # it imports Keras, which takes seconds: not before the options are read
    from zoo.explain.explain import find_subject, opened

    photo = Path(run.photo) if run.photo else shipped_photo()
    out = run.out or f"{photo.stem}_why.png"
    model, tag = opened(run.model)
    if run.compare:
        show_comparison(compare(find_subject(model, photo, output=None, label=run.label, tag=tag)), out)
        return
    found = zoo.explain(model, photo, label=run.label, method=run.method, layer=run.layer, tag=tag)
    show_explanation(found, out)


if __name__ == "__main__":
    raise SystemExit(main())
