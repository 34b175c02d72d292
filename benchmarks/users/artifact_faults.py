"""Fetch through every fault of the list, against a real HTTP server on the loopback, with a watcher on the final name.

    python -m benchmarks.users.artifact_faults [--seed 0] [--kills 20] [--out results/artifact_faults.json]

A case counts `bad_seen`: how often the watcher found wrong bytes under the final name; it must be 0 in every case.
Full disk and read-only folder need root (a mounted tmpfs, another user); elsewhere they are recorded as not run.
"""

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from functools import partial
from importlib import metadata
from pathlib import Path

from tests.http_server import Page, Server, Watcher, child, row
from zoo.records import write_record

SIZE = 2_000_000
NOBODY = 65534
SECONDS = 120


class Case:
    """One folder, one server, one watcher; `figures` collects the counts."""

    def __init__(self, folder: Path, content: bytes, pages: dict[str, Page]):
        self.folder, self.content, self.pages = folder, content, pages
        self.final = folder / "thing.bin"
        self.entry = row(content)

    def __enter__(self):
        self.server = Server(self.pages).__enter__()
        self.entry = row(self.content, self.server.url("/a"), mirror="thing.bin")
        self.watcher = Watcher(self.final, self.entry["sha256"])
        return self

    def __exit__(self, *error):
        self.watcher.__exit__()
        self.server.__exit__()

    def start(self, **options) -> subprocess.Popen:
        return child(self.entry, self.folder, **options)

    def fetch(self, **options) -> str:
        """What the child said on standard error: empty when it fetched the file."""
        return self.start(**options).communicate(timeout=SECONDS)[1].strip()

    def figures(self, **more) -> dict:
        watched = self.watcher.stop()
        right = self.final.exists() and self.final.read_bytes() == self.content
        return {
            "right_file_at_the_end": right,
            "requests": len(self.server.asked),
            "bytes_sent_per_byte": round(sum(asked.sent for asked in self.server.asked) / len(self.content), 3),
            "watcher_looks": watched["seen"],
            "bad_seen": watched["bad"],
            **more,
        }

    def held(self) -> int:
        return sum(path.stat().st_size for path in self.folder.glob(".zoo/*.part"))


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(SECONDS * 200):
        if condition():
            return
        time.sleep(0.005)
    raise TimeoutError(f"waited for {SECONDS} s in vain")


