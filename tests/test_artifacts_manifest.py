"""The tracked manifest is sound, agrees with the mirror, and is found wherever the zoo runs from."""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from zoo.artifacts import Artifact, artifact, artifacts, download_folder, fetch, folders, read_manifest, tracked_folder
from zoo.errors import ArtifactError, UnknownNameError

ROOT = Path(__file__).resolve().parents[1]
MIRROR = Path(os.environ.get("ZOO_MIRROR", "missing"))
GOOD = {"name": "x", "kind": "data", "file": "x.bin", "size": 1, "sha256": "0" * 64}
needs_mirror = pytest.mark.skipif(not MIRROR.is_dir(), reason="ZOO_MIRROR is not a folder with the real files")


def test_every_entry_says_where_it_comes_from_and_under_which_terms():
    for item in artifacts():
        assert item.licence, item
        assert item.source, item
        assert all(url.startswith("https://") for url in item.urls), item
        tracked = (tracked_folder() / item.file).is_file()
        assert item.urls or item.mirror or item.package or tracked, f"{item.name}: no source at all"


def test_kinds_share_out_the_manifest():
    assert [*artifacts("data"), *artifacts("weights")] != []
    assert {item.name for item in [*artifacts("data"), *artifacts("weights")]} == {item.name for item in artifacts()}
    with pytest.raises(UnknownNameError, match="did you mean 'weights'"):
        artifacts("weight")


@needs_mirror
@pytest.mark.parametrize("item", [item for item in artifacts() if item.mirror], ids=lambda item: item.name)
def test_the_mirror_holds_what_the_manifest_says(item):
    content = (MIRROR / item.mirror).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (item.size, item.sha256)


@needs_mirror
def test_the_manifest_covers_what_the_zoo_reads_of_the_mirror():
    """The mirror also holds files that a test or a benchmark reads as a user would: these have no public address."""
    lines = (MIRROR / "SHA256SUMS").read_text().splitlines()
    listed = {line.split()[1].removeprefix("./"): line.split()[0] for line in lines}
    known = {item.mirror: item.sha256 for item in artifacts() if item.mirror}
    assert known.items() <= listed.items()
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "zoo").rglob("*.py"))]
    others = [name for name in listed if name not in known and "/" in name]  # the rest explains the mirror itself
    assert [name for name in others if any(name in source for source in sources)] == []


@needs_mirror
@pytest.mark.parametrize("name", ["mnist.test-labels", "imagenet.classes"])
def test_a_real_file_comes_from_the_mirror(tmp_path, name):
    assert fetch(name, folder=tmp_path, progress=False).stat().st_size == artifact(name).size


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "wieghts"}, "did you mean 'weights'"),
        ({"file": "../x"}, "expected a plain file name"),
        ({"file": ".zoo"}, "expected a plain file name"),
        ({"size": 0}, "expected a number of bytes above 0"),
        ({"size": True}, "expected a number of bytes above 0"),
        ({"sha256": "abc"}, "expected 64 hexadecimal digits"),
        ({"urls": ["ftp://host/x"]}, r"expected http\(s\) addresses"),
        ({"urls": ["https:///x"]}, r"expected http\(s\) addresses"),
        ({"mirror": "/x"}, "expected a relative path"),
        ({"mirror": "a/../../x"}, "expected a relative path"),
        ({"md5": "0" * 32}, "the hash is 'sha256 and md5'; expected one of sha256, md5, sha256_prefix"),
        ({"sha256": None, "md5": "0" * 31}, "md5 is '0+'; expected 32 hexadecimal digits"),
        ({"sha256": None, "sha256_prefix": "0" * 7}, "expected 8 to 63 hexadecimal digits"),
        ({"crc": "0"}, "has the unknown key 'crc'"),
        ({"package": "/x"}, "package is '/x'; expected a relative path"),
        ({"licens": "MIT"}, "did you mean 'licence'"),
    ],
)
def test_an_unsound_entry_is_told(tmp_path, change, told):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"artifacts": [{**GOOD, **change}]}))
    with pytest.raises((ArtifactError, UnknownNameError), match=told):
        read_manifest(path)


