"""The report judges any predictions: its numbers are checked by hand, its files hold what they should."""

import json
import struct
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from zoo.errors import DataError, UnknownNameError
from zoo.report import build_report
from zoo.report.baselines import Baseline
from zoo.report.panels import draw_terms
from zoo.report.table import notes
from zoo.samples import Samples, Target

TARGETS = {
    "age": Target("regression", unit="years"),
    "income": Target("classification", ("low", "middle", "high")),
    "gender": Target("binary", ("female", "male")),
}
HISTORY = [
    {"epoch": epoch, "loss": 3.0 / epoch, "term_age": 2.0 / epoch, "term_gender": 1.0 / epoch}
    | {f"{part}{name}_loss": 1.0 / epoch for name in TARGETS for part in ("", "val_")}
    for epoch in (1, 2, 3)
]


def split(rows, seed=0, groups=None):
    random = np.random.default_rng(seed)
    targets = {
        "age": random.uniform(20, 60, rows).astype(np.float32),
        "income": random.integers(0, 3, rows).astype(np.int32),
        "gender": random.integers(0, 2, rows).astype(np.int32),
    }
    return Samples({"x": np.zeros((rows, 1), np.float32)}, targets, groups or {})


def answers(test, seed=1):
    """Ages within a uniform ± 8 years, incomes right in 3 of 4 rows, genders all right at 0.9."""
    random = np.random.default_rng(seed)
    rows = len(test)
    shown = np.where(np.arange(rows) % 4 == 0, (test.targets["income"] + 1) % 3, test.targets["income"])
    return {
        "age": (test.targets["age"] + random.uniform(-8, 8, rows))[:, None],
        "income": np.eye(3)[shown] * 0.7 + 0.1,
        "gender": np.where(test.targets["gender"] == 1, 0.9, 0.1),
    }


def report_of(test, predictions=None, **options):
    options = {"baselines": {}, "targets": TARGETS, "history": HISTORY} | options
    return build_report(predictions or answers(test), train=split(50), validation=split(20), test=test, **options)


def row_of(report, output, metric):
    return next(row for row in report.scores if (row["output"], row["metric"]) == (output, metric))


def png_size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def shown(table):
    stream = StringIO()
    Console(file=stream, width=100).print(table)
    return stream.getvalue()


def test_scores_are_those_of_the_known_noise():
    report = report_of(split(4000))
    assert row_of(report, "income", "accuracy")["model"] == 0.75
    assert row_of(report, "gender", "auc")["model"] == 1.0
    assert row_of(report, "gender", "log_loss")["model"] == pytest.approx(-np.log(0.9))
    age = row_of(report, "age", "mae")
    assert age["model"] == pytest.approx(4.0, abs=4 * age["standard_error"])
    # |uniform(-8, 8)| is uniform(0, 8), whose standard deviation is 8 / sqrt(12).
    assert age["standard_error"] == pytest.approx(8 / np.sqrt(12) / np.sqrt(4000), rel=0.05)
    assert report.calibration["gender"] == pytest.approx(0.1)
    assert report.calibration["income"] == pytest.approx(0.05)


def test_the_share_of_the_gap_closed_is_between_majority_and_limit():
    test = split(4000)
    constant = {"income": {"majority": Baseline({"accuracy": np.eye(3)[np.zeros(4000, int)]})}}
    report = report_of(test, baselines=constant, limits={"income": {"accuracy": 0.8, "accuracy_standard_error": 0.01}})
    row = row_of(report, "income", "accuracy")
    assert row["majority"] == np.mean(test.targets["income"] == 0)
    assert row["gap_closed"] == pytest.approx((0.75 - row["majority"]) / (0.8 - row["majority"]))
    assert 0 < row["gap_closed_standard_error"] < 0.1
    assert not row["above_limit"]


