"""The next batches are made in a thread while a step computes: the same batches, in the same order."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, NamedTuple

AHEAD = 2  # batches that wait to be trained on; one more is being made
JOIN = 0.02  # seconds between two looks at a thread that is to end


class _Made(NamedTuple):
    """An item of the thread's, or how it ended: `error`, or without one the last item was made."""

    item: Any = None
    error: BaseException | None = None
    ended: bool = False


@contextmanager
def read_ahead(items: Iterable[Any], *, wanted: bool = True) -> Iterator[Iterator[Any]]:
    """The items in their order, each made while those before it are used; where not `wanted`, when it is asked for.

    Nothing but the thread touches `items`. At most `AHEAD` wait. An error is raised where its item is asked for, not
    before; when the context ends, for whatever reason, so does the thread, after the item that it is making.

    >>> with read_ahead(number**2 for number in range(3)) as squares:
    ...     list(squares)
    [0, 1, 4]
    """
    if not wanted:
        yield iter(items)
        return
    ready: Queue[_Made] = Queue(AHEAD)
    stopped = Event()
    thread = Thread(target=_make, args=(items, ready, stopped), name="read_ahead", daemon=True)
    thread.start()
    try:
        yield _taken(ready)
    finally:
        stopped.set()
        while thread.is_alive():
            _empty(ready)  # it may wait for a place
            thread.join(JOIN)


def _make(items: Iterable[Any], ready: "Queue[_Made]", stopped: Event) -> None:
    try:
        for item in items:
            ready.put(_Made(item))
            if stopped.is_set():
                return
        ready.put(_Made(ended=True))
    except BaseException as error:  # noqa: BLE001 (whatever it is belongs to who asks for the item)
        ready.put(_Made(error=error, ended=True))


def _taken(ready: "Queue[_Made]") -> Iterator[Any]:
    while True:
        made = ready.get()
        if made.error is not None:
            raise made.error
        if made.ended:
            return
        yield made.item


def _empty(ready: "Queue[_Made]") -> None:
    try:
        while True:
            ready.get_nowait()
    except Empty:
        pass