def test_an_unsound_manifest_is_told(tmp_path):
    path = tmp_path / "manifest.json"
    for text, told in [
        ("{", "is not a manifest"),
        ("[]", "is not a manifest"),
        ('{"artifacts": [{"name": "x"}]}', "lacks kind, file, size, a hash"),
        ('{"artifacts": [3]}', "an artifact is 3"),
        (json.dumps({"artifacts": [GOOD, {**GOOD, "file": "y"}]}), "repeats the name or the file of 'x'"),
        (json.dumps({"artifacts": [GOOD, {**GOOD, "name": "y", "file": "X.BIN"}]}), "repeats the name or the file"),
    ]:
        path.write_text(text)
        with pytest.raises(ArtifactError, match=told):
            read_manifest(path)
    with pytest.raises(ArtifactError, match="is not a manifest"):
        read_manifest(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("field", "value", "digest", "fits"),
    [
        ("md5", "ab" * 16, "ab" * 16, True),
        ("md5", "ab" * 16, "ab" * 15 + "aa", False),
        ("sha256_prefix", "57934424", "57934424" + "0" * 56, True),
        ("sha256_prefix", "57934424", "57934425" + "0" * 56, False),
    ],
)
def test_a_file_is_known_by_the_hash_that_its_publisher_gives(field, value, digest, fits):
    checksum = Artifact(**{**GOOD, "sha256": None, "size": None, field: value}).checksum
    assert (checksum.field, checksum.algorithm) == (field, field.partition("_")[0])
    assert checksum.fits(digest) is fits


def test_two_manifests_may_not_share_a_name_or_a_file(tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text(json.dumps({"artifacts": [GOOD]}))
    two.write_text(json.dumps({"artifacts": [{**GOOD, "name": "y"}]}))
    with pytest.raises(ArtifactError, match="'y' repeats the name or the file of 'x'"):
        read_manifest(one, two)


def test_a_sound_manifest_reads_back(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"artifacts": [{**GOOD, "urls": ["https://host/x"]}]}))
    assert read_manifest(path) == {"x": Artifact(**{**GOOD, "urls": ("https://host/x",)})}


def test_downloads_go_where_the_user_says_else_beside_the_checkout_else_to_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "mine"))
    monkeypatch.delenv("ZOO_WEIGHTS", raising=False)
    assert download_folder("data") == tmp_path / "mine"
    assert download_folder("weights") == ROOT / "weights"
    monkeypatch.setattr(folders, "PACKAGE_PARENT", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "keras-functional-zoo" in download_folder("weights").parts
    assert download_folder("weights").name == "weights"


@pytest.mark.parametrize("site", ["lib/python3.12/site-packages", "Lib/site-packages", "."])
def test_an_installed_package_finds_its_manifest_in_the_environment(tmp_path, monkeypatch, site):
    monkeypatch.setattr(folders, "PACKAGE_PARENT", tmp_path / site)
    with pytest.raises(ArtifactError, match="The zoo's manifest is not at"):
        tracked_folder()
    share = tmp_path / "share" / "keras-functional-zoo" / "weights"
    share.mkdir(parents=True)
    (share / "manifest.json").write_text("{}")
    assert tracked_folder() == share


def test_a_wheel_carries_what_git_tracks_in_the_folder():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    carried = set()
    for folder, patterns in project["tool"]["setuptools"]["data-files"].items():
        files = {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)}
        assert all(f"share/keras-functional-zoo/{file}".rpartition("/")[0] == folder for file in files), folder
        carried |= files
    listing = subprocess.run(["git", "-C", ROOT, "ls-files", "weights"], capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("git is needed to know what is tracked")
    assert carried == set(listing.stdout.splitlines())


def test_importing_the_room_imports_neither_network_nor_terminal_nor_framework():
    code = "import sys, zoo.artifacts; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["requests", "urllib3", "rich", "filelock", "platformdirs", "numpy", "keras", "tensorflow"]
    found = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout == "[]\n"
