"""The studio keeps out what is not its user's: foreign hosts, other sites, and who has no token; tried over HTTP."""

import http.client
import io
import re

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("multipart")
from PIL import Image

from tests.studio_given import given
from tests.studio_server import HOST, HTML, client, entered, form_token, picture_pipeline, served
from zoo.studio.app import create_app
from zoo.studio.hosts import Hosts
from zoo.studio.tokens import TokenGate, token_for

TOKEN = "a token that nobody guesses"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(picture_pipeline(tmp_path_factory.mktemp("studio") / "bright.keras", ("dark", HTML)))


@pytest.fixture(scope="module")
def app(model):
    return create_app([model])


def test_what_is_given_is_predicted_and_escaped(app):
    user, token, address = entered(app)
    found = given(user, token, address, name="<b>.png")
    assert found.status_code == 200
    assert found.json()["prediction"]["outputs"][0]["said"] == HTML  # as JSON, which is shown as text
    assert found.headers["content-type"] == "application/json"
    page = user.get(address)
    assert "<img src=x" not in page.text
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_names_of_models_are_escaped_on_pages(tmp_path):
    name = tmp_path / "<script>x.keras"
    picture_pipeline(name)
    page = client(create_app([str(name), str(name) + " "])).get("/")
    assert "<script>x" not in page.text
    assert "&lt;script&gt;x" in page.text


def test_nothing_is_loaded_from_elsewhere(app):
    user, _, address = entered(app)
    texts = [user.get(address).text, *(user.get(f"/static/{name}").text for name in (
        "studio.css", "common.js", "model.js", "form.js", "show.js", "paint.js", "compare.js"))]  # fmt: skip
    assert all(len(text) > 500 for text in texts)
    assert [each for text in texts for each in re.findall(r"https?://[^\s\"')]+", text)] == []
    assert [name for name in ("docs", "redoc", "openapi.json") if user.get(f"/{name}").status_code != 404] == []


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8600", "127.0.0.1.evil.example", "", "localhost.evil:1"]
)
def test_a_foreign_host_is_refused(app, host):
    assert client(app).get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8600", "127.0.0.1:1", "[::1]:8600", "LOCALHOST"])
def test_this_machine_is_answered_at_any_port(app, host):
    assert client(app).get("/", headers={"Host": host}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:9999"},  # another server of this machine
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Form-Token": "wrong"},
        {"X-Form-Token": ""},
    ],
)
def test_a_request_from_another_page_is_refused(app, headers):
    user, token, address = entered(app)
    assert given(user, token | {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}, address).status_code == 200
    assert given(user, token | headers, address).status_code == 403


def test_another_site_may_link_here_but_load_nothing(app):
    user, token, address = entered(app)
    site = {"Sec-Fetch-Site": "cross-site"}
    link = site | {"Sec-Fetch-Mode": "navigate"}
    assert user.get(address, headers=link).status_code == 200
    assert user.get("/static/model.js", headers=site | {"Sec-Fetch-Mode": "no-cors"}).status_code == 403
    pages = {path: user.get(path, headers=link | {"Sec-Fetch-Dest": "document"}).status_code
             for path in ("/", "/login", "/compare", address)}  # fmt: skip
    assert pages == {"/": 303, "/login": 303, "/compare": 200, address: 200}
    frames = [user.get(address, headers=link | {"Sec-Fetch-Dest": each}).status_code for each in ("iframe", "object")]
    assert frames == [403, 403]
    sample = given(user, token, address).json()["sample"]
    for path in (f"{address}/about", f"{address}/graph.svg", f"/samples/{sample}/row.csv", "/static/model.js"):
        assert user.get(path, headers=link | {"Sec-Fetch-Dest": "document"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2e%2e%2f%2e%2e%2fcli.py",
        "//etc/passwd", "/static//etc/passwd", "/samples/../../etc/passwd", "/samples/%2e%2e/row.csv",
        "/explanations/..%2f..%2f/map.png", "/explanations/x/..%2f..%2fetc%2fpasswd.png", "/pictures/..%2f..%2fx.png",
        "/models/..%2f..%2fetc/graph.svg", "/static/..\\app.py", "/static/\0app.py",
    ],
)  # fmt: skip
def test_nothing_outside_its_own_folder_is_served(server, path):
    connection = http.client.HTTPConnection(*server, timeout=10)
    connection.putrequest("GET", path.replace("\0", "%00"), skip_host=False)
    connection.endheaders()
    reply = connection.getresponse()
    body = reply.read()
    assert reply.status in (400, 403, 404)
    assert b"root:" not in body
    assert b"import" not in body


@pytest.fixture(scope="module")
def server(app):
    with served(app) as address:
        yield address


