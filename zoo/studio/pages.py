"""The pages: models, one model, two compared, and the question for the token."""

from hmac import compare_digest

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from zoo.studio.attacks import OF_PICTURES
from zoo.studio.errors import RefusedError, TooManyError
from zoo.studio.guard import session_cookie
from zoo.studio.state import session_of, studio_of

router = APIRouter()


@router.get("/")
def index(request: Request) -> Response:
    """All models; where there is one alone, its page."""
    studio = studio_of(request)
    if len(studio.models.all) == 1:
        return RedirectResponse(f"/models/{studio.models.all[0].key}", status_code=303)
    return studio.page(request, "index.html", models=studio.models.all)


@router.get("/models/{key}")
def model(request: Request, key: str) -> Response:
    """One model. What is known of it once it is open comes afterwards, so that the page is there at once."""
    studio = studio_of(request)
    models = studio.models
    return studio.page(request, "model.html", model=models.get(key), models=models.all, attacks=OF_PICTURES)


@router.get("/compare")
def compare(request: Request) -> Response:
    studio = studio_of(request)
    return studio.page(request, "compare.html", models=studio.models.all)


@router.get("/login")
def login(request: Request, token: str = "") -> Response:
    """The question for the token; the address that the server printed holds it."""
    if token and studio_of(request).gate.token:
        return _let_in(request, token)
    if session_of(request).authorised or not studio_of(request).gate.token:
        return RedirectResponse("/", status_code=303)
    return studio_of(request).page(request, "login.html", sentence="")


@router.post("/login")
async def check(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=2)
    if not compare_digest(str(form.get("form_token", "")).encode(), session_of(request).form_token.encode()):
        raise RefusedError("The page is out of date: load it again.")
    try:
        return _let_in(request, str(form.get("token", "")))
    except (RefusedError, TooManyError) as error:
        return studio_of(request).page(request, "login.html", status=error.status, sentence=str(error))


def _let_in(request: Request, token: str) -> Response:
    """To the models, with a new session: the cookie that came may be known to whoever planted it.

    Raises `RefusedError` for a wrong token, `TooManyError` after some.
    """
    gate = studio_of(request).gate
    address = request.client.host if request.client else ""
    if (seconds := gate.seconds_shut(address)) > 0:
        raise TooManyError(f"Too many wrong tokens: try again in {seconds:.0f} seconds.")
    if not gate.opens(token, address):
        raise RefusedError("That is not the token; the terminal in which 'zoo studio' runs shows it.")
    secret, _ = studio_of(request).sessions.create(authorised=True)
    return RedirectResponse("/", status_code=303, headers={"Set-Cookie": session_cookie(request, secret)})
