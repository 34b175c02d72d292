"""Folders of texts: a file a text, whose class is the name of the folder that it stands in."""

import codecs
from pathlib import Path

import pandas as pd

from zoo.columns.csv_file import encoding_of
from zoo.columns.text import LONGEST_TEXT
from zoo.datasets.class_folders import LABEL, files_below, files_by_class
from zoo.errors import DataError

SUFFIXES = (".txt",)
TEXT = "text"  # the column of texts
FILE = "file"  # the column of paths within the folder
BYTES_A_CHARACTER = 4


def table_of_folder(path: Path, encoding: str | None = None) -> pd.DataFrame:
    """The texts of a folder with a folder for each class; the columns are "text", "label" and "file"."""
    found = files_by_class(path, SUFFIXES, of="text")
    rows = [(read_text(file, encoding), label, str(file.relative_to(path))) for file, label in found]
    return pd.DataFrame(rows, columns=[TEXT, LABEL, FILE], dtype=object)


def texts_below(path: Path, encoding: str | None = None) -> pd.DataFrame:
    """All texts in a folder and below, whatever their class; the columns are "file" and "text".

    Raises `DataError` where there is none, and for one that cannot be read.
    """
    found = files_below(path, SUFFIXES)
    if not found:
        raise DataError(f"The folder '{path}' holds no text: no file that ends in {', '.join(SUFFIXES)}.")
    rows = [(str(file.relative_to(path)), read_text(file, encoding)) for file in found]
    return pd.DataFrame(rows, columns=[FILE, TEXT], dtype=object)


def read_text(path: Path, encoding: str | None = None) -> str:
    """One text in UTF-8, in UTF-16 where the bytes say so, or in the `encoding`."""
    most = LONGEST_TEXT * BYTES_A_CHARACTER
    try:
        if not path.is_file():
            raise DataError(f"{path} is no plain file.")
        with open(path, "rb") as file:
            raw = file.read(most + 1)
        found = encoding_of(raw[: 1 << 16], encoding)
        text = codecs.decode(raw, found)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not in {found.upper()} (byte {error.start:,}); save it as UTF-8, or give its encoding, as "
            "encoding='cp1252' (--encoding cp1252)."
        ) from error
    if len(raw) > most or len(text) > LONGEST_TEXT:
        raise DataError(f"{path} is longer than {LONGEST_TEXT:,} characters, which are read at most.")
    return text
