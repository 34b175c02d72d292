"""`zoo list`: a table on a terminal, lines for scripts, and what stands in them."""

import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from zoo import artifacts
from zoo.artifacts import fetching
from zoo.cli.listing import HEADINGS, model_rows
from zoo.cli.main import main

ROOT = Path(__file__).resolve().parents[1]


def row_of(name):
    return model_rows([name])[0]


def test_in_a_pipe_a_model_is_a_line_of_cells_between_tabs_its_name_first(capsys):
    assert main(["list"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [cells[0] for cells in lines] == zoo.list_models()
    assert {len(cells) for cells in lines} == {len(HEADINGS)}


def test_members_for_tests_are_shown_with_all(capsys):
    assert main(["list", "poem*", "--all"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["poem", "poem_tiny"]
    assert main(["list", "poem_t*"]) == 2
    assert "'zoo list --all' shows poem_tiny" in capsys.readouterr().err


@pytest.mark.parametrize("width", [70, 200])
def test_on_a_terminal_it_is_a_table_with_whole_names(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["list", "mobilenet*"]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["name", "task"]
    assert [line.split()[0] for line in lines] == zoo.list_models("mobilenet*")
    assert all(len(line) <= width for line in lines)


def test_a_row_says_how_large_a_model_is_and_how_good():
    row = row_of("resnet50")
    assert (row.parameters, row.megabytes) == (25_636_712, pytest.approx(102.5, abs=0.1))  # float32
    assert row.score == "top-1 74.9 %, top-5 92.1 %"
    assert row_of("mobilenet").megabytes == pytest.approx(17.2, abs=0.1)  # of the file
    assert "age MAE" in row_of("author_profile_small").score
    assert row_of("resnet_tiny").cells()[2:5] == ("-", "-", "-")


def test_a_row_says_where_the_weights_are(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("ZOO_MIRROR", raising=False)
    monkeypatch.delenv("ZOO_OFFLINE", raising=False)
    assert row_of("author_profile_small").weights == "here"
    monkeypatch.setattr(fetching, "tracked_folder", lambda: tmp_path)  # that of this checkout may hold more by now
    assert row_of("author_profile").weights == "none"
    assert row_of("resnet50").weights == "to fetch"
    assert row_of("mobilenet").weights == "by hand"
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path))
    assert row_of("mobilenet").weights == "to fetch"
    (tmp_path / artifacts.artifact("resnet50.imagenet").file).touch()
    assert row_of("resnet50").weights == "here"


def test_listing_imports_no_framework():
    code = "import sys; from zoo.cli.main import main; main(['list']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.splitlines()[-1].split()) & {"keras", "tensorflow", "jax", "torch", "numpy", "rich"}
