"""Tables out of files: types, parts, memory, and what is said of files that are none."""

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.columns import Schema, read_table, scan_table
from zoo.errors import DataError, ZooError

ROOT = Path(__file__).resolve().parents[1]
CSV = """Store, Date,Open,Zip,Sales,Note
1,2015-07-31,True,01067,5263.5,a
2,2015-07-30,False,99084,NA,?
1,,True,01067,0,b
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text(CSV, encoding="utf-8-sig")
    return file


def test_columns_are_typed(path):
    frame = read_table(path, types={"Zip": "category"})
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "Store": "float32",
        "Date": "datetime64[s]",
        "Open": "category",
        "Zip": "category",
        "Sales": "float32",
        "Note": "category",
    }
    assert frame["Zip"].tolist() == ["01067", "99084", "01067"]
    assert frame["Sales"].tolist()[::2] == [5263.5, 0.0]
    assert frame.isna().sum().to_dict() == {"Store": 0, "Date": 1, "Open": 0, "Zip": 0, "Sales": 1, "Note": 1}


def test_columns_are_chosen_and_forced(path):
    frame = read_table(path, columns=["Sales", "Store"], types={"Store": "category"})
    assert list(frame.columns) == ["Sales", "Store"]
    assert frame["Store"].tolist() == ["1", "2", "1"]


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_parts_make_the_same_table_as_the_whole(path, rows):
    types = {"Date": "date", "Note": "category", "Zip": "category"}
    frame = read_table(path, types=types, chunk_rows=rows)
    pd.testing.assert_frame_equal(frame, read_table(path, types=types))
    parts = list(scan_table(path, types=types, chunk_rows=rows))
    assert [len(part) for part in parts] == [min(rows, 3 - start) for start in range(0, 3, rows)]
    together = pd.concat([part.astype({"Zip": "str", "Open": "str", "Note": "str"}) for part in parts])
    assert together["Zip"].tolist() == frame["Zip"].tolist()


def test_parquet_csv_compressed_csv_and_dataframe_are_one_table(path, tmp_path):
    frame = read_table(path, types={"Zip": "category"})
    pd.read_csv(path, skipinitialspace=True, dtype={"Zip": str}, na_values="?").to_parquet(tmp_path / "sales.parquet")
    (tmp_path / "sales.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    for source in (tmp_path / "sales.csv.gz", tmp_path / "sales.parquet", frame):
        other = read_table(source, types={"Zip": "category"})
        assert list(other.columns) == list(frame.columns)
        np.testing.assert_array_equal(other["Sales"], frame["Sales"])
        assert other["Open"].astype(str).tolist() == frame["Open"].astype(str).tolist()
        assert other["Date"].astype(str).tolist() == frame["Date"].astype(str).tolist()


def test_numbers_that_float32_would_change_stay_exact(tmp_path):
    (tmp_path / "x.csv").write_text("id,y\n123456789,1\n123456790,2\n")
    assert read_table(tmp_path / "x.csv")["id"].tolist() == [123456789.0, 123456790.0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot be read as a table"),
        ("a,b\n", "is empty"),
        ("a,b\n1,2\n3,4\n5,6\n7,8,9\n", "Expected 2 fields in line 5, saw 3"),
        ("a,b\n1,2,3\n4,5,6\n", "Expected 2 fields in line 2, saw"),
        ("a,b\n1,2,3,4\n4,5,6,7\n", "Expected 2 fields in line 2, saw"),
        ("a,a\n1,2\n", "more than one 'a'"),
        ("a,b,c\n1,2,3\n4,5\n", "Expected 3 fields in line 3, saw 2"),
        ('a,b\n1,"2\n3"\n4\n', "Expected 2 fields in line 4, saw 1"),
        ("5.1,a\n4.9,b\n", "first row of .* looks like data, as '5.1'.*header=False"),
        ("a,b\nK\xf6ln,1\n", "not in UTF-8; save it as UTF-8, or give its encoding, as encoding='cp1252'"),
        ("a,b\n1,2\n\xff\xfe,3\n", "cannot be read as a table"),
        ("a,b\n" + "1,2\n" * 5 + "x,3\n", "'a' must be numbers; row 6 holds 'x'"),
    ],
)
def test_a_damaged_file_is_told_in_one_sentence(tmp_path, text, sentence):
    (tmp_path / "bad.csv").write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=sentence) as caught:
        read_table(tmp_path / "bad.csv", chunk_rows=2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("nowhere.csv", {}, "no file of a table at"),
        ("sales.xlsx", {}, "Unknown format of a table '.xlsx'"),
        ("sales.csv", {"columns": ["Sale"]}, "lacks 'Sale', which is to be read. Did you mean 'Sales'"),
        ("sales.csv", {"columns": "Sales"}, "must be a list of names"),
        ("sales.csv", {"types": {"Sale": "number"}}, "did you mean 'Sales'"),
        ("sales.csv", {"types": {"Sales": "txt"}}, "Unknown type of 'Sales' 'txt'; did you mean 'text'"),
        ("sales.csv", {"types": ["Sales"]}, "'types' must map columns to types"),
        ("sales.csv", {"types": {"Note": "number"}}, "'Note' must be numbers; row 1 holds 'a'"),
        ("sales.csv", {"types": {"Note": "date"}}, "'Note' must be dates as 2015-07-31; row 1 holds 'a'"),
        ("sales.csv", {"chunk_rows": 0}, "'chunk_rows' must be a whole number"),
        ("fake.parquet", {}, "cannot be read as a table"),
        ("fake.csv.gz", {}, "cannot be read as a table"),
    ],
)
def test_a_file_that_does_not_fit_is_told_in_one_sentence(path, name, options, sentence):
    for fake in ("fake.parquet", "fake.csv.gz"):
        (path.parent / fake).write_bytes(b"not what the name says")
    with pytest.raises(ZooError, match=sentence):
        read_table(path.parent / name, **options)


PEAK = """
import resource, sys
from zoo.columns import Schema, read_table, scan_table

