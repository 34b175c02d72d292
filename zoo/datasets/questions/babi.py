"""bAbI: twenty kinds of questions about little stories, and files of anyone's in the same form.

Weston, Bordes, Chopra and Mikolov, "Towards AI-Complete Question Answering: A Set of Prerequisite Toy Tasks", 2015.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from zoo.artifacts import fetch, read_members
from zoo.datasets.dataset import Dataset
from zoo.datasets.questions.build import VALIDATION_SHARE, Layout, Question, build, split_off
from zoo.errors import ConfigError, DataError, require_known

ARTIFACT = "babi"
FOLDERS = {"1k": "en", "10k": "en-10k"}  # questions to train on in each task -> folder of the archive
TASKS = tuple(range(1, 21))
STORY_WORDS = 2_000  # that are kept of a story in "words", the last: the longest of bAbI has 1,118
_MEMBER = re.compile(r"(?:^|.*/)(en|en-10k)/qa(\d+)_[^/]*_(train|test)\.txt")
_NAMED = re.compile(r"babi(?:-(10k))?(?:-qa(\d{1,2}))?")
_LINE = re.compile(r"\s*(\d+)\s+(.*\S)\s*")


def babi(
    *,
    tasks: Sequence[int] | int = TASKS,
    size: str = "1k",
    seed: int = 0,
    layout: str = "sentences",
    memories: int | None = None,
    path: Path | str | None = None,
    vocabulary: Sequence[str] | None = None,
    answers: Sequence[str] | None = None,
) -> Dataset:
    """Some or all of the twenty tasks together, "1k" or "10k" questions of each to train on, 1,000 to test.

    The official test split is kept; a tenth of the training stories is split off for validation. Answers of several
    words ("milk,football") are one label each, as in the papers. `path` is the official archive or the folder unpacked
    from it; without it, the archive is fetched. `layout` and `memories` are those of `Layout`,
    `vocabulary` and `answers` those of `build`.
    Raises `DataError` where a task is missing: the archive that is fetched has no training file of task 3 in "10k".
    """
    chosen = (tasks,) if isinstance(tasks, int) else tuple(tasks)
    for task in chosen:
        require_known("task of bAbI", str(task), [str(each) for each in TASKS])
    if not chosen or len(set(chosen)) < len(chosen):
        raise ConfigError(f"'tasks' must be different numbers from 1 to 20; received {tasks!r}.")
    require_known("size of bAbI", size, FOLDERS)
    chosen_layout = layout_of(layout, memories)  # told before a file is fetched
    source = Path(path) if path is not None else fetch(ARTIFACT)
    files = _files(source, FOLDERS[size])
    parts: dict[str, list[Question]] = {"train": [], "test": []}
    for task in chosen:
        for split, questions in parts.items():
            if (task, split) not in files:
                raise DataError(f"{source.name} has no {split} file of task {task} in {size}: choose other tasks.")
            questions += read_stories(files[task, split], f"qa{task}", of=f"qa{task}_{split}")
    train, validation = split_off(parts["train"], seed=seed, share=VALIDATION_SHARE)
    return build(
        "babi" + (f"-{size}" if size != "1k" else "") + (f"-qa{tasks}" if isinstance(tasks, int) else ""),
        train,
        validation,
        parts["test"],
        layout=chosen_layout,
        seed=seed,
        card={
            "source": "bAbI tasks v1.2, Weston et al. 2015, s3.amazonaws.com/text-datasets/babi_tasks_1-20_v1-2.tar.gz",
            "licence": "CC BY 3.0",
            "archive": source.name,
            "tasks": list(chosen),
            "size": size,
        },
        vocabulary=vocabulary,
        answers=answers,
    )


def babi_named(text: str) -> tuple[str, dict[str, Any]] | None:
    """A task as a name: "babi-qa3", or "babi-10k-qa1" with ten times the questions -> ("babi", options)."""
    named = _NAMED.fullmatch(text)
    if not named:
        return None
    return "babi", ({"size": named[1]} if named[1] else {}) | ({"tasks": int(named[2])} if named[2] else {})


def layout_of(kind: str, memories: int | None) -> Layout:
    """The layout of this kind, by its default or with `memories`: sentences, or words."""
    if memories is not None:
        return Layout(kind, memories)
    return Layout(kind, STORY_WORDS) if kind == "words" else Layout(kind)


def read_stories(text: str, place: str, *, of: str, task: str | None = None) -> list[Question]:
    """The questions of a file in bAbI's form, each with all that its story said before.

    Lines are numbered, a story begins at 1, and a question has its answer behind a tab (and supporting facts behind
    another, which no model here is told). `place` names the file in errors; stories are named after `of`.

    >>> [each] = read_stories("1 Ann has milk.\\n2 Who has milk?\\tann\\t1", "a file", of="a")
    >>> each.story, each.question, each.answer
    (('Ann has milk.',), 'Who has milk?', 'ann')
    """
    found: list[Question] = []
    story: list[str] = []
    stories = 0
    for row, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        numbered = _LINE.fullmatch(line)
        if not numbered:
            raise DataError(f"{place}, line {row} must be a number, a blank and a sentence; received '{line[:60]}'.")
        number, said = int(numbered[1]), numbered[2]
        if number == 1:
            story, stories = [], stories + 1
        elif not stories:
            raise DataError(f"{place}, line {row}: a story must begin with line number 1; received {number}.")
        question, tab, rest = said.partition("\t")
        if not tab:
            story.append(said)
            continue
        answer = rest.split("\t")[0].strip().casefold()
        if not answer:
            raise DataError(f"{place}, line {row}: the question has no answer behind its tab.")
        kind = of.partition("_")[0] if task is None else task
        found.append(Question(tuple(story), question.strip(), answer, f"{of}_{stories}", kind))
    return found


def _files(source: Path, folder: str) -> dict[tuple[int, str], str]:
    """(task, "train" or "test") -> the file's text."""
    found = {}
    for name, content in _members(source):
        described = _MEMBER.fullmatch(name)
        if described and described[1] == folder:
            found[int(described[2]), described[3]] = content.decode("utf-8", errors="replace")
    if not found:
        raise DataError(f"No task of bAbI in {source}: expected files named like '{folder}/qa1_..._train.txt'.")
    return found


def _members(source: Path) -> Iterable[tuple[str, bytes]]:
    if source.is_dir():
        return ((file.relative_to(source.parent).as_posix(), file.read_bytes()) for file in source.rglob("qa*.txt"))
    if source.is_file():
        return read_members(source, ".txt")
    raise DataError(f"{source} is neither the archive of bAbI nor a folder of its tasks.")
