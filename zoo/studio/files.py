"""What can be seen and downloaded: pictures, explanations, predictions, errors, the graph. Only the user's own."""

import json
import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from zoo.studio import explanations, split
from zoo.studio.errors import NotHereError
from zoo.studio.explanations import Explained
from zoo.studio.fields import PICTURE
from zoo.studio.graph import graph_svg
from zoo.studio.samples import Sample, Upload, csv_of, picture_png
from zoo.studio.state import session_of, studio_of

router = APIRouter()
SEALED = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}  # also when opened alone
TYPES = {"png": "image/png", "svg": "image/svg+xml", "json": "application/json", "csv": "text/csv; charset=utf-8"}


def _file(content: bytes | str, kind: str, name: str = "") -> Response:
    """`name` of a download; without it the content is shown on the page."""
    headers = {**SEALED, **({"Content-Disposition": f'attachment; filename="{name}.{kind}"'} if name else {})}
    return Response(content, media_type=TYPES[kind], headers=headers)


@router.get("/samples/{key}/pictures/{number}.png")
def picture(request: Request, key: str, number: int) -> Response:
    """A picture of a sample, as large as the page shows it."""
    sample: Sample = session_of(request).samples.get(key)
    fields = studio_of(request).models.get(sample.model).fields
    values = [sample.values.get(each.name) for each in fields if each.kind == PICTURE]
    shown = [value for value in values if value is not None]
    if not 0 <= number < len(shown):
        raise NotHereError("The sample has no such picture.")
    return _file(picture_png(shown[number]), "png")


@router.get("/samples/{key}/row.csv")
def row(request: Request, key: str) -> Response:
    """The row as a file for the command line, each text as it was given; of pictures their names."""
    sample: Sample = session_of(request).samples.get(key)
    cells = {name: value.name if isinstance(value, Upload) else value for name, value in sample.values.items()}
    plain = {name: "" if each is None else each for name, each in cells.items()}
    return _file(csv_of([plain], guarded=False), "csv", "row")


@router.get("/samples/{key}/prediction.{kind}")
def prediction(request: Request, key: str, kind: str) -> Response:
    sample: Sample = session_of(request).samples.get(key)
    if kind == "json":
        model = studio_of(request).models.get(sample.model)
        found = {"model": model.source, "sample": sample.title, "true": dict(sample.label), **sample.prediction}
        return _file(json.dumps(found, ensure_ascii=False, indent=1), "json", "prediction")
    if kind != "csv":
        raise NotHereError("A prediction is downloaded as .csv or .json.")
    rows: list[dict[str, Any]] = []
    for each in sample.prediction["outputs"]:
        if each["kind"] == "number":
            rows.append({"output": each["name"], "label": "", "value": each["value"]})
        else:
            rows += [{"output": each["name"], "label": label["label"], "value": label["share"]}
                     for label in each["labels"]]  # fmt: skip
    return _file(csv_of(rows), "csv", "prediction")


@router.get("/explanations/{key}/{what}.{kind}")
def explanation(request: Request, key: str, what: str, kind: str) -> Response:
    """For the page "map.png" and "base.png"; "explanation.png", ".svg", ".json" and ".csv" to keep."""
    explained: Explained = session_of(request).explanations.get(key)
    found = explained.found
    if (what, kind) == ("map", "png"):
        return _file(explanations.map_png(found), "png")
    if (what, kind) == ("base", "png"):
        return _file(explanations.base_png(found), "png")
    if what != "explanation" or kind not in TYPES:
        raise NotHereError("An explanation is downloaded as .png, .svg, .json or .csv.")
    if kind == "csv":
        return _file(explanations.values_csv(found), "csv", found.method)
    if kind == "json":
        told = {**found.to_json(), "command": explained.command}
        return _file(json.dumps(told, ensure_ascii=False), "json", found.method)
    with tempfile.TemporaryDirectory(dir=session_of(request).folder) as folder:
        path = found.save(Path(folder) / f"explanation.{kind}")
        return _file(path.read_bytes(), kind, found.method)


@router.get("/pictures/{key}.png")
def made(request: Request, key: str) -> Response:
    """A picture that an attack made."""
    return _file(session_of(request).pictures.get(key), "png")


@router.get("/models/{key}/graph.svg")
def graph(request: Request, key: str) -> Response:
    return _file(graph_svg(studio_of(request).models.get(key)), "svg")


@router.get("/models/{key}/errors.csv")
def errors(request: Request, key: str) -> Response:
    """The table of errors, once it was made."""
    found = studio_of(request).models.get(key).cache.get("errors")
    if found is None:
        raise NotHereError("Ask for the errors first.")
    rows = [
        {"output": each["output"], "row": error["row"] + 1, "true": error["true"], "predicted": error["predicted"],
         "loss": error["loss"], "text": error["text"]}
        for each in found["outputs"] for error in each["errors"]
    ]  # fmt: skip
    return _file(csv_of(rows), "csv", "errors")


@router.get("/models/{key}/rows/{number}.png")
def thumbnail(request: Request, key: str, number: int) -> Response:
    """The picture of a test row, small."""
    return _file(split.split_of(studio_of(request).models.get(key)).picture(number), "png")
