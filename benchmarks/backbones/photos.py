"""Whether official weights name what is in the photos that scikit-image and scikit-learn carry.

python -m benchmarks.backbones.photos     # writes results/photos.json

The right labels were chosen by looking at the photos, before any prediction was made: the subject's classes among
ImageNet's 1000, or the nearest ones where it has none of its own (a motorcycle, a dahlia). All other pictures of the
two packages are listed with the reason why no answer can be right, and are shown to the models too.
"""

import argparse
import sys
import warnings
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import zoo
from zoo.errors import DataError
from zoo.records import write_record
from zoo.terminal import import_frameworks

MODELS = ("mobilenet.imagenet", "efficientnet_lite0.imagenet")
TOP = 5
SKIMAGE, SKLEARN = "skimage/data", "sklearn/datasets/images"
RIGHT = {
    f"{SKIMAGE}/camera.png": {"tripod"},
    f"{SKIMAGE}/chelsea.png": {"tabby", "tiger_cat", "Egyptian_cat"},
    f"{SKIMAGE}/coffee.png": {"espresso", "cup", "coffee_mug"},
    f"{SKIMAGE}/motorcycle_left.png": {"moped", "motor_scooter"},
    f"{SKIMAGE}/motorcycle_right.png": {"moped", "motor_scooter"},
    f"{SKIMAGE}/rocket.jpg": {"missile", "projectile"},
    f"{SKLEARN}/china.jpg": {"palace", "stupa", "monastery"},
    f"{SKLEARN}/flower.jpg": {"daisy"},
}
NEAREST = {f"{SKIMAGE}/motorcycle_left.png", f"{SKIMAGE}/motorcycle_right.png", f"{SKLEARN}/flower.jpg"}
TEXTURE, DRAWING, SCIENCE = "a texture without an object", "a drawing", "no class of such scientific pictures"
WITHOUT_CLASS = {
    "astronaut.png": "a portrait: no class of people or space suits",
    "brick.png": TEXTURE,
    "cell.png": SCIENCE,
    "chessboard_GRAY.png": DRAWING,
    "chessboard_RGB.png": DRAWING,
    "clock_motion.png": "blurred beyond recognition",
    "coins.png": "no class of coins",
    "color.png": DRAWING,
    "grass.png": TEXTURE,
    "gravel.png": TEXTURE,
    "horse.png": DRAWING,
    "hubble_deep_field.jpg": SCIENCE,
    "ihc.png": SCIENCE,
    "logo.png": DRAWING,
    "microaneurysms.png": SCIENCE,
    "moon.png": "no class of moons",
    "multipage.tif": "10 x 15 pixels",
    "multipage_rgb.tif": "an array in a TIFF, not a photo",
    "no_time_for_that_tiny.gif": "14 x 25 pixels",
    "page.png": "no class of printed pages",
    "phantom.png": DRAWING,
    "retina.jpg": SCIENCE,
    "text.png": "no class of handwriting",
}


def picture(name: str) -> Path:
    """The file in the installed package: "skimage/data/chelsea.png"."""
    package, _, rest = name.partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DataError(f"The photos need the package {package}.")
    return Path(spec.submodule_search_locations[0]) / rest


def all_pictures() -> set[str]:
    """Every picture that the two packages carry."""
    suffixes = {".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".webp"}
    return {
        f"{folder}/{path.name}"
        for folder in (SKIMAGE, SKLEARN)
        for path in picture(folder).iterdir()
        if path.suffix.lower() in suffixes
    }


def guesses(model: Any, tag: str, name: str) -> list[dict[str, Any]] | str:
    """The five best classes, or the sentence that says why there are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of several pages the first
            image = zoo.preprocess(picture(name), tag)
    except DataError as error:
        return str(error).replace(str(picture(name)), name)
    best = zoo.decode(model.predict(image, verbose=0), tag, top=TOP)[0]
    return [{"label": guess.label, "probability": round(guess.probability, 4)} for guess in best]


def judge(tag: str) -> dict[str, Any]:
    model = zoo.create_model(tag)
    rows = []
    for name, right in RIGHT.items():
        best = guesses(model, tag, name)
        labels = [guess["label"] for guess in best if isinstance(guess, dict)]
        place = next((place for place, label in enumerate(labels, start=1) if label in right), None)
        rows.append({"photo": name, "right": sorted(right), "own_class": name not in NEAREST})
        rows[-1] |= {"place": place, "best": best}
        print(f"{tag:<28} {name:<40} {place or 'MISSED':<6} {', '.join(labels)}")
    without = {name: guesses(model, tag, f"{SKIMAGE}/{name}") for name in WITHOUT_CLASS}
    return {
        "right_in_top_5": sum(row["place"] is not None for row in rows),
        "right_in_top_5_of_own_class": sum(row["place"] is not None for row in rows if row["own_class"]),
        "photos_of_own_class": len(RIGHT.keys() - NEAREST),
        "right_in_top_1": sum(row["place"] == 1 for row in rows),
        "photos": len(rows),
        "answers": rows,
        "without_class": without,
    }


def main() -> None:
    import_frameworks()
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("models", nargs="*", default=list(MODELS), metavar="MODEL.TAG")
    parsed = parser.parse_args()
    unsorted = all_pictures() - RIGHT.keys() - {f"{SKIMAGE}/{name}" for name in WITHOUT_CLASS}
    if unsorted:
        sys.exit(f"These pictures are neither given a label nor a reason: {', '.join(sorted(unsorted))}.")
    figures = {
        "packages": {name: metadata.version(name) for name in ("scikit-image", "scikit-learn", "pillow")},
        "without_class": WITHOUT_CLASS,
        "models": {tag: judge(tag) for tag in parsed.models},
    }
    write_record("results/photos.json", figures, command="python -m benchmarks.backbones.photos", seed=None)


if __name__ == "__main__":
    main()
