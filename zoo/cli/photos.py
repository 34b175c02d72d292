"""`zoo predict` for models of images: what is in photos, or in folders of them."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo.catalogue import describe
from zoo.errors import ConfigError, DataError, RowsError
from zoo.terminal import console, import_frameworks, show_predictions

if TYPE_CHECKING:
    from zoo.pipeline import Pipeline

NAMED = 5  # of those that have no prediction


def is_photo_model(name: str) -> bool:
    """Whether the model of the catalogue looks at images."""
    return "image" in describe(name).inputs


def predict_photos(name: str, given: Sequence[str], *, weights: str | None = None) -> None:
    """Print the five best classes of every photo; in a pipe a line for each: file, label, probability, id.

    `given` are files and folders. `weights` is a tag, or a file in place of the official one. A photo that cannot be
    read is told in the end, and keeps no other from its answer.
    """
    from zoo.pictures.photos import find_photos
    from zoo.pretrained.labels import classes_of

    tags = describe(name).weights
    if not tags:
        raise ConfigError(f"'{name}' has no trained weights to fetch that could name what is in a photo.")
    tag = f"{name}.{weights if weights in tags else next(iter(tags))}"
    classes_of(tag)  # mistakes are told before the frameworks are imported, and before anything is fetched
    photos = find_photos(given)
    import_frameworks()
    from zoo.classification import classify_photos
    from zoo.create import create_model

    model = create_model(name, weights=tag.partition(".")[2] if weights in (None, *tags) else weights)
    failed = []
    for path, found in classify_photos(photos, tag, model=model):
        if isinstance(found, DataError):
            failed.append(str(found))
        elif sys.stdout.isatty():
            lines = [f"  {guess.probability:6.1%}  {guess.label.replace('_', ' ')}" for guess in found]
            console().print("\n".join([str(path), *lines]), markup=False)
        else:
            sys.stdout.writelines(f"{path}\t{each.label}\t{each.probability:.4f}\t{each.id}\n" for each in found)
    if failed:
        raise DataError("\n       ".join(failed))


def show_predictable(pipeline: "Pipeline", rows: Any, titles: Sequence[str], *, allow_unseen: bool = False) -> None:
    """Show what is predicted for rows, photos as a rule; those that have no prediction are told in the end."""
    try:
        show_predictions(pipeline, rows, titles, allow_unseen=allow_unseen)
    except DataError:
        from zoo.pipeline.predicted_parts import wrong_rows

        wrong = wrong_rows(pipeline, rows) if len(rows) > 1 else {}
        if not 0 < len(wrong) < len(rows):
            raise
        sound = [row for row in range(len(rows)) if row not in wrong]
        show_predictions(pipeline, rows.iloc[sound], [titles[row] for row in sound], allow_unseen=allow_unseen)
        told = " ".join(list(wrong.values())[:NAMED])
        raise RowsError(f"{len(wrong):,} of {len(rows):,} have no prediction: {told}") from None
