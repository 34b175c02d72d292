"""The studio keeps out what is not its user's: tried over HTTP."""

import http.client
import io
import re
import struct
import threading
import time
import zlib

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("multipart")

from PIL import Image

from tests.studio_server import HOST, HTML, client, entered, form_token, picture_pipeline, png, result_of, served
from zoo.pictures.photos import Photo
from zoo.studio.app import create_app
from zoo.studio.hosts import Hosts
from zoo.studio.samples import picture_png
from zoo.studio.tokens import TokenGate, token_for

TOKEN = "a token that nobody guesses"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(picture_pipeline(tmp_path_factory.mktemp("studio") / "bright.keras", ("dark", HTML)))


@pytest.fixture(scope="module")
def app(model):
    return create_app([model])


def given(user, token, address, content=None, name="a.png"):
    return user.post(f"{address}/samples", files={"file:photo": (name, png() if content is None else content)},
                     headers=token)  # fmt: skip


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


def cookie_and_token(server, path):
    connection = http.client.HTTPConnection(*server, timeout=10)
    connection.request("GET", path)
    reply = connection.getresponse()
    text = reply.read().decode()
    return reply.getheader("Set-Cookie").partition(";")[0], re.search(r'form-token" content="([^"]+)"', text)[1]


@pytest.mark.parametrize("declared", [True, False])
def test_an_upload_of_500_mb_is_refused_before_it_has_come(app, server, declared):
    address = f"/models/{app.app.state.studio.models.all[0].key}"
    cookie, token = cookie_and_token(server, address)
    connection = http.client.HTTPConnection(*server, timeout=20)
    connection.putrequest("POST", f"{address}/samples")
    headers = {"Cookie": cookie, "X-Form-Token": token, "Content-Type": "multipart/form-data; boundary=x"}
    headers |= {"Content-Length": "500000000"} if declared else {"Transfer-Encoding": "chunked"}
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    start = b'--x\r\nContent-Disposition: form-data; name="file:photo"; filename="a.png"\r\n\r\n'
    sent, block = 0, b"0" * (1 << 20)
    if declared:
        connection.send(start)
    else:
        try:
            for part in [start, *[block] * 500]:
                connection.send(b"%x\r\n%b\r\n" % (len(part), part))
                sent += len(part)
        except OSError:  # the server has replied and closed
            pass
    if declared or sent < 60_000_000:
        try:
            assert connection.getresponse().status == 413
        except ConnectionError:
            assert not declared
    assert sent < 60_000_000  # what the buffers of both sides hold


def test_a_large_form_is_refused(app):
    user, token, address = entered(app)
    found = user.post(f"{address}/samples", data={"text:photo": "x" * 21_000_000}, headers=token)
    assert found.status_code == 413


def bomb(width, height):
    """A PNG of a few bytes that is many pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        (bomb(60_000, 60_000), 413, "too large"),
        (bomb(9_000, 9_000), 413, "too large"),
        (b"", 400, "empty"),
        (b"no picture", 415, "no picture that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "no picture that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", 415, "no picture that can be read"),
        (b"PK\x03\x04" + b"0" * 100, 415, "no picture that can be read"),
        (png()[:60], 415, "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_sentence(app, content, status, told):
    user, token, address = entered(app)
    found = given(user, token, address, content)
    assert found.status_code == status
    assert told in found.json()["error"]
    assert "zoo-studio-" not in found.json()["error"]  # no path of the server
    session = app.sessions.find(user.cookies["zoo_studio_8600"])
    assert list(session.folder.iterdir()) == []


def test_a_path_is_never_read_as_a_picture(app, tmp_path):
    (tmp_path / "secret.png").write_bytes(png())
    user, token, address = entered(app)
    found = user.post(f"{address}/samples", data={"text:photo": str(tmp_path / "secret.png")}, headers=token)
    assert (found.status_code, found.json()["error"]) == (415, "'photo' takes the file of a picture, no text.")


def test_a_name_of_a_file_is_for_showing_only(app):
    user, token, address = entered(app)
    found = given(user, token, address, name="../../../tmp/x\r\nSet-Cookie: a=b.png").json()
    assert "/" not in found["title"]
    assert "\n" not in found["title"]


def test_the_files_of_another_user_cannot_be_fetched(app):
    first, token, address = entered(app)
    sample = given(first, token, address).json()["sample"]
    job = first.post(f"{address}/explanations", json={"sample": sample, "methods": ["saliency"]}, headers=token)
    key = result_of(first, job.json()["job"])["result"][0]["key"]
    paths = [
        f"/samples/{sample}/pictures/0.png", f"/samples/{sample}/row.csv", f"/samples/{sample}/prediction.json",
        f"/explanations/{key}/map.png", f"/explanations/{key}/explanation.json", f"/jobs/{job.json()['job']}",
    ]  # fmt: skip
    assert [first.get(path).status_code for path in paths] == [200] * len(paths)
    second, other, _ = entered(app)
    assert [second.get(path).status_code for path in paths] == [404] * len(paths)
    stolen = second.post(f"{address}/explanations", json={"sample": sample, "methods": ["saliency"]}, headers=other)
    assert stolen.status_code == 404
    assert second.post(f"/jobs/{job.json()['job']}/cancel", headers=other).status_code == 404


def test_of_a_refused_form_no_file_is_kept(app):
    user, token, address = entered(app)
    twice = [("file:photo", ("a.png", png())), ("file:photo", ("b.png", png()))]
    assert user.post(f"{address}/samples", files=twice, headers=token).status_code == 400
    assert list(app.sessions.find(user.cookies["zoo_studio_8600"]).folder.iterdir()) == []


def test_a_user_keeps_only_so_many_bytes(app, monkeypatch):
    user, token, address = entered(app)
    folder = app.sessions.find(user.cookies["zoo_studio_8600"]).folder
    monkeypatch.setattr("zoo.studio.samples.LARGEST_KEPT", 3 * len(png()))
    keys = [given(user, token, address).json()["sample"] for _ in range(5)]
    assert [user.get(f"/samples/{key}/row.csv").status_code for key in keys] == [404, 404, 200, 200, 200]
    assert sum(path.stat().st_size for path in folder.iterdir()) == 3 * len(png())
    monkeypatch.setattr("zoo.studio.samples.LARGEST_KEPT", len(png()) - 1)
    assert given(user, token, address).status_code == 413
    assert list(folder.iterdir()) == []


def test_few_pictures_are_decoded_at_once(monkeypatch):
    running, most, lock = 0, 0, threading.Lock()

    def slow(source, least):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return Photo(Image.new("RGB", (4, 4)))

    monkeypatch.setattr("zoo.pictures.photos.read_photo", slow)
    threads = [threading.Thread(target=picture_png, args=(b"",)) for _ in range(8)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert most == 2


def test_a_users_folder_is_their_own_and_goes_with_them(model):
    app = create_app([model])
    user, token, address = entered(app)
    given(user, token, address)
    folder = app.sessions.find(user.cookies["zoo_studio_8600"]).folder
    assert folder.stat().st_mode & 0o077 == 0
    assert len(list(folder.iterdir())) == 1
    app.sessions.close()
    assert not folder.exists()


def test_the_oldest_samples_of_a_user_go(app, monkeypatch):
    user, token, address = entered(app)
    session = app.sessions.find(user.cookies["zoo_studio_8600"])
    session.samples.most = 2
    keys = [given(user, token, address).json()["sample"] for _ in range(3)]
    assert [user.get(f"/samples/{key}/row.csv").status_code for key in keys] == [404, 200, 200]
    assert len(list(session.folder.iterdir())) == 2


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
