"""Pairs of texts: SICK and STS-B as published, generated ones whose likeness is known, and files of one's own."""

import json
import warnings

import numpy as np
import pytest

from zoo.columns import TextColumn
from zoo.columns.text import spelled
from zoo.datasets.pairs.build import SIDES, Pair, Scale, overlap, pairs_of
from zoo.datasets.pairs.generated import likeness, pairs
from zoo.datasets.pairs.sick import read_sick
from zoo.datasets.pairs.sts_benchmark import read_sts
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.metrics import score
from zoo.samples import Target
from zoo.tasks import evaluate, load_dataset, train
from zoo.tasks.task import recipe_for, task_of

SPLITS = ("train", "validation", "test")
ROWS = [
    {"left": f"text number {i} of many", "right": f"another {i} beside it", "score": i % 5 + 0.5} for i in range(40)
]


def written(folder, rows, name="mine.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def load(path, **options):
    return load_dataset(path, task="pairs", **options)


def all_texts(samples):
    return {spelled(text) for pair in pairs_of(samples) for text in (pair.left, pair.right)}


# --- what is made of any pairs


def test_punctuation_and_case_are_left_out_and_words_are_cut():
    side = TextColumn("left", vocabulary=("a", "dog", "it's"), words=4, punctuation=False)
    assert side.encode(["A dog, a DOG!", "It's a dog."]).tolist() == [[2, 3, 2, 3], [4, 2, 3, 0]]
    assert side.encode(["no", "a b c d e"]).tolist() == [[1, 0, 0, 0], [2, 1, 1, 1]]


def test_of_a_text_longer_than_all_that_were_learnt_from_the_end_is_not_read_and_that_is_told():
    few = TextColumn.fit(["a dog sat", "a cat"], "left", words=3, punctuation=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few.require_readable(["a dog, sat!"])
    with pytest.warns(DataWarning, match=r"1 of 2 texts have more than the 3 words that this model reads.*\(column 'l"):
        few.require_readable(["a dog", "a dog sat, dog"])
    assert few.encode(["a dog sat, dog"]).shape == (1, 3)
    many = TextColumn.fit(["a dog sat", "a cat sat here"], "left", words=3, punctuation=False)
    assert (few.longer, many.longer) == (0, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        many.require_readable(["a dog sat, dog"])
    assert many.encode(["a dog sat, dog"]).shape == (1, 3)
    assert TextColumn.from_json(json.loads(json.dumps(many.to_json()))) == many


def test_the_overlap_of_two_texts_does_not_depend_on_their_order_and_sees_a_denial():
    texts = ("A man is playing", "There is no man playing a guitar")
    one, other = overlap([Pair(*texts)]), overlap([Pair(*reversed(texts))])
    np.testing.assert_array_equal(one, other)
    assert one[0, -1] == 1.0
    same = overlap([Pair("a b c", "a b c")])[0]
    np.testing.assert_array_equal(same[:9], 1.0)
    assert same[-1] == 0.0


def test_a_scale_is_told_in_the_unit_so_that_scores_of_two_scales_are_not_mixed():
    assert Scale(1, 5).target.unit == "points of 1 to 5"
    assert Scale(0, 5).target != Scale(1, 5).target
    with pytest.raises(ConfigError, match="from a number up to a larger one; received 5 to 1"):
        Scale(5, 1)


# --- generated pairs


def test_generated_pairs_are_the_same_for_a_seed_and_others_for_another():
    one, again, other = (pairs(seed=seed, count=50, validation=10, test=10) for seed in (1, 1, 2))
    assert one.train.raw == again.train.raw != other.train.raw
    np.testing.assert_array_equal(one.train.targets["score"], again.train.targets["score"])


def test_a_seed_that_is_none_is_told():
    with pytest.raises(ConfigError, match="A seed must be a whole number; received"):
        pairs(seed=1.5)


def test_the_likeness_of_scenes_counts_what_they_share():
    scene = {"who": ("adult", "man|guy"), "does": ("moves", "runs"), "what": ("toy", "a ball"), "where": ("in", "here")}
    assert likeness(scene, scene, denied=False) == 5.0
    assert likeness(scene, scene, denied=True) == 3.0
    assert likeness(scene, {**scene, "who": ("adult", "woman")}, denied=False) == 4.25
    assert likeness(scene, {**scene, "who": ("animal", "dog")}, denied=False) == 3.5


def test_the_limit_of_generated_pairs_is_far_above_what_shared_words_tell():
    data = pairs(seed=0, count=2_000, validation=100, test=500)
    assert data.limits["score"]["pearson"] > 0.95
    shares = overlap(pairs_of(data.test))[:, 0]
    assert 0.3 < score("pearson", data.test.targets["score"], shares) < 0.75
    for side in SIDES:
        assert data.schema.column(side).tokeniser.known_share(data.test.raw[side][0]) == 1.0


def test_both_sides_are_read_by_one_vocabulary_in_order_of_the_model_s_inputs():
    data = pairs(seed=0, count=50, validation=10, test=10)
    left, right = (data.schema.column(side) for side in SIDES)
    assert left.vocabulary == right.vocabulary
    assert list(data.schema.inputs) == list(data.train.inputs) == list(SIDES)
    assert data.targets == {"score": Scale(0, 5).target}


@pytest.mark.parametrize(("options", "sentence"), [({"count": 0}, "received count=0"), ({"seed": -1}, "received -1")])
def test_generated_pairs_refuse_what_they_cannot_make(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        pairs(**options)


# --- files of one's own


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".tsv"])
def test_a_file_is_read_and_divided_so_that_no_text_stands_in_two_splits(tmp_path, ending):
    path = tmp_path / f"mine{ending}"
    if ending == ".jsonl":
        written(tmp_path, ROWS, path.name)
    else:
        mark = "," if ending == ".csv" else "\t"
        lines = [mark.join(str(value) for value in row.values()) for row in ROWS]
        path.write_text("\n".join([mark.join(ROWS[0]), *lines]))
    data = load(path, seed=3)
    assert sum(len(getattr(data, split)) for split in SPLITS) == 40
    assert data.card["scale"] == [0, 5]
    found = [all_texts(getattr(data, split)) for split in SPLITS]
    assert not found[0] & found[1]
    assert not (found[0] | found[1]) & found[2]


def test_pairs_that_share_a_text_stay_together(tmp_path):
    rows = [{**row, "left": f"the same text {number // 4}"} for number, row in enumerate(ROWS * 2)]
    data = load(written(tmp_path, rows))
    groups = [all_texts(getattr(data, split)) for split in SPLITS]
    assert not any(groups[a] & groups[b] for a, b in ((0, 1), (0, 2), (1, 2)))


def test_a_column_split_divides_the_rows(tmp_path):
    rows = [{**row, "split": ("train", "dev", "test")[number % 3]} for number, row in enumerate(ROWS)]
    data = load(written(tmp_path, rows))
    assert [len(getattr(data, split)) for split in SPLITS] == [14, 13, 13]


def test_a_row_may_lack_its_score_and_the_scale_may_be_given(tmp_path):
    rows = [{**row, "score": None if number == 3 else row["score"]} for number, row in enumerate(ROWS)]
    data = load(written(tmp_path, rows), low=0, high=10)
    assert data.card["scale"] == [0, 10]
    assert sum(np.isnan(getattr(data, split).targets["score"]).sum() for split in SPLITS) == 1


def changed(number, **values):
    return [{**row, **values} if i == number else row for i, row in enumerate(ROWS)]


@pytest.mark.parametrize(
    ("rows", "options", "sentence"),
    [
        (changed(2, left="  "), {}, "line 3: the left text is empty"),
        (changed(2, right=None), {}, "line 3: the right text is empty"),
        (changed(2, right="?!"), {}, "line 3: the right text has no word"),
        (changed(2, right=7), {}, "line 3: the right text must be a string; received 7"),
        (changed(2, left="x" * 1_000_001), {}, r"line 3: the left text has 1,000,001 characters; at most 1,000,000"),
        (changed(2, score="high"), {}, "line 3: the score must be a number; received 'high'"),
        (changed(2, score=True), {}, "line 3: the score must be a number"),
        (changed(2, score=7.5), {"low": 0, "high": 5}, "line 3: the score must lie in 0 to 5; received 7.5"),
        (ROWS, {"low": 5, "high": 1}, "A scale goes from a number up to a larger one; received 5 to 1"),
        (
            [{"left": "a", "wright": "b", "score": 1}],
            {},
            "line 1: the column 'right' is missing; did you mean 'wright'",
        ),
        ([{"left": "a", "right": "b"}], {}, r"line 1: the column 'score' is missing; found: left, right"),
        ([{**row, "score": ""} for row in ROWS], {}, "all scores are missing"),
        ([{**row, "score": 2} for row in ROWS], {}, "all scores are 2; there is nothing to learn"),
        ([{**row, "left": "one and the same"} for row in ROWS], {}, "40 of 40 pairs hang together .* a column 'split'"),
        (ROWS[:5], {}, "cannot be divided"),
        (changed(2, split="exam"), {}, "line 1: the split must be train, validation or test; received ''"),
        ([{**row, "split": "train"} for row in ROWS], {}, "'mine' has no pair in the split 'validation'"),
        (ROWS, {"words": 0}, "words, the length of a text, must be at least 1; received 0"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(tmp_path, rows, options, sentence):
    with pytest.raises((DataError, ConfigError), match=sentence):
        load(written(tmp_path, rows), **options)


def test_other_scripts_are_words_too(tmp_path):
    rows = [{**row, "left": f"有一个人在弹吉他 {number}"} for number, row in enumerate(ROWS)]
    data = load(written(tmp_path, rows))
    assert "吉" in data.schema.column("left").tokeniser.words


def test_long_texts_are_cut_and_counted(tmp_path):
    data = load(written(tmp_path, changed(5, left="word " * 100_000)), words=50)
    assert data.card["texts_cut"] == 1
    assert max(getattr(data, split).inputs["left"].shape[1] for split in SPLITS) == 50


def test_an_unknown_name_or_option_is_told_the_nearest():
    with pytest.raises(UnknownNameError, match="Unknown data set of pairs 'sik'; did you mean 'sick'"):
        load("sik")
    with pytest.raises(UnknownNameError, match="Unknown data set 'sik'; did you mean 'sick'"):
        load_dataset("sik")
    with pytest.raises(UnknownNameError, match="did you mean 'count'"):
        load_dataset("pairs", counts=3)


# --- the published data


def test_a_missing_column_of_sick_is_told():
    with pytest.raises(DataError, match=r"SICK\.txt lacks the column 'relatedness_score'"):
        read_sick("sentence_A\tsentence_B\n")


def test_a_short_line_of_sts_is_told():
    with pytest.raises(DataError, match=r"Line 1 of a file of STS-B has 3 fields; 7 are needed"):
        read_sts("main-news\theadlines\t2012\n")


@pytest.mark.usefixtures("pairs_mirror")
def test_sick_has_its_official_splits_and_scale():
    data = load_dataset("sick")
    assert [len(getattr(data, split)) for split in SPLITS] == [4_439, 495, 4_906]
    assert data.card["scale"] == [1, 5]
    assert data.train.raw["left"][0].startswith("A group of kids is playing in a yard and an old man")
    assert data.train.targets["score"][0] == 4.5
    assert set(data.test.groups["entailment"]) == {"neutral", "entailment", "contradiction"}
    assert data.schema.column("left").tokeniser.size < 2_500
    assert (data.test.inputs["left"] == 1).sum() / (data.test.inputs["left"] != 0).sum() < 0.005


@pytest.mark.usefixtures("pairs_mirror")
def test_sts_b_has_its_official_splits_and_scale():
    data = load_dataset("sts-b")
    assert [len(getattr(data, split)) for split in SPLITS] == [5_749, 1_500, 1_379]
    assert data.card["scale"] == [0, 5]
    assert data.card["texts_cut"] == 0
    assert set(data.validation.groups["genre"]) == {"captions", "forums", "news"}
    for split in SPLITS:
        values = getattr(data, split).targets["score"]
        assert 0 <= values.min() < values.max() <= 5


@pytest.mark.parametrize(
    ("values", "labels"),
    [((0, 1), ("0", "1")), ((False, True), ("False", "True")), (("different", "same"), ("different", "same"))],
)
def test_pairs_with_one_of_two_labels_are_classified_and_that_is_told(tmp_path, values, labels):
    rows = [{**row, "score": values[number % 2]} for number, row in enumerate(ROWS)]
    rows[3]["score"] = None
    with pytest.warns(DataWarning, match=f"'score' holds {labels[0]} and {labels[1]}: the pairs are classified"):
        found = load(written(tmp_path, rows))
    assert found.targets["score"] == Target("binary", labels)
    known = [int(score) for split in SPLITS for score in getattr(found, split).targets["score"] if score >= 0]
    assert (known.count(0), known.count(1)) == (20, 19)
    recipe = recipe_for(found, "text_similarity_tiny", data="mine.jsonl", options={})
    assert recipe.heads["score"].metrics == ("auc", "accuracy", "f1", "log_loss")
    assert (recipe.config["low"], recipe.config["high"]) == (0.0, 1.0)


def test_labels_of_a_test_file_are_those_of_the_training_file(tmp_path):
    def labelled(name, labels):
        rows = [{**row, "left": f"{name} {row['left']}"} for row in ROWS]
        return written(
            tmp_path, [{**row, "score": labels[n % len(labels)]} for n, row in enumerate(rows)], f"{name}.jsonl"
        )

    path = labelled("mine", ["same", "other"])
    with pytest.warns(DataWarning, match="are classified"):
        found = load(path, test=labelled("theirs", ["same"]))
    assert set(found.test.targets["score"]) == {1}
    told = task_of("text_similarity_tiny").file_options(found.schema)
    alone = load(labelled("alone", ["same"]), whole=True, **told)
    assert alone.targets == found.targets
    assert set(alone.test.targets["score"]) == {1}
    with pytest.warns(DataWarning), pytest.raises(DataError, match="line 2: the score must be 'other' or 'same'; rec"):
        load(path, test=labelled("slips", ["same", "smae"]))


def test_scores_of_0_and_1_are_a_scale_where_its_ends_are_given(tmp_path):
    path = written(tmp_path, [{**row, "score": number % 2} for number, row in enumerate(ROWS)])
    assert load(path, low=0, high=1).targets["score"].kind == "regression"


def test_pairs_are_trained_as_a_classification_and_predicted_with_probabilities(tmp_path):
    random = np.random.default_rng(0)
    words = np.array(["red", "green", "blue", "black", "white", "brown", "pink", "grey"])
    rows = []
    for number in range(80):
        left = list(random.choice(words, 3, replace=False))
        other = left if number % 2 else list(random.choice(np.setdiff1d(words, left), 3, replace=False))
        texts = (f"{' '.join(each)} n{number}" for each in (left, other))
        rows.append({**dict(zip(SIDES, texts, strict=True)), "score": number % 2})
    with pytest.warns(DataWarning, match="are classified"):
        trained, report = train("text_similarity_tiny", str(written(tmp_path, rows)), folder=tmp_path / "run", epochs=1)
    with pytest.warns(DataWarning, match="stand in the rows that were trained on too"):
        judged = evaluate(tmp_path / "run", data=str(written(tmp_path, rows[:20], "few.jsonl")), baselines="none")
    assert [row["metric"] for row in judged.scores] == ["auc", "accuracy", "f1", "log_loss"]
    assert judged.sizes["test"] == 20
    assert [row["metric"] for row in report.scores] == ["auc", "accuracy", "f1", "log_loss"]
    found = trained.predict({"left": ["red green"], "right": ["green red"]})
    assert list(found) == ["score", "score=0", "score=1"]
