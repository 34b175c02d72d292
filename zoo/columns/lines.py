"""Tables that would fill the memory with nothing are told: of too many columns, or of rows with keys of their own."""

from pathlib import Path

from zoo.errors import DataError

MOST_COLUMNS = 100_000
SPARSE = 10  # cells for each value, from which a table of keys is mostly empty
MANY_CELLS = 100_000_000


def require_few_columns(path: Path, count: int) -> None:
    """Raise `DataError` for more than `MOST_COLUMNS`."""
    if count > MOST_COLUMNS:
        raise DataError(f"{path} has {count:,} columns; at most {MOST_COLUMNS:,} are read.")


def require_filled(path: Path, rows: int, keys: int, values: int) -> None:
    """Raise `DataError` for a table of `rows` x `keys` cells of which `values` hold something, where most do not."""
    if rows * keys > max(MANY_CELLS, SPARSE * values):
        raise DataError(
            f"{path} has {keys:,} different keys in {rows:,} rows, of which a row has {values / rows:.0f} in the "
            "mean: a table of them is nearly empty. Write the keys as values."
        )
