"""What the trained model of Tang poems writes: form, rhyme, tones, variety, and how much of it was there before.

    python -m benchmarks.texts.poem_generation           # about 3 minutes; writes results/poem_generation.json
    python -m benchmarks.texts.poem_generation speed     # about 2 minutes; writes results/poem_generation_speed.json

1,000 quatrains of each form, freely, with rhyme, and with rhyme and regulated tones, beside the quatrains of the test
split, which the model was not trained on and which share no line with those that it was. Variety is compared on equally
many poems.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.datasets.poems.chinese import read_chinese
from zoo.datasets.poems.split import split_poems
from zoo.pipeline import Pipeline
from zoo.poetry import (
    Constraints,
    Corpus,
    Form,
    Language,
    Settings,
    common_rhymes,
    distinct_pairs,
    in_form,
    is_regulated,
    make_plan,
    pingshui,
    rhymes,
    write,
)
from zoo.records import write_record
from zoo.tasks.poem_language import language_of, read_poem_model
from zoo.tasks.poems import verse_of

Poems = Sequence[Sequence[str]]

WEIGHTS = "poem.tang"
FORMS = ("5x4", "7x4")
WRITTEN = 1_000
KINDS: dict[str, dict[str, Any]] = {
    "free": {},
    "rhyme": {"rhyme": "on"},
    "rhyme and tones": {"rhyme": "on", "tones": "regulated"},
}
TEMPERATURE, TOP_P = 0.8, 0.95  # the defaults of examples.write_poem
SHOWN = 3  # poems of the README: the first of the seed
ROUNDS = 5


def corpus_of(trained: Pipeline) -> tuple[Poems, Poems]:
    """The poems that the model was trained on, and those of its test split."""
    poems = read_chinese(trained.origin["data"])
    numbers = split_poems(poems, seed=trained.origin["data_options"]["seed"])
    train, test = ([poems[number] for number in numbers[split]] for split in ("train", "test"))
    return train, test


def judged(poems: Poems, form: Form, corpus: Corpus, *, alike: int) -> dict[str, Any]:
    """Shares of poems in form, rhymed and regulated; variety on the first `alike`; what stands in the corpus."""
    return {
        "poems": len(poems),
        "in_form": np.mean([in_form(poem, form) for poem in poems]),
        "rhymed": np.mean([rhymes(poem, pingshui()) for poem in poems]),
        "regulated": np.mean([is_regulated(poem, pingshui()) for poem in poems]),
        "distinct_2": distinct_pairs(poems[:alike]),
        "different_poems": len(set(map(tuple, poems))),
        "lines_of_the_corpus": corpus.shared_lines(poems),
        "couplets_of_the_corpus": corpus.shared_couplets(poems),
    }


def quality(trained: Pipeline, language: Language, seed: int) -> dict[str, Any]:
    """Form -> kind of poems -> figures."""
    train, test = corpus_of(trained)
    corpus = Corpus(train)
    found: dict[str, Any] = {"temperature": TEMPERATURE, "top_p": TOP_P, "source": pingshui().source, "forms": {}}
    for name in FORMS:
        form = Form.parse(name)
        human = [poem for poem in test if in_form(poem, form)]
        alike = min(len(human), WRITTEN)
        rows = {"held-out human": judged(human, form, corpus, alike=alike)}
        poems: dict[str, Poems] = {"held-out human": human}
        for kind, asked in KINDS.items():
            plan = make_plan(Constraints(form, **asked), language, pingshui())
            written = write(plan, language, WRITTEN, Settings(seed, TEMPERATURE, TOP_P))
            rows[kind] = {**judged(written.poems, form, corpus, alike=alike), "discarded_lines": written.discarded}
            poems[kind] = written.poems
        overlaps = iter(corpus.longest_overlaps([poem for kind in poems.values() for poem in kind]))
        for kind, its_poems in poems.items():
            its_own = [next(overlaps) for _ in its_poems]
            rows[kind] |= {"longest_overlap": max(its_own), "mean_overlap": statistics.mean(its_own)}
            print(name, kind, rows[kind], flush=True)
        found["forms"][name] = {"alike": alike, "rows": rows}
    plan = make_plan(Constraints(Form.parse("7x4"), rhyme="on"), language, pingshui())
    first = write(plan, language, SHOWN, Settings(seed, TEMPERATURE, TOP_P)).poems
    found["first_poems"] = [{"lines": list(poem), "rhyme": common_rhymes(poem, pingshui())} for poem in first]
    return found


def speed(language: Language, seed: int, weights: str) -> dict[str, Any]:
    """Poems a second in a batch, and the first poem of a cold process beside the import of Keras alone."""
    plan = make_plan(Constraints(Form.parse("7x4"), rhyme="on"), language, pingshui())
    write(plan, language, 10, Settings(seed, TEMPERATURE, TOP_P))
    batch = []
    for round_ in range(ROUNDS):
        start = time.perf_counter()
        write(plan, language, WRITTEN, Settings(seed + round_, TEMPERATURE, TOP_P))
        batch.append(time.perf_counter() - start)
    first = [sys.executable, "-m", "examples.write_poem", "--first", "春", "--weights", weights]
    commands = {"import keras": [sys.executable, "-c", "import keras"], "first poem": first}
    cold: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            cold[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in cold.items()}
    return {
        "poems": WRITTEN,
        "poems_a_second": WRITTEN / statistics.median(batch),
        "batch_seconds": batch,
        "cold_seconds": cold,
        "cold_seconds_median": medians,
        "cold_ratio": medians["first poem"] / medians["import keras"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["quality", "speed"], default="quality")
    parser.add_argument("--weights", default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    trained = read_poem_model(arguments.weights)
    verse = verse_of(trained.schema)
    language = language_of(trained.model, verse.vocabulary, free=verse.free)
    timed = arguments.what == "speed"
    figures = (
        speed(language, arguments.seed, arguments.weights) if timed else quality(trained, language, arguments.seed)
    )
    command = "python -m benchmarks.texts.poem_generation" + " speed" * timed
    if arguments.weights != WEIGHTS:
        command += f" --weights {arguments.weights}"
    path = f"results/poem_generation{'_speed' * timed}.json"
    write_record(path, {"weights": arguments.weights, **figures}, command=command, seed=arguments.seed)


if __name__ == "__main__":
    main()
