"""Files whose size or hash their publisher does not give: verified by what there is, bounded, or never fetched."""

import hashlib

import pytest

from tests.http_server import Page, Server, row
from tests.served import CONTENT, WRONG, get, only_hidden_files
from zoo.artifacts import Artifact, download
from zoo.errors import ArtifactError

pytestmark = pytest.mark.usefixtures("no_settings")


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
