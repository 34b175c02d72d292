"""The server: pages, what they ask for, and the guard around them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from zoo.errors import UnknownNameError, ZooError
from zoo.studio import answers, files, pages
from zoo.studio.errors import StudioError, TooLargeError
from zoo.studio.guard import Guard
from zoo.studio.hosts import Hosts
from zoo.studio.models import Models
from zoo.studio.state import HERE, Studio, studio_of
from zoo.studio.tokens import TokenGate


def create_app(sources: Sequence[str], *, host: str = "127.0.0.1", token: str = "") -> Guard:
    """The ASGI application of these models: run folders, files of trained models, or "MODEL.TAG".

    token  "" for none: whoever reaches the server is let in.
    """
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
    app.add_exception_handler(ZooError, _error_response)
    app.add_exception_handler(RequestValidationError, _error_response)
    app.add_exception_handler(HTTPException, _error_response)
    app.add_exception_handler(Exception, _error_response)
    return Guard(app, studio.hosts, studio.gate, studio.sessions)


def _error_response(request: Request, error: Exception) -> Response:
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
