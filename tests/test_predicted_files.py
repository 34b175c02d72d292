"""Files of rows to predict: each row its prediction or what is wrong with it, whatever stands in the others."""

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.flat_fixtures import flats
from tests.flat_fixtures import pipeline_of as flat_pipeline
from zoo.columns import Schema
from zoo.costs import CostMatrix
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.pipeline import Pipeline
from zoo.pipeline.predicted_parts import Outcome, predicted
from zoo.pipeline.prediction_writer import WRITERS
from zoo.pipeline.row_parts import RowReader

ROOT = Path(__file__).resolve().parents[1]
LABELS = ("no", "yes")


class Sums:
    """A model without a framework: the probability grows with the sum of the numbers."""

    def __init__(self, schema):
        specs = schema.inputs.items()
        self.inputs = [SimpleNamespace(name=name, shape=(None, *spec.shape)) for name, spec in specs]
        self.output = {"y": SimpleNamespace(shape=(None, 1))}

    def predict_on_batch(self, arrays):
        total = sum(np.nan_to_num(array).reshape(len(array), -1).sum(axis=1) for array in arrays.values())
        return {"y": 1 / (1 + np.exp(-total.reshape(-1, 1) / 100))}


@pytest.fixture(scope="module")
def pipeline():
    frame = pd.DataFrame({"age": [1, 2, 3, 4], "day": ["2020-01-01"] * 4, "y": ["no", "yes"] * 2})
    schema = Schema.fit(frame, {"y": "binary"}, types={"age": "number"}, ignore=["day"])
    return Pipeline(schema, Sums(schema))


@pytest.fixture(scope="module")
def of_texts():
    frame = pd.DataFrame({"posts": ["good wool", "bad wool", "good silk"], "y": ["no", "yes", "no"]})
    schema = Schema.fit(frame, {"y": "binary"}, types={"posts": "text"})
    return Pipeline(schema, Sums(schema))


