"""The user's own questions: a JSONL, CSV or TSV file with text, question and answer, or a text in bAbI's form.

    {"text": "Ann took the milk. She went to the hall.", "question": "Where is the milk?", "answer": "hall"}

A column `story` names the story that a text belongs to; without it, rows with the same first sentence are one story.
Questions of one story never stand in two splits.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.columns.rows import Row, read_rows
from zoo.columns.story import sentences_of
from zoo.columns.text import spelled
from zoo.datasets.dataset import Dataset
from zoo.datasets.questions.babi import layout_of, read_stories
from zoo.datasets.questions.build import Question, build
from zoo.datasets.splits import LEAST_PEOPLE, SPLITS, split_people
from zoo.errors import DataError, nearest

STORY_SUFFIX = ".txt"  # lines as in bAbI
LONGEST_TEXT = 1_000_000  # characters
LONGEST_ANSWER = 200  # characters
LARGEST_FILE = 256 << 20  # bytes, of a text


def read_questions(
    path: Path | str,
    *,
    text_column: str = "text",
    question_column: str = "question",
    answer_column: str = "answer",
    story_column: str = "story",
    seed: int = 0,
    layout: str = "sentences",
    memories: int | None = None,
    vocabulary: Sequence[str] | None = None,
    answers: Sequence[str] | None = None,
    whole: bool = False,
) -> Dataset:
    """A data set out of a file; stories are shared out 70:10:20, unless the file is to be judged as a `whole`.

    Answers are compared without regard to case. The other options are those of `Layout` and of `build`. Raises
    `DataError` with the file and the line of anything that is not as described.
    """
    file = Path(path)
    if file.suffix.lower() == STORY_SUFFIX:
        questions = read_stories(_text_of(file), str(file), of=file.stem, task="")
    else:
        columns = (text_column, question_column, answer_column)
        rows = read_rows(file, of="questions")
        questions = [_question(row, columns, story_column) for row in rows]
    if not questions:
        raise DataError(f"{file} holds no question: a tab and the answer follow one.")
    stories = {each.of: each.task for each in questions}
    if len(stories) < LEAST_PEOPLE and not whole:
        raise DataError(
            f"{file} has questions about {len(stories)} of the {LEAST_PEOPLE} stories that a split into training, "
            "validation and test needs."
        )
    if whole:
        parts = [questions] * len(SPLITS)
    else:
        split_of = split_people(stories, seed=seed)
        parts = [[each for each in questions if split_of[each.of] == split] for split in SPLITS]
    if len({each.answer for each in parts[0]}) < 2 and not whole:
        raise DataError(f"{file}: at least two different answers are needed to train on.")
    return build(
        file.stem,
        *parts,
        layout=layout_of(layout, memories),
        seed=seed,
        card={"source": file.name, "questions": len(questions)},
        vocabulary=vocabulary,
        answers=answers,
    )


def _text_of(file: Path) -> str:
    try:
        if not file.is_file():
            raise DataError(
                f"{file} is {'no plain file' if file.exists() else 'not there'}; expected a file of questions."
            )
        if file.stat().st_size > LARGEST_FILE:
            raise DataError(f"{file} is larger than {LARGEST_FILE >> 20} MiB.")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not in UTF-8 (byte {error.start + 1}); save the file as UTF-8.") from error
    except OSError as error:
        raise DataError(f"{str(file)!r} cannot be read: {error.strerror or error}.") from error


def _question(row: Row, columns: tuple[str, str, str], story_column: str) -> Question:
    """Checked values of one row."""
    text, question, answer = (_value(row, column) for column in columns)
    if len(answer) > LONGEST_ANSWER:
        raise DataError(f"{row.place}: the answer has {len(answer):,} characters; at most {LONGEST_ANSWER} are read.")
    sentences = sentences_of(text)
    named = row.values.get(story_column)
    of = sentences[0] if named in (None, "") else str(named)  # 0 is a name too
    return Question(sentences, " ".join(question.split()), " ".join(answer.split()).casefold(), of)


def _value(row: Row, column: str) -> str:
    if column not in row.values:
        guess = nearest(column, row.values)
        hint = f"did you mean '{guess}'?" if guess else f"found: {', '.join(sorted(row.values))[:60]}."
        raise DataError(f"{row.place}: the column '{column}' is missing; {hint}")
    value: Any = row.values[column]
    if value is None or (isinstance(value, str) and not value.strip()):
        raise DataError(f"{row.place}: the {column} is empty.")
    if not isinstance(value, str):
        raise DataError(f"{row.place}: the {column} must be a string; received {str(value)[:60]}.")
    if len(value) > LONGEST_TEXT:
        raise DataError(f"{row.place}: the {column} has {len(value):,} characters; at most {LONGEST_TEXT:,} are read.")
    if not value.isprintable() and not value.replace("\n", " ").replace("\t", " ").replace("\r", " ").isprintable():
        raise DataError(f"{row.place}: the {column} holds characters that cannot be shown.")
    if not spelled(value):
        raise DataError(f"{row.place}: the {column} has no word: '{value.strip()[:60]}'.")
    return value
