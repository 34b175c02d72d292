"""Long work beside the server's own: with a share that is done, and to be cancelled at any time."""

import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from zoo.errors import ZooError
from zoo.studio.errors import CancelledError, TooManyError
from zoo.studio.limits import QUEUED, RUNNING, WORKERS
from zoo.studio.memory import return_free_memory
from zoo.studio.sessions import Session


class Job:
    """One piece of work. `state`: "waiting", "running", "done", "failed", "cancelled"."""

    def __init__(self, what: str):
        self.what = what
        self.state = "waiting"
        self.share = 0.0
        self.doing = ""
        self.result: Any = None
        self.error = ""
        self.began = time.monotonic()
        self.seconds = 0.0
        self.work: Future[None] | None = None  # once it is in the queue
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End it: at once for the user, for the machine at the work's next step."""
        if self.is_open:
            self._cancelled.set()
            self.state = "cancelled"
            if self.work is not None:
                self.work.cancel()  # what has not begun never will

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def is_busy(self) -> bool:
        """Whether its work runs or is to run; that of a cancelled job runs on to its next step."""
        return self.work is None or not self.work.done()

    def tell(self, share: float, doing: str = "") -> None:
        """How much is done, from 0 to 1, and what is done now. Raises `CancelledError` where nobody waits any more."""
        if self._cancelled.is_set():
            raise CancelledError
        self.share = min(max(share, 0.0), 1.0)
        self.doing = doing or self.doing

    def run(self, work: Callable[["Job"], Any]) -> None:
        """Do the work in this thread; whatever happens becomes the job's state."""
        try:
            self.tell(0.0)
            self.state = "running"
            found = work(self)
            self.tell(1.0)
            self.result, self.state = found, "done"
        except CancelledError:
            self.state = "cancelled"
        except ZooError as error:
            self._fail(str(error))
        except Exception:  # noqa: BLE001 (told to the user in one sentence, and to the terminal in full)
            traceback.print_exc(file=sys.stderr)
            self._fail("Something went wrong that should not; the terminal of 'zoo studio' shows what.")
        finally:
            self.seconds = time.monotonic() - self.began
            return_free_memory()  # once the user has the result, and nothing of the work is left

    def _fail(self, sentence: str) -> None:
        if not self._cancelled.is_set():
            self.error, self.state = sentence, "failed"

    def to_json(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "share": round(self.share, 4),
            "doing": self.doing,
            "error": self.error,
            "seconds": round(self.seconds if not self.is_open else time.monotonic() - self.began, 2),
            "result": self.result if self.state == "done" else None,
        }


class Jobs:
    """Runs jobs in a few threads, in the order in which they come."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="studio-job")
        self._open: list[tuple[Session, Job]] = []
        self._lock = threading.Lock()

    def start(self, session: Session, what: str, work: Callable[[Job], Any]) -> str:
        """Begin it for this user; the job's key. Raises `TooManyError` where enough runs already."""
        job = Job(what)
        with self._lock:
            self._open = [each for each in self._open if each[1].is_busy]
            if sum(user is session for user, _ in self._open) >= RUNNING:
                raise TooManyError(f"{RUNNING} of your jobs run already: wait for one, or cancel one.")
            if len(self._open) >= QUEUED:
                raise TooManyError("The server has too much to do at the moment: try again in a minute.")
            job.work = self._pool.submit(job.run, work)
            self._open.append((session, job))
        return session.jobs.put(job)

    def close(self) -> None:
        """Cancel everything."""
        with self._lock:
            for _, job in self._open:
                job.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
