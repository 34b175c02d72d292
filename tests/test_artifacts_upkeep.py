"""`verify` hashes everything again; `prune` takes what fetching left, and nothing else."""

import hashlib
import json
import os
import random
import subprocess

import pytest

from tests.http_server import Page, Server, row
from zoo.artifacts import fetch, folders, manifest, prune, upkeep, verify
from zoo.artifacts.store import Slot, locked
from zoo.errors import ArtifactError, UnknownNameError

CONTENT = random.Random(0).randbytes(50_000)
SAME_SIZE = bytes(len(CONTENT))


class House:
    """A checkout with a manifest of two artifacts, and a server that has them."""

    def __init__(self, root, server):
        self.root, self.server = root, server
        self.write_manifest(["thing", "other"])

    def write_manifest(self, names):
        rows = [row(CONTENT, self.server.url("/a"), name=name, file=f"{name}.bin") for name in names]
        (self.root / "weights" / "manifest.json").write_text(json.dumps({"artifacts": rows}))
        manifest._tracked_manifest.cache_clear()

    @property
    def thing(self):
        return self.root / "data" / "thing.bin"


@pytest.fixture
def house(tmp_path, monkeypatch):
    for name in ("ZOO_MIRROR", "ZOO_OFFLINE", "ZOO_DATA", "ZOO_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "weights").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(folders, "PACKAGE_PARENT", tmp_path)
    with Server({"/a": Page(CONTENT)}) as server:
        yield House(tmp_path, server)
    manifest._tracked_manifest.cache_clear()


def states(names=None):
    return {status.name: status.state for status in verify(names)}


def reasons(leftovers, folder):
    return {item.path.relative_to(folder).as_posix(): item.reason for item in leftovers}


def everything(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_verify_says_what_is_right_missing_and_corrupt(house):
    assert states() == {"thing": "missing", "other": "missing"}
    fetch("thing", progress=False)
    fetch("other", progress=False).write_bytes(SAME_SIZE)
    assert states() == {"thing": "verified", "other": "corrupt"}
    with pytest.raises(UnknownNameError, match="did you mean 'thing'"):
        verify(["thingy"])


def md5_house(house, **more):
    """`thing` known by its MD5 alone, of unpublished size."""
    known = {"size": None, "sha256": None, "md5": hashlib.md5(CONTENT).hexdigest(), **more}
    rows = [row(CONTENT, house.server.url("/a"), file="thing.bin") | known]
    (house.root / "weights" / "manifest.json").write_text(json.dumps({"artifacts": rows}))
    manifest._tracked_manifest.cache_clear()


def test_a_file_of_unpublished_size_is_verified_and_pruned_like_any_other(house):
    md5_house(house)
    assert [(item.state, item.size) for item in verify()] == [("missing", None)]
    path = fetch("thing", progress=False)
    assert [(item.state, item.size) for item in verify()] == [("verified", len(CONTENT))]
    assert set(reasons(prune(), house.root).values()) == {"lock"}
    path.write_bytes(SAME_SIZE)
    assert states() == {"thing": "corrupt"}
    assert reasons(prune(), house.root)["data/thing.bin"] == "corrupt"


def test_a_download_stays_when_the_manifest_learns_a_better_hash(house):
    md5_house(house)
    fetch("thing", progress=False)
    house.write_manifest(["thing"])
    assert set(reasons(prune(), house.root).values()) == {"lock"}
    assert states() == {"thing": "verified"}


def test_a_file_without_a_published_hash_cannot_be_told_and_stays(house):
    md5_house(house, md5=None)
    house.thing.parent.mkdir()
    house.thing.write_bytes(CONTENT)
    assert states() == {"thing": "no hash"}
    prune(remove=True)
    assert house.thing.exists()


def test_verify_does_not_believe_a_record(house):
    status = fetch("thing", progress=False).stat()
    house.thing.write_bytes(SAME_SIZE)
    os.utime(house.thing, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a failing disk would change it
    assert states(["thing"]) == {"thing": "corrupt"}


def test_a_right_file_stays_and_its_lock_goes(house):
    fetch("thing", progress=False)
    assert reasons(prune(), house.root) == {"data/.zoo/thing.bin.lock": "lock"}
    assert house.root / "data/.zoo/thing.bin.lock" in [item.path for item in prune(remove=True)]
    assert everything(house.root / "data") == {"thing.bin", ".zoo/thing.bin.json"}
    assert prune() == []
    assert fetch("thing", progress=False).read_bytes() == CONTENT
    assert len(house.server.asked) == 1


def test_a_dry_run_removes_nothing(house):
    fetch("thing", progress=False).write_bytes(SAME_SIZE)
    before = everything(house.root)
    assert prune()
    assert everything(house.root) == before


def test_a_partial_download_goes(house):
    house.server.pages["/a"] = Page(CONTENT, cut_after=20_000, bodies=1)
    with pytest.raises(ArtifactError):
        fetch("thing", progress=False)
    assert set(reasons(prune(), house.root).values()) == {"partial download", "lock"}
    prune(remove=True)
    assert everything(house.root / "data") == set()


def test_a_corrupt_download_goes(house):
    fetch("thing", progress=False).write_bytes(SAME_SIZE)
    assert reasons(prune(remove=True), house.root)["data/thing.bin"] == "corrupt"
    assert everything(house.root / "data") == set()


def test_a_download_that_the_manifest_no_longer_knows_goes(house):
    fetch("thing", progress=False)
    fetch("other", progress=False)
    house.write_manifest(["other"])
    assert reasons(prune(remove=True), house.root)["data/thing.bin"] == "no longer in the manifest"
    assert everything(house.root / "data") == {"other.bin", ".zoo/other.bin.json"}


def test_files_that_fetching_did_not_make_stay(house):
    fetch("other", progress=False)
    house.thing.write_bytes(CONTENT)
    (house.root / "data" / "notes.txt").write_text("mine")
    assert states(["thing"]) == {"thing": "verified"}  # and records that it was found, not downloaded
    house.thing.write_bytes(SAME_SIZE)
    house.write_manifest(["other"])
    prune(remove=True)
    assert house.thing.read_bytes() == SAME_SIZE
    assert (house.root / "data" / "notes.txt").read_text() == "mine"


def test_a_download_that_the_user_changed_after_it_left_the_manifest_stays(house):
    fetch("thing", progress=False).write_bytes(b"my own notes")
    house.write_manifest(["other"])
    prune(remove=True)
    assert house.thing.read_bytes() == b"my own notes"


def test_a_file_that_git_tracks_stays(house):
    fetch("thing", progress=False)
    for command in (["init", "-q"], ["add", "-f", "data/thing.bin"]):
        subprocess.run(["git", "-C", house.root, *command], check=True)
    house.thing.write_bytes(SAME_SIZE)
    prune(remove=True)
    assert house.thing.exists()


def test_a_file_that_is_being_fetched_is_left_alone(house):
    fetch("thing", progress=False).write_bytes(SAME_SIZE)
    before = everything(house.root)
    with locked(Slot(manifest.artifact("thing"), house.root / "data")):
        assert prune(remove=True) == []
    assert everything(house.root) == before


def test_an_unfinished_unpacking_goes(house):
    folder = house.root / "data" / f"{upkeep.UNPACKING}xyz"
    (folder / "content").mkdir(parents=True)
    (folder / "content" / "a").write_bytes(b"12345")
    (leftover,) = prune(remove=True)
    assert (leftover.size, leftover.reason) == (5, "unfinished unpacking")
    assert not folder.exists()
