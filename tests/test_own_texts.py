"""Texts with labels of one's own: any columns of a file, each of any kind, through the same verbs."""

import json

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.cli.main import main
from zoo.datasets.texts.texts_file import read_texts_file
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.tasks import load_dataset
from zoo.tasks.task import recipe_for
from zoo.tasks.verbs import judge, pipeline_of

GOOD = ["lovely", "great", "soft", "warm", "nice", "perfect"]
BAD = ["awful", "torn", "cheap", "wrong", "ugly", "bad"]
THINGS = ("dress", "shoes", "hat")
KINDS = {"good": "binary", "stars": "ordered", "things": "tags", "price": "regression", "shop": "classification"}


def reviews(rows=240, seed=0):
    random = np.random.default_rng(seed)
    found = []
    for number in range(rows):
        good = random.random() < 0.6
        things = [thing for thing in THINGS if random.random() < 0.4]
        words = [*random.choice(GOOD if good else BAD, 6), *things, "in", "my", "size"]
        found.append(
            {
                "review": " ".join(random.permutation(words)),
                "good": "yes" if good else "no",
                "stars": int(random.integers(4, 6) if good else random.integers(1, 4)),
                "things": ";".join(things),
                "price": round(float(random.normal(90 if good else 30, 5)), 2),
                "shop": ("north", "south", "east")[number % 3],
                "who": f"p{number % 40}",
            }
        )
    return pd.DataFrame(found)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reviews")
    reviews().to_csv(folder / "reviews.csv", index=False)
    reviews().to_json(folder / "reviews.jsonl", orient="records", lines=True)
    reviews().to_parquet(folder / "reviews.parquet")
    return folder


@pytest.fixture(scope="module")
def run_folder(files):
    targets = [option for name, kind in KINDS.items() for option in ("--target", f"{name}={kind}")]
    common = ["train", "author_profile_tiny", "--data", str(files / "reviews.csv"), "--epochs", "3"]
    assert main([*common, *targets, "--out", str(files / "run")]) == 0
    return files / "run"


def test_every_kind_of_label_is_trained_reported_and_predicted(run_folder, capsys):
    scores = json.loads((run_folder / "scores.json").read_text())["scores"]
    tags = {f"things={thing}" for thing in THINGS}
    assert {row["output"] for row in scores} == {"good", "stars", "price", "shop", *tags}
    assert {row["metric"] for row in scores if row["output"] == "stars"} >= {"steps_off", "kappa"}
    found = zoo.load_pipeline(run_folder).predict({"review": ["great soft dress", "awful torn hat"]})
    assert set(found["good"]) <= {"yes", "no"}
    assert {"price", "price_low", "price_high", "stars=5", "things", "things=hat", "shop=east"} <= set(found)
    assert main(["predict", "author_profile_tiny", "--weights", str(run_folder), "great soft dress"]) == 0
    assert "stars" in capsys.readouterr().out


def test_it_is_judged_again_on_its_split_and_on_another_file(run_folder, files):
    first = json.loads((run_folder / "scores.json").read_text())["scores"]
    again = zoo.evaluate(run_folder).scores
    assert [row["model"] for row in again] == pytest.approx([row["model"] for row in first], rel=1e-4)
    with pytest.warns(DataWarning, match="167 of the 240 rows of .* stand in the rows that were trained on too"):
        other = zoo.evaluate(run_folder, data=str(files / "reviews.parquet"))
    assert (other.sizes["train"], other.sizes["test"]) == (167, 240)
    assert other.title == "author_profile_tiny on all rows of reviews.parquet"


def test_training_goes_on_from_it_with_its_vocabulary(run_folder, files, tmp_path):
    targets = [option for name, kind in KINDS.items() for option in ("--target", f"{name}={kind}")]
    start = ["--weights", str(run_folder), "--epochs", "1", "--out", str(tmp_path / "more")]
    assert main(["train", "author_profile_tiny", "--data", str(files / "reviews.csv"), *targets, *start]) == 0
    one, other = zoo.load_pipeline(run_folder), zoo.load_pipeline(tmp_path / "more")
    assert one.schema == other.schema


def test_csv_jsonl_and_parquet_of_the_same_rows_are_the_same(files):
    found = [
        load_dataset(files / f"reviews.{suffix}", task="texts", targets=KINDS, text="review")
        for suffix in ("csv", "jsonl", "parquet")
    ]
    for other in found[1:]:
        assert other.schema == found[0].schema
        for name, values in found[0].test.targets.items():
            np.testing.assert_array_equal(values, other.test.targets[name])
        np.testing.assert_array_equal(found[0].test.inputs["posts"], other.test.inputs["posts"])


