"""A download that was cut goes on where it stood, and a bad part of a file costs no more than a clean start."""

import socket

import pytest

from tests.http_server import Page, Server, Watcher
from tests.served import CONTENT, WRONG, get, thing
from zoo.artifacts import download
from zoo.errors import ArtifactError

pytestmark = pytest.mark.usefixtures("no_settings")


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


def test_a_resumed_wrong_file_gets_one_clean_retry_and_then_an_error(tmp_path):
    with Server({"/a": Page(WRONG, cut_after=100_000)}) as server:
        with pytest.raises(ArtifactError, match="its bytes are wrong"):
            get(thing(server.url("/a")), tmp_path)
        assert server.sent() == 2 * len(CONTENT)


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
