"""`sts-b`: sentence pairs from captions, news and forums, with how alike they are.

Cer, Diab, Agirre, Lopez-Gazpio and Specia, "SemEval-2017 Task 1: Semantic Textual Similarity", 2017.
"""

from pathlib import Path

from zoo.artifacts import fetch, read_members
from zoo.datasets.dataset import Dataset
from zoo.datasets.pairs.build import WORDS, Pair, Scale, build_pairs
from zoo.errors import DataError

ARTIFACT = "stsbenchmark"
SCALE = Scale(0, 5)
SPLIT_OF = {"train": "train", "dev": "validation", "test": "test"}
_FIELDS = ("genre", "file", "year", "number", "score", "left", "right")  # more follow where a licence asks for it


def sts_benchmark(
    *, seed: int = 0, words: int = WORDS, vocabulary_size: int = 20_000, path: Path | str | None = None
) -> Dataset:
    """STS-B by its official splits: the development pairs are the validation. `seed` is taken and changes nothing.

    `path` is a Stsbenchmark archive of one's own; without it, the file is fetched. `Samples.groups["genre"]` holds
    captions, forums or news.
    """
    source = Path(path) if path is not None else fetch(ARTIFACT)
    splits = {
        split: [pair for _, content in read_members(source, f"sts-{name}.csv") for pair in read_sts(content.decode())]
        for name, split in SPLIT_OF.items()
    }
    return build_pairs(
        "sts-b",
        splits,
        SCALE,
        words=words,
        vocabulary_size=vocabulary_size,
        card={
            "source": "STS benchmark, Cer et al. 2017, http://ixa2.si.ehu.eus/stswiki/index.php/STSbenchmark",
            "licence": "CC BY-SA 4.0",
        },
    )


def read_sts(text: str) -> list[Pair]:
    """The pairs of one file: fields separated by tabs, never quoted, whatever its name says."""
    pairs = []
    for number, line in enumerate(text.split("\n"), start=1):
        fields = dict(zip(_FIELDS, line.rstrip("\r").split("\t"), strict=False))
        if not line.strip():
            continue
        if len(fields) < len(_FIELDS):
            raise DataError(f"Line {number} of a file of STS-B has {len(fields)} fields; {len(_FIELDS)} are needed.")
        genre = fields["genre"].removeprefix("main-")
        genre = "forums" if genre == "forum" else genre  # spelt in both ways
        pairs.append(Pair(fields["left"], fields["right"], float(fields["score"]), {"genre": genre}))
    return pairs
