"""What can go wrong because of what a user gave: one exception per kind of mistake, one sentence each."""

import difflib
import math
from collections.abc import Iterable
from typing import Any, TypeGuard


class ZooError(ValueError):
    """A mistake that the user can mend. The command line prints its one sentence and exits with `exit_code`."""

    exit_code = 2


class ConfigError(ZooError):
    """An option, a recipe or a run folder does not fit."""


class UnwritableError(ConfigError, OSError):
    """No file can be written at the place that was asked for; `errno` and `strerror` are those of the system."""

    def __init__(self, path: object, cause: OSError):
        super().__init__(f"'{path}' cannot be written: {cause.strerror or cause}.")
        self.errno, self.strerror = cause.errno, cause.strerror

    def __str__(self) -> str:
        return str(self.args[0])


class DataError(ZooError):
    """A data file, or a value in it, is not what was expected."""


class DataWarning(UserWarning):
    """Something about a user's data that should be known, or that was decided for them; the command line prints its one
    sentence and goes on."""


class RowsError(DataError):
    """Some rows could not be predicted; the others were."""

    exit_code = 1


class ArtifactError(ZooError):
    """A file could not be fetched, verified or unpacked."""


class WeightsError(ZooError):
    """Weights do not fit the model that they were given to."""


class TrainingError(ZooError):
    """Training cannot go on."""


class MissingExtraError(ZooError):
    """An optional part of the zoo was asked for and is not installed."""

    def __init__(self, purpose: str, package: str, extra: str):
        super().__init__(f"{purpose} needs the package '{package}': pip install 'keras-functional-zoo[{extra}]'.")


class UnknownNameError(ZooError):
    """A name that is in no list, told with the nearest right spelling.

    >>> print(UnknownNameError("model", "autor_profile", ["author_profile", "sequential_twin"]))
    Unknown model 'autor_profile'; did you mean 'author_profile'? Known: author_profile, sequential_twin.
    """

    def __init__(self, kind: str, given: str, known: Iterable[str], patterns: Iterable[str] = ()):
        """`patterns`, such as FILE.csv, are listed too, and are no spelling of anything."""
        known = [str(name) for name in known]
        guess = nearest(given, known)
        names = sorted([*known, *patterns])
        hint = f"; did you mean '{guess}'?" if guess else "."
        listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        super().__init__(f"Unknown {kind} '{given}'{hint} Known: {listed or 'none'}.")


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The name most like `given`, or None when none is close; that options begin with dashes makes none like another.

    >>> nearest("--epoch", ["--out", "--epochs"]), nearest("--data", ["--out", "--epochs"])
    ('--epochs', None)
    """
    folded = {str(name).casefold().lstrip("-"): str(name) for name in known}
    found = difflib.get_close_matches(str(given).casefold().lstrip("-"), list(folded), n=1, cutoff=0.5)
    return folded[found[0]] if found else None


def require_known(kind: str, given: str, known: Iterable[str]) -> None:
    """Raise `UnknownNameError` unless `given` is one of `known`."""
    names = list(known)
    if given not in names:
        raise UnknownNameError(kind, given, names)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether `value` is a finite number, and neither a truth value nor text.

    >>> is_number(0.5), is_number("0.5"), is_number(True), is_number(float("nan"))
    (True, False, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
