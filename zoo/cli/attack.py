"""`zoo attack`: how easily a trained model is fooled, on pictures, texts or rows of a table."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.options import whole_number
from zoo.errors import ConfigError, require_known
from zoo.terminal import console, import_frameworks

if TYPE_CHECKING:
    from zoo.robustness import Attack

ROWS = 200
SHOWN = 8  # changed samples that are printed
METHODS = ("noise", "fgsm", "pgd", "one_pixel", "patch", "typos", "synonyms", "counterfactual", "fooling")


def add_attack_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a run folder, the file of a trained model, or MODEL.TAG")
    parser.add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="DATA",
        help="a data set, a file of rows, or photos (default: the test split)",
    )
    parser.add_argument("--method", default="pgd", help=f"{', '.join(METHODS)} (default: pgd)")
    parser.add_argument(
        "--strength",
        action="append",
        type=strength,
        metavar="S",
        help="8/255, 0.1, a number of words; may be given again",
    )
    parser.add_argument("--norm", help="of pgd: linf or l2")
    parser.add_argument("--steps", type=whole_number, help="of pgd, patch and fooling")
    parser.add_argument(
        "--allow", action="append", metavar="COLUMN", help="of counterfactual: a column that may change"
    )
    parser.add_argument("--output", metavar="NAME", help="of the model, where it predicts several classes")
    parser.add_argument("--rows", type=whole_number, default=ROWS, help=f"samples, evenly spaced (default: {ROWS})")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--out", metavar="DIR", help="also write the figures and their picture there")


def strength(text: str) -> float:
    """A number or a fraction.

    >>> strength("8/255") == 8 / 255, strength("0.5")
    (True, 0.5)
    """
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number nor a fraction as 8/255") from error


def attack_command(parsed: argparse.Namespace) -> None:
    """Attack samples of known labels; print the accuracy at each strength and what changed a prediction."""
    require_known("method of attack", parsed.method, METHODS)
    if parsed.rows < 1:
        raise ConfigError(f"--rows counts from 1; received {parsed.rows}.")
    import_frameworks()
    options = {"norm": parsed.norm, "steps": parsed.steps, "allowed": parsed.allow}
    given = {name: value for name, value in options.items() if value is not None}
    if parsed.method == "fooling":
        _fool(parsed, given)
        return
    found = _attack(parsed, {**given, "method": parsed.method, "strength": parsed.strength, "seed": parsed.seed})
    screen = console()
    screen.print(found.sentence(), markup=False)
    from zoo.robustness.words import described, in_words

    for each, share in found.accuracy.items():
        name = "without an attack" if not each else f"at {in_words(each, found.unit)}"
        screen.print(f"  {share:6.1%}  {name}", markup=False)
    if found.kind != "picture":
        for flip in found.flips[:SHOWN]:
            screen.print(f"  {described(flip)}", markup=False)
    for note in found.notes:
        screen.print(note, markup=False, style="yellow")
    if parsed.out:
        screen.print(f"Figures and picture: {', '.join(map(str, found.save(parsed.out)))}", markup=False)


def _attack(parsed: argparse.Namespace, options: dict[str, Any]) -> "Attack":
    """On photos without labels, on those of official weights, or on judged rows."""
    from zoo.pictures import SUFFIXES
    from zoo.robustness import attack

    photos = [each for each in parsed.texts if each.lower().endswith(tuple(SUFFIXES))]
    official = _official(parsed.model)
    if official is not None:
        return _attack_official(official, parsed, options)
    if photos and len(photos) == len(parsed.texts):
        from zoo.pipeline import load_pipeline

        pipeline = load_pipeline(parsed.model)
        column = pipeline.schema.of("picture")
        name = column[0].name if column else "picture"
        return attack(pipeline, {name: photos}, output=parsed.output, **options)
    if len(parsed.texts) > 1:
        raise ConfigError(f"One data set or file is attacked, or photos; received {' '.join(parsed.texts)}.")
    return _attack_judged(parsed, options)


def _attack_judged(parsed: argparse.Namespace, options: dict[str, Any]) -> "Attack":
    import numpy as np

    from zoo.robustness import attack
    from zoo.robustness.attack import PICTURES
    from zoo.robustness.sources import class_output
    from zoo.tasks.judged import judged

    rows = judged(parsed.model, parsed.texts[0] if parsed.texts else None)
    output = class_output(rows.pipeline, parsed.output)
    count = len(rows.samples)
    chosen = np.unique(np.linspace(0, count - 1, min(count, parsed.rows)).astype(int))
    labels = rows.labels[output][chosen]
    if parsed.method in PICTURES:
        return attack(rows.pipeline, rows.samples.take(chosen), labels, output=output, **options)
    if rows.frame is None:
        raise ConfigError(f"'{rows.name}' has no rows of a table whose words or columns could be changed.")
    return attack(rows.pipeline, rows.frame.iloc[chosen], labels, output=output, **options)


def _official(model: str) -> str | None:
    """The name "MODEL.TAG" of official weights of images, or None."""
    from zoo.catalogue import describe, list_models

    name, _, tag = model.partition(".")
    if Path(model).exists() or not tag or name not in list_models(for_tests=True):
        return None
    weights = describe(name).weights
    require_known(f"weights of {name}", tag, weights)
    return model if not weights[tag].file else None


def _attack_official(tag: str, parsed: argparse.Namespace, options: dict[str, Any]) -> "Attack":
    """Against what the official weights predict of photos, as their labels are not known."""
    import numpy as np

    from zoo.create import create_model
    from zoo.pictures.photos import find_photos
    from zoo.pretrained import pretrained
    from zoo.pretrained.images import preprocess
    from zoo.pretrained.labels import classes_of
    from zoo.robustness import attack

    if not parsed.texts:
        raise ConfigError(f"Name photos to attack '{tag}' on.")
    names = [name for _, name in classes_of(tag)]
    photos: Sequence[Any] = find_photos(parsed.texts)[: parsed.rows]
    images = np.concatenate([preprocess(photo, tag) for photo in photos])
    model = create_model(tag)
    scale = pretrained(tag).preprocessing
    return attack(model, images, output=parsed.output, scale=scale, classes=names, **options)


def _fool(parsed: argparse.Namespace, options: dict[str, Any]) -> None:
    from zoo.pipeline import load_pipeline
    from zoo.robustness import fooling_images

    if parsed.strength or parsed.texts or set(options) - {"steps"}:
        raise ConfigError("'fooling' makes pictures from noise: it takes no data, no strength, no norm and no columns.")
    scale: Any = None
    official = _official(parsed.model)
    if official is not None:
        from zoo.create import create_model
        from zoo.pretrained import pretrained

        model, scale = create_model(official), pretrained(official).preprocessing
    else:
        model = load_pipeline(parsed.model)
    found = fooling_images(model, output=parsed.output, scale=scale, seed=parsed.seed, **options)
    console().print(found.sentence(), markup=False)
    if parsed.out:
        console().print(f"Figures and picture: {', '.join(map(str, found.save(parsed.out)))}", markup=False)
