"""What is given to the studio: too large, no picture, another user's; tried over HTTP."""

import http.client
import re
import struct
import threading
import time
import zlib

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("multipart")
from PIL import Image

from tests.studio_given import given
from tests.studio_server import HTML, entered, picture_pipeline, png, result_of, served
from zoo.pictures.photos import Photo
from zoo.studio.app import create_app
from zoo.studio.samples import picture_png


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(picture_pipeline(tmp_path_factory.mktemp("studio") / "bright.keras", ("dark", HTML)))


@pytest.fixture(scope="module")
def app(model):
    return create_app([model])


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


def test_a_file_that_is_gone_meanwhile_is_asked_for_again(app, capsys):
    user, token, address = entered(app)
    sample = given(user, token, address, name="cat.png").json()["sample"]
    [path.unlink() for path in app.sessions.find(user.cookies["zoo_studio_8600"]).folder.iterdir()]
    told = "The file 'cat.png' is no longer kept: give it again."
    shown = user.get(f"/samples/{sample}/pictures/0.png")
    assert (shown.status_code, shown.json()) == (404, {"error": told})
    job = user.post(f"{address}/explanations", json={"sample": sample, "methods": ["saliency"]}, headers=token)
    assert result_of(user, job.json()["job"])["error"] == told
    assert "Traceback" not in capsys.readouterr().err


def test_nothing_is_explained_by_another_model_than_predicted(tmp_path):
    """Predictions and explanations have a copy of the model each, opened when it is first asked for."""
    path = picture_pipeline(tmp_path / "bright.keras")
    app = create_app([str(path)])
    user, token, address = entered(app)
    sample = given(user, token, address).json()["sample"]
    picture_pipeline(path, ("bright", "dark"))  # trained anew: it says the contrary
    asked = {"sample": sample, "methods": ["saliency"]}
    job = user.post(f"{address}/explanations", json=asked, headers=token).json()["job"]
    found = result_of(user, job)
    assert found["state"] == "failed"
    assert found["error"].startswith("'bright.keras' was trained anew or written over since the studio opened it")
