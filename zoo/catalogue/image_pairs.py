"""The entries of models that compare two pictures."""

from zoo.catalogue.entry import Entry

_CHOLLET = "Chollet 2017, Deep Learning with Python, section 7.1.5; Bromley et al. 1993"
_KOCH = "Koch et al. 2015, Siamese Neural Networks for One-shot Image Recognition; Vinyals et al. 2016, section 4.1"


def _entry(
    name: str, parameters: int, summary: str, shape: str, source: str = _CHOLLET, *, for_tests: bool = False
) -> Entry:
    return Entry(
        name=name,
        task="image-similarity",
        family="image_similarity",
        builder=f"zoo.models.image_similarity:{name}",
        summary=summary,
        inputs={
            "left": f"(batch, {shape}) numbers, normalised",
            "right": "the other picture, likewise",
        },
        outputs={"same": "(batch, 1) the probability that both show the same"},
        source=source,
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _entry(
        "image_similarity",
        20_865_577,
        "Xception, or any other backbone, reads two pictures; a sigmoid unit compares what it found",
        "299, 299, 3",
    ),
    _entry("image_similarity_small", 185_890, "four convolutions for small pictures and drawings", "64, 64, 1", _KOCH),
    _entry("image_similarity_tiny", 517, "for tests that run in milliseconds", "16, 16, 1", for_tests=True),
)
