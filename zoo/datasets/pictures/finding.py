"""Which pictures a folder or a table of the user's names, and what is said of each."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.artifacts import download_folder, extract
from zoo.columns import read_table
from zoo.columns.paths import path_from
from zoo.datasets.checks import require_header
from zoo.datasets.class_folders import LABEL, files_by_class, folders_in, split_folders
from zoo.datasets.splits import SPLIT
from zoo.errors import ConfigError, DataError, require_known
from zoo.pictures import SUFFIXES

PICTURE = "picture"  # the column of a folder's pictures
SAMPLE = 200  # values that are looked at for a column of pictures


def splits_in(path: Path) -> dict[str, pd.DataFrame]:
    """ "train", "validation", "test" -> rows, of a folder that is split already; {"": rows} of any other.

    A row is a picture, and the name of the folder of its class.
    """
    return {
        name: pd.DataFrame(
            [(str(file), label) for file, label in files_by_class(folder, SUFFIXES, of=PICTURE)],
            columns=[PICTURE, LABEL],
        )
        for name, folder in split_folders(path, SUFFIXES).items()
    }


def rows_of_table(
    path: Path, targets: Any, picture: str | None, types: Mapping[str, str] | None
) -> tuple[pd.DataFrame, str, Any]:
    """A CSV, JSONL or Parquet file -> (its rows, paths joined to its folder; the column of pictures; the targets).

    Without `targets` the only other column is the target.
    """
    frame = read_table(path, types=types)
    require_header(frame.columns, SUFFIXES, path)
    column = picture or _picture_column(frame, path, types or {})
    require_known("column of 'picture'", column, frame.columns)
    frame = read_table(path, types={**(types or {}), column: PICTURE})
    if targets is None:
        others = [name for name in frame.columns if name not in (column, SPLIT)]
        if len(others) != 1:
            raise ConfigError(
                f"'{path}' has the columns {', '.join(others) or 'of pictures alone'} beside '{column}': name "
                "those that are to be predicted, as in targets=['label']."
            )
        targets = others
    folder = path.parent
    values = [None if pd.isna(each) else str(each).strip() for each in frame[column]]
    addresses = [each for each in values if each and each.startswith(("http://", "https://"))]
    if addresses:
        raise DataError(f"'{column}' of {path} holds addresses, such as {addresses[0]}: download them and give files.")
    frame[column] = pd.Series([each and path_from(folder, each) for each in values], dtype=object)
    return frame, column, targets


def _picture_column(frame: pd.DataFrame, path: Path, types: Mapping[str, str]) -> str:
    """The only column that is said to be one of pictures; else the only one whose values end as theirs do."""
    found = [name for name, kind in types.items() if kind == PICTURE]
    for name in frame.columns if not found else ():
        values = [str(value).strip().lower() for value in frame[name].dropna().head(SAMPLE)]
        if values and sum(value.endswith(SUFFIXES) for value in values) > len(values) / 2:
            found.append(name)
    if len(found) == 1:
        return found[0]
    what = f"several columns of pictures: {', '.join(found)}" if found else "no column with the paths of pictures"
    raise DataError(f"{path} has {what}; say which it is: types={{'COLUMN': 'picture'}} (--types COLUMN=picture).")


def unpacked(path: Path) -> Path:
    """The folder of a zip file's pictures, unpacked beside other downloads, once for the same bytes."""
    if not zipfile.is_zipfile(path):
        raise DataError(f"'{path}' is no zip file, or is damaged.")
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    folder = download_folder("data") / "unpacked" / f"{path.stem}-{digest}"
    if not folder.is_dir():
        extract(path, folder)
    inside = folders_in(folder)
    if len(inside) == 1 and not any(each.is_file() for each in folder.iterdir()) and folders_in(inside[0]):
        return inside[0]  # everything stands in one folder
    return folder
