"""Which rows an epoch reads is a function of seed, epoch and, for hard negatives, the losses stored before it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.rare import GRADES, RARE, counts
from zoo.samples import Samples, Target
from zoo.training import Head, Imbalance, heads_for
from zoo.training.batches import Batches
from zoo.training.resampling.sampling import Sampler


def sampler(labels, plan, seed=0):
    samples = Samples({"x": np.zeros((len(labels), 1), np.float32)}, {"rare": np.asarray(labels, np.int32)})
    return Sampler({"rare": Head(RARE, imbalance=plan)}, samples, seed), samples


@given(
    st.lists(st.sampled_from([-1, 0, 0, 0, 1]), min_size=4, max_size=60),
    st.sampled_from(["over_sampling", "under_sampling", "hard_negatives"]),
    st.floats(0.1, 1.0),
    st.integers(0, 5),
)
def test_an_epoch_is_a_function_of_seed_and_number_and_its_classes_have_the_ratio(labels, method, ratio, epoch):
    if len({0, 1} & set(labels)) < 2:
        return
    made, samples = sampler(labels, Imbalance(method, ratio=ratio))
    rows = made.rows(epoch)
    again, _ = sampler(labels, Imbalance(method, ratio=ratio))
    np.testing.assert_array_equal(rows, again.rows(epoch))
    assert len(rows) == len(made.rows(epoch + 1))
    before, after = counts(np.array(labels)), counts(made.targets(rows, samples.targets)["rare"])
    smallest, largest = min(after), max(after)
    assert smallest >= min(ratio, min(before) / max(before)) * largest - 1e-9
    kept = max if method == "over_sampling" else min
    assert kept(after) == kept(before)


def test_under_sampling_reads_other_rows_in_every_epoch_and_over_sampling_each_row_at_least_once():
    labels = [0] * 90 + [1] * 10
    under, _ = sampler(labels, Imbalance("under_sampling"))
    over, _ = sampler(labels, Imbalance("over_sampling"))
    assert len(set(np.concatenate([under.rows(epoch) for epoch in range(60)]))) == 100
    assert set(over.rows(0)) == set(range(100))
    assert counts(np.array(labels)[over.rows(0)]) == [90, 90]


def test_an_output_is_resampled_by_itself_and_the_others_see_every_row_once():
    random = np.random.default_rng(0)
    targets = {
        "rare": np.array([0] * 90 + [1] * 10, np.int32),
        "grade": random.integers(0, 4, 100).astype(np.int32),
        "age": random.normal(size=100).astype(np.float32),
    }
    samples = Samples({"x": np.arange(100, dtype=np.float32)[:, None]}, targets)
    heads = heads_for({"rare": RARE, "grade": GRADES, "age": Target("regression")}, imbalance={"rare": "over_sampling"})
    for method, expected in (("over_sampling", [90, 90]), ("under_sampling", [10, 10])):
        heads["rare"] = Head(RARE, imbalance=method)
        batches = Batches(samples, batch_size=16, sampler=Sampler(heads, samples, seed=0))
        rows = np.concatenate(batches.order(0))
        seen = batches.targets(rows)
        assert counts(seen["rare"]) == expected
        assert sorted(seen["age"][~np.isnan(seen["age"])]) == sorted(targets["age"])
        assert counts(seen["grade"]) == counts(targets["grade"])
        assert len(batches) == len(batches.order(1)) == -(-len(rows) // 16)
        np.testing.assert_array_equal(batches.inputs(rows)["x"][:, 0], rows % 100)


def test_targets_that_no_output_answers_keep_no_row_in_an_epoch():
    targets = {"rare": np.array([0] * 90 + [1] * 10, np.int32), "unused": np.zeros(100, np.int32)}
    samples = Samples({"x": np.zeros((100, 1), np.float32)}, targets)
    made = Sampler({"rare": Head(RARE, imbalance="under_sampling")}, samples, seed=0)
    assert len(made.rows(0)) == 20
    assert made.targets(made.rows(0), targets)["unused"].tolist() == [0] * 20


def test_hard_negatives_are_those_with_the_largest_losses_of_the_epoch_before():
    made, samples = sampler([0] * 90 + [1] * 10, Imbalance("hard_negatives", ratio=0.5, hard_share=0.5))
    losses = np.random.default_rng(0).random(100).astype(np.float32)
    made.losses["rare"].assign(losses)
    hardest = set(np.argsort(-losses[:90])[:10])
    assert not hardest <= set(made.rows(0))  # nothing is known before the first epoch
    assert hardest <= set(made.rows(1))
    assert counts(samples.targets["rare"][made.rows(1)]) == [20, 10]