def written(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def answered(pipeline, source, tmp_path, **options):
    outcome = pipeline.predict_file(source, tmp_path / "out.jsonl", **options)
    return outcome, [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]


def test_a_wrong_row_has_a_message_with_its_line_and_the_others_their_predictions(pipeline, tmp_path):
    text = 'id,age\na,1\n"b\nb",x\n\nc,3,4\nd,\xe9\ne,5\n'.encode("latin-1")
    outcome, rows = answered(pipeline, written(tmp_path / "new.csv", text), tmp_path)
    assert (outcome.rows, outcome.failed) == (5, 3)
    assert [row["y"] for row in rows] == ["yes", None, None, None, "yes"]
    place = f"{tmp_path / 'new.csv'}, line"
    assert outcome.first == rows[1]["error"] == f"{place} 3: The column 'age' must be numbers; it holds 'x'."
    assert rows[2]["error"] == f"{place} 6 has 3 fields; the header has 2."
    assert rows[3]["error"] == (
        f"{place} 7 is not in UTF-8 (byte 3); save the file as UTF-8, or give its encoding, as encoding='cp1252' "
        "(--encoding cp1252)."
    )
    assert [row["id"] for row in rows] == ["a", "b\nb", None, None, "e"]


@pytest.mark.parametrize("content", ['posts\ngood wool\n""\n\nbad silk\n', "id,posts\n1,good wool\n,\n\n2,bad silk\n"])
def test_a_row_of_empty_cells_keeps_its_place_and_an_empty_line_is_none(of_texts, tmp_path, content):
    outcome, rows = answered(of_texts, written(tmp_path / "new.csv", content), tmp_path)
    assert (outcome.rows, outcome.failed) == (3, 1)
    assert "line 3" in rows[1]["error"]
    assert [row["posts"] for row in rows] == ["good wool", "", "bad silk"]


def test_lines_of_a_large_file_are_counted_over_its_parts(pipeline, tmp_path):
    lines = ["age", *(str(age) for age in range(50))]
    lines[41] = "forty"
    outcome, rows = answered(pipeline, written(tmp_path / "new.csv", "\n".join(lines)), tmp_path, chunk_rows=7)
    assert (outcome.rows, outcome.failed) == (50, 1)
    assert "new.csv, line 42: " in rows[40]["error"]
    assert [row["y=yes"] for row in rows[:40]] == [row["y=yes"] for row in answered(
        pipeline, tmp_path / "new.csv", tmp_path)[1][:40]]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id;age\n1;2\n2;NA\n"),
        ("a.tsv", "id\tage\n1\t2\n2\t\n"),
        ("a.csv", "﻿id,age\r\n1,2\r\n2,?\r\n"),
        ("a.csv.gz", gzip.compress(b"id,age\n1,2\n2,\n", mtime=0)),
        ("a.jsonl", '{"id": "1", "age": 2}\n\n{"id": "2"}\n'),
    ],
)
def test_a_file_is_read_by_its_ending_and_its_header(pipeline, tmp_path, name, content):
    outcome, rows = answered(pipeline, written(tmp_path / name, content), tmp_path)
    assert outcome == Outcome(2, 0, "")
    assert [row["id"] for row in rows] == ["1", "2"]
    expected = pipeline.predict({"age": [2.0, None]})
    assert [row["y=yes"] for row in rows] == pytest.approx(expected["y=yes"].tolist())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"age": 1}\n{"age": \n', "line 2 is not JSON"),
        ('{"age": 1}\n[2]\n', "must be a JSON object"),
        ('{"age": 1}\n{"age": [2]}\n', "neither numbers nor text"),
        ('{"age": 1}\n{"age": 1, "age": 2}\n', "a key stands in it twice"),
        ('{"age": 1}\n{"age": 1e999}\n', "finite numbers; it holds"),
    ],
)
def test_a_wrong_object_of_many_is_told(pipeline, tmp_path, content, words):
    outcome, rows = answered(pipeline, written(tmp_path / "new.jsonl", content), tmp_path)
    assert (outcome.rows, outcome.failed) == (2, 1)
    assert rows[0]["y"] == "yes"
    assert words in rows[1]["error"]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("id,age\né,2\nb,NA\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("id,age\né,2\nb,\n".encode("utf-16"), {}),
        ("id,age\ré,2\rb,\r".encode(), {}),
        ("sep=;\nid;age\né;2\nb;-9\n".encode(), {"missing": ["-9"]}),
    ],
)
def test_a_file_is_predicted_for_as_it_is_written(pipeline, tmp_path, content, options):
    outcome, rows = answered(pipeline, written(tmp_path / "new.csv", content), tmp_path, **options)
    assert outcome == Outcome(2, 0, "")
    assert [row["id"] for row in rows] == ["é", "b"]
    assert [row["y=yes"] for row in rows] == pytest.approx(pipeline.predict({"age": [2.0, None]})["y=yes"].tolist())


def test_rows_that_have_next_to_nothing_in_common_with_training_are_refused_as_one(tmp_path):
    frame = pd.DataFrame({"job": ["cook", "baker"] * 5, "y": ["no", "yes"] * 5})
    pipeline = Pipeline(schema := Schema.fit(frame, {"y": "binary"}, types={"job": "category"}), Sums(schema))
    source = written(tmp_path / "new.csv", "job\n" + "".join(f"koch {row}\n" for row in range(12)))
    with pytest.raises(DataError, match="allow_unseen=True"):
        pipeline.predict_file(source, tmp_path / "out.csv")
    with pytest.warns(DataWarning, match="are none that training had"):
        assert pipeline.predict_file(source, tmp_path / "out.csv", allow_unseen=True) == Outcome(12, 0, "")


