"""The entries of models that compare two texts."""

from collections.abc import Mapping

from zoo.catalogue.entry import Entry, Weights

CHOLLET = "Chollet 2017, Deep Learning with Python, section 7.1.5"
PARIKH = "Parikh et al. 2016, A Decomposable Attention Model; Chen et al. 2017 (ESIM); Tai et al. 2015"


def _text_similarity(
    name: str,
    parameters: int,
    summary: str,
    source: str,
    weights: Mapping[str, Weights] | None = None,
    *,
    for_tests: bool = False,
) -> Entry:
    return Entry(
        name=name,
        task="text-similarity",
        family="text_similarity",
        builder=f"zoo.models.text_similarity:{name}",
        summary=summary,
        inputs={
            "left": "(batch, length) integers: numbers of words, 0 for padding on the right, any length",
            "right": "the other text, likewise; its length may be another",
        },
        outputs={"score": "(batch, 1) how alike the texts are, on the data's own scale"},
        source=source,
        weights=weights or {},
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _text_similarity(
        "text_similarity",
        1_300_673,
        "one LSTM reads two texts, a sigmoid unit both of what it found; the reference",
        CHOLLET,
    ),
    _text_similarity(
        "text_similarity_manhattan",
        1_315_800,
        "one LSTM reads two texts; exp(-distance) of what it found",
        "Mueller and Thyagarajan 2016, Siamese Recurrent Architectures for Learning Sentence Similarity",
    ),
    _text_similarity(
        "text_similarity_aligned",
        1_894_203,
        "each word beside what the other text says in its place, compared; the best of the three",
        PARIKH,
        {
            "sick": Weights(
                file="text_similarity_aligned.sick.h5",
                data="SICK, non-commercial (weights/text_similarity_aligned.sick.card.json)",
                scores={"score": "r .831"},
            )
        },
    ),
    _text_similarity(
        "text_similarity_tiny", 4_561, "the reference for tests that run in milliseconds", CHOLLET, for_tests=True
    ),
    _text_similarity(
        "text_similarity_aligned_tiny",
        12_675,
        "the aligned network for tests that run in milliseconds",
        PARIKH,
        for_tests=True,
    ),
)
