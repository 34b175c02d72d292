"""Where is the milk? A question about a story, and the sentences that answer it.

    python -m examples.question_answering                       train on generated stories, judge, draw
    python -m examples.question_answering --data babi           the same on bAbI; or babi-qa2, my.csv, my.txt
    python -m examples.question_answering --model question_answering    two LSTMs instead of a memory network
    python -m examples.question_answering ask --text story.txt "Where is the milk?"

The last asks the memory network that comes with the zoo, or with --weights one of yours: the answer, how sure it is,
and how much each hop looked at each sentence, as a table and as a picture. A row of the data is {"text": "Ada took the
milk. Ada went to the attic.", "question": "Where is the milk?", "answer": "attic"}. `graph` is that of the two LSTMs.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import zoo
from examples.command import WEIGHTS, Run, load_reader, option, page, read_story, training_page
from zoo.errors import ConfigError
from zoo.terminal import import_frameworks, show_reading, show_report

if TYPE_CHECKING:
    import keras

MODEL = "memory_network"
QUESTIONS = option("texts", nargs="*", metavar="QUESTION")
STORY = option("--text", "the story, in UTF-8; - for standard input", required=True, metavar="FILE")
PICTURE = option("--picture", "or .svg, .pdf, ...", metavar="FILE", default="attention.png")


def graph() -> "keras.Model":
    """What `zoo.create_model("question_answering")` makes: text (B, L), question (B, Q) -> answer (B, 500)."""
    import keras

    from blocks import classification_head, embed, fuse, lstm_text_encoder, padding_mask

    text, question = (keras.Input((None,), dtype="int32", name=name) for name in ("text", "question"))
    told = embed(text, 10_000, 64, name="text_embedding")  # (B, L, 64)
    told = lstm_text_encoder(told, padding_mask(text), 32, name="text_encoder")  # (B, 32)
    asked = embed(question, 10_000, 32, name="question_embedding")  # (B, Q, 32)
    asked = lstm_text_encoder(asked, padding_mask(question), 16, name="question_encoder")  # (B, 16)
    both = fuse([told, asked], name="text_and_question")  # (B, 48)
    answer = classification_head(both, 500, name="answer")
    return keras.Model([text, question], {"answer": answer}, name="question_answering")


@training_page(MODEL, "stories")
def main(run: Run) -> None:
    """Train, and print scores beside simple answers; the run folder keeps them, and a picture."""
    _, report = zoo.train(run.model, run.data, **run.options)
    show_report(report, run.folder)


@main.word("ask", page(QUESTIONS, STORY, WEIGHTS, PICTURE, frameworks=False))
def ask(run: Run) -> None:
    """Answer questions about the story in --text, and show which sentences were looked at."""
    if not run.texts:
        raise ConfigError('Write a question behind the options, such as "Where is the milk?".')
    story = read_story(run.text)
    import_frameworks()
    from zoo.report.attention import draw_attention

    pipeline = load_reader(run.weights or MODEL, ("text", "question"), "answers no questions")
    for number, question in enumerate(run.texts):
        reading = zoo.tasks.ask(pipeline, story, question)
        show_reading(reading)
        if reading.attention is not None:
            path = Path(run.picture)
            path = path.with_stem(f"{path.stem}{number + 1}") if len(run.texts) > 1 else path
            best = reading.answers[0][0]
            drawn = draw_attention(reading.sentences, reading.attention, path, question=question, answer=best)
            print("Picture:", drawn)


if __name__ == "__main__":
    raise SystemExit(main())