def test_predictions_never_take_the_name_of_a_column_of_the_file(pipeline, tmp_path):
    source = written(tmp_path / "new.csv", "y,y=yes,error,age\nno,mine,none,1\n")
    _, rows = answered(pipeline, source, tmp_path)
    assert {name: rows[0][name] for name in ("y", "y=yes", "error")} == {"y": "no", "y=yes": "mine", "error": "none"}
    assert rows[0]["y_predicted"] == "yes"
    assert rows[0]["error_predicted"] is None
    _, rows = answered(pipeline, source, tmp_path, keep=["error"])
    assert list(rows[0]) == ["error", "y", "y=no", "y=yes", "y_decided_by", "error_predicted"]


def test_texts_that_a_spreadsheet_would_run_are_escaped_and_numbers_are_not(pipeline, tmp_path):
    cells = ["=1+1", "+cmd", "-2.5", "@x", "a=b", "-", "1e5"]
    written(tmp_path / "new.csv", "=name,age\n" + "".join(f"{cell},1\n" for cell in cells))
    pipeline.predict_file(tmp_path / "new.csv", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["'=name", "'=1+1", "'+cmd", "-2.5", "'@x", "a=b", "'-", "1e5"]
    _, rows = answered(pipeline, tmp_path / "new.csv", tmp_path)
    assert [row["=name"] for row in rows] == cells


def test_what_decided_stands_beside_each_label(pipeline):
    costs = CostMatrix.of_mistakes(LABELS, false_positive=1, false_negative=9)
    column = pipeline.schema.outputs[0]
    by = {
        "threshold 0.5": pipeline,
        "threshold 0.25": Pipeline(pipeline.schema, pipeline.model, thresholds={"y": 0.25}),
        "costs, threshold 0.1": Pipeline(pipeline.schema, pipeline.model, costs={"y": costs}),
    }
    assert {rule: each.decided_by(column) for rule, each in by.items()} == {rule: rule for rule in by}
    assert pipeline.predict_with_rules({"age": [1]})["y_decided_by"].tolist() == ["threshold 0.5"]


def test_an_interrupted_writing_leaves_nothing(pipeline, tmp_path):
    def parts():
        yield from RowReader(pipeline.schema).stream(io.BytesIO(b"age\n1\n"), suffix=".csv")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.write_predictions(parts(), tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"format": "xml"}, UnknownNameError, "format of predictions 'xml'"),
        ({"to": "out.txt"}, ConfigError, "ends in neither"),
        ({"keep": ["idd"]}, DataError, "Did you mean 'id'"),
        ({"columns": {"aeg": "id"}}, UnknownNameError, "did you mean 'age'"),
        ({"source": "x.xlsx"}, UnknownNameError, "format of a file of rows '.xlsx'"),
        ({"source": "nowhere.csv"}, DataError, "is not there"),
        ({"source": "."}, UnknownNameError, "format of a file of rows"),
        ({"source": "other.csv"}, DataError, "lacks 'age'"),
        ({"source": "empty.csv"}, DataError, "has no row"),
        ({"source": "bad.csv.gz"}, DataError, "cannot be read as a table"),
        ({"chunk_rows": 0}, ConfigError, "at least 1"),
    ],
)
def test_a_file_that_cannot_be_predicted_at_all_is_one_sentence_and_writes_nothing(
    pipeline, tmp_path, monkeypatch, options, error, words
):
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "new.csv": "id,age\n1,2\n",
        "other.csv": "Age\n1\n",
        "empty.csv": "age\n",
        "bad.csv.gz": "x",
    }.items():
        written(tmp_path / name, text)
    given = {"source": "new.csv", "to": "out.csv", **options}
    with pytest.raises(error, match=words):
        pipeline.predict_file(given.pop("source"), given.pop("to"), **given)
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize(
    ("content", "titles"),
    [
        ("good wool\n\nbad silk\n", ["good wool", "bad silk"]),
        ('{"posts": "good wool"}\n{"text": "x", "posts": "bad silk"}\n', ["good wool", "bad silk"]),
        ('{"text": "good wool"}\n{"text": "bad silk"}\n', ["good wool", "bad silk"]),
        ("id,posts\n1,good wool\n2,bad silk\n", ["good wool", "bad silk"]),
    ],
)
def test_a_stream_is_lines_or_rows_as_its_first_line_says(of_texts, content, titles):
    reader = RowReader(of_texts.schema, lines=lambda texts: pd.DataFrame({"posts": texts}, dtype=object))
    (part,) = reader.stream(io.BytesIO(content.encode()))
    assert part.rows["posts"].tolist() == titles


