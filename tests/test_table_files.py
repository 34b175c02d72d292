"""How files of tables are written: what parts their columns, encodings, headers, marks of missing values."""

import json

import numpy as np
import pandas as pd
import pytest

from zoo.columns import Schema, read_table, scan_table
from zoo.columns.rows import read_rows
from zoo.errors import ConfigError, DataError, DataWarning

ROWS = {"stadt": ["Köln", "Münster"], "y": [1.0, 2.0]}


def text_of(mark=","):
    return f"stadt{mark}y\nKöln{mark}1\nMünster{mark}2\n"


@pytest.mark.parametrize(
    ("content", "options"),
    [
        *((text_of(mark).encode(), {}) for mark in ",;\t|"),
        (text_of().encode("utf-8-sig"), {}),
        (text_of().encode("utf-16"), {}),
        (text_of().encode("utf-16-le"), {}),
        (text_of().encode("latin-1"), {"encoding": "latin-1"}),
        (text_of().encode("cp1252"), {"encoding": "cp1252"}),
        (text_of().replace("\n", "\r\n").encode(), {}),
        (text_of().replace("\n", "\r").encode(), {}),
        (b"sep=;\n" + text_of(";").encode(), {}),
        ('"stadt","y"\n"Köln",1\n\n"Münster",2'.encode(), {}),
    ],
    ids=str,
)
def test_a_csv_file_is_read_as_it_is_written(tmp_path, content, options):
    (tmp_path / "x.csv").write_bytes(content)
    assert read_table(tmp_path / "x.csv", **options).to_dict("list") == ROWS
    rows = [row.values for row in read_rows(tmp_path / "x.csv", **options)]
    assert [(row["stadt"], row["y"].strip()) for row in rows] == [("Köln", "1"), ("Münster", "2")]


def test_the_marks_of_a_single_column_are_text(tmp_path):
    (tmp_path / "x.csv").write_text("text\nhello; world\nand | more\n")
    assert read_table(tmp_path / "x.csv", types={"text": "text"})["text"].tolist() == ["hello; world", "and | more"]


def test_quotes_inside_a_cell_are_text_and_rows_may_have_line_breaks(tmp_path):
    (tmp_path / "x.csv").write_text('a,b\n5" disk,2\n"x\ny, z",3\n')
    assert read_table(tmp_path / "x.csv")["a"].tolist() == ['5" disk', "x\ny, z"]


@pytest.mark.parametrize(("first", "columns"), [("country,2019,2020", 3), ("0,1,2", 3), ("a,b,c", 3)])
def test_numbers_that_are_names_are_a_header(tmp_path, first, columns):
    (tmp_path / "x.csv").write_text(f"{first}\n1,2,3\n4,5,6\n")
    assert read_table(tmp_path / "x.csv").shape == (2, columns)


def test_a_file_without_a_header_is_read_when_that_is_said(tmp_path):
    (tmp_path / "iris.csv").write_text("5.1,3.5,setosa\n4.9,3.0,virginica\n")
    frame = read_table(tmp_path / "iris.csv", header=False)
    assert list(frame.columns) == ["column1", "column2", "column3"]
    assert frame["column3"].tolist() == ["setosa", "virginica"]


def test_an_unknown_encoding_is_told(tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(ConfigError, match="Unknown encoding 'utf-88'; usual are utf-8, cp1252"):
        read_table(tmp_path / "x.csv", encoding="utf-88")


@pytest.mark.parametrize("mark", ["-", ".", "-999", "keine Angabe"])
def test_marks_of_missing_values_may_be_named_and_hold_for_rows_to_predict(tmp_path, mark):
    path = tmp_path / "x.csv"
    path.write_text(f"v,c,y\n1,a,1\n{mark},{mark},2\n3,b,3\n")
    frame = read_table(path, missing=[mark])
    assert frame.isna().sum().to_dict() == {"v": 1, "c": 1, "y": 0}
    schema = Schema.from_json(Schema.fit(frame, {"y": "regression"}).to_json())
    assert schema.missing == (mark,)
    (part,) = scan_table(path, columns=schema.names, types=schema.types, written=schema.written)
    np.testing.assert_array_equal(schema.encode(part).inputs["c"], [2, 0, 3])
    assert np.isnan(schema.encode(part).inputs["numbers"][1, 0])


def test_the_marks_of_pandas_are_missing_here_too(tmp_path):
    (tmp_path / "x.csv").write_text("c,y\n" + "".join(f"{mark},1\n" for mark in ("n/a", "None", "<NA>", "null", "ok")))
    ours, theirs = read_table(tmp_path / "x.csv"), pd.read_csv(tmp_path / "x.csv")
    assert ours["c"].isna().tolist() == theirs["c"].isna().tolist() == [True] * 4 + [False]


@pytest.mark.parametrize("packed", ["", ".gz", ".bz2", ".xz", ".zip"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_packed_files_are_read(tmp_path, kind, packed):
    path = tmp_path / f"x.{kind}{packed}"
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_json(path, orient="records", lines=True)
    assert read_table(path).to_dict("list") == {"a": [1.0, 2.0], "b": ["x", "y"]}
    assert [str(row.values["a"]) for row in read_rows(path)] == ["1", "2"]


def test_rows_of_a_parquet_file_are_rows(tmp_path):
    pd.DataFrame({"text": ["hi", None]}).to_parquet(tmp_path / "x.parquet")
    assert [(row.line, row.values) for row in read_rows(tmp_path / "x.parquet")] == [
        (2, {"text": "hi"}),
        (3, {"text": None}),
    ]


@pytest.mark.parametrize(
    ("line", "sentence"), [("{", "line 2 cannot be read as a table: it is not JSON"), ("[1]", "line 2 .* it is a list")]
)
def test_a_wrong_line_of_json_is_told_with_its_number(tmp_path, line, sentence):
    (tmp_path / "x.jsonl").write_text(json.dumps({"a": 1}) + "\n" + line + "\n")
    with pytest.raises(DataError, match=sentence):
        read_table(tmp_path / "x.jsonl")


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index"])
def test_a_column_that_counts_the_rows_is_left_out_and_told(name):
    frame = pd.DataFrame({name: np.random.default_rng(0).permutation(100)[:70], "x": range(70), "y": range(70)})
    with pytest.warns(DataWarning, match="counts the rows and is left out"):
        assert Schema.fit(frame, {"y": "regression"}).names == ("x",)
    assert Schema.fit(frame, {"y": "regression"}, types={name: "number"}).names == (name, "x")
    assert Schema.fit(frame.assign(**{name: 5}), {"y": "regression"}).names == (name, "x")


def test_columns_that_nobody_needs_are_not_asked_about(tmp_path):
    (tmp_path / "x.csv").write_text("when,y\n05/03/2021,1\n01/02/2020,2\n")
    assert read_table(tmp_path / "x.csv", unasked=["when"])["when"].tolist() == ["05/03/2021", "01/02/2020"]
