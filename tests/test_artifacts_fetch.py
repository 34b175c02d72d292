"""Fetching from a real HTTP server that fails in every way we know of."""

import hashlib
import random
import socket
import subprocess

import pytest

from tests.http_server import Page, Server, Watcher, row
from zoo.artifacts import Artifact, download, fetch
from zoo.errors import ArtifactError, UnknownNameError

CONTENT = random.Random(0).randbytes(300_000)
WRONG = CONTENT[:150_000] + bytes([CONTENT[150_000] ^ 1]) + CONTENT[150_001:]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    for name in ("ZOO_MIRROR", "ZOO_OFFLINE", "ZOO_DATA", "ZOO_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.001)


def thing(*urls, content=CONTENT, **more):
    return Artifact(**row(content, *urls, **more))


def get(artifact, folder):
    return fetch(artifact, folder=folder, progress=False)


def only_hidden_files(folder):
    return [path.name for path in folder.iterdir() if path.name != ".zoo"] == []


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


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_connection_cut_after_each_tenth_is_resumed(tmp_path, tenth, reset):
    page = Page(CONTENT, cut_after=len(CONTENT) * tenth // 10, reset=reset)
    with Server({"/a": page}) as server, Watcher(tmp_path / "thing.bin", thing().sha256) as watcher:
        assert get(thing(server.url("/a")), tmp_path).read_bytes() == CONTENT
        if not reset:  # a reset may throw away what was on its way
            assert server.sent() == len(CONTENT)
        assert {asked.status for asked in server.asked[1:]} == {206}
        assert watcher.stop()["bad"] == 0


def test_a_connection_cut_before_the_first_byte_is_tried_again(tmp_path):
    with Server({"/a": Page(CONTENT, cut_after=0)}) as server:
        with pytest.raises(ArtifactError, match=r"cut at byte 0 of 300,000 \(4 attempts\)"):
            get(thing(server.url("/a")), tmp_path)
        assert len(server.asked) == 4


def test_a_later_call_resumes_where_an_earlier_one_gave_up(tmp_path):
    with Server({"/a": Page(CONTENT, cut_after=200_000, bodies=1)}) as server:
        with pytest.raises(ArtifactError, match="HTTP 404"):
            get(thing(server.url("/a")), tmp_path)
        server.pages["/a"] = Page(CONTENT)
        assert get(thing(server.url("/a")), tmp_path).read_bytes() == CONTENT
        last = server.asked[-1]
        assert (last.range, last.if_range, last.status) == ("bytes=200000-", '"1"', 206)
        assert server.sent() == len(CONTENT)


def test_a_server_without_ranges_starts_over(tmp_path):
    pages = {"/a": Page(CONTENT, ranges=False, cut_after=100_000)}
    with Server(pages) as server:
        with pytest.raises(ArtifactError, match="cut at byte 100,000"):
            get(thing(server.url("/a")), tmp_path)
        pages["/a"].cut_after = None
        assert get(thing(server.url("/a")), tmp_path).read_bytes() == CONTENT
        assert server.asked[-1].range == "bytes=100000-"
        assert server.asked[-1].status == 200


def test_a_partial_file_of_another_version_is_not_continued(tmp_path):
    pages = {"/a": Page(WRONG, etag='"old"', cut_after=200_000, bodies=1)}
    with Server(pages) as server:
        with pytest.raises(ArtifactError, match="HTTP 404"):
            get(thing(server.url("/a")), tmp_path)
        pages["/a"] = Page(CONTENT, etag='"new"')
        assert get(thing(server.url("/a")), tmp_path).read_bytes() == CONTENT
        assert (server.asked[-1].if_range, server.asked[-1].status) == ('"old"', 200)


@pytest.mark.parametrize("left", [WRONG[:200_000], CONTENT + b"more", WRONG, b""])
def test_a_bad_partial_file_costs_one_clean_download(tmp_path, left):
    partial = tmp_path / ".zoo" / f"thing.bin.{thing().sha256[:12]}.part"
    partial.parent.mkdir()
    partial.write_bytes(left)
    with Server({"/a": Page(CONTENT, etag=None)}) as server:
        assert get(thing(server.url("/a")), tmp_path).read_bytes() == CONTENT
        assert server.sent() <= 2 * len(CONTENT)


def test_a_wrong_byte_is_refused_with_both_hashes(tmp_path):
    received = hashlib.sha256(WRONG).hexdigest()
    with Server({"/a": Page(WRONG)}) as server, Watcher(tmp_path / "thing.bin", thing().sha256) as watcher:
        with pytest.raises(ArtifactError, match=f"sha256 {received}, expected {thing().sha256}"):
            get(thing(server.url("/a")), tmp_path)
        assert watcher.stop()["seen"] == 0
    assert only_hidden_files(tmp_path)
    assert not list((tmp_path / ".zoo").glob("*.part"))


def test_a_resumed_wrong_file_gets_one_clean_retry_and_then_an_error(tmp_path):
    with Server({"/a": Page(WRONG, cut_after=100_000)}) as server:
        with pytest.raises(ArtifactError, match="its bytes are wrong"):
            get(thing(server.url("/a")), tmp_path)
        assert server.sent() == 2 * len(CONTENT)


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


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (403, 1), (410, 1), (503, 4), (429, 4), (500, 4)])
def test_only_passing_troubles_are_tried_again(tmp_path, status, requests):
    with Server({"/a": Page(CONTENT, statuses=[status] * 9)}) as server:
        with pytest.raises(ArtifactError, match=f"HTTP {status}"):
            get(thing(server.url("/a")), tmp_path)
        assert len(server.asked) == requests


