"""The Blog Authorship Corpus: blogs with the age, industry and gender of their authors.

Schler, Koppel, Argamon and Pennebaker, "Effects of Age and Gender on Blogging", AAAI Spring Symposium 2006. No public
corpus pairs text with income, so the industry stands in its place. For non-commercial research only.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from zoo.artifacts import fetch, read_members
from zoo.datasets.dataset import Dataset
from zoo.datasets.texts.build import Post, build
from zoo.errors import DataError
from zoo.samples import Target

ARTIFACT = "blogs.sample"
PIECES_PER_AUTHOR = 16  # one author of the sample wrote 777 pieces, all others 15 at most
INDUSTRIES = (
    "Arts",
    "Communications-Media",
    "Consulting",
    "Education",
    "Engineering",
    "Government",
    "Internet",
    "Non-Profit",
    "Student",
    "Technology",
)  # the ten most frequent known ones among adults
GENDERS = {"male": "man", "female": "woman"}
TARGETS = {
    "age": Target("regression", unit="years"),
    "industry": Target("classification", INDUSTRIES),
    "gender": Target("binary", ("man", "woman")),
}
_FILE_NAME = re.compile(r"(\d+)\.(female|male)\.(\d+)\.([^./]+)\.[^./]+\.xml")
# The files are XML by name only: stray bytes, bare ampersands, no escaping. Nothing but the post marks is read as such.
_POST = re.compile(r"<post>(.*?)(?:</post>|(?=<date>)|\Z)", re.DOTALL)


def blogs(*, seed: int = 0, words: int = 500, vocabulary_size: int = 50_000, path: Path | str | None = None) -> Dataset:
    """The first 16 pieces of `words` words of each author; authors shared out 70:10:20.

    `path` is the official blogs.zip or the folder unpacked from it; without it, the sample of 1,487 authors (adults of
    ten industries) is fetched. Authors of any other industry stay, without that label. `Samples.groups["author"]`
    holds the number of the author. Raises `DataError` when the path holds no blogs.
    """
    source = Path(path) if path is not None else fetch(ARTIFACT)
    posts = [post for name, content in _files(source) if (post := read_blog(name, content))]
    if not posts:
        raise DataError(f"No blog in {source}: expected files named like '5114.male.25.indUnk.Scorpio.xml'.")
    return build(
        "blogs",
        posts,
        TARGETS,
        group="author",
        words=words,
        vocabulary_size=vocabulary_size,
        seed=seed,
        card={
            "source": "Blog Authorship Corpus, Schler et al. 2006, https://u.cs.biu.ac.il/~koppel/BlogCorpus.htm",
            "licence": "non-commercial research",
            "archive": source.name,
        },
        pieces_per_post=PIECES_PER_AUTHOR,
    )


def read_blog(name: str, content: bytes) -> Post | None:
    """All posts of one author, in order; None when the name is not that of a blog, or the blog has no words.

    >>> read_blog("7.male.25.Arts.Leo.xml", b"<Blog><date>1,May,2004</date><post> Caf\\xe9 &amp; bar </post></Blog>")
    Post(person='7', text='Café & bar', labels={'age': 25.0, 'industry': 'Arts', 'gender': 'man'})
    """
    described = _FILE_NAME.fullmatch(name.rpartition("/")[2])
    if not described:
        return None
    author, gender, age, industry = described.groups()
    written = "\n".join(_POST.findall(_decode(content)))
    # "urlLink" is what the collectors left of a link: nobody types it.
    text = " ".join(html.unescape(written).replace("urlLink", " ").replace("\0", " ").split())
    labels = {
        "age": float(age),
        "industry": industry if industry in INDUSTRIES else None,
        "gender": GENDERS[gender],
    }
    return Post(author, text, labels) if text else None


def _decode(content: bytes) -> str:
    """Line by line, since one file may mix encodings: UTF-8 where it is, else Windows' Latin-1."""
    lines = []
    for line in content.split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
    return "\n".join(lines)


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file of the corpus, by name."""
    if source.is_dir():
        for file in sorted(source.rglob("*.xml")):
            yield file.name, file.read_bytes()
    elif source.is_file():
        yield from sorted(read_members(source, ".xml"))
    else:
        raise DataError(f"{source} is neither blogs.zip nor a folder of blogs.")
