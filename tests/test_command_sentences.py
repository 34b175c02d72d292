"""What the command line says: in its own options, on streams that may be closed, of names that may be no text."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from zoo.cli.main import main
from zoo.cli.options import in_options
from zoo.errors import UnknownNameError, nearest
from zoo.tasks import load_dataset

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("python", "options"),
    [
        ("say which it is: text='COLUMN'.", "say which it is: --text COLUMN."),
        ("or force types={'a b': 'category'}.", "or force --types a b=category."),
        ("order, as targets={'x': ['a', 'b']} or --target x=a<b.", "order, as --target x=a<b."),
        ("give targets={'x': 'ordered'} (--target x=ordered).", "give --target x=ordered."),
        ("'epochs' must be a whole number >= 1", "--epochs must be a whole number >= 1"),
        (
            "Unknown column of 'ignore' 'ag'; did you mean 'age'?",
            "Unknown column of --ignore 'ag'; did you mean 'age'?",
        ),
        ("Unknown column of 'types' 'ag'", "Unknown column of --types 'ag'"),
        ("row 3 holds '=text'.", "row 3 holds '=text'."),
    ],
)
def test_a_sentence_for_python_names_the_options_on_the_command_line(python, options):
    assert in_options(python) == options


@pytest.mark.parametrize("name", ["caf\udce9.csv", "\udcff"])
def test_a_name_that_is_no_utf_8_is_told(name, capsys):
    assert main(["describe", name]) == 2
    assert "is not in UTF-8" in capsys.readouterr().err


def command(*arguments, redirect, stdin=b""):
    """`zoo` in a shell, which can close its streams."""
    line = f'exec "$0" -m zoo "$@" {redirect}'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *arguments], input=stdin, capture_output=True, cwd=ROOT, env=environment
    )


@pytest.mark.parametrize(
    ("redirect", "code", "words"),
    [
        (">&-", 0, b""),
        ("2>&-", 0, b""),
        ("<&- >&- 2>&-", 0, b""),
        ("> /dev/full", 2, b"error: No space left on device."),
        ("| true", 0, b""),
    ],
)
def test_a_closed_or_full_stream_is_no_traceback(redirect, code, words):
    done = command("list", "resnet*", redirect=redirect)
    assert (done.returncode, done.stderr.strip()) == (code, words)


def test_a_closed_standard_error_takes_no_file_s_place(tmp_path):
    done = command("describe", "nothing", redirect="2>&-")
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize(
    "given", [["mnist", "--epochs"], ["fine_tune", "photos", "--epochs"], ["fine_tune", "photos", "--size"]]
)
def test_no_epochs_and_no_pixels_are_not_the_usual_ones(given, capsys):
    page, *options = given
    assert import_module(f"examples.{page}").main([*options, "0"]) == 2
    assert f"Argument {options[-1]}: '0' is not a whole number >= 1" in capsys.readouterr().err


def test_an_option_is_not_like_another_because_both_begin_with_dashes():
    assert nearest("--data", ["--out", "--epochs"]) is None
    assert nearest("--epoch", ["--out", "--epochs"]) == "--epochs"


def test_an_unknown_data_set_may_be_a_folder_that_is_not_there():
    with pytest.raises(UnknownNameError, match=r"Known: .*FOLDER"):
        load_dataset("nowhere")
