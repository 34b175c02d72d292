"""Archives are unpacked whole or not at all, below their folder, within bounds, and whatever their names say."""

import gzip
import io
import itertools
import os
import random
import struct
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.artifacts import extract, read_members
from zoo.errors import ArtifactError, UnknownNameError

FILES = {"a.txt": b"alpha", "sub/b.txt": b"beta" * 1000, "sub/deep/c.bin": bytes(range(256))}
KINDS = ("zip", "tar", "tar.gz", "tgz")
counter = itertools.count()


def pack(folder, files, kind="zip"):
    path = Path(folder) / f"packed{next(counter)}.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in files.items():
                info = zipfile.ZipInfo()
                info.filename, info.compress_type = name, zipfile.ZIP_DEFLATED  # past the constructor's corrections
                file.writestr(info, content)
    else:
        with tarfile.open(path, "w" if kind == "tar" else "w:gz") as file:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
    return path


def tar_of(folder, info, content=b""):
    path = Path(folder) / f"packed{next(counter)}.tar"
    with tarfile.open(path, "w") as file:
        file.addfile(info, io.BytesIO(content))
    return path


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_files_come_out_as_they_went_in(tmp_path, kind):
    archive = pack(tmp_path, FILES, kind)
    assert tree(extract(archive, tmp_path / "out")) == FILES
    assert dict(read_members(archive)) == FILES
    assert dict(read_members(archive, ".txt")) == {name: FILES[name] for name in ("a.txt", "sub/b.txt")}


def test_a_gz_file_is_one_member(tmp_path):
    (tmp_path / "labels.gz").write_bytes(gzip.compress(b"0123"))
    assert tree(extract(tmp_path / "labels.gz", tmp_path / "out")) == {"labels": b"0123"}
    assert list(read_members(tmp_path / "labels.gz")) == [("labels", b"0123")]


@pytest.mark.parametrize("kind", KINDS)
def test_chosen_members_alone_come_out(tmp_path, kind):
    archive = pack(tmp_path, FILES, kind)
    assert tree(extract(archive, tmp_path / "out", members=["sub/b.txt"])) == {"sub/b.txt": FILES["sub/b.txt"]}
    with pytest.raises(UnknownNameError, match=r"did you mean 'sub/b\.txt'"):
        extract(archive, tmp_path / "other", members=["sub/b.text"])
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    ["../up.txt", "a/../../up.txt", "/tmp/root.txt", "..", "a/..", ".. /up.txt", "...", "C:/up.txt", "a\\..\\up.txt",
     "\\\\host\\share", "a\x1bb", "file.txt:stream", "a//b"],
)  # fmt: skip
def test_an_unsafe_name_stops_the_whole_archive(tmp_path, kind, name):
    archive = pack(tmp_path, {"good.txt": b"good", name: b"bad"}, kind)
    with pytest.raises(ArtifactError, match="unsafe name"):
        extract(archive, tmp_path / "in" / "out")
    with pytest.raises(ArtifactError, match="unsafe name"):
        list(read_members(archive))
    assert tree(tmp_path / "in") == {}


