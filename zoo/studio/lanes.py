"""One copy of a model, asked by one thread at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from zoo.studio.errors import BusyError
from zoo.studio.limits import WAITING


class Lane:
    """Opens its copy when it is first used, and gives it to one user after the other.

    Explanations and attacks change a model while they look into it, and take long: they have a lane of their own, so
    that predictions are never wrong and never wait for them.
    """

    def __init__(self, name: str, open_it: Callable[[], Any]):
        self.name = name
        self._open = open_it
        self._found: Any = None
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, waiting: float = WAITING, watch: Callable[[], None] | None = None) -> Iterator[Any]:
        """The copy, for this thread alone. `watch` is called while it waits. Raises `BusyError` after `waiting` s."""
        step = waiting if watch is None else 0.2
        waited = 0.0
        while not self._lock.acquire(timeout=step):
            waited += step
            if watch is not None:
                watch()
            if waited >= waiting:
                raise BusyError(f"'{self.name}' answers others at the moment: try again.")
        try:
            if self._found is None:
                self._found = self._open()
            yield self._found
        finally:
            self._lock.release()
