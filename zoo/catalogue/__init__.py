"""What the zoo holds, as data: listing it imports no framework.

An entry's name is its builder's name, and `entry.tag` names a set of weights: `author_profile_small.posts`.
"""

from fnmatch import fnmatchcase

from zoo.catalogue import (
    ages,
    image_pairs,
    images,
    joint,
    pairs,
    poems,
    profiles,
    questions,
    small_images,
    sounds,
    structures,
    tables,
    volumes,
)
from zoo.catalogue.entry import Entry, Weights
from zoo.errors import ConfigError, require_known

__all__ = ["ENTRIES", "Entry", "Weights", "describe", "list_models", "register"]

ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for part in (
        profiles,
        images,
        small_images,
        ages,
        tables,
        joint,
        sounds,
        volumes,
        structures,
        pairs,
        image_pairs,
        questions,
        poems,
    )
    for entry in part.ENTRIES
}


def register(entry: Entry) -> Entry:
    """Add an entry from outside of the zoo: from then on every verb knows it. Raises `ConfigError` for a name twice."""
    if ENTRIES.get(entry.name, entry) != entry:
        raise ConfigError(f"There is a model '{entry.name}' in the catalogue already.")
    ENTRIES[entry.name] = entry
    return entry


def list_models(
    pattern: str = "*", *, task: str | None = None, weights: str | None = None, for_tests: bool = False
) -> list[str]:
    """Names that match `pattern` (as file names do: `author*`), in alphabetical order.

    `task` keeps the models of one task, `weights` those that have a set of weights of this tag. The small members of
    the families that exist for tests are listed only with `for_tests`.

    >>> list_models("author_profile*", task="author-profiling")
    ['author_profile', 'author_profile_small', 'author_profile_wide']
    """
    if task is not None:
        require_known("task", task, {entry.task for entry in ENTRIES.values()})
    if weights is not None:
        require_known("weights", weights, {tag for entry in ENTRIES.values() for tag in entry.weights})
    return sorted(
        name
        for name, entry in ENTRIES.items()
        if fnmatchcase(name, pattern)
        and (for_tests or not entry.for_tests)
        and (task is None or entry.task == task)
        and (weights is None or weights in entry.weights)
    )


def describe(name: str) -> Entry:
    """The entry of this name; print it to read it.

    >>> describe("author_profile").task
    'author-profiling'
    """
    require_known("model", name, ENTRIES)
    return ENTRIES[name]
