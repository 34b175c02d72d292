"""A real HTTP server on the loopback that fails as it is told to, children that fetch from it, and a watcher."""

import hashlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = 1 << 14

CHILD = """
import json, os, sys
import filelock, requests, rich, platformdirs      # before the rights go: another user may not read this environment
from zoo.artifacts import Artifact, download, fetch
from zoo.errors import ZooError
row, folder, user, most = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
download.PAUSE_SECONDS = 0.01
row["urls"] = tuple(row["urls"])
if user:
    os.setgroups([]), os.setgid(user), os.setuid(user)
if most:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    print(fetch(Artifact(**row), folder=folder, progress=False))
except ZooError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

WATCHER = """
import hashlib, json, select, sys
path, right, seen, bad = sys.argv[1], sys.argv[2], 0, 0
print("watching", flush=True)
while not select.select([sys.stdin], [], [], 0.0005)[0]:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        continue
    seen += 1
    bad += hashlib.sha256(content).hexdigest() != right
print(json.dumps({"seen": seen, "bad": bad}))
"""


@dataclass
class Page:
    """What the server answers for one path."""

    content: bytes = b""
    cut_after: int | None = None  # close the connection after so many bytes of each body
    bodies: int | None = None  # serve so many bodies, and 404 afterwards
    reset: bool = False  # with a TCP reset in place of a polite end
    ranges: bool = True  # understands Range and If-Range
    etag: str | None = '"1"'
    length: bool = True  # sends Content-Length
    statuses: list[int] = field(default_factory=list)  # answered first, one a request
    redirect: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds between blocks of 16 kB


@dataclass
class Asked:
    """One request as it was served; `sent` counts the bytes of the body that were handed to the socket."""

    path: str
    range: str | None
    if_range: str | None
    status: int
    sent: int = 0


class Server(ThreadingHTTPServer):
    """`with Server({"/a": Page(b"...")}) as server: server.url("/a")`; `server.asked` lists what was served."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, pages: dict[str, Page], certificate: Path | None = None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages
        self.asked: list[Asked] = []
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"

    def sent(self) -> int:
        return sum(asked.sent for asked in self.asked)

    def handle_error(self, request, client_address):
        pass  # a client that was killed, or that refuses a certificate, is what the tests are about


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        page = self.server.pages.get(self.path)
        status, start, headers = self._answer(page)
        body = page.content[start:] if status in (200, 206) else b""
        if page is None or page.length or status not in (200, 206):
            headers.setdefault("Content-Length", str(len(body)))
        asked = Asked(self.path, self.headers["Range"], self.headers["If-Range"], status)
        self.server.asked.append(asked)  # before the answer: the client may look as soon as it has it
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self._send(body, page, asked)

    def _answer(self, page):
        if page is None or page.bodies == 0:
            return 404, 0, {}
        if page.statuses:
            return page.statuses.pop(0), 0, dict(page.headers)
        if page.redirect:
            return 302, 0, {"Location": page.redirect}
        if page.bodies:
            page.bodies -= 1
        headers = dict(page.headers)
        if page.etag:
            headers["ETag"] = page.etag
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        changed = self.headers["If-Range"] not in (None, page.etag)
        if not (wanted and page.ranges) or changed:
            return 200, 0, headers
        start, size = int(wanted[1]), len(page.content)
        if start >= size:
            return 416, 0, {"Content-Range": f"bytes */{size}"}
        return 206, start, {"Content-Range": f"bytes {start}-{size - 1}/{size}", **headers}

    def _send(self, body, page, asked):
        most = len(body) if page.cut_after is None else min(page.cut_after, len(body))
        for start in range(0, most, BLOCK):
            block = body[start : min(most, start + BLOCK)]
            asked.sent += len(block)
            self.wfile.write(block)
            time.sleep(page.pause)
        if most == len(body):
            return
        if page.reset:  # linger for 0 seconds: what is still on its way is thrown away
            time.sleep(0.02)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass


class Watcher:
    """A process that hashes `path` whenever it exists; `stop()` tells how often it was `seen`, and how often `bad`."""

    def __init__(self, path: Path, sha256: str):
        self._process = subprocess.Popen(
            [sys.executable, "-c", WATCHER, str(path), sha256],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout.readline() == "watching\n"

    def stop(self) -> dict[str, int]:
        output, _ = self._process.communicate("\n", timeout=30)
        return json.loads(output)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


def row(content: bytes, *urls: str, **more) -> dict:
    """The manifest's entry for `content`."""
    digest = hashlib.sha256(content).hexdigest()
    return {"name": "thing", "kind": "data", "file": "thing.bin", "size": len(content), "sha256": digest,
            "urls": urls, **more}  # fmt: skip


def child(entry: dict, folder: Path, *, user: int = 0, most: int = 0, **environment: str) -> subprocess.Popen:
    """A process that fetches the entry into `folder`, as another user or with a limit on file sizes if given."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("ZOO_")}
    settings |= {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, "-c", CHILD, json.dumps(entry), str(folder), str(user), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings)