def cuts(folder: Path, content: bytes, reset: bool) -> dict:
    """The connection is cut after every tenth of the file, in turn 1/10 ... 9/10 of what is asked for."""
    figures = {}
    for tenth in range(1, 10):
        page = Page(content, cut_after=len(content) * tenth // 10, reset=reset)
        with Case(folder / str(tenth), content, {"/a": page}) as case:
            error = case.fetch()
            figures[f"{tenth}/10"] = case.figures(error=error)
    return figures


def wrong_byte(folder: Path, content: bytes) -> dict:
    wrong = content[:-1] + bytes([content[-1] ^ 1])
    with Case(folder / "whole", content, {"/a": Page(wrong)}) as case:
        whole = case.figures(error=case.fetch())
    with Case(folder / "resumed", content, {"/a": Page(wrong, cut_after=len(content) // 2)}) as case:
        return {"whole": whole, "resumed": case.figures(error=case.fetch())}


def missing_then_mirror(folder: Path, content: bytes) -> dict:
    """The mirror answers 404 and the address has the file; then the other way round."""
    figures = {}
    for name, pages in (("mirror 404", {"/a": Page(content)}), ("address 404", {"/m/thing.bin": Page(content)})):
        with Case(folder / name, content, pages) as case:
            error = case.fetch(ZOO_MIRROR=case.server.url("/m"))
            statuses = [asked.status for asked in case.server.asked]
            figures[name] = case.figures(error=error, statuses=statuses)
    return figures


def eight_at_once(folder: Path, content: bytes) -> dict:
    with Case(folder, content, {"/a": Page(content, pause=0.005)}) as case:
        processes = [case.start() for _ in range(8)]
        for process in processes:
            process.communicate(timeout=SECONDS)
        return case.figures(exit_codes=[process.returncode for process in processes])


def kills(folder: Path, content: bytes, chance: random.Random, count: int) -> dict:
    """kill -9 at random moments: about 3/4 on the way, 1/4 around the hashing and the move."""
    with Case(folder, content, {"/a": Page(content, pause=0.004)}) as case:
        moments: list[dict] = []
        while len(moments) < count:
            case.final.unlink(missing_ok=True)
            asked = len(case.server.asked)
            target = int(chance.uniform(0, 4 / 3) * SIZE)
            process = case.start()
            reached = partial(_reached, case, process, asked, min(target, SIZE))
            wait_until(reached)
            time.sleep(chance.uniform(0, 0.03))
            process.kill()
            process.communicate()
            if process.returncode == -9:  # else it was done before
                moments.append({"bytes_held": case.held(), "final_name_taken": case.final.exists()})
        case.final.unlink(missing_ok=True)
        error = case.fetch()
        return case.figures(error=error, kills=len(moments), moments=moments)


def _reached(case: Case, process: subprocess.Popen, asked: int, target: int) -> bool:
    """Whether the request after the first `asked` ones brought the file to `target` bytes, or the process ended."""
    if len(case.server.asked) == asked:
        return process.poll() is not None  # all bytes were held: it ends without a request
    request = case.server.asked[-1]
    return int((request.range or "bytes=0-")[len("bytes=") : -1]) + request.sent >= target


@contextmanager
def small_disk(folder: Path):
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE * 3 // 2}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def full_disk(folder: Path, content: bytes) -> dict:
    """Too small from the start; filled up by another program on the way, then freed and resumed."""
    with small_disk(folder / "disk") as disk, Case(disk, content, {"/a": Page(content, pause=0.01)}) as case:
        (disk / "ballast").write_bytes(bytes(SIZE))
        before = case.fetch()
        (disk / "ballast").unlink()
        process = case.start()
        wait_until(lambda: case.held() > SIZE // 10)
        with suppress(OSError), open(disk / "ballast", "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        during = process.communicate(timeout=SECONDS)[1].strip()
        held, taken = case.held(), case.final.exists()
        (disk / "ballast").unlink()
        after = case.fetch()
        told = {"error_before": before, "error_during": during, "bytes_held": held, "final_name_taken": taken}
        return case.figures(**told, error_after=after, resumed_from=case.server.asked[-1].range)


def read_only(folder: Path, content: bytes) -> dict:
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    with Case(folder, content, {"/a": Page(content)}) as case:
        return case.figures(error=case.fetch(user=NOBODY), files_left=len(list(folder.iterdir())))


def no_network(folder: Path, content: bytes) -> dict:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with Case(folder / "closed", content, {}) as case:
        case.entry["urls"] = (f"{closed}/a",)
        closed_port = case.figures(error=case.fetch())
    with Case(folder / "offline", content, {"/a": Page(content)}) as case:
        return {"closed port": closed_port, "ZOO_OFFLINE=1": case.figures(error=case.fetch(ZOO_OFFLINE="1"))}


def bad_seen(figures) -> int:
    if not isinstance(figures, dict):
        return 0
    return figures.get("bad_seen", 0) + sum(bad_seen(value) for value in figures.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("results/artifact_faults.json"))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    content = chance.randbytes(SIZE)
    cases: dict[str, Callable[[Path], dict]] = {
        "cut at every tenth": lambda folder: cuts(folder, content, reset=False),
        "reset at every tenth": lambda folder: cuts(folder, content, reset=True),
        "a wrong byte": lambda folder: wrong_byte(folder, content),
        "404, then the other source": lambda folder: missing_then_mirror(folder, content),
        "8 processes at once": lambda folder: eight_at_once(folder, content),
        "kill -9 at random moments": lambda folder: kills(folder, content, chance, options.kills),
        "no network": lambda folder: no_network(folder, content),
    }
    if os.geteuid() == 0:
        cases["full disk"] = lambda folder: full_disk(folder, content)
        cases["read-only folder"] = lambda folder: read_only(folder, content)
    figures: dict = {"file_bytes": SIZE}
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)  # another user must reach the read-only folder
        for number, (name, case) in enumerate(cases.items()):
            figures[name] = case(Path(root, str(number)))
            print(f"{name}: {bad_seen(figures[name])} bad files seen", flush=True)
        figures = scrub(figures, root)
    figures["not_run"] = [name for name in ("full disk", "read-only folder") if name not in cases]
    figures["bad_seen_in_all"] = bad_seen(figures)
    figures["versions"] = {name: metadata.version(name) for name in ("requests", "urllib3", "filelock")}
    write_record(options.out, figures, command=" ".join(["python -m benchmarks.users.artifact_faults", *sys.argv[1:]]),
                 seed=options.seed)  # fmt: skip


def scrub(value, root: str):
    """The figures without the temporary folder's name, which says nothing and changes at each run."""
    if isinstance(value, dict):
        return {key: scrub(item, root) for key, item in value.items()}
    if isinstance(value, list):
        return [scrub(item, root) for item in value]
    return value.replace(root, "TEMPORARY") if isinstance(value, str) else value


if __name__ == "__main__":
    main()
