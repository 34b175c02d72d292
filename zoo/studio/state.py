"""What all requests of a server share, and whose request one is."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates

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


def studio_of(request: Request) -> Studio:
    found: Studio = request.app.state.studio
    return found


def session_of(request: Request) -> Session:
    """The user whose request it is; the guard has found out."""
    found: Session = request.scope["state"]["session"]
    return found
