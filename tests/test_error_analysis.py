"""Slices, decisions by group, label errors, near-duplicates, drift, significance: on cases known beforehand."""

from functools import partial

import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.report.compare import compare_predictions
from zoo.report.drift import ColumnDrift, compare_categories, compare_numbers, with_corrected
from zoo.report.fairness import calibration_by_group, gaps, rates_by_group
from zoo.report.label_errors import label_errors
from zoo.report.near_duplicates import near_duplicate_rows, near_duplicate_texts
from zoo.report.page import Page, PageTable
from zoo.report.significance import chi_square, corrected, kolmogorov_smirnov, mcnemar, paired_bootstrap
from zoo.report.slices import clusters_of, find_slices, groups_of_values
from zoo.samples import Target

ROWS = 1000


@pytest.fixture
def random():
    return np.random.default_rng(0)


def columns(**values):
    return {name: groups_of_values(each) for name, each in values.items()}


def test_a_planted_pair_is_found_and_its_halves_say_nothing_new(random):
    town, size = random.choice(["Ulm", "Bonn"], ROWS), random.choice(["small", "large"], ROWS)
    losses = random.random(ROWS) + ((town == "Ulm") & (size == "large"))
    found = find_slices(losses, columns(town=town.tolist(), size=size.tolist(), noise=random.random(ROWS).tolist()))
    assert found.found[0].parts == {"town": "Ulm", "size": "large"}
    assert found.found[0].holds
    assert all(each.difference > 0 for each in found.found)
    assert {"town": "Bonn"} not in [each.parts for each in found.found]


def test_of_pure_noise_nothing_holds_once_all_slices_are_counted(random):
    noise = columns(**{f"c{number}": random.integers(0, 4, ROWS).tolist() for number in range(6)})
    found = find_slices(random.random(ROWS), noise)
    assert found.tried > 200
    assert not any(each.holds for each in found.found)


def test_rows_of_one_person_are_one_draw(random):
    person = np.repeat(np.arange(50), 20)
    losses = np.repeat(random.random(50), 20)
    group = columns(half=np.where(person < 25, "a", "b").tolist())
    apart = find_slices(losses, group).found
    together = find_slices(losses, group, draws=person).found
    assert len(together) <= len(apart)
    assert not any(each.holds for each in together)


def test_values_become_groups_of_bins_categories_or_none():
    names, codes = groups_of_values([1.5, None, 2.5, float("nan")])
    assert (names, codes.tolist()) == (["1.5", "2.5", "no value"], [0, 2, 1, 2])
    assert groups_of_values(["a", "a"]) is None
    assert groups_of_values([f"name {row}" for row in range(100)]) is None
    assert len(groups_of_values(list(range(100)))[0]) == 5


def test_clusters_part_what_lies_apart(random):
    features = np.concatenate([random.normal(size=(200, 3)), random.normal(10, 1, (100, 3))])
    names, codes = clusters_of(features, count=2)
    assert np.bincount(codes).tolist() == [200, 100]
    assert len(set(codes[:200])) == len(set(codes[200:])) == 1
    assert names == ["cluster 1", "cluster 2"]


def test_rates_and_gaps_of_a_threshold():
    labels = np.array([1] * 40 + [0] * 40)
    shares = np.array([0.9] * 20 + [0.4] * 20 + [0.6] * 20 + [0.1] * 20)
    codes = np.array([0] * 20 + [1] * 20 + [0] * 20 + [1] * 20)
    groups = rates_by_group(labels, shares, ("a", "b"), codes, 0.5)
    assert [each.rates["true positive rate"][0] for each in groups] == [1.0, 0.0]
    assert [each.own_threshold for each in groups] == [0.9, 0.4]
    found = {each.rate: each for each in gaps(groups)}
    assert found["selected"].difference == 1.0
    assert found["true positive rate"].flagged
    assert (found["false positive rate"].low, found["false positive rate"].high) == ("b", "a")


def test_the_threshold_of_equal_rates_lets_through_as_many():
    labels, codes = np.ones(20, int), np.repeat([0, 1], 10)
    shares = np.concatenate([np.linspace(0.51, 0.6, 10), np.where(np.arange(10) < 6, 0.9, np.linspace(0, 0.4, 10))])
    shares[:4] = 0.1
    groups = rates_by_group(labels, shares, ("a", "b"), codes, 0.5)
    assert [each.rates["true positive rate"][0] for each in groups] == [0.6, 0.6]
    for each, code in zip(groups, (0, 1), strict=True):
        assert (shares[codes == code] >= each.own_threshold).mean() == 0.6
    nobody = rates_by_group(labels, shares, ("a", "b"), codes, 0.95)
    assert [each.own_threshold for each in nobody] == [None, None]


