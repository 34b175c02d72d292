"""The Blog Authorship Corpus: read with all its faults, split by author. Real where a mirror holds the sample."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.datasets.dataset import Dataset
from zoo.datasets.texts.blogs import INDUSTRIES, PIECES_PER_AUTHOR, blogs, read_blog
from zoo.errors import DataError, ZooError
from zoo.samples import MISSING_CLASS
from zoo.tasks import load_dataset

NAME = "5114.male.25.Arts.Leo.xml"
SPLITS = ("train", "validation", "test")


def blog(*posts: str) -> bytes:
    return (
        "".join(f"<date>1,May,2004</date>\n<post>\n{post}\n</post>\n" for post in posts)
        .join(["<Blog>", "</Blog>"])
        .encode()
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (blog("One.", "Two."), "One. Two."),
        (blog("a &amp; b &lt;3 &nbsp; &eacute; &#8217; AT&T &bogus;"), "a & b <3 é ’ AT&T &bogus;"),
        (blog("see urlLink here"), "see here"),
        (
            "<Blog><post>caf\u00e9\n".encode("latin-1") + "caf\u00e9</post></Blog>".encode(),
            "café café",
        ),  # mixed encodings
        (b"<Blog><post>a \x97 b</post></Blog>", "a — b"),  # Windows' Latin-1
        (b"<Blog><post>a\0b\x81</post></Blog>", "a b\ufffd"),
        (b"<Blog><post>closed</post><post>cut at 28 kB", "closed cut at 28 kB"),
        (b"<Blog><post>one<date>2,Mai,2004</date><post>two</post>", "one two"),
        # No XML parser reads this, so nothing is fetched or blown up.
        (b'<!DOCTYPE b [<!ENTITY e SYSTEM "file:///etc/passwd">]><post>&e;</post>', "&e;"),
    ],
)
def test_the_posts_of_a_blog_become_one_text(content, text):
    assert read_blog("blogs/" + NAME, content).text == text


def test_the_name_of_a_file_gives_the_labels():
    post = read_blog("7.female.33.Non-Profit.Leo.xml", blog("hi"))
    assert post.person == "7"
    assert post.labels == {"age": 33.0, "industry": "Non-Profit", "gender": "woman"}
    assert read_blog("7.male.33.indUnk.Leo.xml", blog("hi")).labels["industry"] is None


@pytest.mark.parametrize(
    "name", ["readme.xml", "7.other.33.Arts.Leo.xml", "7.male.x.Arts.Leo.xml", "7.male.33.Arts.xml"]
)
def test_other_files_are_left_out(name):
    assert read_blog(name, blog("hi")) is None


def test_a_blog_without_words_is_left_out():
    assert read_blog(NAME, blog(" ", "&nbsp;")) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read(content):
    for given_bytes in (content, b"<post>" + content):
        post = read_blog(NAME, given_bytes)
        assert post is None or post.text


@pytest.fixture
def folder(tmp_path) -> Path:
    """Forty authors; one of an industry beyond the ten; one who wrote far more than the others."""
    root = tmp_path / "blogs"
    root.mkdir()
    for i in range(40):
        industry = "Law" if i == 7 else INDUSTRIES[i % 10]
        text = blog(" ".join(f"own{i} shared" for _ in range(2_000 if i == 3 else 30)))
        (root / f"{i}.{'male' if i % 2 else 'female'}.{23 + i % 20}.{industry}.Leo.xml").write_bytes(text)
    (root / "notes.txt").write_text("not a blog")
    return root


def test_a_folder_and_its_archive_give_the_same_data(folder, tmp_path):
    archive = tmp_path / "blogs.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(folder.iterdir(), reverse=True):
            packed.write(file, f"blogs/{file.name}")
    one, other = blogs(path=folder, words=20), blogs(path=archive, words=20)
    for split in SPLITS:
        left, right = getattr(one, split), getattr(other, split)
        assert left.raw["posts"] == right.raw["posts"]
        assert np.array_equal(left.inputs["posts"], right.inputs["posts"])


def test_an_author_gives_sixteen_pieces_at_most_and_may_lack_an_industry(folder):
    data = blogs(path=folder, words=20)
    industries = {}
    for split in SPLITS:
        samples = getattr(data, split)
        for author, industry in zip(samples.groups["author"], samples.targets["industry"], strict=True):
            industries.setdefault(str(author), []).append(int(industry))
    assert len(industries) == 40
    assert len(industries["3"]) == PIECES_PER_AUTHOR
    assert {len(found) for author, found in industries.items() if author != "3"} == {3}
    assert set(industries["7"]) == {MISSING_CLASS}
    assert set(industries["11"]) == {1}


def test_a_path_without_blogs_is_named(tmp_path):
    with pytest.raises(DataError, match=r"No blog in .*expected files named like"):
        blogs(path=tmp_path)
    with pytest.raises(DataError, match=r"is neither blogs\.zip nor a folder"):
        blogs(path=tmp_path / "none")
    broken = tmp_path / "blogs.zip"
    broken.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ZooError, match=r"blogs\.zip"):
        blogs(path=broken)


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Dataset:
    if not os.environ.get("ZOO_MIRROR"):
        pytest.skip("set ZOO_MIRROR to a mirror that holds the sample of the Blog Authorship Corpus")
    before = os.environ.get("ZOO_DATA")
    os.environ["ZOO_DATA"] = before or str(tmp_path_factory.mktemp("data"))
    try:
        return load_dataset("blogs")
    finally:
        if before is None:
            del os.environ["ZOO_DATA"]


def test_the_real_sample_is_whole_and_split_by_author(real):
    authors = {split: set(getattr(real, split).groups["author"].tolist()) for split in SPLITS}
    assert {split: len(found) for split, found in authors.items()} == {"train": 1041, "validation": 149, "test": 297}
    assert len(set.union(*authors.values())) == 1487
    assert sum(len(getattr(real, split)) for split in SPLITS) == 9_306


def test_the_real_sample_is_balanced_and_labelled(real):
    for split in SPLITS:
        samples = getattr(real, split)
        _, first = np.unique(samples.groups["author"], return_index=True)
        women = samples.targets["gender"][first].mean()
        assert abs(women - 737 / 1487) < 0.02
        industries = np.bincount(samples.targets["industry"][first], minlength=10) / len(first)
        assert np.all(np.abs(industries - 0.1) < 0.02)
        young = (samples.targets["age"][first] < 30).mean()
        assert abs(young - 1093 / 1487) < 0.02
        assert 23 <= samples.targets["age"].min() <= samples.targets["age"].max() <= 48


def test_the_real_pieces_are_words_of_the_training_vocabulary(real):
    assert real.schema.of("text")[0].tokeniser.size == 50_000
    for split in SPLITS:
        samples = getattr(real, split)
        assert samples.inputs["posts"].shape == (len(samples), 500)
        assert 0 <= samples.inputs["posts"].min() <= samples.inputs["posts"].max() < 50_000
        lengths = (samples.inputs["posts"] != 0).sum(axis=1)
        _, first, pieces = np.unique(samples.groups["author"], return_index=True, return_counts=True)
        assert lengths[np.isin(samples.groups["author"], samples.groups["author"][first][pieces > 1])].min() >= 250
        assert (samples.inputs["posts"] == 1).mean() < 0.03
    row = real.test.inputs["posts"][5]
    assert np.array_equal(real.schema.of("text")[0].tokeniser.encode(real.test.raw["posts"][5])[:500], row[row != 0])
    assert real.schema.of("text")[0].tokeniser.known_share(real.train.raw["posts"][0]) > 0.95
