"""Data sets: arrays with named inputs and targets, split into training, validation and test.

zoo.datasets.load_dataset("posts", seed=1)       # or "blogs", "sick", "adult", ...; or "my_posts.jsonl", "my_posts.csv"
zoo.datasets.load_table("adult", seed=1)         # the same rows as DataFrames; or "my_table.csv" with targets=...
"""

import re
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ConfigError, UnknownNameError, require_known

if TYPE_CHECKING:
    from zoo.datasets.dataset import Dataset
    from zoo.datasets.table import Table

SUFFIXES = (".jsonl", ".csv")
TABLE_SUFFIXES = (".csv", ".csv.gz", ".parquet")
_SOURCES = {"posts": "zoo.datasets.posts:posts", "blogs": "zoo.datasets.blogs:blogs"}
_TABLES = {
    "adult": "zoo.datasets.adult:adult",
    "california": "zoo.datasets.california:california",
    "credit": "zoo.datasets.credit:credit",
    "membership": "zoo.datasets.membership:membership",
    "older_than_five": "zoo.datasets.older_than_five:older_than_five",
    "plane": "zoo.datasets.plane:plane",
    "rossmann": "zoo.datasets.rossmann:rossmann",
}
_PAIRS = {
    "pairs": "zoo.datasets.pairs_generated:pairs",
    "sick": "zoo.datasets.pairs_sick:sick",
    "sts-b": "zoo.datasets.pairs_sts:sts_benchmark",
}
PAIR_SUFFIXES = (".jsonl", ".csv", ".tsv")
_POEMS = {
    "sonnets": "zoo.datasets.poems_corpora:sonnets",
    "song_ci": "zoo.datasets.poems_corpora:song_ci",
    "tang": "zoo.datasets.poems_corpora:tang",
}
POEM_SUFFIXES = (".txt",)
_USER_POEMS = "zoo.datasets.poems_corpora:read_poems"
_QUESTIONS = {"babi": "zoo.datasets.babi:babi", "stories": "zoo.datasets.stories:stories"}
QUESTION_SUFFIXES = (".jsonl", ".csv", ".tsv", ".txt")
_BABI_TASK = re.compile(r"babi(?:-(10k))?(?:-qa(\d{1,2}))?")  # babi-qa3, babi-10k, babi-10k-qa1: options as a name
_USER_QUESTIONS = "zoo.datasets.questions_file:read_questions"
_USER_FILE = "zoo.datasets.user_file:read_file"
_USER_PAIRS = "zoo.datasets.pairs_file:read_pairs"
_USER_TABLE = "zoo.datasets.table_file:read_table_file"


def list_datasets() -> list[str]:
    """The names that `load_dataset` knows, beside the path of a .jsonl or .csv file."""
    return sorted([*_SOURCES, *_PAIRS, *_POEMS, *_QUESTIONS, *_TABLES])


def list_tables() -> list[str]:
    """The names that `load_table` knows, beside the path of a .csv or .parquet file."""
    return sorted(_TABLES)


def load_dataset(name_or_path: str | Path, **options: Any) -> "Dataset":
    """A data set by its name or, where it ends in .jsonl or .csv, by its path; `options` are its function's.

    A file is one of posts, or of any table where the option `targets` names the columns to predict.
    Raises `UnknownNameError` for an unknown name or option, `DataError` for a file that cannot be read.
    """
    given = str(name_or_path)
    if given in _TABLES or "targets" in options:
        return load_table(given, **options).dataset()
    if given in _PAIRS:
        return load_pairs(given, **options)
    if _BABI_TASK.fullmatch(given) or given in _QUESTIONS:
        return load_questions(given, **options)
    if given in _POEMS or given.lower().endswith(POEM_SUFFIXES):
        return load_poems(given, **options)
    if given in _SOURCES or _is_path(given, (*SUFFIXES, *TABLE_SUFFIXES)):
        return load_posts(given, **options)
    raise UnknownNameError("data set", given, [*list_datasets(), *(f"FILE{suffix}" for suffix in SUFFIXES)])


