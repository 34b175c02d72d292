"""Can this one sample be fooled? The attacks of `zoo.attack`, where the zoo has them."""

from typing import Any

import numpy as np

import zoo
from zoo.errors import ConfigError, require_known
from zoo.studio.commands import attack_command
from zoo.studio.jobs import Job
from zoo.studio.models import PHOTO, StudioModel, frame_of
from zoo.studio.samples import Sample, png_of
from zoo.studio.sessions import Session

OF_PICTURES = ("pgd", "fgsm", "noise")
LARGEST = 64 / 255
SHOWN_CHANGE = 8  # times as much as it is, around grey


def fool(
    model: StudioModel, session: Session, sample: Sample, method: str, strength: float, job: Job
) -> dict[str, Any]:
    """What the model says of the sample under the attack, whether or not it changes its mind."""
    require_known("attack of a picture", method, OF_PICTURES)
    if not 0 < strength <= LARGEST:
        raise ConfigError(f"The strength is above 0 and at most {LARGEST:.3g} of a pixel's range; received {strength}.")
    with model.studying.turn(waiting=3600.0, watch=lambda: job.tell(0.0, "waits for the model")) as found:
        job.tell(0.1, f"{method} at {255 * strength:.3g}/255")
        if found.tag:
            from zoo.pretrained.images import preprocess
            from zoo.pretrained.sets import pretrained

            row = pretrained(found.tag).preprocessing
            scale = tuple(float(np.ravel(row.normalise(np.full((1, 1, 1, 3), each, np.uint8), 3))[0])
                          for each in (0, 255))  # fmt: skip
            result = zoo.attack(found.model, preprocess(sample.read()[PHOTO], found.tag), method=method,
                            strength=strength, scale=scale)  # fmt: skip
        else:
            result = zoo.attack(found.model, frame_of(sample), method=method, strength=strength)
        job.tell(0.9, "draws")
        return _described(model, session, sample, result, method, strength, found.tag)


def _described(
    model: StudioModel, session: Session, sample: Sample, result: Any, method: str, strength: float, tag: str | None
) -> dict[str, Any]:
    words = attack_command(model.source, sample, method, strength)
    shown: dict[str, Any] = {"method": method, "strength": strength, "command": words, "notes": list(result.notes)}
    if not result.flips:
        return {**shown, "fooled": False}
    flip = result.flips[0]
    changed = session.pictures.put(_picture(flip.changed))
    difference = session.pictures.put(_picture(0.5 + SHOWN_CHANGE * (np.asarray(flip.changed) - flip.original)))
    before, after = (_named(pair, tag) for pair in (flip.before, flip.after))
    return {**shown, "fooled": True, "before": before, "after": after, "changed": changed, "difference": difference}


def _named(pair: tuple[str, float], tag: str | None) -> dict[str, Any]:
    label = pair[0]
    if tag:
        from zoo.pretrained.labels import classes_of

        label = classes_of(tag)[int(label)][1]
    return {"label": label, "share": pair[1]}


def _picture(pixels: Any) -> bytes:
    """(H, W, C) from 0 to 1 as PNG."""
    from zoo.pictures.pixels import array_image

    return png_of(array_image(255 * np.clip(np.asarray(pixels, np.float64), 0, 1)))