def test_how_far_the_model_is_ahead_of_a_baseline_is_a_paired_difference():
    """A baseline that differs from the model in 40 of 4,000 rows, all wrong where the model is right."""
    test = split(4000)
    own = answers(test)["income"]
    right = np.flatnonzero(np.argmax(own, axis=1) == test.targets["income"])[:40]
    worse = own.copy()
    worse[right] = np.roll(own[right], 1, axis=1)  # the highest probability goes to the next class
    row = row_of(report_of(test, baselines={"income": {"linear": Baseline({"accuracy": worse})}}), "income", "accuracy")
    assert row["ahead_of_linear"] == pytest.approx(0.01)
    assert row["ahead_of_linear_standard_error"] == pytest.approx(np.sqrt(0.01 * 0.99 / 4000), rel=1e-3)
    assert row["ahead_of_linear_standard_error"] < row["standard_error"] / 4
    assert row["ahead_of_trees"] is None
    age = {"age": {"majority": Baseline({"mae": np.full(4000, 40.0)})}}
    row = row_of(report_of(test, baselines=age), "age", "mae")
    assert row["ahead_of_majority"] == pytest.approx(row["majority"] - row["model"])  # less is better
    assert row["ahead_of_majority"] > 0


@pytest.mark.parametrize(("limit", "leak"), [(0.7, True), (0.74, False), (0.9, False)])
def test_a_score_above_the_limit_by_three_standard_errors_is_flagged(limit, leak):
    report = report_of(split(4000), limits={"income": {"accuracy": limit}})  # 0.75 ± 0.007
    assert row_of(report, "income", "accuracy")["above_limit"] is leak
    assert ("leak" in shown(report.table())) is leak


def test_a_lower_error_than_possible_is_flagged_and_perfect_answers_too():
    report = report_of(split(400), limits={"age": {"mae": 6.0}, "gender": {"accuracy": 0.7}})
    assert row_of(report, "age", "mae")["above_limit"]
    assert row_of(report, "gender", "accuracy")["above_limit"]


def test_confusion_counts_rows_by_truth_and_columns_by_answer():
    test = split(400)
    counts = report_of(test).confusion["income"]
    assert counts.sum() == 400
    assert np.trace(counts) == 300
    assert counts.sum(axis=1).tolist() == np.bincount(test.targets["income"]).tolist()
    assert counts[0, 2] == counts[1, 0] == counts[2, 1] == 0  # wrong answers are always the next class


def test_the_group_that_is_served_worse_is_the_one_flagged():
    test = split(2000, groups={"region": np.array(["north", "south"] * 1000), "row": np.arange(2000).astype(str)})
    predictions = answers(test)
    predictions["age"][1::2] += 5.0
    rows = report_of(test, predictions).groups
    regions = {row["group"]: row for row in rows if (row["output"], row["column"]) == ("age", "region")}
    assert regions["south"]["worse"]
    assert not regions["north"]["worse"]
    assert regions["south"]["difference"] == pytest.approx(-regions["north"]["difference"])
    assert {row["column"] for row in rows} == {"age", "income", "gender", "region"}
    bands = [row["group"] for row in rows if (row["output"], row["column"]) == ("age", "age")]
    assert bands == ["20-29", "30-39", "40-49", "50-59"]
    assert "region: south" in shown(report_of(test, predictions).groups_table())


def test_where_no_group_is_served_worse_a_sentence_says_so_and_how_many_are_too_small():
    few = split(12, groups={"region": np.array(["north", "south"] * 6)})
    told = report_of(few).groups_table()
    assert told == "No group has the 10 samples from which one is compared with all."
    rows = split(300, groups={"region": np.array(["island"] * 3 + ["mainland"] * 297)})
    report = report_of(rows)
    report = replace(report, groups=[{**row, "worse": False} for row in report.groups])
    small = sum(not row["compared"] for row in report.groups)
    assert 0 < small < len(report.groups)
    assert report.groups_table() == (
        "No group is served worse than all by more than two standard errors; "
        f"{small} of {len(report.groups)} groups have too few samples to tell."
    )
    large = replace(report, groups=[row for row in report.groups if row["compared"]])
    assert large.groups_table() == "No group is served worse than all by more than two standard errors."