def test_a_text_is_read_out_of_the_column_that_is_named(of_texts, tmp_path):
    written(tmp_path / "new.csv", "review,text\ngood wool,\n=bad,\n")
    outcome, rows = answered(of_texts, tmp_path / "new.csv", tmp_path, columns={"posts": "review"})
    assert outcome.failed == 0
    assert [row["review"] for row in rows] == ["good wool", "=bad"]
    assert list(rows[0])[:2] == ["review", "text"]


def test_rows_without_a_readable_text_are_told_one_by_one(of_texts, tmp_path):
    outcome, rows = answered(of_texts, written(tmp_path / "n.jsonl", '{"posts": "good"}\n{"posts": ""}\n'), tmp_path)
    assert outcome.failed == 1
    assert rows[1]["error"].endswith("n.jsonl, line 2: The text is empty: it has no word and no punctuation mark "
                                     "(column 'posts').")  # fmt: skip


def test_predictions_travel_through_csv_in_all_their_digits(pipeline):
    reader, file = RowReader(pipeline.schema), io.StringIO()
    WRITERS["csv"](file, predicted(pipeline, reader.stream(io.BytesIO(b"age\n3\n"), suffix=".csv"), Outcome()))
    found = pd.read_csv(io.StringIO(file.getvalue()), dtype={"y=yes": "float32"})["y=yes"]
    assert found.tolist() == pipeline.predict({"age": [3]})["y=yes"].tolist()


def test_parquet_rows_are_counted_where_there_are_no_lines(pipeline, tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"id": [7, 8], "age": ["1", "x"]}).to_parquet(tmp_path / "new.parquet")
    outcome, rows = answered(pipeline, tmp_path / "new.parquet", tmp_path)
    assert outcome.first.endswith("new.parquet, row 2: The column 'age' must be numbers; it holds 'x'.")
    assert [row["id"] for row in rows] == [7, 8]


def test_no_part_is_larger_than_its_bound(pipeline):
    rows = b"age,note\n" + b"1,%s\n" % (b"x" * 1_000_000) * 12
    sizes = [len(part.rows) for part in RowReader(pipeline.schema).stream(io.BytesIO(rows), suffix=".csv")]
    assert sum(sizes) == 12
    assert max(sizes) == 5


PLAIN = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sklearn", "scipy", "matplotlib", "pyarrow", "PIL", "threadpoolctl"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from zoo.cli.main import main
codes = [main(["predict", "run.keras", each, "--out", "out.csv"]) for each in ("new.csv", "new.parquet")]
sys.exit(str(codes))
"""


def test_predicting_needs_no_extra_and_one_that_is_missing_is_named(tmp_path):
    flat_pipeline().save(tmp_path / "run.keras")
    flats().head(3).drop(columns=["ok"]).assign(area=["1", "2", "x"]).to_csv(tmp_path / "new.csv", index=False)
    written(tmp_path / "new.parquet", "PAR1")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert "[1, 2]" in done.stderr
    assert "1 of 3 rows have no prediction (column 'error'); the first: new.csv, line 4: " in done.stderr
    assert "A Parquet file needs the package 'pyarrow': pip install 'keras-functional-zoo[tables]'." in done.stderr
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["ok"].isin(["no", "yes"]).tolist() == [True, True, False]
    assert found["price_predicted"].notna().tolist() == [True, True, False]
