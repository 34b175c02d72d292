"""Data sets: arrays with named inputs and targets, split by person.

zoo.datasets.load_dataset("posts", seed=1)       # or "blogs", or "my_posts.jsonl", "my_posts.csv"
"""

from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import UnknownNameError, require_known

if TYPE_CHECKING:
    from zoo.datasets.dataset import Dataset

SUFFIXES = (".jsonl", ".csv")
_SOURCES = {"posts": "zoo.datasets.posts:posts", "blogs": "zoo.datasets.blogs:blogs"}
_USER_FILE = "zoo.datasets.user_file:read_file"


def list_datasets() -> list[str]:
    """The names that `load_dataset` knows, beside the path of a .jsonl or .csv file."""
    return sorted(_SOURCES)


def load_dataset(name_or_path: str | Path, **options: Any) -> "Dataset":
    """A data set by its name or, where it ends in .jsonl or .csv, by its path; `options` are its function's.

    Raises `UnknownNameError` for an unknown name or option, `DataError` for a file that cannot be read.
    """
    given = str(name_or_path)
    if given in _SOURCES:
        return _call(_SOURCES[given], (), f"option of data set '{given}'", options)
    if given.lower().endswith(SUFFIXES) or Path(given).name != given:
        return _call(_USER_FILE, (given,), "option of a file of posts", options)
    raise UnknownNameError("data set", given, [*_SOURCES, *(f"FILE{suffix}" for suffix in SUFFIXES)])


def _call(address: str, arguments: tuple[str, ...], kind: str, options: dict[str, Any]) -> "Dataset":
    """Import the source only now: listing and errors need none of its packages."""
    module, _, function = address.partition(":")
    source: Callable[..., Dataset] = getattr(import_module(module), function)
    known = list(signature(source).parameters)[len(arguments) :]
    for option in options:
        require_known(kind, option, known)
    return source(*arguments, **options)
