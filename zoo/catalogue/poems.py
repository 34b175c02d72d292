"""The entries of language models of poems."""

from collections.abc import Mapping

from zoo.catalogue.entry import Entry, Weights


def _poem(
    name: str, parameters: int, summary: str, weights: Mapping[str, Weights] | None = None, *, for_tests: bool = False
) -> Entry:
    return Entry(
        name=name,
        task="poem-writing",
        family="poem",
        builder=f"zoo.models.poem:{name}",
        summary=summary,
        inputs={
            "character": "(batch, length) integers: the character before each step, 0 for padding on the right",
            "above": "likewise: the character in the same place of the line above",
            "rhyme": "likewise: the last character of the line to rhyme with",
            "place": "likewise: place in the line, from 1",
            "left": "likewise: characters that the line still lacks",
            "line": "likewise: number of the line, from 1",
            "form": "likewise: lines of the poem",
        },
        outputs={"next": "(batch, length, vocabulary) probabilities of the character of every step"},
        source="Mikolov et al. 2010, Recurrent neural network based language model; Press and Wolf 2017",
        weights=weights or {},
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _poem(
        "poem",
        1_354_360,
        "a recurrent language model of poems: what comes next, given the form",
        {
            "tang": Weights(
                file="poem.tang.h5",
                data="49,025 Tang poems in traditional characters (weights/poem.tang.card.json)",
                scores={"next": "perplexity 153.3 on held-out quatrains of seven characters a line (trigram 358.3)"},
            )
        },
    ),
    _poem("poem_tiny", 7_526, "the same network for tests that run in milliseconds", for_tests=True),
)
