"""Numbers as people write them: read in the one format of a column, refused in another, asked for where two fit."""

import math

import numpy as np
import pandas as pd
import pytest

from zoo.columns import Schema, read_table
from zoo.columns.number_texts import format_like, formats_of
from zoo.errors import DataError


def read(*texts, decimal=None):
    """The numbers of a column of these texts, by the only format that fits."""
    (only,) = formats_of(texts, share=0.9, least=20, decimal=decimal).formats
    assert format_like(str(only)) == only
    return [only.number(text) for text in texts]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (("1,234.56", "12"), [1234.56, 12]),
        (("1.234,56", "3,5"), [1234.56, 3.5]),
        (("1 234,56", "1\u00a0234", "2\u202f345,5"), [1234.56, 1234, 2345.5]),
        (("1'234", "1’000’000.5"), [1234, 1_000_000.5]),
        (("1,23,456", "12,345.5"), [123_456, 12_345.5]),  # of India
        (("1.234.567", "12"), [1_234_567, 12]),
        (("1,234", "950"), [1234, 950]),
        (tuple(f"{thousand},500" for thousand in range(20, 40)), [thousand * 1000 + 500 for thousand in range(20, 40)]),
        (("$1,200", "$3.50", "-$4", "$-5", "($6)"), [1200, 3.5, -4, -5, -6]),
        (("€ 5,50", "1.000,00 €", "7 EUR"), [5.5, 1000, 7]),
        (("USD 5", "USD 6"), [5, 6]),
        (("12 %", "13.5%", "7\u00a0%"), [12, 13.5, 7]),
        (("(1,234)", "5-", "\u22126", "+7"), [-1234, -5, -6, 7]),
        (("12 kg", "3.5kg"), [12, 3.5]),
        (("3 years", "1 year"), [3, 1]),
        (("-3 °C", "12.5 °C"), [-3, 12.5]),
        (("3.5k", "2M", "900"), [3500, 2_000_000, 900]),
        (("$1.2bn", "$3.5k"), [1.2e9, 3500]),
        (("１２％", "3%"), [12, 3]),
        (("1e3 kg", "2 kg"), [1000, 2]),
        (("٨٠٫٥", "٧"), [80.5, 7]),
        (("१२", "७"), [12, 7]),
        (("7:05", "23:30"), [425, 1410]),
        (("0:59:58", "1:00:00"), [3598, 3600]),
        (("-0:30", "+1:15", "24:00"), [-30, 75, 1440]),
        (("8:30 pm", "12:05 AM", "12 p.m.", "9am"), [1230, 5, 720, 540]),
        (("0:22:46.788", "0:25:22,98"), [1366.788, 1522.98]),
        (("4:11.64", "5:02.05"), [251.64, 302.05]),
        (("150 pm", "13 pm"), [150, 13]),  # picometres
    ],
    ids=str,
)
def test_a_column_is_read_in_its_one_format(texts, numbers):
    assert read(*texts) == pytest.approx(numbers)


@pytest.mark.parametrize(
    "texts",
    [
        ("12b", "13a"),
        ("1st", "2nd"),
        ("1.2.3", "1.2.4"),
        ("192.168.1.1", "10.0.0.1"),
        ("3 rooms", "4 flats"),
        [f"<{n}" for n in range(30)],
        ("4:3", "16:9"),
    ],
)
def test_what_only_looks_like_numbers_is_none(texts):
    found = formats_of(texts, share=0.9, least=20)
    assert (found.formats, found.unlike) == ((), None)
    assert Schema.fit(pd.DataFrame({"c": texts, "y": np.arange(len(texts)) / 2}), {"y": "regression"}).of("category")


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["$5", "€6"], r"numbers as 1234.56 \$, but text in row 2: '€6'"),
        (["12 kg", "13 lb"], "numbers as 1234.56 kg, but text in row 2: '13 lb'"),
        (["1,234.50", "1.234,50"], "numbers as 1,234.56, but text in row 2: '1.234,50'"),
        ([*(f"{n} %" for n in range(40)), "none"], "numbers as 1234.56 %, but text in row 41: 'none'.*--missing"),
        (["1,234", "5,678"], "'1,234': give decimal='.' where that is 1234, or decimal=',' where that is 1.234"),
        ([*(f"{n}.5" for n in range(20)), "<5", "< 0.5"], "holds numbers, but text in row 21: '<5'"),
        ([*(f"{n}.5*" for n in range(20)), "7.5"], "holds numbers, but text in row 1: '0.5\\*'"),
        (["7:05", "7:05:10"], "times as 8:30, but text in row 2: '7:05:10'"),
        (["7:05", "7:05 pm"], "times as 8:30, but text in row 2: '7:05 pm'"),
        (["1.234 €", "2.500 €"], "'1.234 €': give decimal=',' where that is 1234, or decimal='.'"),
    ],
    ids=str,
)
def test_another_format_is_told_with_its_row_and_two_that_fit_are_asked_for(texts, sentence):
    with pytest.raises(DataError, match=sentence):
        Schema.fit(pd.DataFrame({"c": texts, "y": range(len(texts))}), {"y": "regression"})


