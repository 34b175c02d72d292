"""Each user's own things, in a folder of their own that nobody else is given anything of."""

import os
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from zoo.studio.errors import NotHereError
from zoo.studio.limits import EXPLANATIONS, IDLE, SAMPLES, SESSIONS


class Shelf:
    """Things under keys that cannot be guessed; of too many the oldest goes."""

    def __init__(self, what: str, most: int, removed: Callable[[Any], None] = lambda thing: None):
        self.what, self.most, self.removed = what, most, removed
        self._things: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, thing: Any, key: str = "") -> str:
        """Keep it; its key."""
        key = key or token_urlsafe(12)
        with self._lock:
            self._things[key] = thing
            gone = [self._things.popitem(last=False)[1] for _ in range(len(self._things) - self.most)]
        for each in gone:
            self.removed(each)
        return key

    def get(self, key: str) -> Any:
        """Raises `NotHereError` for a key that is none of this user's, or whose thing is gone."""
        with self._lock:
            if key not in self._things:
                raise NotHereError(f"There is no such {self.what} of yours (any more): ask again.")
            return self._things[key]

    def remove_oldest(self) -> bool:
        """Whether there was one."""
        with self._lock:
            gone = [self._things.popitem(last=False)[1]] if self._things else []
        for each in gone:
            self.removed(each)
        return bool(gone)

    def all(self) -> list[Any]:
        with self._lock:
            return list(self._things.values())


@dataclass
class Session:
    """One user. `form_token` must come with whatever they send; `authorised` says that they knew the server's token."""

    folder: Path
    form_token: str = field(default_factory=lambda: token_urlsafe(24))
    authorised: bool = False
    used: float = field(default_factory=time.monotonic)
    samples: Shelf = field(default_factory=lambda: Shelf("sample", SAMPLES, _remove_files))
    explanations: Shelf = field(default_factory=lambda: Shelf("explanation", EXPLANATIONS))
    pictures: Shelf = field(default_factory=lambda: Shelf("picture", EXPLANATIONS))
    jobs: Shelf = field(default_factory=lambda: Shelf("job", EXPLANATIONS))

    def bytes_kept(self) -> int:
        """Of the user's files."""
        with os.scandir(self.folder) as entries:
            return sum(each.stat().st_size for each in entries if each.is_file())

    def close(self) -> None:
        """End what runs for the user and remove the folder."""
        for job in self.jobs.all():
            job.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)


def _remove_files(sample: Any) -> None:
    for upload in sample.uploads:
        upload.path.unlink(missing_ok=True)


class Sessions:
    """The users of a server, by the secret in their cookie, of which only a hash is kept."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="zoo-studio-", ignore_cleanup_errors=True)  # 0700
        self.folder = Path(self._temporary.name)
        self._found: OrderedDict[str, Session] = OrderedDict()  # the one that was idle longest first
        self._lock = threading.Lock()

    def find(self, secret: str) -> Session | None:
        """The session of a cookie, if there is one."""
        name = _hashed(secret)
        with self._lock:
            session = self._found.get(name)
            if session is None or time.monotonic() - session.used > IDLE:
                return None
            session.used = time.monotonic()
            self._found.move_to_end(name)
            return session

    def create(self, *, authorised: bool = False) -> tuple[str, Session]:
        """A new session, and the secret for its cookie."""
        secret = token_urlsafe(32)
        session = Session(Path(tempfile.mkdtemp(dir=self.folder)), authorised=authorised)
        with self._lock:
            self._found[_hashed(secret)] = session
            gone = [self._found.pop(name) for name in self._surplus()]
        for each in gone:
            each.close()
        return secret, session

    def _surplus(self) -> list[str]:
        """Those too long idle, and of too many those idle longest: who never gave the token first."""
        now = time.monotonic()
        idle = [name for name, each in self._found.items() if now - each.used > IDLE]
        rest = [name for name in self._found if name not in idle]
        spare = max(0, len(rest) - SESSIONS)
        newest = rest.pop() if rest else ""
        ordered = sorted(rest, key=lambda name: self._found[name].authorised)
        return [*idle, *[name for name in ordered if name != newest][:spare]]

    def close(self) -> None:
        """Forget everybody and remove all files."""
        with self._lock:
            gone = list(self._found.values())
            self._found.clear()
        for each in gone:
            each.close()
        self._temporary.cleanup()


def _hashed(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
