"""What is in this photo?

    python -m examples.classify_image PHOTO                                     the five best classes, and a picture
    python -m examples.classify_image PHOTO --model efficientnet_lite0.imagenet
    python -m examples.classify_image                                           a photo that scikit-image brings

Without the printing and drawing it is one line, `zoo.classify("cat.png", "mobilenet.imagenet")`, which stands for

    model = zoo.create_model("mobilenet", weights="imagenet")
    image = zoo.preprocess("cat.png", "mobilenet.imagenet")         # (1, 224, 224, 3)
    probabilities = zoo.predict(model, image)["predictions"]        # (1, 1000); compiles nothing for one photo
    zoo.decode(probabilities, "mobilenet.imagenet")[0]              # [("n02123045", "tabby", 0.41), ...]

`print(zoo.draw(model))` shows its graph: a convolution, thirteen separable ones, the mean over the picture, a softmax.
"""

from pathlib import Path

import zoo
from examples.command import Run, draw_classes, in_words, option, page, shipped_photo
from zoo.errors import ConfigError
from zoo.terminal import console, import_frameworks

MODEL = "mobilenet.imagenet"
OPTIONS = (
    option("photo", "a file (default: one that scikit-image brings)", nargs="?", metavar="PHOTO"),
    option("--model", f"model.tag: a model and its weights (default: {MODEL})", default=MODEL),
    option("--weights", "weights in a file of yours, in place of the official file", metavar="FILE"),
    option("--out", "the picture (default: PHOTO_classes.png, here)", metavar="FILE"),
)


@page(*OPTIONS, frameworks=False)
def main(run: Run) -> None:
    """The five best classes of a photo, as lines and as a picture."""
    from zoo.pictures.photos import read_photo
    from zoo.pretrained.labels import classes_of

    path = Path(run.photo) if run.photo else shipped_photo()
    out = Path(run.out or f"{path.stem}_classes.png")
    if out.resolve() == path.resolve():
        raise ConfigError(f"The picture would replace the photo {path}; give another name with --out.")
    name, _, tag = (run.model if "." in run.model else f"{run.model}.imagenet").partition(".")
    classes_of(f"{name}.{tag}")  # a mistake is told before the frameworks are imported
    photo = read_photo(path)
    import_frameworks()

    model = zoo.create_model(name, weights=run.weights or tag)
    best = zoo.classify(photo.image, f"{name}.{tag}", model=model)

    lines = [f"  {guess.probability:6.1%}  {in_words(guess):<30}  {guess.id}" for guess in best]
    heading = f"{path}, as {run.weights or f'{name}.{tag}'} sees it:"
    console().print("\n".join([*filter(None, [photo.note]), heading, *lines]), markup=False)
    draw_classes(photo.image, best, out, title=f"{name}.{tag}")
    console().print(f"Picture: {out}", markup=False)


if __name__ == "__main__":
    raise SystemExit(main())
