"""What a user gives a model: typed fields and files, kept in the user's own folder and read from there alone."""

import csv
import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np

from zoo.errors import DataError
from zoo.studio.errors import NotHereError, TooLargeError, WrongKindError
from zoo.studio.limits import (
    CHUNK,
    DECODED_AT_ONCE,
    LARGEST_KEPT,
    LARGEST_PICTURE,
    LARGEST_TEXT,
    LARGEST_UPLOAD,
    MEGABYTE,
    SHOWN_SIDE,
)
from zoo.studio.sessions import Session

PICTURES = "JPEG, PNG, WebP, GIF, TIFF, BMP"
NAME_LENGTH = 80  # characters of a file's name that are kept
_DECODING = threading.BoundedSemaphore(DECODED_AT_ONCE)  # memory is that of so many pictures, not of so many requests


@dataclass(frozen=True)
class Upload:
    """A file of the user's: `path` is of our making, `name` is what they call it, for showing only."""

    path: Path
    name: str

    def content(self) -> bytes:
        """Raises `NotHereError` where newer samples, or whoever tidies up the disk, have removed it meanwhile."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise NotHereError(f"The file '{self.name}' is no longer kept: give it again.") from error


@dataclass(frozen=True)
class Sample:
    """One row.

    values  column -> a text, an `Upload`, or what stands in a test split.
    title   what it is called on the page.
    label   output -> the true one, where it is known.
    row     its number in the test split, from 0; None for a user's own.
    """

    model: str
    values: Mapping[str, Any]
    title: str
    label: Mapping[str, str] = field(default_factory=dict)
    row: int | None = None
    prediction: dict[str, Any] = field(default_factory=dict)

    @property
    def uploads(self) -> list[Upload]:
        return [each for each in self.values.values() if isinstance(each, Upload)]

    def read(self) -> dict[str, Any]:
        """Column -> value as a pipeline takes it; a picture as bytes, never as a path that a user wrote."""
        return {name: value.content() if isinstance(value, Upload) else value for name, value in self.values.items()}


def safe_name(given: str | None) -> str:
    """A file's name for showing: its last part, without what could be taken for anything else.

    >>> safe_name("../../etc/pass\\nwd"), safe_name(None)
    ('passwd', 'file')
    """
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    kept = "".join(each for each in last if each.isprintable())[-NAME_LENGTH:].strip(" .")
    return kept or "file"


async def keep_upload(file: Any, session: Session) -> Upload:
    """Write an uploaded file into the user's folder, chunk by chunk, under a name of ours.

    Of too many bytes the user's oldest samples go. Raises `TooLargeError` where there is none left to go.
    """
    path, size = session.folder / token_hex(16), 0
    try:
        with open(path, "xb") as kept:
            while chunk := await file.read(CHUNK):
                size += len(chunk)
                if size > LARGEST_UPLOAD:
                    raise TooLargeError(f"A file may have at most {LARGEST_UPLOAD // MEGABYTE} MB.")
                kept.write(chunk)
                kept.flush()
                while session.bytes_kept() > LARGEST_KEPT:
                    if not session.samples.remove_oldest():
                        raise TooLargeError(f"A user's files may have at most {LARGEST_KEPT // MEGABYTE} MB together.")
        if not size:
            raise DataError(f"'{safe_name(file.filename)}' is empty.")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload(path, safe_name(file.filename))


def require_picture(upload: Upload) -> None:
    """Raise for what is no picture, is damaged, or would become too large when it is decoded."""
    from zoo.pictures.photos import FORMATS, Image, read_photo

    try:
        with Image.open(upload.path, formats=[name for name in FORMATS if name in Image.OPEN]) as image:
            width, height = image.size
    except Image.DecompressionBombError as error:
        raise _bomb(upload) from error
    except Exception as error:  # whatever Pillow says of a foreign file: each of its readers has errors of its own
        raise WrongKindError(f"'{upload.name}' is no picture that can be read; expected {PICTURES}.") from error
    if width * height > LARGEST_PICTURE:
        raise _bomb(upload, f" ({width} x {height} pixels)")
    try:
        with _DECODING:
            read_photo(upload.path, least=SHOWN_SIDE)
    except DataError as error:
        raise WrongKindError(str(error).replace(str(upload.path), f"'{upload.name}'")) from error


def _bomb(upload: Upload, size: str = "") -> TooLargeError:
    return TooLargeError(
        f"'{upload.name}'{size} is too large: at most {LARGEST_PICTURE // 1_000_000} million pixels are decoded."
    )


def require_text(name: str, value: str) -> str:
    """A field's text. Raises for one that is too long."""
    if len(value) > LARGEST_TEXT:
        raise TooLargeError(f"'{name}' has {len(value):,} characters; at most {LARGEST_TEXT:,} are taken.")
    return value.replace("\0", "")


def picture_png(value: Any, side: int = SHOWN_SIDE) -> bytes:
    """A picture (an upload, a file of a data set, an array) as a PNG of at most `side` pixels, without its metadata."""
    with _DECODING:
        return png_of(_shown_picture(value, side))


def _shown_picture(value: Any, side: int) -> Any:
    from zoo.pictures.photos import Image, read_photo
    from zoo.pictures.pixels import array_image

    if isinstance(value, Upload):
        image = read_photo(value.content(), least=side).image
    elif isinstance(value, np.ndarray):
        image = array_image(value)
    elif hasattr(value, "getexif"):
        image = value.convert("RGB")
    else:
        image = read_photo(value, least=side).image
    longest = max(image.size)
    if longest > side:
        sides = [max(1, round(each * side / longest)) for each in image.size]
        image = image.resize((sides[0], sides[1]), Image.Resampling.LANCZOS)
    return image


def png_of(image: Any) -> bytes:
    """A Pillow image as PNG."""
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return kept.getvalue()


def csv_of(rows: Sequence[Mapping[str, Any]], *, guarded: bool = True) -> str:
    """Rows as CSV.

    guarded  A text that a spreadsheet would run stands behind an apostrophe; not in a file for a model, which would
             read another text.
    """
    cell = _guarded_cell if guarded else lambda value: value
    kept = io.StringIO()
    writer = csv.writer(kept, lineterminator="\n")
    writer.writerow([cell(name) for name in rows[0]] if rows else [])
    writer.writerows([[cell(each) for each in row.values()] for row in rows])
    return kept.getvalue()


def _guarded_cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) and not _is_number(value) else value
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