path, how = sys.argv[1:]
if how == "read":
    frame = read_table(path, chunk_rows=5_000)
    print(len(frame), end=" ")
else:
    schema = None
    rows = 0
    for part in scan_table(path, chunk_rows=5_000):
        schema = schema or Schema.fit(part, {"y": "regression"})
        rows += len(schema.encode(part))
    print(rows, end=" ")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Peak memory of a process that scans a file, and of one that reads it into compact columns."""
    random = np.random.default_rng(0)
    rows = 60_000
    block = pd.DataFrame(
        {
            **{f"x{place}": random.normal(size=rows).round(6) for place in range(6)},
            "town": random.choice(["a rather long name of a town", "another one, longer still by far"], rows),
            "day": random.choice(["2015-07-31", "2015-08-01"], rows),
            "y": random.integers(0, 1000, rows),
        }
    ).to_csv(index=False)
    header, _, body = block.partition("\n")
    times = 8
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text(block)
    large.write_text(header + "\n" + body * times)
    size = large.stat().st_size >> 20
    assert size > 40

    def peak(path, how):
        run = subprocess.run([sys.executable, "-c", PEAK, str(path), how], cwd=ROOT, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-2000:]
        return [int(number) for number in run.stdout.split()]

    (rows_small, scan_small), (rows_large, scan_large) = peak(small, "scan"), peak(large, "scan")
    assert (rows_small, rows_large) == (rows, rows * times)
    assert scan_large - scan_small < 12  # MiB, of a file that is larger by 40
    compact = rows * times * (7 * 4 + 1 + 8) >> 20
    assert peak(large, "read")[1] - scan_large < 1.5 * compact + 12 < size


def test_what_was_read_is_what_a_schema_takes(path):
    frame = read_table(path, types={"Zip": "category"})
    samples = Schema.fit(frame, {"Sales": "regression"}).encode(frame)
    assert set(samples.inputs) >= {"numbers", "Open", "Zip", "Note", "Month"}