def test_a_name_cut_by_a_zero_byte_is_refused(tmp_path):
    archive = pack(tmp_path, {"good.txtX/../../evil": b"bad"})
    archive.write_bytes(archive.read_bytes().replace(b"good.txtX", b"good.txt\0"))
    with pytest.raises(ArtifactError, match="unsafe name"):
        extract(archive, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_a_tar_are_refused(tmp_path, kind):
    info = tarfile.TarInfo("thing")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(ArtifactError, match="link or device"):
        extract(tar_of(tmp_path, info), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(ArtifactError, match="link or device"):
        extract(tmp_path / "links.zip", tmp_path / "out")


def test_unpacked_files_get_no_rights_from_the_archive(tmp_path):
    info = tarfile.TarInfo("program")
    info.mode, info.size = 0o6777, 4
    out = extract(tar_of(tmp_path, info, b"code"), tmp_path / "out")
    assert (out / "program").stat().st_mode & 0o7111 == 0


@pytest.mark.parametrize(
    ("kind", "bound", "told"),
    [(kind, {"max_bytes": 5_000_000}, "5,000,000 bytes") for kind in (*KINDS, "gz")]
    + [(kind, {}, "200 times its size") for kind in ("zip", "tar.gz", "tgz", "gz")],
)
def test_a_bomb_stops_at_the_bound(tmp_path, kind, bound, told):
    zeros = bytes(30_000_000)
    if kind == "gz":
        archive = tmp_path / "bomb.gz"
        archive.write_bytes(gzip.compress(zeros))
    else:
        archive = pack(tmp_path, {"bomb": zeros}, kind)
    for use in (
        lambda: extract(archive, tmp_path / "in" / "out", **bound),
        lambda: list(read_members(archive, **bound)),
    ):
        with pytest.raises(ArtifactError, match=told):
            use()
    assert tree(tmp_path / "in") == {}


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path):
    content = bytes(2_000_000)
    archive = pack(tmp_path, {"bomb": content})
    archive.write_bytes(archive.read_bytes().replace(struct.pack("<I", len(content)), struct.pack("<I", 10)))
    with pytest.raises(ArtifactError):
        extract(archive, tmp_path / "out", max_bytes=1000)
    assert not (tmp_path / "out").exists()


def test_a_skipped_bomb_costs_no_more_than_the_bound(tmp_path):
    archive = pack(tmp_path, {"bomb": bytes(30_000_000), "small.txt": b"small"}, "tar.gz")
    with pytest.raises(ArtifactError, match="200 times"):
        extract(archive, tmp_path / "out", members=["small.txt"])


def test_a_tar_header_as_large_as_memory_is_refused(tmp_path):
    info = tarfile.TarInfo("thing")
    info.pax_headers = {"comment": "x" * 3_000_000}
    path = tmp_path / "long.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as file:
        file.addfile(info)
    with pytest.raises(ArtifactError, match="a header of"):
        extract(path, tmp_path / "out", max_ratio=1e9)


@pytest.mark.parametrize("kind", KINDS)
def test_too_many_members_are_refused(tmp_path, kind):
    archive = pack(tmp_path, {f"{number}.txt": b"" for number in range(11)}, kind)
    with pytest.raises(ArtifactError, match="more than 10 members"):
        extract(archive, tmp_path / "out", max_files=10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("names", [("a", "A"), ("a/b", "./a/b"), ("a", "a/b"), ("a/b", "a")])
def test_names_that_meet_on_the_disk_are_refused(tmp_path, kind, names):
    archive = pack(tmp_path, dict.fromkeys(names, b"x"), kind)
    with pytest.raises(ArtifactError, match=r"twice|both as a file and as a folder"):
        extract(archive, tmp_path / "in" / "out")
    assert tree(tmp_path / "in") == {}


def test_an_encrypted_member_is_refused(tmp_path):
    archive = pack(tmp_path, {"secret": b"x"})
    content = bytearray(archive.read_bytes())
    content[6] |= 1  # the flags of the member's own header, and of the directory's
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(ArtifactError, match="encrypted"):
        extract(archive, tmp_path / "out")


def test_an_existing_folder_is_never_written_into(tmp_path):
    (tmp_path / "out").mkdir()
    archive = pack(tmp_path, FILES)
    assert tree(extract(archive, tmp_path / "out")) == FILES  # empty: as good as none
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="exists already"):
        extract(archive, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_a_tar_that_ends_between_two_members_is_refused(tmp_path, kind):
    whole = pack(tmp_path, FILES, "tar").read_bytes()
    second = whole.index(b"sub/b.txt")
    cut, damaged = whole[:second], whole[:second] + b"X" * 512 + whole[second + 512 :]
    for content in (cut, damaged):
        archive = tmp_path / f"short.{kind}"
        archive.write_bytes(content if kind == "tar" else gzip.compress(content))
        with pytest.raises(ArtifactError, match="ends too early"):
            extract(archive, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_other_files_are_told_from_archives(tmp_path):
    (tmp_path / "notes.rar").write_bytes(b"")
    (tmp_path / "text.zip").write_text("no zip at all")
    with pytest.raises(ArtifactError, match=r"ends in \.zip, \.tar"):
        extract(tmp_path / "notes.rar", tmp_path / "out")
    with pytest.raises(ArtifactError, match="not a sound archive"):
        list(read_members(tmp_path / "text.zip"))
    with pytest.raises(ArtifactError, match=r"Cannot read the archive .*No such file"):
        list(read_members(tmp_path / "missing.zip"))


names = st.text(
    st.one_of(st.sampled_from("./\\:~ \0ab"), st.characters(codec="utf-8")), min_size=1, max_size=30
)  # fmt: skip


@settings(max_examples=150)
@given(st.dictionaries(names, st.binary(max_size=20), min_size=1, max_size=4), st.sampled_from(KINDS))
def test_no_name_leads_out_of_the_folder(tmp_path_factory, files, kind):
    base = tmp_path_factory.mktemp("fuzz")
    archive = pack(base, files, kind)
    inner = base / "x" / "y" / "z"
    inner.mkdir(parents=True)
    before = tree(base)
    try:
        extract(archive, inner / "out")
    except ArtifactError:
        assert not (inner / "out").exists()
    after = {name: content for name, content in tree(base).items() if not name.startswith("x/y/z/out/")}
    assert after == before
    assert sorted(os.listdir(inner)) in ([], ["out"])


@settings(max_examples=150)
@given(st.sampled_from(KINDS), st.integers(0, 2**32), st.integers(1, 8))
def test_a_damaged_archive_is_an_artifact_error_or_read(tmp_path_factory, kind, seed, flips):
    archive = pack(tmp_path_factory.mktemp("damaged"), FILES, kind)
    content = bytearray(archive.read_bytes())
    chance = random.Random(seed)
    for _ in range(flips):
        content[chance.randrange(len(content))] = chance.randrange(256)
    archive.write_bytes(content[: chance.randrange(len(content)) + 1] if chance.random() < 0.3 else content)
    with suppress(ArtifactError):  # any other exception fails
        list(read_members(archive))
