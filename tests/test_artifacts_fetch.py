"""Fetching from a real HTTP server that fails, by its sources, its redirects, and what lies on the disk already."""

import hashlib
import random
import socket
import subprocess

import pytest

from tests.http_server import Page, Server, Watcher
from tests.served import CONTENT, WRONG, get, only_hidden_files, thing
from zoo.artifacts import fetch
from zoo.errors import ArtifactError, UnknownNameError

pytestmark = pytest.mark.usefixtures("no_settings")


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_a_file_is_fetched_once_and_then_found_on_the_disk(tmp_path):
    with Server({"/a": Page(CONTENT)}) as server:
        assert get(thing(server.url("/a")), tmp_path).read_bytes() == CONTENT
        assert get(thing(server.url("/a")), tmp_path) == tmp_path / "thing.bin"
        assert len(server.asked) == 1


def test_nothing_but_records_and_the_lock_stays_in_the_hidden_folder(tmp_path):
    with Server({"/a": Page(CONTENT)}) as server:
        get(thing(server.url("/a")), tmp_path)
    assert sorted(path.name for path in (tmp_path / ".zoo").iterdir()) == ["thing.bin.json", "thing.bin.lock"]


def test_a_wrong_byte_is_refused_with_both_hashes(tmp_path):
    received = hashlib.sha256(WRONG).hexdigest()
    with Server({"/a": Page(WRONG)}) as server, Watcher(tmp_path / "thing.bin", thing().sha256) as watcher:
        with pytest.raises(ArtifactError, match=f"sha256 {received}, expected {thing().sha256}"):
            get(thing(server.url("/a")), tmp_path)
        assert watcher.stop()["seen"] == 0
    assert only_hidden_files(tmp_path)
    assert not list((tmp_path / ".zoo").glob("*.part"))


def test_a_wrong_first_address_gives_way_to_the_second(tmp_path):
    with Server({"/a": Page(WRONG), "/b": Page(CONTENT)}) as server:
        assert get(thing(server.url("/a"), server.url("/b")), tmp_path).read_bytes() == CONTENT


def test_the_mirror_comes_first_and_the_address_when_it_has_no_such_file(tmp_path, monkeypatch):
    with Server({"/m/x/y.bin": Page(CONTENT), "/a": Page(CONTENT)}) as server:
        monkeypatch.setenv("ZOO_MIRROR", server.url("/m/"))
        get(thing(server.url("/a"), mirror="x/y.bin"), tmp_path / "1")
        get(thing(server.url("/a"), mirror="x/missing.bin"), tmp_path / "2")
        assert [(asked.path, asked.status) for asked in server.asked] == [
            ("/m/x/y.bin", 200), ("/m/x/missing.bin", 404), ("/a", 200),
        ]  # fmt: skip


@pytest.mark.parametrize("bad", [None, WRONG, CONTENT[:-1]])
def test_a_mirror_folder_that_fails_gives_way_to_the_address(tmp_path, monkeypatch, bad):
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "mirror").mkdir()
    if bad is not None:
        (tmp_path / "mirror" / "y.bin").write_bytes(bad)
    with Server({"/a": Page(CONTENT)}) as server:
        assert get(thing(server.url("/a"), mirror="y.bin"), tmp_path / "f").read_bytes() == CONTENT
        assert len(server.asked) == 1


def test_a_mirror_folder_needs_no_network(tmp_path, monkeypatch):
    (tmp_path / "y.bin").write_bytes(CONTENT)
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    assert get(thing(mirror="y.bin"), tmp_path / "f").read_bytes() == CONTENT


def test_offline_forbids_the_network_and_says_so(tmp_path, monkeypatch):
    with Server({"/a": Page(CONTENT)}) as server:
        monkeypatch.setenv("ZOO_OFFLINE", "1")
        monkeypatch.setenv("ZOO_MIRROR", server.url(""))
        with pytest.raises(ArtifactError, match=r"is missing at .*ZOO_OFFLINE forbids the network: unset ZOO_OFFLINE"):
            get(thing(server.url("/a"), mirror="a"), tmp_path)
        assert server.asked == []
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_error_names_each_source(tmp_path, monkeypatch):
    base = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("ZOO_MIRROR", base.replace("//", "//user:secret@") + "/m")
    with pytest.raises(ArtifactError) as caught:
        get(thing(f"{base}/a?token=secret", mirror="y"), tmp_path)
    assert f"{base}/m/y: cannot be reached (4 attempts); {base}/a: cannot be reached" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert only_hidden_files(tmp_path)


def test_an_artifact_without_any_source_says_what_to_do(tmp_path):
    with pytest.raises(ArtifactError, match="has no official address: set ZOO_MIRROR to a mirror's folder or address"):
        get(thing(mirror="x"), tmp_path)


