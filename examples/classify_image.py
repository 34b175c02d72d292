"""What is in this photo?

    python -m examples.classify_image PHOTO                                     the five best classes, and a picture
    python -m examples.classify_image PHOTO --model efficientnet_lite0.imagenet
    python -m examples.classify_image                                           a photo that scikit-image brings

Without the printing and drawing it is one line, `zoo.classify("cat.png", "mobilenet.imagenet")`, which stands for

    model = zoo.create_model("mobilenet", weights="imagenet")
    image = zoo.preprocess("cat.png", "mobilenet.imagenet")         # (1, 224, 224, 3)
    probabilities = zoo.predict(model, image)["predictions"]        # (1, 1000); compiles nothing for one photo
    zoo.decode(probabilities, "mobilenet.imagenet")[0]              # [("n02123045", "tabby", 0.41), ...]
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import zoo
from zoo.errors import ConfigError, MissingExtraError
from zoo.files import write_figure
from zoo.terminal import console, import_frameworks, parse, run

if TYPE_CHECKING:
    from PIL.Image import Image

    from zoo.pretrained.labels import Guess

MODEL = "mobilenet.imagenet"
SHIPPED = (("skimage", "data/chelsea.png"), ("sklearn", "datasets/images/china.jpg"))  # package, its photo
WIDEST = 1000  # pixels of the photo in the picture


def main(arguments: Sequence[str] | None = None) -> int:
    """Print and draw; 0 when it worked, 2 after a user's mistake."""
    return run(lambda: classify(sys.argv[1:] if arguments is None else arguments))


def classify(arguments: Sequence[str]) -> None:
    from zoo.pretrained.labels import classes_of
    from zoo.pretrained.photos import read_photo

    parsed = parse(_parser(), arguments)
    path = Path(parsed.photo) if parsed.photo else shipped_photo()
    out = Path(parsed.out or f"{path.stem}_classes.png")
    if out.resolve() == path.resolve():
        raise ConfigError(f"The picture would replace the photo {path}; give another name with --out.")
    tag = parsed.model if "." in parsed.model else f"{parsed.model}.imagenet"
    classes_of(tag)  # a mistake in what was given is told before the frameworks are imported
    photo = read_photo(path)
    import_frameworks()
    model = zoo.create_model(tag.partition(".")[0], weights=parsed.weights or tag.partition(".")[2])
    best = zoo.classify(photo.image, tag, model=model)

    lines = [f"  {guess.probability:6.1%}  {in_words(guess):<30}  {guess.id}" for guess in best]
    heading = f"{path}, as {parsed.weights or tag} sees it:"
    console().print("\n".join([*filter(None, [photo.note]), heading, *lines]), markup=False)
    draw(photo.image, best, out, title=tag)
    console().print(f"Picture: {out}", markup=False)


def shipped_photo() -> Path:
    """A photo that an installed package brings."""
    for package, name in SHIPPED:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if (Path(folder) / name).is_file():
                return Path(folder) / name
    raise ConfigError("Give a photo: neither scikit-image nor scikit-learn is installed, whose photos stand in for it.")


def in_words(guess: "Guess") -> str:
    return guess.label.replace("_", " ")


def draw(photo: "Image", best: "Sequence[Guess]", path: Path, *, title: str) -> None:
    """Write to `path` a picture of the photo and, beside it, a bar for each class."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("The picture", "matplotlib", "report") from error
    shown = photo.copy()
    shown.thumbnail((WIDEST, WIDEST))
    figure = Figure(figsize=(11, 4.5), dpi=100, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1))
    left.imshow(shown)
    left.axis("off")
    shares = [100 * guess.probability for guess in best]
    bars = right.barh([in_words(guess) for guess in best], shares, color="#4878a8")
    right.bar_label(bars, labels=[f"{share:.1f} %" for share in shares], padding=4)
    right.invert_yaxis()  # the best on top
    right.set(xlim=(0, 118), xticks=range(0, 101, 25), xlabel="probability, %", title=title)
    right.spines[["top", "right"]].set_visible(False)
    write_figure(figure, path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.classify_image", allow_abbrev=False)
    parser.add_argument("photo", nargs="?", metavar="PHOTO", help="a file (default: one that scikit-image brings)")
    parser.add_argument("--model", default=MODEL, help=f"model.tag: a model and its weights (default: {MODEL})")
    parser.add_argument("--weights", metavar="FILE", help="weights in a file of yours, in place of the official file")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="the picture (default: PHOTO_classes.png, here)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
