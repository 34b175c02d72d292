"""Why a model says so, for the page: several methods side by side, with progress and to be cancelled."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from zoo.errors import ConfigError, ZooError
from zoo.explain.explain import explain_subject
from zoo.explain.explanation import Explanation
from zoo.explain.subject import PICTURE, TABLE, Subject
from zoo.studio.commands import explain_command
from zoo.studio.jobs import Job
from zoo.studio.limits import METHODS_AT_ONCE
from zoo.studio.models import StudioModel
from zoo.studio.samples import Sample, csv_of, png_of
from zoo.studio.sessions import Session

USUAL_CALLS = 16  # of a model in one method: progress within it is measured by this
WITH_LAYER = ("activation", "grad-cam", "grad-cam++", "layer-cam")
HEAT = ((0.0, (13, 8, 135)), (0.35, (156, 23, 158)), (0.65, (237, 121, 83)), (1.0, (240, 249, 33)))  # plasma
FOR, AGAINST = (192, 57, 43), (36, 113, 163)


@dataclass(frozen=True)
class Wanted:
    """What the page asks for."""

    methods: Sequence[str]
    output: str = ""
    label: str = ""
    layer: str = ""
    check: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.methods) <= METHODS_AT_ONCE:
            raise ConfigError(f"Choose from 1 to {METHODS_AT_ONCE} methods; received {len(self.methods)}.")

    def options(self, method: str) -> dict[str, Any]:
        return {"layer": self.layer} if self.layer and method in WITH_LAYER else {}


@dataclass(frozen=True)
class Explained:
    """An explanation that a user has, and the command that gives it again."""

    found: Explanation
    command: str


class _Watched(Subject):
    """A subject that tells a job of each question to the model, and stops when nobody waits any more."""

    def scores(self, *args: Any, **options: Any) -> np.ndarray:
        self._count()
        return super().scores(*args, **options)

    def gradients(self, *args: Any, **options: Any) -> Any:
        self._count()
        return super().gradients(*args, **options)

    @contextmanager
    def compiled(self, *args: Any, **options: Any) -> Iterator[Any]:
        with super().compiled(*args, **options) as function:

            def counted(*inputs: Any, **more: Any) -> Any:
                self._count()
                return function(*inputs, **more)

            yield counted

    def _count(self) -> None:
        watch = _WATCHES.get(id(self.model))
        if watch is not None:
            watch()


_WATCHES: dict[int, Any] = {}  # of the model whose turn it is -> what is called at each question


@contextmanager
def watched(subject: Subject, job: Job, first: float, last: float, doing: str) -> Iterator[Subject]:
    """The subject, with `job` told of its progress between two shares."""
    calls = 0

    def tell() -> None:
        nonlocal calls
        calls += 1
        job.tell(first + (last - first) * calls / (calls + USUAL_CALLS), doing)

    _WATCHES[id(subject.model)] = tell
    try:
        yield _Watched(**{each.name: getattr(subject, each.name) for each in fields(Subject)})
    finally:
        del _WATCHES[id(subject.model)]


def explain(model: StudioModel, session: Session, sample: Sample, wanted: Wanted, job: Job) -> list[dict[str, Any]]:
    """One explanation for each method, in their order; of a method that does not suit the reason."""
    shown = []
    with model.studying.turn(waiting=3600.0, watch=lambda: job.tell(0.0, "waits for the model")) as opened:
        job.tell(0.0, "reads the sample")
        subject = model.subject(opened, sample, wanted.output, wanted.label)
        for place, method in enumerate(wanted.methods):
            ends = place / len(wanted.methods), (place + 1) / len(wanted.methods)
            try:
                with watched(subject, job, *ends, method) as asked:
                    found = explain_subject(asked, method, check=wanted.check, **wanted.options(method))
            except ZooError as error:
                shown.append({"method": method, "error": str(error)})
                continue
            command = explain_command(model.source, sample, method, wanted)
            found = replace(found, values=np.asarray(found.values, np.float32))  # half the memory while it is kept
            key = session.explanations.put(Explained(found, command))
            shown.append(described(key, found, command))
    return shown


def described(key: str, found: Explanation, command: str) -> dict[str, Any]:
    """What the page shows of it."""
    picture = found.sense == PICTURE
    most = float(np.abs(found.values).max()) or 1.0
    more: dict[str, Any] = {"parts": []}
    if picture:
        more = {"height": found.values.shape[0], "width": found.values.shape[1]}
    elif len(found.parts) == found.values.size:
        cells = found.shown if found.sense == TABLE and isinstance(found.shown, Mapping) else {}
        more["parts"] = [
            {"part": part, "value": float(value), "share": float(value) / most,
             "cell": "" if cells.get(part) is None else str(cells[part])}
            for part, value in zip(found.parts, found.values, strict=True)
        ]  # fmt: skip
    return {
        "key": key,
        "method": found.method,
        "sense": found.sense,
        "output": found.output,
        "label": found.label,
        "score": found.score,
        "signed": found.signed,
        "summary": found.summary,
        "settings": {name: value for name, value in found.settings.items() if isinstance(value, str | int | float)},
        "faithfulness": dict(found.faithfulness),
        "command": command,
        **more,
    }


def base_png(found: Explanation) -> bytes:
    """The picture as the model saw it."""
    from zoo.pictures.pixels import array_image

    return png_of(array_image(np.asarray(found.shown)[..., :3]))


def map_png(found: Explanation) -> bytes:
    """The map in colours, clear where it says nothing: to be laid over the picture."""
    from zoo.pictures.photos import Image

    values = np.asarray(found.values, np.float64)
    most = float(np.quantile(np.abs(values), 0.995)) or float(np.abs(values).max()) or 1.0
    scaled = np.clip(values / most, -1 if found.signed else 0, 1)
    strength = np.abs(scaled)
    if found.signed:
        colours = np.where((scaled >= 0)[..., None], np.array(FOR), np.array(AGAINST))
    else:
        points, stops = [each for each, _ in HEAT], np.array([colour for _, colour in HEAT], np.float64)
        colours = np.stack([np.interp(strength, points, stops[:, c]) for c in range(3)], axis=-1)
    alpha = 255 * (strength**0.7 if found.signed else 0.15 + 0.85 * strength)
    pixels = np.concatenate([colours, alpha[..., None]], axis=-1).round().astype(np.uint8)
    return png_of(Image.fromarray(pixels, "RGBA"))


def values_csv(found: Explanation) -> str:
    """A row for each part, or for each pixel."""
    values = np.asarray(found.values)
    if len(found.parts) == values.size:
        return csv_of([{"part": part, "value": float(value)} for part, value in zip(found.parts, values, strict=True)])
    flat = values.reshape(values.shape[0], -1)
    header = ",".join(["row", *(str(column) for column in range(flat.shape[1]))])
    return "\n".join([header, *(f"{row}," + ",".join(f"{each:.6g}" for each in line)
                                for row, line in enumerate(flat))]) + "\n"  # fmt: skip
