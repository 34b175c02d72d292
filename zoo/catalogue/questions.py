"""The entries of models that answer questions about a text."""

from collections.abc import Mapping

from zoo.catalogue.entry import Entry, Weights

OUTPUTS = {"answer": "(batch, answers) probabilities of the answers of the vocabulary"}
MEMORY_INPUTS = {
    "question": "(batch, words) integers: numbers of words, 0 for padding on the right",
    "text": "(batch, sentences, words) integers, likewise, the oldest sentence first",
}
TEXT_INPUTS = {
    "text": "(batch, length) integers: numbers of words, 0 for padding on the right, any length",
    "question": "(batch, words) integers, likewise",
}


def _memory_network(
    name: str, parameters: int, summary: str, weights: Mapping[str, Weights] | None = None, *, for_tests: bool = False
) -> Entry:
    return Entry(
        name=name,
        task="question-answering",
        family="memory_network",
        builder=f"zoo.models.memory_network:{name}",
        summary=summary,
        inputs=MEMORY_INPUTS,
        outputs=OUTPUTS,
        source="Sukhbaatar et al. 2015, End-To-End Memory Networks, arXiv 1503.08895",
        weights=weights or {},
        parameters=parameters,
        for_tests=for_tests,
    )


def _question_answering(name: str, parameters: int, summary: str, *, for_tests: bool = False) -> Entry:
    return Entry(
        name=name,
        task="question-answering",
        family="question_answering",
        builder=f"zoo.models.question_answering:{name}",
        summary=summary,
        inputs=TEXT_INPUTS,
        outputs=OUTPUTS,
        source="Chollet 2017, Deep Learning with Python, section 7.1.2",
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _question_answering("question_answering", 1_000_052, "an LSTM reads a text, another one a question; the reference"),
    _question_answering(
        "question_answering_tiny", 4_628, "the same network for tests that run in milliseconds", for_tests=True
    ),
    _memory_network(
        "memory_network",
        20_000,
        "looks up the sentences of a story that answer a question, in three hops",
        {
            "babi": Weights(
                file="memory_network.babi.h5",
                data="all twenty tasks of bAbI (1k) together, seed 0 (weights/memory_network.babi.card.json)",
                scores={"answer": "accuracy 84.4 %, mean of the tasks"},
            )
        },
    ),
    _memory_network(
        "memory_network_tiny", 6_288, "the same network for tests that run in milliseconds", for_tests=True
    ),
)
