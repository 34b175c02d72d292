"""Labels of a user's own file: their kinds, said and told; rows that lack some; cells of tags that are empty."""

import warnings

import numpy as np
import pandas as pd
import pytest

from zoo.cli import main
from zoo.cli.options import command_line, data_options
from zoo.columns import Schema
from zoo.columns.values import tags_of
from zoo.datasets.tables.table_file import kinds_of_targets, read_table_file
from zoo.datasets.texts.texts_file import read_texts_file
from zoo.errors import ConfigError, DataWarning, UnknownNameError

FRAME = pd.DataFrame(
    {"price": np.arange(40.0), "a:b": ["x", "y"] * 20, "c=d": np.arange(40) / 3, "stars": [1, 2, 3, 4] * 10}
)


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ("price=classification", {"price": "classification"}),
        ("price:classification", {"price": "classification"}),
        ("stars:1<2<3<4", {"stars": ["1", "2", "3", "4"]}),
        ("a:b", {"a:b": "binary"}),
        ("a:b=tags", {"a:b": "tags"}),
        ("c=d", {"c=d": "regression"}),
        ("c=d:regression", {"c=d": "regression"}),
    ],
)
def test_a_kind_is_named_behind_an_equals_sign_or_a_colon(given, kinds):
    assert kinds_of_targets(FRAME, [given]) == kinds


def test_a_misspelt_kind_or_column_is_told():
    with pytest.raises(UnknownNameError, match="kind of target 'regresion'; did you mean 'regression'"):
        kinds_of_targets(FRAME, ["price:regresion"])
    with pytest.raises(UnknownNameError, match="did you mean 'price'"):
        kinds_of_targets(FRAME, ["prise=regression"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("stars", r"'stars' has 4 different whole numbers and is taken for classes; .*--target stars=regression"),
        ("price", r"'price' has 40 different whole numbers and is taken for a regression; .*price=classification"),
    ],
)
def test_it_is_told_what_whole_numbers_are_taken_for(name, sentence):
    with pytest.warns(DataWarning, match=sentence):
        kinds_of_targets(FRAME, name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kinds_of_targets(FRAME, {name: "regression"})
        kinds_of_targets(FRAME, ["a:b", "c=d"])


def test_rows_that_lack_one_of_several_labels_are_kept(tmp_path):
    frame = pd.DataFrame({"x": np.arange(60.0), "sold": ["yes", "no"] * 30, "price": np.arange(60) / 7})
    frame.loc[:29, "sold"], frame.loc[20:, "price"] = None, np.nan
    frame.loc[20:24, "sold"] = None  # neither
    frame["text"] = [f"the text of number {row}" for row in range(60)]
    for ending, write in (("csv", frame.to_csv), ("parquet", frame.to_parquet)):
        path = tmp_path / f"x.{ending}"
        write(path, index=False)
        for table in (
            read_table_file(path, targets=["sold", "price"], ignore=["text"]),
            read_texts_file(path, targets=["sold", "price"], text="text"),
        ):
            assert len(table.train) + len(table.validation) + len(table.test) == 50


def test_an_empty_cell_of_tags_is_no_label_and_a_lone_mark_is_no_tag(tmp_path):
    cells = ["red;blue", "", " ", ";", [], None, ["red"]]
    column = pd.Series(cells, dtype=object)
    assert tags_of(column, "t", ("blue", "red"), ";").tolist() == [
        [1, 1], [-1, -1], [-1, -1], [0, 0], [0, 0], [-1, -1], [0, 1],
    ]  # fmt: skip
    rows = ["red;blue", "", ";", "red"] * 10
    pd.DataFrame({"x": range(40), "t": rows}).to_csv(tmp_path / "x.csv", index=False)
    with pytest.warns(DataWarning, match="10 rows have an empty cell in 't', and so no label; .* write ';' there"):
        table = read_table_file(tmp_path / "x.csv", targets=["t=tags"])
    whole = pd.concat([table.train, table.validation, table.test])
    assert len(whole) == 30
    encoded = Schema.fit(whole, {"t": "tags"}).encode(whole).targets["t"]
    assert sorted(map(tuple, encoded.tolist())) == [(0, 0)] * 10 + [(0, 1)] * 10 + [(1, 1)] * 10


@pytest.mark.parametrize("command", ["train", "evaluate", "find-rate", "inspect"])
def test_every_command_that_takes_a_file_says_how_it_is_read(command):
    parser = command_line(main.COMMANDS, None)
    given = (
        "mlp --data x.csv --target price:regression --types a=category b=number --types c=date --missing - --missing . "
        "--date-order dmy --decimal , --encoding cp1252 --no-header"
    )
    assert data_options(parser.parse_args([command, *given.split()])) == {
        "targets": ["price:regression"],
        "types": {"a": "category", "b": "number", "c": "date"},
        "missing": ["-", "."],
        "date_order": "dmy",
        "decimal": ",",
        "encoding": "cp1252",
        "header": False,
    }
    of_columns = parser.parse_args([command, "mlp", "--date-order", "a=dmy", "--date-order", "b=mdy"])
    assert data_options(of_columns) == {"date_order": {"a": "dmy", "b": "mdy"}}
    with pytest.raises(ConfigError, match="Each of --types is COLUMN=KIND, once a column; received 'a'"):
        data_options(parser.parse_args([command, "mlp", "--types", "a"]))


COMMANDS = (
    "list", "describe", "train", "show-batch", "evaluate", "find-rate", "inspect", "predict", "convert", "fetch",
    "verify", "prune",
)  # fmt: skip
