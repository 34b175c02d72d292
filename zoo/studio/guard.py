"""What every request passes before it is read: host, origin, session, token, size; and the headers of replies."""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from zoo.studio.errors import RefusedError, StudioError, TooLargeError
from zoo.studio.hosts import Hosts
from zoo.studio.limits import LARGEST_UPLOAD
from zoo.studio.sessions import Session, Sessions
from zoo.studio.tokens import TokenGate

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FORM_HEADER = "X-Form-Token"
LOGIN = "/login"
OPEN_PATHS = (LOGIN, "/static/studio.css", "/static/icon.svg")  # without the server's token
LINKED = re.compile(r"/|/login|/compare|/models/[^/]+")  # pages that another site may link to
OWN = ("same-origin", "none")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


@dataclass
class Guard:
    """An ASGI application around another one, which it gives only what may come in."""

    app: Any
    hosts: Hosts
    gate: TokenGate
    sessions: Sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope)
        reply = _Reply(send)
        try:
            self._require_own(request)
            session, secret = self._session(request)
            reply.cookie = session_cookie(request, secret) if secret else ""
            if self.gate.token and not session.authorised and scope["path"] not in OPEN_PATHS:
                raise _TokenMissingError
            self._require_form_token(request, session)
            scope.setdefault("state", {})["session"] = session
            await self.app(scope, _Counted(request, receive), reply.send)
        except _TokenMissingError:
            await self._ask_for_token(request)(scope, receive, reply.send)
        except StudioError as error:
            if not reply.begun:
                await _refusal(error)(scope, receive, reply.send)

    def _require_own(self, request: Request) -> None:
        """Raise unless the request is meant for this server, and comes from its own page or from nobody's."""
        host = request.headers.get("host", "")
        if not self.hosts.allows(host):
            raise RefusedError("This server does not answer to that name; open the address that 'zoo studio' printed.")
        if request.headers.get("sec-fetch-site", "none") not in OWN and not _is_link(request):
            raise RefusedError("The request comes from a page of another site.")
        origin = request.headers.get("origin")
        changes = request.method not in ("GET", "HEAD")
        if origin is not None and changes and _host_of(origin) != host.lower():
            raise RefusedError("The request comes from a page of another site.")

    def _session(self, request: Request) -> tuple[Session, str]:
        """The user's session, and the secret of a new one ("" where it is known)."""
        session = self.sessions.find(request.cookies.get(_cookie_name(request), ""))
        if session is not None:
            return session, ""
        secret, session = self.sessions.create()
        return session, secret

    def _require_form_token(self, request: Request, session: Session) -> None:
        if request.method in ("GET", "HEAD") or request.url.path == LOGIN:  # whose form holds it
            return
        if not compare_digest(request.headers.get(FORM_HEADER, "").encode(), session.form_token.encode()):
            raise RefusedError("The page is out of date: load it again.")

    def _ask_for_token(self, request: Request) -> Response:
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(LOGIN, status_code=303)
        return _refusal(RefusedError("This server asks for its token first: open its page."), status=401)


def _is_link(request: Request) -> bool:
    """Whether a user follows a link to a page, in a window of its own."""
    fetch = {name: request.headers.get(f"sec-fetch-{name}") for name in ("mode", "dest")}
    opened = request.method == "GET" and fetch["mode"] == "navigate" and fetch["dest"] in (None, "document")
    return opened and LINKED.fullmatch(request.url.path) is not None


def _host_of(origin: str) -> str:
    """Host and port in small letters; "" of what is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


class _TokenMissingError(StudioError):
    status = 401


class _Counted:
    """The body of a request, refused as soon as it is known to be too large."""

    def __init__(self, request: Request, receive: Receive):
        self.receive, self.read = receive, 0
        declared = request.headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > LARGEST_UPLOAD:
            raise _too_large()

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self.receive()
        self.read += len(message.get("body", b""))
        if self.read > LARGEST_UPLOAD:
            raise _too_large()
        return message


def _too_large() -> TooLargeError:
    return TooLargeError(f"That is more than {LARGEST_UPLOAD >> 20} MB, the most that is taken.")


@dataclass
class _Reply:
    """Sends a reply with the headers that each has."""

    given: Send
    cookie: str = ""
    begun: bool = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            there = {name.lower() for name, _ in message.get("headers", [])}
            more = {**HEADERS, **({"Set-Cookie": self.cookie} if self.cookie else {})}
            added = [(name.lower().encode(), value.encode()) for name, value in more.items()]
            message["headers"] = [*message.get("headers", []), *(pair for pair in added if pair[0] not in there)]
        await self.given(message)


def _refusal(error: StudioError, status: int | None = None, headers: Mapping[str, str] | None = None) -> JSONResponse:
    close = {"Connection": "close"} if error.status == TooLargeError.status else {}
    return JSONResponse({"error": str(error)}, status or error.status, {**close, **(headers or {})})


def _cookie_name(request: Request) -> str:
    """Cookies know no ports: those of two servers of one machine need two names."""
    server = request.scope.get("server") or ("", 0)
    return f"zoo_studio_{server[1]}"


def session_cookie(request: Request, secret: str) -> str:
    """The header of a session's cookie, which is "Lax": without it a link from another site would log its user out."""
    secure = "; Secure" if request.url.scheme == "https" else ""
    return f"{_cookie_name(request)}={secret}; HttpOnly; SameSite=Lax; Path=/{secure}"