def test_the_wait_that_a_server_asks_for_is_kept_within_bounds(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    page = Page(CONTENT, statuses=[503, 429], headers={"Retry-After": "7"})
    with Server({"/a": page, "/b": Page(CONTENT, statuses=[503], headers={"Retry-After": "99999"})}) as server:
        get(thing(server.url("/a")), tmp_path / "a")
        get(thing(server.url("/b")), tmp_path / "b")
    assert [wait for wait in waits if wait >= 7] == [7, 7, download.LONGEST_PAUSE_SECONDS]


def test_a_server_that_sends_nothing_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "READ_SECONDS", 0.1)
    monkeypatch.setattr(download, "ATTEMPTS", 2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ArtifactError, match=r"no answer within 10 s to connect, 0\.1 s to read \(2 attempts\)"):
            get(thing(f"http://127.0.0.1:{silent.getsockname()[1]}/a"), tmp_path)


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


def known_by(field, content=CONTENT, *urls, **more):
    """`thing` without a size, known by another hash than sha256."""
    digest = hashlib.new(field.partition("_")[0], content).hexdigest()
    value = digest[:8] if field == "sha256_prefix" else digest
    return Artifact(**{**row(content, *urls, **more), "size": None, "sha256": None, field: value})


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("field", ["md5", "sha256_prefix"])
def test_a_file_of_unpublished_size_is_fetched_and_verified(tmp_path, field, length):
    with Server({"/a": Page(CONTENT, length=length)}) as server:
        assert get(known_by(field, CONTENT, server.url("/a")), tmp_path).read_bytes() == CONTENT
        assert get(known_by(field, CONTENT, server.url("/a")), tmp_path) == tmp_path / "thing.bin"
        assert len(server.asked) == 1


@pytest.mark.parametrize("reset", [False, True])
def test_a_file_of_unpublished_size_is_resumed(tmp_path, reset):
    with Server({"/a": Page(CONTENT, cut_after=100_000, reset=reset)}) as server:
        assert get(known_by("md5", CONTENT, server.url("/a")), tmp_path).read_bytes() == CONTENT
        assert [asked.status for asked in server.asked[:2]] == [200, 206]


@pytest.mark.parametrize("field", ["md5", "sha256_prefix"])
def test_a_wrong_byte_is_refused_by_any_hash(tmp_path, field):
    algorithm = field.partition("_")[0]
    received = hashlib.new(algorithm, WRONG).hexdigest()
    with Server({"/a": Page(WRONG)}) as server, pytest.raises(ArtifactError, match=f"{algorithm} {received}"):
        get(known_by(field, CONTENT, server.url("/a")), tmp_path)
    assert only_hidden_files(tmp_path)


@pytest.mark.parametrize("length", [True, False])
def test_a_file_of_unpublished_size_has_a_bound(tmp_path, monkeypatch, length):
    monkeypatch.setattr(download, "LARGEST", 200_000)
    with (
        Server({"/a": Page(CONTENT, length=length)}) as server,
        pytest.raises(ArtifactError, match="offers more than 200,000 bytes"),
    ):
        get(known_by("md5", CONTENT, server.url("/a")), tmp_path)
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path))
    (tmp_path / "y.bin").write_bytes(CONTENT)
    with pytest.raises(ArtifactError, match="offers more than 200,000 bytes"):
        get(known_by("md5", mirror="y.bin"), tmp_path / "f")


def test_a_file_without_a_published_hash_is_never_fetched(tmp_path):
    with Server({"/a": Page(CONTENT)}) as server:
        unknown = Artifact(**{**row(CONTENT, server.url("/a")), "sha256": None})
        with pytest.raises(ArtifactError, match=r"has no published hash, and no file is fetched without one: download"):
            get(unknown, tmp_path)
        assert server.asked == []
    assert list(tmp_path.iterdir()) == []


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
