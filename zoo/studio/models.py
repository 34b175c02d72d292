"""The models that a studio was started with, and what it asks of each: a pipeline, or one with official weights."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from zoo.catalogue import describe, list_models
from zoo.errors import ConfigError, UnknownNameError
from zoo.explain.explain import find_subject, opened
from zoo.explain.subject import Subject
from zoo.pipeline.finding import trained_file
from zoo.samples import EXCLUSIVE
from zoo.studio.errors import ChangedError, NotHereError
from zoo.studio.fields import Field, fields_of
from zoo.studio.lanes import Lane
from zoo.studio.limits import SHOWN_LABELS
from zoo.studio.samples import Sample, Upload

PHOTO, IN_PHOTO = "photo", "what is in the photo"
LEAST_LABELS, LEAST_SHARE = 3, 0.001  # more labels are shown where they have such a probability


@dataclass(frozen=True)
class Opened:
    """A copy of a model: a `Pipeline`, or a `keras.Model` with the `tag` of its official weights."""

    model: Any
    tag: str | None

    @property
    def network(self) -> Any:
        return self.model if self.tag else self.model.model


class StudioModel:
    """One model of the studio. `key` is its part of an address, `source` what the user called it."""

    def __init__(self, source: str):
        self.source = source
        self.name = Path(source).name if Path(source).exists() else source
        self.key = sha256(source.encode()).hexdigest()[:12]
        self.predicting = Lane(self.name, self._open)
        self.studying = Lane(self.name, self._open)
        self._lock = threading.Lock()
        self._made: dict[str, threading.Lock] = {}
        self._about: dict[str, Any] | None = None
        self._file: tuple[int, int] | None = None  # which one all copies are of
        self.cache: dict[str, Any] = {}  # what is the same for all users: the graph, the test split, its errors

    @property
    def told(self) -> str:
        """A line on what it is, without opening it."""
        name, _, tag = self.source.partition(".")
        if Path(self.source).exists() or name not in list_models(for_tests=True):
            return self.source
        entry = describe(name)
        return f"{entry.task.replace('-', ' ')}, weights '{tag or next(iter(entry.weights), '')}'"

    def _open(self) -> Opened:
        before = self.require_same_file()
        found = Opened(*opened(self.source))
        self._file = self._file or before
        self.require_same_file()
        return found

    def require_same_file(self) -> tuple[int, int] | None:
        """Called around the opening of each copy: an explanation must be of the model that predicted. What tells files.

        Raises `ChangedError` where the first copy was of another file, as when a run was trained anew meanwhile.
        """
        if not Path(self.source).exists():  # official weights; and what is gone cannot be opened
            return None
        found = trained_file(self.source).stat()
        file = found.st_mtime_ns, found.st_size
        if self._file not in (None, file):
            raise ChangedError(
                f"'{self.name}' was trained anew or written over since the studio opened it, so that this would be "
                "of another model than its predictions: start 'zoo studio' again."
            )
        return file

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once."""
        with self._lock:
            making = self._made.setdefault(name, threading.Lock())  # one of its own: nothing waits for another thing
        with making:
            if name not in self.cache:
                self.cache[name] = make()
            return self.cache[name]

    @cached_property
    def fields(self) -> list[Field]:
        """What a sample is made of."""
        with self.predicting.turn() as found:
            if found.tag:
                return [Field(PHOTO, "picture", hint="a photo", needed=True)]
            return fields_of(found.model.schema)

    def about(self) -> dict[str, Any]:
        """What the page must know of the model."""
        if self._about is None:
            fields = [each.to_json() for each in self.fields]
            with self.predicting.turn() as found:
                network = found.network
                self._about = {
                    "name": self.name,
                    "fields": fields,
                    "outputs": _outputs_of(found),
                    "methods": _methods(found),
                    "layers": map_layers(network),
                    "parameters": _parameters(network),
                    "trained": bool(found.tag is None and found.model.entry and "data" in found.model.origin),
                }
        return self._about

    def predict(self, sample: Sample) -> dict[str, Any]:
        """What the model says of a sample, output by output."""
        with self.predicting.turn() as found:
            if found.tag:
                return {"outputs": [_of_photo(found, sample)]}
            return {"outputs": _of_row(found.model, sample)}

    def subject(self, found: Opened, sample: Sample, output: str | None, label: str | None) -> Subject:
        """What is explained. `found` is the copy whose turn it is."""
        values = sample.read()
        given = values[PHOTO] if found.tag else values
        return find_subject(found.model, given, tag=found.tag, output=output or None, label=label or None,
                            input=None, labels=None)  # fmt: skip


def _of_photo(found: Opened, sample: Sample) -> dict[str, Any]:
    from zoo.prediction import predict
    from zoo.pretrained.images import preprocess
    from zoo.pretrained.labels import classes_of

    tag = str(found.tag)
    values = predict(found.model, preprocess(sample.read()[PHOTO], tag))
    shares = np.asarray(values["predictions"])[0]
    labels = [label for _, label in classes_of(tag)]
    return _classes("predictions", labels, shares, int(np.argmax(shares)), "likeliest label", name=IN_PHOTO)


