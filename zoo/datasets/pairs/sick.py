"""`sick`: sentences about pictures and videos, in pairs, with how related they are and whether one follows.

Marelli, Menini, Baroni, Bentivogli, Bernardi and Zamparelli, "A SICK cure for the evaluation of compositional
distributional semantic models", LREC 2014. Sentences of one origin stand in many pairs, in all three splits: that is
the official division.
"""

from pathlib import Path

from zoo.artifacts import fetch, read_members
from zoo.datasets.dataset import Dataset
from zoo.datasets.pairs.build import WORDS, Pair, Scale, build_pairs
from zoo.errors import DataError

ARTIFACT = "sick"
SCALE = Scale(1, 5)
SPLIT_OF = {"TRAIN": "train", "TRIAL": "validation", "TEST": "test"}
_COLUMNS = ("sentence_A", "sentence_B", "relatedness_score", "entailment_label", "SemEval_set")


def sick(
    *, seed: int = 0, words: int = WORDS, vocabulary_size: int = 10_000, path: Path | str | None = None
) -> Dataset:
    """SICK by its official splits: the trial pairs are the validation. `seed` is taken and changes nothing.

    `path` is a SICK.zip of one's own; without it, the file is fetched. `Samples.groups["entailment"]` holds the label.
    """
    source = Path(path) if path is not None else fetch(ARTIFACT)
    texts = [content.decode("utf-8") for _, content in read_members(source, "SICK.txt")]
    if not texts:
        raise DataError(f"There is no SICK.txt in {source}.")
    return build_pairs(
        "sick",
        read_sick(texts[0]),
        SCALE,
        words=words,
        vocabulary_size=vocabulary_size,
        card={
            "source": "SICK, Marelli et al. 2014, https://zenodo.org/record/2787612",
            "licence": "CC BY-NC-SA 3.0",
        },
    )


def read_sick(text: str) -> dict[str, list[Pair]]:
    """The pairs of each split out of the text of SICK.txt. Raises `DataError` where a column is missing."""
    header, *lines = [line.split("\t") for line in text.splitlines() if line.strip()]
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise DataError(f"SICK.txt lacks the column '{missing[0]}'; found: {', '.join(header)}.")
    places = [header.index(column) for column in _COLUMNS]
    splits: dict[str, list[Pair]] = {split: [] for split in SPLIT_OF.values()}
    for line in lines:
        left, right, score, label, split = (line[place].strip() for place in places)
        splits[SPLIT_OF[split]].append(Pair(left, right, float(score), {"entailment": label.casefold()}))
    return splits
