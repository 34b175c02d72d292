"""The token of a server that others can reach: compared in constant time, and not to be guessed by trying."""

import hmac
import secrets
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from zoo.errors import ConfigError
from zoo.studio.limits import LEAST_TOKEN, TRIES, TRIES_OF_ALL, TRIES_SECONDS

ANYBODY = ""  # whose tries are those of all addresses


class TokenGate:
    """Opens for the token. After some wrong ones it stays shut for a while, for the right one too.

    token  "" for a server without one: it is always open.
    """

    def __init__(self, token: str, clock: Callable[[], float] = time.monotonic):
        self.token = token
        self._clock = clock
        self._wrong: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def seconds_shut(self, address: str) -> float:
        """For how long it takes no token from this address any more; 0 when it does."""
        with self._lock:
            now = self._clock()
            waits = [self._wait(who, most, now) for who, most in ((address, TRIES), (ANYBODY, TRIES_OF_ALL))]
        return max(waits)

    def opens(self, given: str, address: str) -> bool:
        """Whether this is the token, of an address that may still try."""
        if not self.token:
            return True
        if self.seconds_shut(address) > 0:
            return False
        if hmac.compare_digest(given.encode(), self.token.encode()):
            return True
        with self._lock:
            for who in (address, ANYBODY):
                self._wrong[who].append(self._clock())
        return False

    def _wait(self, who: str, most: int, now: float) -> float:
        if who not in self._wrong:
            return 0.0
        tries = self._wrong[who]
        while tries and now - tries[0] > TRIES_SECONDS:
            tries.popleft()
        if not tries:
            del self._wrong[who]
            return 0.0
        return TRIES_SECONDS - (now - tries[-most]) if len(tries) >= most else 0.0


def token_for(given: str | None, *, loopback: bool) -> str:
    """The user's token, or a new one for a server that others can reach; "" where none is needed."""
    if given is None:
        return "" if loopback else secrets.token_urlsafe(24)
    if len(given) < LEAST_TOKEN or not given.isascii() or not given.isprintable():
        raise ConfigError(
            f"--token is at least {LEAST_TOKEN} printable ASCII characters, so that it cannot be guessed; received "
            f"{len(given)}. Leave it out, and one is made."
        )
    return given