def frame_of(sample: Sample) -> Any:
    """The sample as a table of one row; columns hold values as they are, nothing is taken for a path."""
    from zoo.columns.frames import pandas

    values = sample.read()
    frame = pandas().DataFrame({name: pandas().Series([value], dtype=object) for name, value in values.items()})
    return frame.infer_objects()


def _of_row(pipeline: Any, sample: Sample) -> list[dict[str, Any]]:
    found = pipeline.predictions(frame_of(sample))
    return [_output(pipeline, column, found[column.output]) for column in pipeline.schema.outputs]


def _output(pipeline: Any, column: Any, values: np.ndarray) -> dict[str, Any]:
    target = column.target
    if target.kind == "regression":
        number = float(values[0])
        half = pipeline.intervals.get(column.output)
        low, high = (None, None) if half is None else np.clip([number - half, number + half], *column.scale).tolist()
        return {"name": column.name, "output": column.output, "kind": "number", "value": number, "unit": target.unit,
                "low": low, "high": high}  # fmt: skip
    decided = pipeline.decisions(column, values)
    if target.kind == "tags":
        said = [label for label, given in zip(target.labels, decided[0], strict=True) if given]
        return _classes(column.output, target.labels, values[0], None, pipeline.decided_by(column), name=column.name,
                        said=", ".join(said) or "none")  # fmt: skip
    shares = values[0] if target.kind in EXCLUSIVE else np.array([1.0 - values[0], values[0]])
    return _classes(column.output, target.labels, shares, int(decided[0]), pipeline.decided_by(column),
                    name=column.name)  # fmt: skip


def _classes(
    output: str, labels: Any, shares: np.ndarray, place: int | None, decided_by: str, *, name: str = "", said: str = ""
) -> dict[str, Any]:
    """An output of classes: the likeliest labels, the best first."""
    order = [each for place, each in enumerate(np.argsort(-shares, kind="stable")[:SHOWN_LABELS])
             if place < LEAST_LABELS or shares[each] >= LEAST_SHARE]  # fmt: skip
    return {
        "name": name or output,
        "output": output,
        "kind": "classes",
        "said": said or str(labels[place or 0]),
        "share": None if place is None else float(shares[place]),
        "decided_by": decided_by,
        "labels": [{"label": str(labels[each]), "share": float(shares[each])} for each in order],
        "of": len(labels),
    }


def _outputs_of(found: Opened) -> list[dict[str, Any]]:
    if found.tag:
        from zoo.pretrained.labels import classes_of

        return [{"output": "predictions", "name": IN_PHOTO, "kind": "classification",
                 "labels": [label for _, label in classes_of(found.tag)]}]  # fmt: skip
    return [
        {"output": column.output, "name": column.name, "kind": column.target.kind, "labels": list(column.target.labels)}
        for column in found.model.schema.outputs
    ]


def _methods(found: Opened) -> list[str]:
    """Those that explain what the model reads, the usual one first; none of an ONNX file."""
    import keras

    from zoo.explain.methods import METHODS, USUAL
    from zoo.explain.subject import PICTURE, SENSES, TABLE, TEXT

    if not isinstance(found.network, keras.Model):
        return []
    if found.tag:
        sense = PICTURE
    else:
        kinds = {found.model.schema.types[name] for name in found.model.schema.names}
        table = kinds & {"number", "category", "date"}
        own = [name for name in found.model.schema.names if found.model.schema.types[name] not in table]
        alone = TABLE if table else PICTURE if "picture" in kinds else TEXT
        sense = SENSES if len(own) + bool(table) > 1 else alone
    fitting = [name for name, method in METHODS.items() if sense in method.runs]
    return sorted(fitting, key=lambda name: name != USUAL[sense])


def map_layers(network: Any) -> list[str]:
    """Layers that give a map (height, width, channels), the last first, for the menu of heat maps."""
    from zoo.explain.places import layers_between

    try:
        pictures = [each.name for each in network.inputs if len(each.shape) == 4]
        ends = list(network.output) if isinstance(network.output, Mapping) else []
        found = layers_between(network, pictures[0], ends[0]) if pictures and ends else []
    except (AttributeError, ConfigError, UnknownNameError):
        return []
    maps = [each.path for each in found if len(each.shape) == 4 and tuple(each.shape[1:3]) != (1, 1)]
    return maps[::-1]


def _parameters(network: Any) -> int | None:
    return int(network.count_params()) if hasattr(network, "count_params") else None


class Models:
    """All models of a studio, by key."""

    def __init__(self, sources: list[str]):
        self.all = [StudioModel(source) for source in dict.fromkeys(sources)]
        self._by_key = {each.key: each for each in self.all}

    def get(self, key: str) -> StudioModel:
        """Raises `NotHereError` for a key of none: models are named when the studio is started, not by a page."""
        if key not in self._by_key:
            raise NotHereError("There is no such model here: open the list of models.")
        return self._by_key[key]


__all__ = ["PHOTO", "Models", "Opened", "Sample", "StudioModel", "Upload", "frame_of", "map_layers"]
