"""What the pages ask for, as JSON: samples, predictions, explanations, attacks, errors, comparisons, jobs."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from zoo.errors import DataError
from zoo.studio import comparison, explanations, split
from zoo.studio.attacks import fool
from zoo.studio.commands import predict_command
from zoo.studio.errors import NotHereError, TooLargeError
from zoo.studio.fields import PICTURE, Filled
from zoo.studio.jobs import Job
from zoo.studio.limits import LARGEST_TEXT, LARGEST_UPLOAD, MOST_FIELDS
from zoo.studio.models import StudioModel
from zoo.studio.samples import Sample, Upload, keep_upload
from zoo.studio.sessions import Session
from zoo.studio.state import session_of, studio_of

router = APIRouter()
MOST_FILES = 20


class Explaining(BaseModel):
    """Of a sample of the user's, by some methods."""

    sample: str = Field(max_length=64)
    methods: list[str] = Field(max_length=64)
    output: str = Field("", max_length=500)
    label: str = Field("", max_length=1000)
    layer: str = Field("", max_length=500)
    check: bool = False


class Attacking(BaseModel):
    """`strength` is a share of a pixel's range."""

    sample: str = Field(max_length=64)
    method: str = Field(max_length=64)
    strength: float


class Comparing(BaseModel):
    """Two models, by key."""

    first: str = Field(max_length=64)
    second: str = Field(max_length=64)


class Choosing(BaseModel):
    """A row of the test split, from 0; below 0: any."""

    row: int


@router.get("/models/{key}/about")
def about(request: Request, key: str) -> dict[str, Any]:
    return studio_of(request).models.get(key).about()


@router.post("/models/{key}/samples")
async def give(request: Request, key: str) -> dict[str, Any]:
    """A filled form, with files; what the model says of it."""
    model, session = studio_of(request).models.get(key), session_of(request)
    files: dict[str, Upload] = {}
    try:
        filled = await _filled(request, session, files)
        return await run_in_threadpool(_predict_filled, model, session, filled)
    except BaseException:
        for upload in files.values():
            upload.path.unlink(missing_ok=True)
        raise


async def _filled(request: Request, session: Session, files: dict[str, Upload]) -> Filled:
    """The form: fields are called "text:COLUMN" or "file:COLUMN". What is kept on the disk is put into `files`."""
    if int(request.headers.get("content-length", 0)) > LARGEST_UPLOAD:
        raise TooLargeError("That is too large.")
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=4 * LARGEST_TEXT) as form:
        texts: dict[str, str] = {}
        for name, value in form.multi_items():
            kind, _, column = name.partition(":")
            if kind == "file" and isinstance(value, UploadFile) and column not in files:
                if value.filename:
                    files[column] = await keep_upload(value, session)
            elif kind == "text" and isinstance(value, str) and column not in texts:
                texts[column] = value
            else:
                raise DataError("The form has a field twice, or of no known kind: load the page again.")
    return Filled(texts, files)


def _predict_filled(model: StudioModel, session: Session, filled: Filled) -> dict[str, Any]:
    values = filled.row(model.fields)
    names = [upload.name for upload in filled.files.values()]
    return _predicted(model, session, Sample(model.key, values, ", ".join(names) or "your sample"))


@router.post("/models/{key}/examples")
def choose(request: Request, key: str, wanted: Choosing) -> dict[str, Any]:
    """A row of the test split, and what the model says of it."""
    model = studio_of(request).models.get(key)
    return {**_predicted(model, session_of(request), split.example(model, wanted.row)),
            "rows": split.split_of(model).rows}  # fmt: skip


def _predicted(model: StudioModel, session: Session, sample: Sample) -> dict[str, Any]:
    found = model.predict(sample)
    sample.prediction.update(found)
    key = session.samples.put(sample)
    pictures = [each.name for each in model.fields if each.kind == PICTURE and sample.values.get(each.name) is not None]
    return {
        "sample": key,
        "title": sample.title,
        "row": sample.row,
        "true": dict(sample.label),
        "values": {
            name: str(value) for name, value in sample.values.items() if value is not None and name not in pictures
        },
        "pictures": {name: f"/samples/{key}/pictures/{number}.png" for number, name in enumerate(pictures)},
        "prediction": found,
        "command": predict_command(model.source, sample),
    }


@router.post("/models/{key}/explanations")
def explain(request: Request, key: str, wanted: Explaining) -> dict[str, str]:
    asked = explanations.Wanted(wanted.methods, wanted.output, wanted.label, wanted.layer, wanted.check)
    model, session, sample = _of_sample(request, key, wanted.sample)
    return _started(request, "explains", lambda job: explanations.explain(model, session, sample, asked, job))


@router.post("/models/{key}/attacks")
def attack(request: Request, key: str, wanted: Attacking) -> dict[str, str]:
    model, session, sample = _of_sample(request, key, wanted.sample)
    return _started(request, "attacks", lambda job: fool(model, session, sample, wanted.method, wanted.strength, job))


@router.post("/models/{key}/errors")
def errors(request: Request, key: str) -> dict[str, str]:
    """The rows of the test split that were predicted worst."""
    model = studio_of(request).models.get(key)
    return _started(request, "predicts", lambda job: split.worst(model, job))


@router.post("/compare")
def compare(request: Request, wanted: Comparing) -> dict[str, str]:
    models = studio_of(request).models
    first, second = models.get(wanted.first), models.get(wanted.second)
    return _started(request, "compares", lambda job: comparison.compared(first, second, job))


def _of_sample(request: Request, key: str, sample: str) -> tuple[StudioModel, Session, Sample]:
    """A sample that this user gave to this model."""
    model, session = studio_of(request).models.get(key), session_of(request)
    found: Sample = session.samples.get(sample)
    if found.model != model.key:
        raise NotHereError("That sample was given to another model: give it to this one.")
    return model, session, found


def _started(request: Request, what: str, work: Callable[[Job], Any]) -> dict[str, str]:
    return {"job": studio_of(request).jobs.start(session_of(request), what, work)}


@router.get("/jobs/{key}")
def job(request: Request, key: str) -> dict[str, Any]:
    found: Job = session_of(request).jobs.get(key)
    return found.to_json()


@router.post("/jobs/{key}/cancel")
def cancel(request: Request, key: str) -> dict[str, Any]:
    found: Job = session_of(request).jobs.get(key)
    found.cancel()
    return found.to_json()
