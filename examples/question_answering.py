"""Where is the milk? A question about a story, and the sentences that answer it.

    python -m examples.question_answering                       train on generated stories, judge, draw
    python -m examples.question_answering --data babi           the same on bAbI; or babi-qa2, my.csv, my.txt
    python -m examples.question_answering --model question_answering    two LSTMs instead of a memory network
    python -m examples.question_answering ask --text story.txt "Where is the milk?"

The second asks the memory network that comes with the zoo, or with --weights one of yours: the answer, how sure it is,
and how much each hop looked at each sentence, as a table and as a picture.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo.catalogue import describe
from zoo.cli import train_command
from zoo.errors import ConfigError, DataError, WeightsError
from zoo.options import add_training_options
from zoo.terminal import console, import_frameworks, parse, run, show_reading

MODEL = "memory_network"
LARGEST_STORY = 64 << 20  # bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, or answer when the first word is "ask"."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run(lambda: ask(given[1:]) if given[:1] == ["ask"] else train(given))


def train(arguments: Sequence[str]) -> None:
    """Train on --data, print scores beside simple answers, and draw them."""
    parser = argparse.ArgumentParser(prog="python -m examples.question_answering", allow_abbrev=False)
    add_training_options(parser)
    parser.add_argument("--model", default=MODEL, help=f"an entry of the catalogue (default: {MODEL})")
    parser.set_defaults(data="stories")
    train_command(parse(parser, arguments))


def ask(arguments: Sequence[str]) -> None:
    """Answer questions about the story in --text, and show which sentences were looked at."""
    parser = argparse.ArgumentParser(prog="python -m examples.question_answering ask", allow_abbrev=False)
    parser.add_argument("texts", nargs="*", metavar="QUESTION")
    parser.add_argument("--text", required=True, metavar="FILE", help="the story, in UTF-8; - for standard input")
    parser.add_argument("--weights", help="run folder or file (default: the weights that come with the zoo)")
    parser.add_argument("--picture", metavar="FILE", default="attention.png", help="or .svg, .pdf, ...")
    parsed = parse(parser, arguments)
    if not parsed.texts:
        raise ConfigError('Write a question behind the options, such as "Where is the milk?".')
    if parsed.weights is None and not describe(MODEL).weights:
        raise ConfigError("Give --weights RUN_FOLDER: train one first, without any word behind the command.")
    story = read_story(parsed.text)
    import_frameworks()

    from zoo.report.attention import draw_attention
    from zoo.tasks import ask as ask_pipeline
    from zoo.tasks import load_pipeline

    pipeline = load_pipeline(parsed.weights or MODEL)
    if set(pipeline.schema.names) != {"text", "question"}:
        name = pipeline.entry or pipeline.model.name
        raise WeightsError(f"'{parsed.weights}' holds a model that answers no questions: {name}.")
    for number, question in enumerate(parsed.texts):
        reading = ask_pipeline(pipeline, story, question)
        show_reading(reading)
        if reading.attention is not None:
            path = Path(parsed.picture)
            path = path.with_stem(f"{path.stem}{number + 1}") if len(parsed.texts) > 1 else path
            best = reading.answers[0][0]
            drawn = draw_attention(reading.sentences, reading.attention, path, question=question, answer=best)
            console().print(f"Picture: {drawn}", markup=False)


def read_story(given: str) -> str:
    """The text of a file, or of standard input where it is called "-". Raises `DataError`."""
    try:
        return (_typed() if given == "-" else _read(Path(given))).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"'{given}' is not UTF-8 text: byte {error.start} does not fit.") from error


def _typed() -> bytes:
    raw = sys.stdin.buffer.read(LARGEST_STORY + 1)
    if len(raw) > LARGEST_STORY:
        raise DataError(f"Standard input holds more than {LARGEST_STORY >> 20} MiB.")
    return raw


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"There is no file '{path}' with a story.")
    if path.stat().st_size > LARGEST_STORY:
        raise DataError(f"'{path}' is larger than {LARGEST_STORY >> 20} MiB.")
    return path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
