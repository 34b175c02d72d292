"""A bar of bytes on the terminal, and silence everywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def byte_bar(label: str, size: int | None, wanted: bool) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many of `size` bytes (None: unknown) are held, drawn on a terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda held: None
        return
    from rich.console import Console  # here, so that listing models stays fast
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=size)
        yield lambda held: bar.update(task, completed=held)