@pytest.mark.parametrize(("decimal", "number"), [(".", 1234), (",", 1.234)])
def test_the_decimal_mark_may_be_given(tmp_path, decimal, number):
    assert read("1,234", decimal=decimal) == [number]
    (tmp_path / "x.csv").write_text('price,y\n"1,234",a\n"5,678",b\n')
    assert read_table(tmp_path / "x.csv", decimal=decimal)["price"][0] == pytest.approx(number)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a;b\n1.234;2,5\n950;3,5\n", [1234, 950]),  # another column has a decimal comma
        ("a;b\n1.234;2.5\n2.345;3.25\n", [1.234, 2.345]),
        ('a,b\n"1,234",2.5\n"5,678",3.25\n', [1234, 5678]),
    ],
)
def test_the_columns_of_a_file_have_one_decimal_mark(tmp_path, text, numbers):
    (tmp_path / "x.csv").write_text(text)
    assert read_table(tmp_path / "x.csv")["a"].tolist() == pytest.approx(numbers)


def test_thousands_in_a_file_of_semicolons_are_asked_for_where_nothing_tells(tmp_path):
    (tmp_path / "x.csv").write_text("a;b\n1.234;x\n950;y\n")
    with pytest.raises(DataError, match=r"'1.234', in a file parted by semicolons: give decimal=','"):
        read_table(tmp_path / "x.csv")
    assert read_table(tmp_path / "x.csv", decimal=",")["a"].tolist() == [1234, 950]


@pytest.mark.parametrize("other", ["8:30", "8 kg"])
def test_a_column_without_marks_says_nothing_of_those_of_others(tmp_path, other):
    (tmp_path / "x.csv").write_text(f"a;b\n1,234;{other}\n5,678;{other}\n")
    with pytest.raises(DataError, match=r"'1,234': give decimal='\.' where that is 1234, or decimal=',' where"):
        read_table(tmp_path / "x.csv")


def test_hours_may_be_names_of_columns(tmp_path):
    (tmp_path / "x.csv").write_text("8:00,9:00\n5,6\n7,8\n")
    assert read_table(tmp_path / "x.csv").to_dict("list") == {"8:00": [5, 7], "9:00": [6, 8]}
    (tmp_path / "x.csv").write_text("8:00,5\n9:00,6\n")
    with pytest.raises(DataError, match=r"first row of .* looks like data, as '8:00'"):
        read_table(tmp_path / "x.csv")


def test_a_target_of_times_is_in_minutes_or_seconds():
    for text, unit in (("8:30", "min"), ("8:30:15", "s"), ("8 pm", "min")):
        frame = pd.DataFrame({"x": [1.0, 2.0], "y": [text, text.replace("8", "9")]})
        assert Schema.fit(frame, {"y": "regression"}).outputs[0].target.unit == unit


def test_names_with_leading_zeros_of_other_scripts_are_no_numbers():
    frame = pd.DataFrame({"x": ["००७", "१२"], "y": [1.0, 2.0]})
    assert Schema.fit(frame, {"y": "regression"}).of("category")


def test_rows_to_predict_are_read_in_the_format_of_the_training_rows(tmp_path):
    train, new = tmp_path / "train.csv", tmp_path / "new.csv"
    train.write_text("price;y\n1.234,50 €;3 %\n12,00 €;4 %\n")
    schema = Schema.fit(read_table(train), {"y": "regression"})
    schema = Schema.from_json(schema.to_json())
    new.write_text("price\n1.234 €\n")  # alone it would be asked for
    frame = read_table(new, columns=schema.names, types=schema.types, written=schema.written)
    assert schema.encode(frame).inputs["numbers"].tolist() == [[1234.0]]
    assert schema.encode({"price": ["1.234 €"], "y": ["5 %"]}).targets["y"].tolist() == [5.0]
    assert schema.outputs[0].target.unit == "%"
    with pytest.raises(DataError, match=r"must be numbers as 1.234,56 EUR; row 1 holds '1,234.50'"):
        schema.encode({"price": ["1,234.50"]})


def test_a_date_beside_them_does_not_make_the_format_be_forgotten(tmp_path):
    (tmp_path / "x.csv").write_text("size;listed;y\n1.234,50 m²;31.01.2024;3\n12,25 m²;02.02.2024;4\n")
    schema = Schema.fit(read_table(tmp_path / "x.csv"), {"y": "regression"})
    assert schema.written.formats == {"size": "1.234,56 m²"}
    size = schema.encode({"size": ["2,5 m²"], "listed": ["03.02.2024"], "y": [1]}).inputs["numbers"][0, 0]
    assert size == 2.5


def test_names_with_leading_zeros_are_no_numbers(tmp_path):
    (tmp_path / "x.csv").write_text("zip,size\n01067,5\n99084,6\n")
    frame = read_table(tmp_path / "x.csv")
    assert frame["zip"].tolist() == ["01067", "99084"]
    assert frame["size"].tolist() == [5, 6]


def test_a_text_of_another_format_is_no_number():
    assert math.isnan(format_like("1,234.56").number("1.234,56"))
