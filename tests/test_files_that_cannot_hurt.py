"""Files that wait, lie, are endless or half written: told in a sentence, in bounded memory, and cleared away."""

import errno
import gzip
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from zoo import files
from zoo.columns import Schema, csv_file, lines, opening, read_table
from zoo.columns.fitting import layer_names
from zoo.columns.frames import frame_of
from zoo.errors import ConfigError, DataError, UnwritableError
from zoo.files import atomic_path, clear_left_overs, read_json, write_text
from zoo.tasks import read_costs
from zoo.training.runs.checkpoint import load_checkpoint
from zoo.training.runs.run_folder import RunFolder


def test_a_line_without_an_end_is_refused_after_as_much_as_a_line_may_have(tmp_path):
    with gzip.open(tmp_path / "t.csv.gz", "wb", compresslevel=1) as file:
        for _ in range(40):
            file.write(b"a" * (1 << 20))
    with pytest.raises(DataError, match="line 1 is longer than 16 MiB"):
        read_table(tmp_path / "t.csv.gz")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.jsonl"])
def test_a_long_line_of_a_table_is_told_with_its_number(name, tmp_path, monkeypatch):
    for room in (csv_file, opening):
        monkeypatch.setattr(room, "LONGEST_LINE", 600_000)
    text = '{"x": "1"}\n{"x": "2"}\n{"x": "%s"}\n' if "jsonl" in name else "x\n1\n%s\n"
    for length in (100, 2_000_000):
        content = (text % ("a" * length)).encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
        if length == 100:
            assert len(read_table(tmp_path / name)) in (2, 3)
        else:
            with pytest.raises(DataError, match=r"line 3 is longer than"):
                read_table(tmp_path / name)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_many_short_lines_are_no_long_one(end, tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "LONGEST_LINE", 50)
    (tmp_path / "t.csv").write_text(end.join(["x", *map(str, range(100))]), newline="")
    assert len(read_table(tmp_path / "t.csv")) == 100


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("x,y,z\n1,2,3\n4,5\n", "Expected 3 fields in line 3, saw 2"),
        ('x,y,z\n"a\nb",2,3\n\n4\n', "Expected 3 fields in line 5, saw 1"),
        ('x,y\n"a,b",1\n"c,d"\n', "Expected 2 fields in line 3, saw 1"),
    ],
)
def test_a_row_that_ends_early_is_told_with_its_line(content, told, tmp_path):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(DataError, match=told):
        read_table(tmp_path / "t.csv")


def test_a_row_whose_last_values_are_missing_is_read(tmp_path):
    (tmp_path / "t.csv").write_text('x,y\n1,\n\n"2",5\n')
    assert read_table(tmp_path / "t.csv")["y"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"x": 1}\n{"x": \n', r"line 2 cannot be read as a table: it is not JSON \(Expecting value"),
        ('{"x": 1}\n[1]\n', "line 2 cannot be read as a table: it must be an object; it is a list"),
        ('{"x": 1}\n\n{"x": "\udc80"}\n', "it is not in UTF-8; save it as UTF-8"),
    ],
)
def test_a_broken_line_of_json_is_told_with_its_number(content, told, tmp_path):
    (tmp_path / "t.jsonl").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=told):
        read_table(tmp_path / "t.jsonl")


def test_too_many_columns_are_told_and_rows_with_keys_of_their_own(tmp_path, monkeypatch):
    (tmp_path / "t.jsonl").write_text("".join(json.dumps({f"k{row}": 1}) + "\n" for row in range(200)))
    monkeypatch.setattr(lines, "MANY_CELLS", 10_000)
    with pytest.raises(DataError, match="200 different keys in 200 rows, of which a row has 1 in the mean"):
        read_table(tmp_path / "t.jsonl")
    monkeypatch.setattr(lines, "MOST_COLUMNS", 150)
    with pytest.raises(DataError, match="has 151 columns; at most 150 are read"):
        read_table(tmp_path / "t.jsonl")
    (tmp_path / "t.csv").write_text(",".join(map(str, range(200))) + "\n")
    with pytest.raises(DataError, match="has 200 columns; at most 150 are read"):
        read_table(tmp_path / "t.csv")