@pytest.mark.parametrize("length", [True, False])
def test_never_more_bytes_than_the_manifest_says(tmp_path, length):
    big = random.Random(1).randbytes(3_000_000)
    told = "offers 3000000 bytes" if length else "bytes are wrong"
    with Server({"/a": Page(big, length=length)}) as server, pytest.raises(ArtifactError, match=told):
        get(thing(server.url("/a")), tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.suffix == ".part") == 0


def test_a_file_without_announced_length_is_fetched(tmp_path):
    with Server({"/a": Page(CONTENT, length=False, cut_after=100_000)}) as server:
        assert get(thing(server.url("/a")), tmp_path).read_bytes() == CONTENT


def test_bytes_are_kept_as_stored_whatever_encoding_the_server_claims(tmp_path):
    import gzip

    packed = gzip.compress(CONTENT)
    with Server({"/a": Page(packed, headers={"Content-Encoding": "gzip"})}) as server:
        assert get(thing(server.url("/a"), content=packed), tmp_path).read_bytes() == packed


def test_redirects_are_followed_but_not_for_ever(tmp_path):
    pages = {"/a": Page(redirect="/b"), "/b": Page(CONTENT, cut_after=100_000), "/loop": Page(redirect="/loop")}
    with Server(pages) as server:
        assert get(thing(server.url("/a")), tmp_path / "1").read_bytes() == CONTENT
        with pytest.raises(ArtifactError, match="redirects more than 5 times"):
            get(thing(server.url("/loop")), tmp_path / "2")


def test_a_redirect_from_https_to_http_is_refused(tmp_path, monkeypatch):
    certificate = tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
               "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate,
               "-out", tmp_path / "public.pem"]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("openssl is needed to make a certificate")
    public = (tmp_path / "public.pem").read_text()
    certificate.write_text(certificate.read_text() + public)
    with Server({"/b": Page(CONTENT)}) as plain:
        pages = {"/a": Page(redirect=plain.url("/b")), "/c": Page(redirect="/d"), "/d": Page(CONTENT)}
        with Server(pages, certificate) as secure:
            with pytest.raises(ArtifactError, match="its certificate is not trusted"):
                get(thing(secure.url("/c")), tmp_path / "1")
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "public.pem"))
            assert get(thing(secure.url("/c")), tmp_path / "2").read_bytes() == CONTENT
            with pytest.raises(ArtifactError, match=r"redirects from https to http://127\.0\.0\.1.*which is refused"):
                get(thing(secure.url("/a")), tmp_path / "3")
        assert plain.asked == []


def test_a_file_changed_after_its_verification_is_fetched_again(tmp_path):
    with Server({"/a": Page(CONTENT)}) as server:
        path = get(thing(server.url("/a")), tmp_path)
        path.write_bytes(WRONG)
        assert get(thing(server.url("/a")), tmp_path).read_bytes() == CONTENT
        assert len(server.asked) == 2


def test_a_file_put_there_by_hand_is_hashed_before_it_is_believed(tmp_path):
    (tmp_path / "thing.bin").write_bytes(CONTENT)
    assert get(thing(), tmp_path) == tmp_path / "thing.bin"
    (tmp_path / "thing.bin").write_bytes(WRONG)
    with pytest.raises(ArtifactError, match=r"is corrupt at .*thing\.bin"):
        get(thing(), tmp_path)


def test_a_record_alone_is_not_believed_for_another_hash(tmp_path):
    with Server({"/a": Page(CONTENT), "/b": Page(WRONG)}) as server:
        get(thing(server.url("/a")), tmp_path)
        updated = thing(server.url("/b"), content=WRONG)  # the manifest now wants another version of the same file
        assert get(updated, tmp_path).read_bytes() == WRONG


def test_a_file_is_found_in_an_installed_package(tmp_path, monkeypatch):
    (tmp_path / "some_package" / "models").mkdir(parents=True)
    (tmp_path / "some_package" / "__init__.py").write_text("raise RuntimeError('never imported')")
    (tmp_path / "some_package" / "models" / "x.pth").write_bytes(CONTENT)
    carried = thing(package="some_package/models/x.pth")
    with pytest.raises(ArtifactError, match="install the Python package some_package"):
        get(carried, tmp_path / "f")
    monkeypatch.syspath_prepend(tmp_path)
    assert get(carried, tmp_path / "f").read_bytes() == CONTENT
    (tmp_path / "some_package" / "models" / "x.pth").write_bytes(WRONG)
    with pytest.raises(ArtifactError, match="its bytes are wrong"):
        get(carried, tmp_path / "g")


def test_a_name_with_a_typing_error_gets_the_nearest():
    with pytest.raises(UnknownNameError, match=r"did you mean 'mnist\.train-images'"):
        fetch("mnist.train-image")