def test_a_group_of_few_rows_is_shown_and_not_flagged():
    regions = np.array(["here"] * 297 + ["island"] * 3)
    predictions = answers(split(300))
    predictions["age"][297:] += 40
    rows = report_of(split(300, groups={"region": regions}), predictions).groups
    island = next(row for row in rows if (row["output"], row["group"]) == ("age", "island"))
    assert island["labels"] == 3
    assert not island["worse"]


def test_rows_of_one_person_are_one_draw():
    """Every person's row stands there nine times: the standard error is that of the persons, three times as large."""
    once = split(200)
    nine = once.take(np.repeat(np.arange(200), 9))
    nine = Samples(nine.inputs, nine.targets, {"person": np.repeat(np.arange(200), 9).astype(str)})
    predictions = {name: np.repeat(values, 9, axis=0) for name, values in answers(once).items()}
    for metric, output in (("mae", "age"), ("accuracy", "income"), ("rmse", "age"), ("r2", "age")):
        right = row_of(report_of(once), output, metric)["standard_error"]
        together = row_of(report_of(nine, predictions, together="person"), output, metric)["standard_error"]
        apart = row_of(report_of(nine, predictions), output, metric)["standard_error"]
        assert together == pytest.approx(right)
        assert apart == pytest.approx(right / 3, rel=0.01)


def test_an_output_without_labels_says_so_and_the_others_are_scored(tmp_path):
    full = split(60)
    missing = Samples(full.inputs, {"age": np.full(60, np.nan, np.float32), "income": full.targets["income"]})
    report = report_of(missing, answers(full), limits={"age": {"mae": 3.0}})
    assert row_of(report, "age", "mae")["model"] is None
    assert row_of(report, "gender", "accuracy")["model"] is None
    assert row_of(report, "income", "accuracy")["model"] == 0.75
    assert shown(report.table()).count("no labels") == 6
    report.save(tmp_path)
    assert json.loads((tmp_path / "scores.json").read_text())["scores"][0]["labels"] == 0


def test_the_folder_holds_the_figures_and_a_picture_1600_pixels_wide(tmp_path):
    report = report_of(split(300), limits={"age": {"mae": 3.0}}, title="Posts")
    written = report.save(tmp_path / "run")
    assert [path.name for path in written] == ["scores.json", "report.png"]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["report.png", "scores.json"]
    figures = json.loads(written[0].read_text(encoding="utf-8"))
    assert figures == report.to_json()
    assert figures["samples"] == {"train": 50, "validation": 20, "test": 300}
    width, height = png_size(written[1])
    assert width == 1600
    assert height > 1200


@pytest.mark.parametrize("history", [[], HISTORY[:1], [{"epoch": 1, "loss": float("nan"), "age_loss": float("inf")}]])
def test_a_picture_is_drawn_for_any_history(tmp_path, history):
    gender = {"gender": TARGETS["gender"]}
    report_of(split(30), {"gender": np.full(30, 0.5)}, targets=gender, history=history).save(tmp_path)
    assert png_size(tmp_path / "report.png")[0] == 1600


def test_terms_that_are_0_throughout_are_no_lines_of_the_picture():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.add_subplot()
    draw_terms(axes, [row | {"term_balance": 0.0, "term_regularisation": 0.1 * (row["epoch"] > 1)} for row in HISTORY])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["sum", "age", "gender", "regularisation"]
    axes.clear()
    draw_terms(axes, [{"epoch": 1, "loss": 2.0, "term_age": 2.0, "term_balance": 0.0}])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["age"]  # alone it is the sum