def test_rows_of_one_person_are_one_draw_of_a_group_too(random):
    person = np.repeat(np.arange(40), 25)
    labels, codes = np.repeat(random.integers(0, 2, 40), 25), (person >= 20).astype(int)
    shares = np.repeat(random.random(40), 25)
    names = ("a", "b")
    rated, calibrated = (partial(each, labels, shares, names, codes) for each in (rates_by_group, calibration_by_group))
    errors = [
        [[each.rates["selected"][1] for each in rated(0.5, draws=draws)] for draws in (None, person)],
        [[each.surplus_error for each in calibrated(draws=draws)] for draws in (None, person)],
    ]
    for apart, together in errors:
        assert all(3 < two / one < 6 for one, two in zip(apart, together, strict=True))
    assert gaps(rates_by_group(labels, shares, names, codes, 0.5, draws=person // 5)) == []  # four draws each


def test_a_group_that_is_too_sure_is_flagged(random):
    labels = (random.random(ROWS) < 0.7).astype(int)
    codes = random.integers(0, 2, ROWS)
    shares = np.where(codes == 0, 0.7, 0.95)
    fair, sure = calibration_by_group(labels, shares, ("fair", "sure"), codes)
    assert (fair.flagged, sure.flagged) == (False, True)
    assert sure.surplus == pytest.approx(0.25, abs=0.05)


def test_flipped_labels_are_found(random):
    true = random.integers(0, 3, ROWS)
    shares = np.full((ROWS, 3), 0.05)
    shares[np.arange(ROWS), true] = 0.9
    given, wrong = true.copy(), np.zeros(ROWS, bool)
    wrong[:50] = True
    given[:50] = (true[:50] + 1) % 3
    given[60] = -1  # unknown
    found = label_errors(given, shares, ("a", "b", "c"))
    assert found.rows == ROWS - 1
    assert {each.row for each in found.suspected} == set(range(50))
    assert found.share == pytest.approx(0.05, abs=0.005)
    assert set(found.ranking[:50].tolist()) == set(range(50))
    assert found.suspected[0].suggested == ("a", "b", "c")[true[found.suspected[0].row]]


def test_right_labels_are_not_suspected():
    shares = np.array([[0.9, 0.1], [0.2, 0.8]] * 20)
    found = label_errors(np.array([0, 1] * 20), shares, ("a", "b"))
    assert list(found.suspected) == []
    assert found.share == 0


@pytest.mark.parametrize("shares", [np.zeros((3, 2)), np.full((2, 2), np.nan), np.zeros((2, 5))])
def test_what_are_no_probabilities_of_these_labels_is_refused(shares):
    with pytest.raises(ZooError, match="Label errors need"):
        label_errors(np.array([0, 1]), shares, ("a", "b"))


def test_near_duplicates_of_texts_and_rows():
    text = "the quick brown fox jumps over the lazy dog and runs far away into the dark green forest at night"
    found = near_duplicate_texts([text, "something else entirely", f"{text} again", ""], np.array([0, 0, 1, 0]))
    assert [(each.row, each.other, each.labels_differ) for each in found] == [(0, 2, True)]
    unknown = near_duplicate_texts([text, text, f"{text} again"], np.array([0, -1, 1]))
    assert [each.labels_differ for each in unknown] == [True, None, None]
    rows = {"area": [50.0, 50.0001, 90.0, 50.0], "town": ["Ulm", "Ulm", "Ulm", "Bonn"]}
    assert [(each.row, each.other) for each in near_duplicate_rows(rows)] == [(0, 1)]
    with pytest.raises(ZooError, match="at least one column"):
        near_duplicate_rows({})


def test_exact_p_values():
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(10, 10) == 1
    assert mcnemar(2, 9) == mcnemar(9, 2) == pytest.approx(0.0654, abs=1e-4)  # R: binom.test(2, 11)
    assert corrected(np.array([0.01, 0.02, 0.9])).tolist() == pytest.approx([0.03, 0.03, 0.9])
    assert len(corrected(np.array([]))) == 0


def test_tests_of_distributions_agree_with_scipy(random):
    stats = pytest.importorskip("scipy.stats")
    one, two = random.normal(size=300), random.normal(0.2, 1, 200)
    distance, p = kolmogorov_smirnov(one, two)
    reference = stats.ks_2samp(one, two)
    assert distance == pytest.approx(reference.statistic)
    assert p == pytest.approx(reference.pvalue, rel=0.15)
    counts = np.array([[30, 50, 20], [45, 35, 20]])
    assert chi_square(*counts) == pytest.approx(stats.chi2_contingency(counts, correction=False).pvalue, rel=0.03)


def test_the_bootstrap_holds_a_difference_of_nothing_and_finds_a_real_one(random):
    losses = random.random(200)
    same = paired_bootstrap(losses, losses + random.normal(0, 0.1, 200))
    assert same.low < 0 < same.high
    assert same.p > 0.05
    better = paired_bootstrap(losses, losses - 0.05 - random.normal(0, 0.1, 200))
    assert better.high < 0
    assert better.p < 0.001
    together = paired_bootstrap(
        losses, losses - 0.05 - np.repeat(random.normal(0, 0.2, 10), 20), draws=np.repeat(np.arange(10), 20)
    )
    assert together.high - together.low > better.high - better.low
    with pytest.raises(ZooError, match="same rows"):
        paired_bootstrap(losses, losses[1:])


def test_two_models_are_compared_row_by_row():
    target, labels = Target("binary", ("no", "yes")), np.array([1] * 20 + [0] * 20 + [-1])
    first = np.where(labels == 1, 0.6, 0.4)
    second = first.copy()
    second[:8] = 0.1
    found = compare_predictions("paid", target, labels, first, second)
    assert (found.rows, found.counts) == (40, (32, 8, 0, 0))
    assert found.p == pytest.approx(2 / 256)
    assert found.better == 0
    assert [each.row for each in found.disagreements] == list(range(8))
    assert (found.disagreements[0].true, found.disagreements[0].second) == ("yes", "no (90%)")
    strict = ((first >= 0.7).astype(int), (first >= 0.5).astype(int))  # two thresholds on the same probabilities
    found = compare_predictions("paid", target, labels, first, first, decided=strict)
    assert found.counts == (20, 0, 20, 0)
    assert (found.disagreements[0].first, found.disagreements[0].second) == ("no (40%)", "yes (60%)")
    same = compare_predictions("paid", target, labels, first, first)
    assert (same.p, same.better, list(same.disagreements)) == (1.0, None, [])
    numbers = np.arange(40.0)
    regression = compare_predictions("price", Target("regression"), numbers, numbers + 1, numbers + 2)
    assert (regression.better, regression.counts, regression.scores) == (0, None, (1.0, 2.0))
    assert compare_predictions("price", Target("regression"), np.full(3, np.nan), np.zeros(3), np.zeros(3)) is None


def test_drift_is_told_by_size_and_by_chance_together(random):
    def drift(**changes):
        return ColumnDrift("area", "number", (0.0, 0.0), **changes)

    old = random.normal(size=20_000)
    same, tiny, far = (
        compare_numbers(drift(), old, new)
        for new in (random.normal(size=500), random.normal(0.04, 1, 20_000), random.normal(1, 1, 500))
    )
    assert with_corrected([same, tiny, far])[1].p < 0.05
    assert [each.verdict for each in with_corrected([same, tiny, far])] == [
        "as in training",
        "as in training",
        "shifted",
    ]
    towns = compare_categories(drift(), ["Ulm"] * 50 + ["Bonn"] * 50, ["Ulm"] * 10 + ["Bonn"] * 90)
    assert towns.verdict == "shifted"
    assert drift(unseen=0.6).verdict == drift(outside=0.6).verdict == "shifted"
    assert ColumnDrift("area", "number", (0.0, 0.3)).verdict == "changed"
    assert drift(moved=1.5).verdict == "changed"  # without the training rows


def test_a_page_escapes_what_users_wrote(tmp_path):
    evil = "<script>alert(1)</script>"
    page = Page(
        "Errors", [evil], [PageTable(evil, ["row"], [[evil]], [evil]), PageTable("None", ["row"], [], ["No row."])]
    )
    assert "<script>" not in page.html()
    assert page.html().count("&lt;script&gt;") == 4
    assert "<script" not in page.markdown()
    assert page.save(tmp_path / "page.html").read_text(encoding="utf-8") == page.html()
    with pytest.raises(ZooError, match="format of a page"):
        page.save(tmp_path / "page.pdf")
