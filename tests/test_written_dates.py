"""Dates as people write them: one order for a whole column, asked for where two fit; never silently a category."""

import numpy as np
import pandas as pd
import pytest

from zoo.columns import Schema, read_table
from zoo.columns.date_texts import readings
from zoo.errors import DataError, UnknownNameError


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2015-07-31 14:30", "2015-07-31T14:30:00"),
        ("2016-01-01T00:30:00+01:00", "2016-01-01T00:30:00"),
        ("2016/1/5", "2016-01-05"),
        ("2020-05", "2020-05-01"),
        ("05/2020", "2020-05-01"),
        ("20240501", "2024-05-01"),
        ("20240501T1230", "2024-05-01T12:30:00"),
        ("31 Dec 2020", "2020-12-31"),
        ("31-Dec-20", "2020-12-31"),
        ("Dec 31, 2020 3:05 PM", "2020-12-31T15:05:00"),
        ("Monday, February 3, 2020", "2020-02-03"),
        ("1. März 2021", "2021-03-01"),
        ("3 de enero de 2020", "2020-01-03"),
        ("2021年3月5日", "2021-03-05"),
        ("2020-W05-3", "2020-01-29"),
        ("2020-Q3", "2020-07-01"),
        ("05/Mar/2021:10:00:01 +0000", "2021-03-05T10:00:01"),
    ],
)
def test_a_date_of_one_meaning(text, iso):
    assert readings(text) == {"": iso}


@pytest.mark.parametrize(
    "text",
    ["1/2", "192.168.1.1", "12345678", "5263.5", "2020.5", "2020-13-01", "room 12", "May 20", "12:30"],
)
def test_what_is_no_date(text):
    assert readings(text) == {}


def kinds(values, **options):
    frame = pd.DataFrame({"when": values, "x": np.arange(len(values)), "y": np.arange(len(values)) / 2})
    return Schema.fit(frame, {"y": "regression"}, **options)


@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        (["31/12/2020", "01/02/2020"], "2020-02-01", "2020-12-31"),
        (["12/31/2020", "01/02/2020"], "2020-01-02", "2020-12-31"),
        (["31.12.2020", "2020-01-05"], "2020-01-05", "2020-12-31"),  # two formats, of which one needs no order
        ([f"{day}/01/20" for day in range(10, 31)], "2020-01-10", "2020-01-30"),
        ([20200131, 20200201], "2020-01-31", "2020-02-01"),
        ([20200131.0, None, 20200201.0], "2020-01-31", "2020-02-01"),
        ([f"{day}.1.20" for day in range(1, 31)], "2020-01-01", "2020-01-30"),
        ([f"{1 + day % 7}.{day}.20" for day in range(1, 29)], "2020-01-07", "2020-07-27"),  # months first
        (["2020-05", "2020-07"], "2020-05-01", "2020-07-01"),
    ],
    ids=str,
)
def test_a_column_of_dates_is_read_in_its_one_order(values, first, last):
    (found,) = kinds(values).of("date")
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            ["05/03/2021", "01/02/2020"],
            "2 orders: row 1 holds '05/03/2021'.*'dmy' for 5 March 2021, or 'mdy' for 3 May",
        ),
        (["20/12/31", "21/01/30"], "'dmy' for 20 December 2031, or 'ymd' for 31 December 2020"),
        (["31/12/2020", "12/31/2020"], "dates, but text in row 2: '12/31/2020'"),
        ([f"2020-01-{day:02}" for day in range(1, 29)] + ["5.1.20"], "2 orders: row 29 holds '5.1.20'"),
        ([*(f"{day}.1.20" for day in range(1, 29)), "31.2.20"], "dates, but text in row 29: '31.2.20'"),
        ([*(f"{day}.1.20" for day in range(1, 29)), "soon"], "dates, but text in row 29: 'soon'"),
        (["2020-01-05", "31/02/2020"], "dates, but text in row 2: '31/02/2020'"),
        ([*(f"2020-01-{day:02}" for day in range(1, 29)), "soon"], "dates, but text in row 29: 'soon'"),
    ],
    ids=str,
)
def test_dates_that_do_not_agree_are_told_or_asked_for(values, sentence):
    with pytest.raises(DataError, match=sentence):
        kinds(values)
    assert kinds(values, types={"when": "category"}).of("category")


@pytest.mark.parametrize(
    "versions",
    [
        ["1.10.12", "1.10.11", "2.1.10"],
        [f"{n}.1.10" for n in range(1, 13)],
        [f"{n}.1.10" for n in range(1, 40)],
        ["13.1.10", "14.2.20", "15.13.10"],
        [f"1.{n}.10" for n in range(10, 30)],
        ["20.04.1", "18.04.5", "22.04.10", "20.04.10"],
        ["5²", "6²"],
        ["①", "②"],
    ],
)
def test_versions_are_no_days(versions):
    assert kinds(versions).column("when").kind == "category"


def test_days_as_a_version_may_be_forced():
    assert kinds(["1.10.12", "2.10.12"], types={"when": "date"}, date_order="dmy").of("date")[0].first == "2012-10-01"


@pytest.mark.parametrize(("order", "month"), [("dmy", "3"), ("mdy", "5")])
@pytest.mark.parametrize("given", [lambda order: order, lambda order: {"when": order}])
def test_the_order_may_be_given(tmp_path, order, month, given):
    values = ["05/03/2021", "05/03/2021"]
    assert kinds(values, date_order=given(order)).column("whenMonth").vocabulary == (month,)
    (tmp_path / "x.csv").write_text("when\n05/03/2021\n")
    frame = read_table(tmp_path / "x.csv", date_order=given(order))
    assert frame["when"].dt.month.tolist() == [int(month)]
    with pytest.raises(UnknownNameError, match="did you mean 'dmy'"):
        kinds(values, date_order="dmmy")


def test_rows_to_predict_are_read_in_the_order_of_the_training_rows(tmp_path):
    (tmp_path / "train.csv").write_text("when,y\n31/12/2020,1\n01/02/2020,2\n")
    schema = Schema.fit(read_table(tmp_path / "train.csv"), {"y": "regression"})
    schema = Schema.from_json(schema.to_json())
    (tmp_path / "new.csv").write_text("when\n05/03/2020\n")
    frame = read_table(tmp_path / "new.csv", columns=schema.names, types=schema.types, written=schema.written)
    assert frame["when"].tolist() == [pd.Timestamp("2020-03-05")]
    encoded = [schema.encode({"when": [text]}).inputs["numbers"].tolist() for text in ("05/12/2020", "2020-12-05")]
    assert encoded[0] == encoded[1]


def test_hours_and_minutes_are_parts_where_they_vary():
    hours = pd.date_range("2021-01-01", periods=48, freq="1h")
    assert kinds(hours).of("date")[0].times == ("Hour",)
    assert (
        kinds(hours.tz_localize("Asia/Tokyo").strftime("%Y-%m-%d %H:%M:%S%z")).column("whenHour").vocabulary[0] == "0"
    )
    assert kinds(pd.date_range("2021-01-01", periods=48, freq="30min")).of("date")[0].times == ("Hour", "Minute")
    assert kinds(pd.date_range("2021-01-01", periods=48)).of("date")[0].times == ()