def test_the_rows_of_a_person_stand_in_one_split(files):
    table = read_texts_file(files / "reviews.csv", targets=["good"], person="who")
    people = [set(frame["who"]) for frame in (table.train, table.validation, table.test)]
    assert sum(map(len, people)) == len(set.union(*people)) == 40
    assert "who" not in table.dataset().schema.names


def test_kinds_are_guessed_where_none_is_named(files):
    table = read_texts_file(files / "reviews.csv", targets=["good", "stars", "price", "shop"])
    assert table.targets == {
        "good": "binary",
        "stars": "classification",
        "price": "regression",
        "shop": "classification",
    }


def test_a_text_of_na_is_a_text(tmp_path):
    frame = reviews(40)
    frame.loc[0, "review"] = "NA"
    frame.to_csv(tmp_path / "na.csv", index=False)
    table = read_texts_file(tmp_path / "na.csv", targets=["good"], text="review")
    assert sum(map(len, (table.train, table.validation, table.test))) == 40


def test_rows_without_a_text_or_a_label_are_left_out_and_counted(tmp_path):
    frame = reviews(60)
    frame.loc[:4, "review"] = ""
    frame.loc[5:6, "good"] = None
    frame.to_csv(tmp_path / "gaps.csv", index=False)
    table = read_texts_file(tmp_path / "gaps.csv", targets=["good"], text="review")
    assert sum(map(len, (table.train, table.validation, table.test))) == 53
    assert table.card["without_text"] == 5


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"targets": ["goood"]}, UnknownNameError, "did you mean 'good'"),
        ({"targets": ["good=binry"]}, UnknownNameError, "did you mean 'binary'"),
        ({"targets": ["good"], "text": "revew"}, UnknownNameError, "did you mean 'review'"),
        ({"targets": ["good"], "text": "good"}, ConfigError, "cannot be the text and a target at once"),
        ({"targets": ["review"]}, DataError, "has no column of texts"),
        ({"targets": ["good"], "person": "whom"}, UnknownNameError, "did you mean 'who'"),
        ({"targets": []}, ConfigError, "Name at least one column"),
        ({"targets": ["shop=binary"]}, DataError, "binary target 'shop' has 3 labels"),
    ],
)
def test_wrong_ways_are_one_sentence(files, options, error, words):
    with pytest.raises(error, match=words):
        read_texts_file(files / "reviews.csv", **options).dataset()


def test_several_columns_of_texts_are_named(tmp_path):
    frame = reviews(40)
    frame.assign(story=frame["review"], tale=frame["review"]).drop(columns="review").to_csv(
        tmp_path / "two.csv", index=False
    )
    with pytest.raises(DataError, match="several columns of texts: story, tale; say which: text='story'"):
        read_texts_file(tmp_path / "two.csv", targets=["good"])


# --- kinds of labels, and what a command line shows of them


def test_the_order_of_labels_that_are_words_is_given_or_asked_for(tmp_path):
    frame = reviews(60).assign(size=["small", "medium", "large"] * 20)
    frame.to_csv(tmp_path / "sizes.csv", index=False)
    with pytest.raises(
        DataError, match=r"The order of the labels of 'size' is not known.*--target size=large<medium<small"
    ):
        read_texts_file(tmp_path / "sizes.csv", targets=["size=ordered"]).dataset()
    found = read_texts_file(tmp_path / "sizes.csv", targets=["size=small<medium<large"]).dataset()
    assert found.targets["size"].labels == ("small", "medium", "large")
    assert found.targets["size"].kind == "ordered"
    frame["size"] = pd.Categorical(frame["size"], ["small", "medium", "large"], ordered=True)
    learnt = zoo.columns.Schema.fit(frame[["review", "size"]], {"size": "ordered"}, types={"review": "text"})
    assert learnt.targets["size"].labels == ("small", "medium", "large")


def test_the_mark_between_tags_is_that_of_the_training_rows():
    frame = pd.DataFrame({"x": [1.0, 2.0], "genre": ["rock, classic;jazz", "rock;classic"]})
    schema = zoo.columns.Schema.fit(frame, {"genre": "tags"})
    assert schema.targets["genre"].labels == ("classic", "jazz", "rock", "rock, classic")
    one = schema.encode(pd.DataFrame({"x": [1.0], "genre": ["rock, classic"]}))
    assert one.targets["genre"].tolist() == [[0, 0, 0, 1]]