def test_a_picture_and_table_are_drawn_for_sixty_classes_with_long_names_and_one_present(tmp_path):
    targets = {
        "a very long output name": Target("classification", tuple(f"$ class of long name {i}" for i in range(60)))
    }
    test = Samples({"x": np.zeros(40)}, {"a very long output name": np.full(40, 7, np.int32)})
    uniform = {"a very long output name": np.full((40, 60), 1 / 60)}
    report = report_of(test, uniform, targets=targets)
    report.save(tmp_path)
    assert png_size(tmp_path / "report.png")[0] == 1600
    assert max(map(len, shown(report.table()).splitlines())) <= 100
    assert "0.0" in shown(report.table())


def test_one_test_row_has_a_score_without_a_standard_error(tmp_path):
    report = report_of(split(1), limits={"age": {"mae": 3.0}})
    assert row_of(report, "age", "mae")["standard_error"] is None
    report.save(tmp_path)


def wrong(name, value):
    predictions = answers(split(20))
    predictions[name] = value(predictions[name])
    return predictions


@pytest.mark.parametrize(
    ("predictions", "sentence"),
    [
        (lambda: wrong("age", lambda values: np.where(np.arange(20)[:, None] == 3, np.nan, values)), r"1 of 20.* 3\."),
        (lambda: wrong("income", lambda values: values[:, :2]), r"\(20, 3\); received \(20, 2\)"),
        (lambda: wrong("income", lambda values: values * 0.5), "sum to 1"),
        (lambda: wrong("gender", lambda values: values * 9 - 4), "must be probabilities"),
        (lambda: wrong("gender", lambda values: values[:9]), r"received \(9,\)"),
        (lambda: {"age": np.zeros(20)}, "no predictions for the output 'income'"),
    ],
)
def test_predictions_that_do_not_fit_are_refused_with_the_reason(predictions, sentence):
    with pytest.raises(DataError, match=sentence):
        report_of(split(20), predictions())


def test_an_unknown_output_or_column_is_told_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'age'"):
        report_of(split(20), answers(split(20)) | {"aeg": np.zeros(20)})
    with pytest.raises(UnknownNameError, match="did you mean 'income'"):
        report_of(split(20), limits={"incom": {"accuracy": 1.0}})
    with pytest.raises(UnknownNameError, match="'author'"):
        report_of(split(20), together="author")


def test_a_label_beyond_the_classes_is_refused():
    test = split(20)
    test.targets["income"][5] = 3
    with pytest.raises(DataError, match="'income' is 3; there are 3 classes"):
        report_of(test, answers(split(20)))


def test_a_report_shows_the_metrics_that_the_heads_name_the_headline_first():
    test = split(400)
    report = report_of(test, metrics={"age": ("exp_rmspe", "mae"), "gender": ("average_precision", "auc")})
    assert [row["metric"] for row in report.scores if row["output"] == "age"] == ["exp_rmspe", "mae"]
    assert row_of(report, "gender", "average_precision")["model"] == 1.0
    assert row_of(report, "gender", "average_precision")["standard_error"] is None
    assert {row["metric"] for row in report.groups if row["output"] == "age"} == {"mae"}
    assert {row["metric"] for row in report.groups if row["output"] == "gender"} == {"accuracy"}
    assert "RMSPE" in shown(report.table())
    with pytest.raises(UnknownNameError, match="Unknown metric 'mea'"):
        report_of(test, metrics={"age": ("mea",)})


def test_a_network_no_better_than_linear_is_told_what_to_try():
    test = split(400)
    linear = {"income": {"linear": Baseline({"accuracy": answers(test)["income"]})}}
    said = notes(report_of(test, baselines=linear))
    assert "income: no better than linear; try another model (zoo list) or more rows, or keep the simple one." in said
    rising = [{**row, "val_skill": row["epoch"] / 4} for row in HISTORY]
    improving = notes(report_of(test, baselines=linear, history=rising))
    assert "income: no better than linear; it was still improving: train longer (--epochs)." in improving
    perfect = {"gender": {"linear": Baseline({"accuracy": answers(test)["gender"]})}}  # nobody is better than that
    assert not any("no better" in sentence for sentence in notes(report_of(test, baselines=perfect)))
