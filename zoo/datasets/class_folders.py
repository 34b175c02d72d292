"""A folder with a folder of files for each class, or with such folders in "train", "validation" and "test"."""

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from zoo.datasets.splits import SPLIT_OF
from zoo.errors import DataError, DataWarning
from zoo.files import HIDDEN

LABEL = "label"  # the column of the names of the folders
NAMED = 5  # folders that are named of those without a file


def folders_in(path: Path) -> list[Path]:
    """The folders right in it, in order of their names; hidden ones and links that lead back to it are left out."""
    inside = sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith(HIDDEN))
    return [each for each in inside if not (each.is_symlink() and path.resolve().is_relative_to(each.resolve()))]


def split_folders(path: Path, suffixes: Sequence[str] = ("",)) -> dict[str, Path]:
    """ "train", "validation", "test" -> folder, of a folder that is split already; {"": the folder} of any other.

    Raises `DataError` where other folders with files of these endings stand beside those of two splits, and for two
    folders of one split.
    """
    inside = folders_in(path)
    named = [each for each in inside if each.name.lower() in SPLIT_OF]
    splits = {SPLIT_OF[each.name.lower()]: each for each in named}
    if "train" not in splits or len(named) < 2:
        return {"": path}
    names = ", ".join(each.name for each in named)
    if others := [each.name for each in inside if each not in named and files_below(each, suffixes)]:
        raise DataError(
            f"'{path}' has the folders {names}, which are splits, and beside them {', '.join(others[:NAMED])} "
            "with files of no split: move one or the other away, or give a table with a column 'split'."
        )
    if len(splits) < len(named):
        raise DataError(f"'{path}' has the folders {names}, of which two are of one split: give one for each.")
    return splits


def files_below(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """The files in a folder and below with one of the endings, in order; links to folders are not followed, so that
    none leads in a circle."""
    found: list[Path] = []
    for where, inner, files in os.walk(path):
        inner[:] = sorted(name for name in inner if not name.startswith(HIDDEN))
        found += [Path(where, name) for name in sorted(files) if has_suffix(name, suffixes)]
    return found


def has_suffix(name: str, suffixes: Sequence[str]) -> bool:
    """Whether a name has one of the endings, in either case, and is not hidden."""
    return name.lower().endswith(tuple(suffixes)) and not name.startswith(HIDDEN)


def files_by_class(
    path: Path, suffixes: Sequence[str], *, of: str, find: Callable[[Path], list[Path]] | None = None
) -> list[tuple[Path, str]]:
    """(file, name of the folder in `path` that it stands in or below). Raises `DataError` where there is none, and for
    a folder without one; `of` is what a file is of: "picture"; `find` gives those of a folder, where their endings do
    not say all."""
    find = find or (lambda folder: files_below(folder, suffixes))
    by_folder = {folder.name: find(folder) for folder in folders_in(path)}
    loose = sum(has_suffix(each.name, suffixes) for each in path.iterdir())
    if not any(by_folder.values()):
        raise DataError(
            f"'{path}' holds {f'{loose} {of}s and no folder' if loose else f'no {of}'}; expected a folder for each "
            f"class with its {of}s in it, or give a table with {of}s and labels. Files of {of}s end in "
            f"{', '.join(suffixes)}."
        )
    if empty := [name for name, files in by_folder.items() if not files]:
        raise DataError(f"'{path}' has a folder without any {of}: {', '.join(empty[:NAMED])}; remove it.")
    if loose:
        said = f"{loose} {of}s stand in '{path}' itself and in no folder of a class: they are left out."
        warnings.warn(said, DataWarning, stacklevel=4)
    return [(file, name) for name, files in by_folder.items() for file in files]