def test_a_cookie_is_kept_from_scripts_and_other_sites(app):
    cookie = client(app).get("/").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_a_server_for_others_asks_for_its_token(model):
    app = create_app([model], host="0.0.0.0", token=TOKEN)
    user = client(app)
    address = f"/models/{app.app.state.studio.models.all[0].key}"
    assert user.get(address, headers={"Accept": "text/html"}).headers["location"] == "/login"
    for path in (f"{address}/about", "/static/model.js", f"{address}/graph.svg", "/jobs/x"):
        assert user.get(path).status_code == 401
    for path in ("/static/studio.css", "/static/icon.svg"):  # of the page that asks for the token
        assert user.get(path).status_code == 200
    page = user.get("/login")
    form = {"form_token": form_token(page)["X-Form-Token"]}
    assert user.post("/login", data=form | {"token": "wrong"}).status_code == 403
    assert user.post("/login", data={"form_token": "", "token": TOKEN}).status_code == 403
    assert user.post("/login", data=form | {"token": TOKEN}).headers["location"] == "/"
    assert user.get(address).status_code == 200
    other = client(app)
    assert other.get(f"/login?token={TOKEN}").status_code == 303
    assert other.get(address).status_code == 200


@pytest.mark.parametrize("by_form", [True, False])
def test_who_gives_the_token_gets_a_new_cookie(model, by_form):
    app = create_app([model], host="0.0.0.0", token=TOKEN)
    address = f"/models/{app.app.state.studio.models.all[0].key}"
    page = client(app).get("/login")
    planted = {"Cookie": page.headers["set-cookie"].partition(";")[0]}  # of somebody who waits for it to be let in
    form = {"form_token": form_token(page)["X-Form-Token"], "token": TOKEN}
    reply = (client(app).post("/login", data=form, headers=planted) if by_form
             else client(app).get(f"/login?token={TOKEN}", headers=planted))  # fmt: skip
    own = {"Cookie": reply.headers["set-cookie"].partition(";")[0]}
    assert {"HttpOnly", "SameSite=Lax"} <= set(reply.headers["set-cookie"].split("; "))
    codes = [client(app).get(address, headers=each).status_code for each in (planted, own)]
    assert codes == [401, 200]


def test_a_token_cannot_be_guessed_by_trying(model):
    app = create_app([model], host="0.0.0.0", token=TOKEN)
    codes = [client(app).get(f"/login?token={guess}").status_code for guess in range(8)]
    assert codes == [403] * 5 + [429] * 3
    assert client(app).get(f"/login?token={TOKEN}").status_code == 429  # the right one neither: it would be an oracle


def test_a_gate_opens_again_after_a_minute():
    now = [0.0]
    gate = TokenGate(TOKEN, clock=lambda: now[0])
    assert [gate.opens("no", "a") for _ in range(6)] == [False] * 6
    assert not gate.opens(TOKEN, "a")
    assert gate.opens(TOKEN, "b")  # another address may still try
    now[0] = 61.0
    assert gate.opens(TOKEN, "a")
    assert [gate.opens("no", str(place)) for place in range(30)] == [False] * 30
    assert not gate.opens(TOKEN, "c")  # too many of all addresses together


def test_a_token_is_made_where_others_can_reach_the_server():
    assert token_for(None, loopback=True) == ""
    assert len(token_for(None, loopback=False)) >= 32
    assert token_for(None, loopback=False) != token_for(None, loopback=False)
    with pytest.raises(ValueError, match="at least 16"):
        token_for("short", loopback=False)
    assert [Hosts(each).is_loopback for each in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "example.org")] == [
        True, True, True, False, False]  # fmt: skip


def test_a_server_for_everywhere_is_called_by_numbers_and_its_own_name_only():
    hosts = Hosts("0.0.0.0")
    assert hosts.allows("192.168.1.7:8600")
    assert not hosts.allows("evil.example:8600")


@pytest.mark.parametrize(
    ("host", "header"),
    [
        ("127.0.0.2", "127.0.0.2:8600"), ("fd00::5", "[fd00::5]:8600"), ("[fd00::5]", "[fd00::5]"),
        ("FD00:0::5", "[fd00::5]:8600"), ("::1", "[::1]:8600"), ("192.168.1.7", "192.168.1.7:8600"),
    ],
)  # fmt: skip
def test_a_server_is_called_by_the_address_it_listens_at(host, header):
    assert Hosts(host).allows(header)
    assert not Hosts(host).allows("evil.example:8600")


def test_the_pictures_of_a_sample_have_lost_their_metadata(app):
    kept = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", (30, 30), (9, 9, 9)).save(kept, "JPEG", exif=exif)
    assert b"taken at home" in kept.getvalue()
    user, token, address = entered(app)
    sample = given(user, token, address, kept.getvalue(), "home.jpg").json()["sample"]
    assert b"taken at home" not in user.get(f"/samples/{sample}/pictures/0.png").content
