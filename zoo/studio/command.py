"""`zoo studio`: models in the browser."""

import argparse
import socket
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from zoo.catalogue import describe, list_models
from zoo.cli.options import whole_number
from zoo.errors import ConfigError, MissingExtraError, WeightsError
from zoo.studio.hosts import EVERYWHERE, Hosts
from zoo.studio.tokens import token_for
from zoo.terminal import console, import_frameworks

NEEDED = {"fastapi": "fastapi", "uvicorn": "uvicorn", "jinja2": "jinja2", "python_multipart": "python-multipart",
          "PIL": "pillow"}  # fmt: skip
RUNS = Path("runs")
PORT = 8600
HIGHEST_PORT = 65535
KEEP_ALIVE = 15  # seconds
AT_ONCE = 100  # requests


def add_studio_options(parser: argparse.ArgumentParser) -> None:
    told = "run folders, files of trained models, or MODEL.TAG (default: those in runs, and the zoo's own weights)"
    parser.add_argument("models", nargs="*", metavar="MODEL", help=told)
    parser.add_argument("--host", default="127.0.0.1", help="to listen at (default: this machine alone)")
    parser.add_argument("--port", type=whole_number, default=PORT, help=f"0: any free one (default: {PORT})")
    parser.add_argument("--token", metavar="TOKEN", help="that users must give (default: made, unless on this machine)")


def studio_command(parsed: argparse.Namespace) -> None:
    """Serve a page on which models are asked, until Ctrl-C."""
    for module, package in NEEDED.items():
        if find_spec(module) is None:
            raise MissingExtraError("The page in the browser", package, "studio")
    sources = [str(each) for each in parsed.models] or usual_sources()
    for source in sources:
        require_source(source)
    hosts = Hosts(parsed.host)
    token = token_for(parsed.token, loopback=hosts.is_loopback)
    listening = bound(parsed.host, parsed.port)
    with listening:
        import_frameworks()
        from zoo.studio.app import create_app

        serve(create_app(sources, host=parsed.host, token=token), listening, address_of(listening, parsed.host, token))


def serve(app: Any, listening: socket.socket, address: str) -> None:
    """Answer until Ctrl-C."""
    import uvicorn

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_keep_alive=KEEP_ALIVE,
        limit_concurrency=AT_ONCE, proxy_headers=False, ws="none", timeout_graceful_shutdown=3,
    )  # fmt: skip
    console().print(f"The studio is open at {address}   (Ctrl-C closes it)", markup=False)
    with suppress(KeyboardInterrupt):  # uvicorn raises it again once all is closed
        uvicorn.Server(config).run(sockets=[listening])
    console().print("The studio is closed.")


def usual_sources() -> list[str]:
    """Where none is named: the runs in this folder, and the zoo's own trained weights."""
    runs = sorted(str(path.parent) for path in RUNS.glob("*/model.*") if path.suffix in (".keras", ".h5"))
    own = [
        f"{name}.{tag}"
        for name in list_models()
        for tag, weights in describe(name).weights.items()
        if weights.file and (describe(name).family in ("author_profile", "text_similarity", "memory_network"))
    ]
    if not runs and not own:
        raise ConfigError("Name a run folder, the file of a trained model or MODEL.TAG; there is none in 'runs'.")
    return [*dict.fromkeys(runs), *own]


def require_source(source: str) -> None:
    """Raise for what is no model, before the frameworks are imported."""
    from zoo.pipeline.finding import trained_file

    name, _, tag = source.partition(".")
    if not Path(source).exists() and name in list_models(for_tests=True):
        entry = describe(name)
        if tag and tag not in entry.weights:
            known = ", ".join(f"{name}.{each}" for each in entry.weights) or "none"
            raise WeightsError(f"'{name}' has no weights '{tag}'; there are: {known}.")
        if not entry.weights:
            raise WeightsError(f"'{name}' has no trained weights here; give a run folder or a file.")
        return
    trained_file(source)


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `ConfigError` where that cannot be; 0 is any free port."""
    if not 0 <= port <= HIGHEST_PORT:
        raise ConfigError(f"--port is a number from 0 (any free one) to {HIGHEST_PORT}; received {port}.")
    plain = host.strip("[]")
    listening = socket.socket(socket.AF_INET6 if ":" in plain else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((plain, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"The studio cannot listen at {host}:{port}: {error.strerror or error}. Give another --host, or --port (0:"
            " any free one)."
        ) from error
    return listening


def address_of(listening: socket.socket, host: str, token: str) -> str:
    """What to open in the browser; it holds the token where one is asked for."""
    port = listening.getsockname()[1]
    name = host.strip("[]")
    name = socket.gethostname() if name in EVERYWHERE else f"[{name}]" if ":" in name else name
    return f"http://{name}:{port}/login?token={quote(token, safe='')}" if token else f"http://{name}:{port}/"
