"""The server: pages, what they ask for, and the guard around them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException

from zoo.errors import UnknownNameError, ZooError
from zoo.studio.errors import StudioError, TooLargeError
from zoo.studio.guard import Guard
from zoo.studio.hosts import Hosts
from zoo.studio.jobs import Jobs
from zoo.studio.models import Models
from zoo.studio.sessions import Session, Sessions
from zoo.studio.tokens import TokenGate

HERE = Path(__file__).parent


@dataclass
class Studio:
    """What all requests share."""

    models: Models
    gate: TokenGate
    hosts: Hosts
    sessions: Sessions = field(default_factory=Sessions)
    jobs: Jobs = field(default_factory=Jobs)
    templates: Jinja2Templates = field(default_factory=lambda: Jinja2Templates(HERE / "templates"))

    def page(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        """A template, with the user's form token."""
        values |= {"form_token": session_of(request).form_token, "token_asked": bool(self.gate.token)}
        return self.templates.TemplateResponse(request, name, values, status_code=status)

    def close(self) -> None:
        self.jobs.close()
        self.sessions.close()


def create_app(sources: Sequence[str], *, host: str = "127.0.0.1", token: str = "") -> Guard:
    """The ASGI application of these models: run folders, files of trained models, or "MODEL.TAG".

    token  "" for none: whoever reaches the server is let in.
    """
    from zoo.studio import answers, files, pages

    studio = Studio(Models(list(sources)), TokenGate(token), Hosts(host))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        studio.close()

    app = FastAPI(title="zoo studio", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.studio = studio
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    for room in (pages, answers, files):
        app.include_router(room.router)
    app.add_exception_handler(ZooError, _told)
    app.add_exception_handler(RequestValidationError, _told)
    app.add_exception_handler(HTTPException, _told)
    app.add_exception_handler(Exception, _told)
    return Guard(app, studio.hosts, studio.gate, studio.sessions)


def studio_of(request: Request) -> Studio:
    found: Studio = request.app.state.studio
    return found


def session_of(request: Request) -> Session:
    """The user whose request it is; the guard has found out."""
    found: Session = request.scope["state"]["session"]
    return found


def _told(request: Request, error: Exception) -> Response:
    """One sentence: on a page where a page was asked for, else as JSON."""
    status, sentence = _sentence(error)
    if status == TooLargeError.status:  # the rest of what is being sent is not waited for
        return JSONResponse({"error": sentence}, status, {"Connection": "close"})
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return studio_of(request).page(request, "error.html", status=status, sentence=sentence)
    return JSONResponse({"error": sentence}, status)


def _sentence(error: Exception) -> tuple[int, str]:
    if isinstance(error, StudioError):
        return error.status, str(error)
    if isinstance(error, ZooError):
        return (404 if isinstance(error, UnknownNameError) else 400), str(error)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"][1:])
        return 400, f"'{place}' of the request does not fit: {first['msg']}."
    if isinstance(error, HTTPException):
        told = {404: "There is no such page.", 405: "That cannot be asked of this address."}
        return error.status_code, told.get(error.status_code, f"{str(error.detail).rstrip('.')}.")
    return 500, "Something went wrong that should not; the terminal of 'zoo studio' shows what."
