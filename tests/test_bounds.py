"""What many rows and labels cost stays in bounds, by construction: in parts, on samples, by counts."""

from types import SimpleNamespace

import numpy as np
import pytest

from zoo import costs, metrics, samples
from zoo.metrics import score
from zoo.pipeline import Pipeline
from zoo.report import build_report
from zoo.report.baselines import fit_baselines
from zoo.report.budget import BUDGETS, LEAST_LABELLED, Budget, rows_within, sample
from zoo.report.candidates import Best, Candidate, Task, choose
from zoo.report.confusion import confusion
from zoo.report.groups import MOST_CLASSES, group_columns
from zoo.samples import Samples, Target
from zoo.training import Head
from zoo.training.losses import mean_loss, row_losses
from zoo.training.output_layers.prior import prior_losses

MANY = tuple(f"label {place}" for place in range(300))


def shares(rows, classes, seed=0):
    found = np.random.default_rng(seed).random((rows, classes)).astype(np.float32)
    return found / found.sum(axis=1, keepdims=True)


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of three rows of four numbers, and how wide those were that a score looked at."""
    seen = []
    whole = np.argmax

    def argmax(values, *arguments, **options):
        seen.append(np.size(values))
        return whole(values, *arguments, **options)

    monkeypatch.setattr(samples, "BATCH_VALUES", 12)
    monkeypatch.setattr(metrics.np, "argmax", argmax)
    return seen


@pytest.mark.parametrize("metric", ["accuracy", "steps_off", "kappa", "calibration_error"])
def test_a_score_of_classes_looks_at_a_part_of_the_rows_at_a_time_and_stays_the_same(metric, small_parts):
    predicted, target = shares(50, 4), np.random.default_rng(1).integers(0, 4, 50)
    found = score(metric, target, predicted)
    assert max(small_parts) <= 12
    samples.BATCH_VALUES = 10**6
    assert score(metric, target, predicted) == found


def test_the_cheapest_decisions_are_those_of_all_rows_at_once(monkeypatch):
    predicted, table = shares(50, 4), np.random.default_rng(1).random((4, 4))
    whole = costs.decide(predicted, table)
    monkeypatch.setattr(samples, "BATCH_VALUES", 12)
    assert costs.decide(predicted, table).tolist() == whole.tolist()


@pytest.mark.parametrize("loss", ["crossentropy", "ranked"])
def test_the_loss_of_a_split_is_made_in_parts_and_stays_the_same(loss, monkeypatch):
    head = Head(Target("ordered", ("a", "b", "c", "d")), loss=loss)
    predicted, target = shares(50, 4), np.random.default_rng(1).integers(-1, 4, 50).astype(np.int32)
    whole, rows = mean_loss(head, target, predicted), row_losses(head, target, predicted)
    sizes = []
    original = np.ascontiguousarray
    monkeypatch.setattr(samples, "BATCH_VALUES", 12)
    monkeypatch.setattr("zoo.training.losses.np.ascontiguousarray", lambda x: sizes.append(x.size) or original(x))
    assert mean_loss(head, target, predicted) == pytest.approx(whole, rel=1e-6)
    np.testing.assert_allclose(row_losses(head, target, predicted), rows, rtol=1e-5)
    assert max(sizes) <= 12


def test_the_loss_of_the_best_constant_never_has_a_row_of_its_own_for_each_sample():
    strides = []
    split = Samples({"x": np.zeros((9, 1), np.float32)}, {"y": np.arange(9, dtype=np.int32) % 3})
    heads = {"y": Head(Target("classification", ("a", "b", "c")))}
    prior = {"y": np.array([0.2, 0.3, 0.5], np.float32)}
    prior_losses(heads, prior, split, lambda head, target, output, weights: strides.append(output.strides[0]) or 1.0)
    assert strides == [0]


def test_candidates_predict_one_after_the_other_and_test_is_predicted_by_the_chosen_one_alone():
    truth = np.array([0, 1, 2, 1])
    task = Task(truth, truth, Target("classification", ("a", "b", "c")), ("accuracy", "log_loss"))
    asked = []

    def candidate(name, right):
        predicted = np.full((4, 3), 0.1) + 0.7 * np.eye(3)[truth if right else (truth + 1) % 3]
        return Candidate(name, lambda split: asked.append((name, split)) or predicted)

    answers, chosen = choose([candidate("wrong", False), candidate("right", True)], task)
    assert asked == [("wrong", 1), ("right", 1), ("right", 2)]
    assert chosen == "right (chosen on validation)"
    assert answers["accuracy"] is answers["log_loss"]  # not a copy for each metric
    assert not any(isinstance(each, np.ndarray) and each.ndim == 2 for each in vars(Best(task)).values())


def test_the_constant_answer_of_classes_is_one_row_that_stands_for_all():
    split = Samples({"x": np.zeros((30, 1), np.float32)}, {"y": np.zeros(30, np.int32)})
    found = fit_baselines(split, split, split, {"y": Target("classification", MANY)})["y"]["majority"]
    assert found.predictions["accuracy"].shape == (30, 300)
    assert found.predictions["accuracy"].strides[0] == 0


def test_of_very_many_classes_the_rare_ones_share_a_place_in_confusion_and_groups():
    labels = np.concatenate([np.arange(300), np.arange(5)])
    predicted = np.zeros((305, 300), np.float32)
    predicted[np.arange(305), labels] = 1.0
    counts, names = confusion(labels, predicted, MANY, most=10)
    assert counts.shape == (10, 10)
    assert np.trace(counts) == 305
    assert names[:5] == list(MANY[:5])
    assert names[-1] == "291 others"
    split = Samples({"x": np.zeros((305, 1), np.float32)}, {"y": labels})
    names, codes = group_columns(split, {"y": Target("classification", MANY)})["y"]
    assert len(names) == MOST_CLASSES
    assert (codes == 0).sum() == 2
    assert (codes == -1).sum() == 300 - MOST_CLASSES


def table(rows, classes=2):
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 2)).astype(np.float32)
    return Samples({"numbers": x}, {"y": (np.arange(rows) % classes).astype(np.int32)})


@pytest.mark.parametrize(
    ("rows", "columns", "labels", "expected"),
    [
        (1_000_000, 5, 1, 20_000),  # no more than these, however cheap
        (5_000, 5, 1, 5_000),
        (60_000, 784, 10, int(3e7 / 10 / (784 + 64))),
        (100_000, 1, 10_000, 2_000),
    ],
)
def test_how_many_rows_simple_models_are_given_follows_from_counts(rows, columns, labels, expected):
    split = Samples({"x": np.broadcast_to(np.float32(0), (rows, columns))})
    assert rows_within(BUDGETS["quick"], split, {"y": labels}) == expected
    assert rows_within(BUDGETS["full"], split, {"y": labels}) == rows


def test_long_texts_are_fewer():
    short, long = (Samples({"x": np.zeros((9_000, 1), np.int32)}, raw={"x": ["a word" * n] * 9_000}) for n in (1, 200))
    assert rows_within(BUDGETS["quick"], short, {"y": 1}) == 9_000
    assert rows_within(BUDGETS["quick"], long, {"y": 1}) == 3_000


def test_an_output_with_few_labels_keeps_some_in_a_sample():
    known = np.full(100_000, -1, np.int32)
    known[::100] = 1
    split = Samples({"x": np.zeros((100_000, 1), np.float32)}, {"y": known})
    chosen = sample(split, 2_000, {"y": None}, seed=0)
    assert (chosen.targets["y"] == 1).sum() == LEAST_LABELLED
    again = sample(split, 2_000, {"y": None}, seed=0)
    assert chosen.targets["y"].tolist() == again.targets["y"].tolist()


def test_what_a_sample_was_fitted_on_stands_in_the_table(monkeypatch):
    monkeypatch.setitem(BUDGETS, "quick", Budget(rows=600, linear=1e9, trees=300))
    monkeypatch.setattr("zoo.report.budget.LEAST_ROWS", 100)
    train, held_out, test = table(1_000), table(500), table(60)
    predictions = {"y": np.full(60, 0.5)}
    splits = {"train": train, "validation": held_out, "test": test}
    targets = {"y": Target("binary", ("no", "yes"))}
    report = build_report(predictions, **splits, targets=targets)
    assert "linear, trees: on 600 of 1,000 training rows." in str(report.table().caption)
    assert "of 1,000 training rows" not in str(
        build_report(predictions, **splits, targets=targets, size="full").table().caption
    )
    none = build_report(predictions, **splits, targets=targets, size="none")
    assert none.baselines["y"]["linear"] == none.baselines["y"]["trees"] == "left out: not asked for"
    assert none.scores[0]["majority"] is not None


def test_many_classes_of_a_sample_and_trees_beyond_the_budget_are_left_out_and_told(monkeypatch):
    monkeypatch.setitem(BUDGETS, "quick", Budget(rows=600, linear=1e9, trees=30))
    train, test = table(1_000, classes=100), table(60, classes=100)
    found = fit_baselines(train, test, test, {"y": Target("classification", MANY)})["y"]
    assert "a sample of 600 rows says too little of 300 classes" in found["linear"].note
    few = table(300)
    found = fit_baselines(few, few, test, {"y": Target("classification", ("a", "b"))})["y"]
    assert "too slow on 300 rows of 2 columns and 2 classes" in found["trees"].note


def test_an_unknown_size_of_the_simple_models_is_told():
    with pytest.raises(Exception, match="Unknown size of the simple models 'fulll'; did you mean 'full'"):
        fit_baselines(table(40), table(40), table(40), {"y": Target("binary", ("no", "yes"))}, size="fulll")


@pytest.mark.parametrize(("labels", "rows"), [(0, 100_000), (10_000, 1_000), (20_000_000, 1)])
def test_a_file_is_predicted_for_in_parts_whose_probabilities_fit_in_memory(labels, rows):
    target = SimpleNamespace(labels=range(labels))
    pipeline = SimpleNamespace(schema=SimpleNamespace(targets={"y": target}))
    assert Pipeline.rows_at_once.fget(pipeline) == rows