def test_lists_of_tags_are_read_and_other_lists_passed_over(tmp_path):
    lines = [
        {"text": f"{' '.join(GOOD)} number {n} of many", "tags": [THINGS[n % 3]], "helpful": [0, n]} for n in range(40)
    ]
    (tmp_path / "lists.jsonl").write_text("\n".join(map(json.dumps, lines)))
    data = load_dataset(tmp_path / "lists.jsonl", task="texts", targets=["tags=tags"], text="text")
    assert data.targets["tags"].labels == ("dress", "hat", "shoes")


def test_a_label_that_training_lacks_is_one_of_the_file(tmp_path):
    frame = reviews(60).assign(things=[f"rare{n}" if n % 20 == 0 else "dress" for n in range(60)])
    frame.to_csv(tmp_path / "rare.csv", index=False)
    for seed in range(3):
        data = read_texts_file(tmp_path / "rare.csv", targets=["things=tags"], seed=seed).dataset()
        assert set(data.targets["things"].labels) == {"dress", "rare0", "rare20", "rare40"}


def test_a_text_without_spaces_is_cut_too():
    from zoo.columns.text import cut

    pieces = cut("好" * 1200, 500)
    assert [len(piece.split()) for piece in pieces] == [500, 500]  # a rest of less than half a piece is dropped
    column = zoo.columns.TextColumn.fit(pd.Series(["好" * 1200]), "text", words=500, cut=True)
    assert column.encode(pd.Series(pieces)).shape == (2, 500)


def test_truth_values_are_the_same_category_from_a_file_and_from_pandas(tmp_path):
    (tmp_path / "truth.csv").write_text("ok,y\nTRUE,1\nFALSE,2\nTRUE,3\nFALSE,4\n")
    schema = zoo.columns.Schema.fit(zoo.columns.read_table(tmp_path / "truth.csv"), {"y": "regression"})
    one = schema.encode(zoo.columns.read_table(tmp_path / "truth.csv"))
    other = schema.encode(pd.read_csv(tmp_path / "truth.csv"))
    assert one.inputs["ok"].tolist() == other.inputs["ok"].tolist() == [3, 2, 3, 2]


def test_the_command_line_shows_what_the_pipeline_decides(run_folder, capsys):
    from zoo.pipeline import Pipeline

    whole = zoo.load_pipeline(run_folder)
    strict = Pipeline(whole.schema, whole.model, thresholds={"good": 1.0}, origin=whole.origin)
    rows = {"review": ["great soft dress", "awful torn hat"]}
    zoo.terminal.show_predictions(strict, rows, rows["review"])
    shown = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("  good")]
    assert shown == list(strict.predict(rows)["good"]) == ["no", "no"]
    stars = whole.schema.outputs[1]
    values = np.array([[0.4, 0.0, 0.25, 0.0, 0.35]])
    assert whole.decisions(stars, values).tolist() == [2]


def test_a_text_that_is_cut_is_judged_and_calls_for_an_interval_as_the_row_that_it_is(files):
    table = read_texts_file(files / "reviews.csv", targets={"good": "binary", "price": "regression"}, words=3)
    dataset = table.dataset()
    assert len(dataset.test) > 2 * len(table.test)
    recipe = recipe_for(dataset, "author_profile_tiny", data="reviews.csv", options={})
    model = zoo.create_model("author_profile_tiny", **recipe.config)
    report = judge(model, recipe, dataset, seed=0)
    found = pipeline_of(model, recipe, dataset, origin={}, unseen=dataset.validation)
    expected = found.predictions(table.test)
    for name in ("good", "price"):
        np.testing.assert_allclose(report.predictions[name], expected[name], rtol=1e-4)
    assert report.labels["price"].tolist() == table.test["price"].astype("float32").tolist()
    assert report.sizes == {name: len(getattr(table, name)) for name in ("train", "validation", "test")}
    errors = np.abs(found.predictions(table.validation)["price"] - table.validation["price"])
    place = int(np.ceil((len(errors) + 1) * 0.8)) - 1
    assert found.intervals["price"] == pytest.approx(np.sort(errors)[place], rel=1e-4)
