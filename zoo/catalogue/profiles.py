"""The entries of models for texts and vectors."""

from collections.abc import Mapping

from zoo.catalogue.entry import Entry, Weights


def _author_profile(
    name: str, parameters: int, summary: str, weights: Mapping[str, Weights] | None = None, *, for_tests: bool = False
) -> Entry:
    return Entry(
        name=name,
        task="author-profiling",
        family="author_profile",
        builder=f"zoo.models.author_profile:{name}",
        summary=summary,
        inputs={"posts": "(batch, length) integers: numbers of words, 0 for padding on the right, any length"},
        outputs={
            "age": "(batch, 1) years",
            "income": "(batch, 10) probabilities of income groups; 'industry' may stand in its place",
            "gender": "(batch, 1) probability of the second label",
        },
        source="Chollet 2017, Deep Learning with Python, section 7.1.3",
        weights=weights or {},
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _author_profile(
        "author_profile", 14_146_316, "age, income group and gender of an author from posts; the reference"
    ),
    _author_profile(
        "author_profile_small",
        572_812,
        "the same network at about a quarter of the width, for two cores",
        {
            "posts": Weights(
                file="author_profile_small.posts.h5",
                data="generated posts, seed 0 (weights/author_profile_small.posts.card.json)",
                scores={"age": "MAE 3.30 years", "income": "accuracy 59.0 %", "gender": "accuracy 89.2 %"},
            )
        },
    ),
    _author_profile(
        "author_profile_wide",
        1_414_870,
        "one convolution beside a bag of words and word pairs, for few authors with long texts",
    ),
    _author_profile(
        "author_profile_tiny", 5_820, "the same network for tests that run in milliseconds", for_tests=True
    ),
    Entry(
        name="sequential_twin",
        task="vector-classification",
        family="sequential_twin",
        builder="zoo.models.sequential_twin:sequential_twin",
        summary="three dense layers: a Sequential stack, written with the functional API",
        inputs={"features": "(batch, 64) numbers"},
        outputs={"category": "(batch, 10) probabilities"},
        source="Chollet 2017, Deep Learning with Python, section 7.1.1",
        parameters=3_466,
    ),
)