class Counted(str):
    """A name that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.compared += 1
        return str.__eq__(self, other)


def test_names_of_columns_are_not_compared_each_with_each():
    names = [Counted(f"x{place}") for place in range(1_000)]
    Counted.compared = 0
    frame_of(pd.DataFrame(np.zeros((1, 1_000)), columns=pd.Index(names, dtype=object)))
    assert Counted.compared < 20_000
    alike = layer_names([f"{'ä' * 3}{chr(200 + place % 50)}" for place in range(2_000)], set())
    assert len(set(alike)) == 2_000
    assert alike[-1].endswith("_2000")


def test_a_column_is_found_without_a_list_of_all(monkeypatch):
    schema = Schema.fit(pd.DataFrame({"x": [1.0, 2.0], "z": [1.0, 2.0], "y": [0.0, 1.0]}), targets={"y": "regression"})
    assert schema.column("x") is schema.column("x")
    monkeypatch.setattr("zoo.columns.schema.require_known", None)
    assert schema.column("z").name == "z"


@pytest.fixture
def pipe(tmp_path):
    """A named pipe that nobody writes to: whoever opens it to read waits for ever."""
    path = tmp_path / "run" / "config.json"
    path.parent.mkdir()
    os.mkfifo(path)
    return path


def test_a_pipe_in_the_place_of_a_file_is_told_and_not_waited_for(pipe):
    """In a process of its own: where it waits, the test ends and fails."""
    code = (
        "import sys; from pathlib import Path; from zoo.errors import ZooError; from zoo.files import read_json\n"
        "try: read_json(Path(sys.argv[1]), 'configuration of a run')\n"
        "except ZooError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(pipe)], capture_output=True, text=True, timeout=60, check=True
    )
    assert f"'{pipe}' is no configuration of a run: it is no plain file." in done.stdout


def test_run_folders_checkpoints_and_costs_are_plain_files(pipe):
    with pytest.raises(ConfigError, match="no configuration of a run: it is no plain file"):
        RunFolder(pipe.parent, {})
    with pytest.raises(ConfigError, match="is no plain file; expected a checkpoint"):
        load_checkpoint(pipe, [])
    with pytest.raises(DataError, match="no JSON file of costs: it is no plain file"):
        read_costs(pipe)


@pytest.mark.parametrize("content", ["{", "[1]", "[" * 100_000, "\udcff", '"text"'])
def test_a_broken_configuration_of_a_run_is_a_sentence(content, tmp_path):
    (tmp_path / "config.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError, match=r"config.json' is no configuration of a run: "):
        RunFolder(tmp_path, {"seed": 0})


def test_a_file_of_json_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_JSON", 10)
    (tmp_path / "c.json").write_text(json.dumps({"costs": [1] * 100}))
    with pytest.raises(DataError, match="it is larger than"):
        read_json(tmp_path / "c.json", "JSON file")


@pytest.mark.parametrize(
    "full", [OSError(errno.ENOSPC, "No space left on device"), OSError("write failed: No space left on device")]
)
def test_a_full_disk_is_told_with_the_name_of_the_file(full, tmp_path):
    told = r"model.keras' cannot be written: .*No space left"
    with pytest.raises(UnwritableError, match=told), atomic_path(tmp_path / "model.keras"):
        raise full
    assert not list(tmp_path.iterdir())
    with pytest.raises(OSError, match="something else"), atomic_path(tmp_path / "model.keras"):
        raise OSError("something else")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_history_that_finds_no_space_is_told(tmp_path):
    folder = RunFolder(tmp_path, {})
    folder.history.symlink_to("/dev/full")
    with pytest.raises(UnwritableError, match=r"history.jsonl' cannot be written: No space left"):
        folder.append_history({"epoch": 1})


def left_over(folder, process):
    """What a process began to write."""
    path = folder / f".best.npz.{files._machine()}-{process}.abc_12de.tmp.npz"
    path.write_bytes(b"half")
    return path


def test_what_a_killed_process_began_to_write_is_cleared_when_the_run_goes_on(tmp_path):
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, alive = left_over(tmp_path, int(ended.stdout)), left_over(tmp_path, os.getppid())
    others = [tmp_path / name for name in (".best.npz.tmp", f".x.00000000-{int(ended.stdout)}.abc.tmp", "x.tmp")]
    for path in others:
        path.touch()
    write_text(tmp_path / "config.json", '{"format": 2}')
    with RunFolder(tmp_path, {}):
        assert not dead.exists()
    assert alive.exists()
    assert all(path.exists() for path in others)


def test_a_process_that_is_killed_while_it_writes_leaves_a_name_that_is_cleared(tmp_path):
    code = "import os, sys; from zoo.files import atomic_path\nwith atomic_path(sys.argv[1]): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model.keras")], check=False)
    (rest,) = tmp_path.iterdir()
    assert clear_left_overs(tmp_path) == [rest]