def load_posts(name_or_path: str | Path, **options: Any) -> "Dataset":
    """A data set of texts by its name or by the path of a .jsonl or .csv file; errors as `load_dataset`."""
    given = str(name_or_path)
    if given in _SOURCES:
        return _call(_SOURCES[given], (), f"option of data set '{given}'", options)
    if _is_path(given, SUFFIXES):
        return _call(_USER_FILE, (given,), "option of a file of posts", options)
    raise UnknownNameError("data set", given, [*_SOURCES, *(f"FILE{suffix}" for suffix in SUFFIXES)])


def load_pairs(name_or_path: str | Path, **options: Any) -> "Dataset":
    """A data set of pairs of texts by its name or the path of a .jsonl, .csv or .tsv file; errors as `load_dataset`."""
    given = str(name_or_path)
    if given in _PAIRS:
        return _call(_PAIRS[given], (), f"option of data set '{given}'", options)
    if _is_path(given, PAIR_SUFFIXES):
        return _call(_USER_PAIRS, (given,), "option of a file of pairs", options)
    raise UnknownNameError("data set of pairs", given, [*_PAIRS, *(f"FILE{suffix}" for suffix in PAIR_SUFFIXES)])


def load_poems(name_or_path: str | Path, **options: Any) -> "Dataset":
    """A corpus of poems by its name or by the path of a UTF-8 text; errors as `load_dataset`."""
    given = str(name_or_path)
    if given in _POEMS:
        return _call(_POEMS[given], (), f"option of data set '{given}'", options)
    if _is_path(given, POEM_SUFFIXES):
        return _call(_USER_POEMS, (given,), "option of a text of poems", options)
    raise UnknownNameError("corpus of poems", given, [*_POEMS, *(f"FILE{suffix}" for suffix in POEM_SUFFIXES)])


def load_questions(name_or_path: str | Path, **options: Any) -> "Dataset":
    """Questions about stories, by name or by the path of a .jsonl, .csv or .tsv file, or a .txt in bAbI's form.

    A task of bAbI is a name too: "babi-qa3", or "babi-10k-qa1" with ten times the questions. Errors as `load_dataset`.
    """
    given = str(name_or_path)
    if named := _BABI_TASK.fullmatch(given):
        chosen = ({"size": named[1]} if named[1] else {}) | ({"tasks": int(named[2])} if named[2] else {})
        given, options = "babi", {**chosen, **options}
    if given in _QUESTIONS:
        return _call(_QUESTIONS[given], (), f"option of data set '{given}'", options)
    if _is_path(given, QUESTION_SUFFIXES):
        return _call(_USER_QUESTIONS, (given,), "option of a file of questions", options)
    raise UnknownNameError(
        "data set of questions", given, [*_QUESTIONS, *(f"FILE{each}" for each in QUESTION_SUFFIXES)]
    )


def load_table(name_or_path: str | Path, **options: Any) -> "Table":
    """A table by its name or by the path of a CSV or Parquet file, whose option `targets` names what to predict.

    Raises `UnknownNameError` for an unknown name or option, `DataError` for a file that cannot be read.
    """
    from zoo.tables.frames import pandas

    pandas()  # told here, in one sentence, where it is missing
    given = str(name_or_path)
    if given in _TABLES:
        return _call(_TABLES[given], (), f"option of data set '{given}'", options)
    if _is_path(given, TABLE_SUFFIXES):
        if "targets" not in options:
            raise ConfigError(f"Name the columns of '{given}' that are to be predicted: targets=['price'].")
        return _call(_USER_TABLE, (given,), "option of a file of a table", options)
    raise UnknownNameError("table", given, [*_TABLES, *(f"FILE{suffix}" for suffix in TABLE_SUFFIXES)])


def _is_path(given: str, suffixes: tuple[str, ...]) -> bool:
    return given.lower().endswith(suffixes) or Path(given).name != given


def _call(address: str, arguments: tuple[str, ...], kind: str, options: dict[str, Any]) -> Any:
    """Import the source only now: listing and errors need none of its packages."""
    module, _, function = address.partition(":")
    source: Callable[..., Any] = getattr(import_module(module), function)
    known = list(signature(source).parameters)[len(arguments) :]
    for option in options:
        require_known(kind, option, known)
    return source(*arguments, **options)
