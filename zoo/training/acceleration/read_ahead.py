"""The next batches are made in a thread while a step computes: the same batches, in the same order."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

AHEAD = 2  # batches that wait to be trained on; one more is being made
END = object()


@contextmanager
def read_ahead(items: Iterable[Any], *, wanted: bool = True) -> Iterator[Iterator[Any]]:
    """The items in their order, each made while those before it are used; where not `wanted`, when it is asked for.

    Nothing but one thread touches `items`. At most `AHEAD` wait. An error is raised where its item is asked for, not
    before; when the context ends, for whatever reason, so does the thread, after the item that it is making.

    >>> with read_ahead(number**2 for number in range(3)) as squares:
    ...     list(squares)
    [0, 1, 4]
    """
    source = iter(items)
    if not wanted:
        yield source
        return
    with ThreadPoolExecutor(1, "read_ahead") as thread:
        waiting = deque(thread.submit(next, source, END) for _ in range(AHEAD + 1))
        try:
            yield _taken(waiting, thread, source)
        finally:
            for each in waiting:
                each.cancel()


def _taken(waiting: "deque[Future[Any]]", thread: ThreadPoolExecutor, source: Iterator[Any]) -> Iterator[Any]:
    while (item := waiting.popleft().result()) is not END:
        waiting.append(thread.submit(next, source, END))
        yield item
