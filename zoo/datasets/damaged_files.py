"""Files of a data set that cannot be read: told, or too many to go on without."""

import warnings
from collections.abc import Sequence

from zoo.errors import DataError, DataWarning

MOST = 0.5  # of all files: beyond, something else is wrong
NAMED = 5  # of those that cannot be read


def tell_damaged(
    errors: Sequence[DataError], count: int, what: str, then: str = "They are left out.", *, refuse: bool = False
) -> None:
    """Warn of the files that `errors` are about.

    count   of all files.
    what    they are: "pictures of 'folder'".
    then    what becomes of them, a sentence.
    refuse  raise `DataError` instead, as for more than half of the files.
    """
    if not errors:
        return
    named = "; ".join(str(each).rstrip(".") for each in errors[:NAMED]) + ("; ..." if len(errors) > NAMED else "")
    said = f"{len(errors)} of {count:,} {what} cannot be read: {named}."
    if refuse or len(errors) > MOST * count:
        raise DataError(said)
    warnings.warn(f"{said} {then}", DataWarning, stacklevel=4)
