"""Small structures in volumes: maps, peaks, search, free-response ROC, losses."""

from dataclasses import replace

import numpy as np
import pytest

from tests.structures import NODE, Box
from zoo.datasets.volumes.phantom import RADII, filtered, phantoms
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.metrics import score
from zoo.samples import MISSING_CLASS, Target
from zoo.structures import centre_map, find_structures, froc_of, peaks, radius_map, sensitivity_at, suppress_near
from zoo.structures.froc import cheapest_threshold, cost_at, dice, interval_at, matched
from zoo.structures.masks import centroid
from zoo.structures.matched_filter import matched_filter, template
from zoo.structures.search import blended_maps, starts_of
from zoo.structures.structure import Structure
from zoo.structures.windows import turned, windows_of
from zoo.training import Head, Imbalance
from zoo.training.losses import mean_loss, row_losses
from zoo.training.resampling.sampling import Sampler


def test_a_map_is_1_at_a_centre_falls_off_around_it_and_radii_stand_there_alone():
    heat = centre_map([NODE], (16, 20, 24))
    assert heat[8, 10, 12] == heat.max() == 1.0
    assert heat[8, 10, 13] == pytest.approx(np.exp(-0.5))  # the deviation is a third of the radius: one voxel
    assert heat[0, 0, 0] == 0.0
    radii = radius_map([NODE], (16, 20, 24), stride=2)
    assert radii[4, 5, 6] == 3.0
    assert np.isfinite(radii).sum() == 7  # the voxel and those that touch it
    assert not centre_map([replace(NODE, centre=(30.0, 0.0, 0.0))], (16, 20, 24)).any()


def test_a_peak_is_found_between_voxels_and_equal_neighbours_are_one():
    axis = np.arange(12.0)
    heat = np.exp(-0.1 * ((axis - 5.3) ** 2)[:, None, None] - 0.1 * ((axis - 6) ** 2)[None, :, None])
    heat = (heat * np.exp(-0.1 * (axis - 4) ** 2)).astype(np.float32)
    places, heights = peaks(heat, 0.5)
    assert len(places) == len(heights) == 1
    np.testing.assert_allclose(places[0], (5.3, 6, 4), atol=0.03)
    flat = np.zeros((6, 6, 6), np.float32)
    flat[2:4, 2, 2] = 1.0
    assert len(peaks(flat, 0.5)[0]) == 1


def test_of_structures_in_each_other_the_surest_is_kept():
    near = replace(NODE, centre=(9.0, 10.0, 12.0), score=0.4)
    far = replace(NODE, centre=(8.0, 10.0, 20.0), score=0.3)
    assert suppress_near([near, far, NODE]) == [NODE, far]


@pytest.mark.parametrize("stride", [1, 2])
def test_windows_cover_a_volume_and_blend_to_what_one_window_says(stride):
    volume = np.zeros((40, 44, 100), np.float32)
    for place in ((4, 6, 8), (30, 20, 32), (39 - 1, 42, 98)):
        volume[place] = 0.9
    model = Box(stride)
    whole = blended_maps(Box(stride), volume, window=104, overlap=0, outputs=("centre",))["centre"]
    parts = blended_maps(model, volume, window=32, overlap=16, outputs=("centre",))["centre"]
    assert model.calls == len(list(starts_of(volume.shape, (32, 32, 32), 16))) > 8
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    found = find_structures(model, volume, window=32, spacing=(2.0, 1.0, 0.5))
    shift = (stride - 1) / 2
    assert sorted(each.centre for each in found)[0] == (4 + shift, 6 + shift, 8 + shift)
    first = min(found, key=lambda each: each.centre)
    assert first.millimetres == (2 * (4 + shift), 6 + shift, (8 + shift) / 2)
    assert len(found) == 3


def test_what_is_no_volume_is_told_in_one_sentence():
    with pytest.raises(DataError, match=r"must be an array of numbers \(D, H, W\); received float32 of shape \(4, 4\)"):
        find_structures(Box(), np.zeros((4, 4), np.float32))
    broken = np.zeros((8, 8, 8), np.float32)
    broken[1, 2, 3] = np.nan
    with pytest.raises(DataError, match=r"voxel \(1, 2, 3\) is nan"):
        find_structures(Box(), broken)
    with pytest.raises(ConfigError, match="'overlap' one of 4 below it"):
        find_structures(Box(2), np.zeros((8, 8, 8), np.float32), window=16, overlap=6)


def test_free_response_roc_by_hand():
    other = Structure((30.0, 30.0, 30.0), 2.0)
    known = [[NODE, other], []]
    found = [
        [
            replace(NODE, score=0.9),
            replace(NODE, centre=(8.0, 11.0, 12.0), score=0.8),  # the same node again: counts nothing
            replace(NODE, centre=(20.0, 1.0, 1.0), score=0.7),
            replace(other, centre=(31.9, 30.0, 30.0), score=0.2),
        ],
        [replace(NODE, score=0.6), replace(NODE, score=0.5, centre=(1.0, 1.0, 1.0))],
    ]
    assert matched(found[0], known[0]).tolist() == [1, -1, 0, 1]
    froc = froc_of(found, known)
    thresholds, alarms, sensitivity = froc.curve()
    assert thresholds.tolist() == [np.inf, 0.9, 0.7, 0.6, 0.5, 0.2]
    assert alarms.tolist() == [0, 0, 0.5, 1, 1.5, 1.5]
    assert sensitivity.tolist() == [0, 0.5, 0.5, 0.5, 0.5, 1]
    assert (sensitivity_at(froc, 1.0), sensitivity_at(froc, 2.0)) == (0.5, 1.0)
    assert interval_at(froc, 2.0) == (1.0, 1.0)
    assert cheapest_threshold(froc, missed=10, alarm=1) == (0.2, 1.5)
    assert cheapest_threshold(froc, missed=1, alarm=10) == (0.9, 0.5)
    assert cost_at(froc, 0.2, 10, 1) == 1.5
    with pytest.raises(DataError, match="None of the 2 volumes has a structure"):
        froc_of([[], []], [[], []])


def test_the_matched_filter_finds_nodes_and_without_vessels_more_of_them():
    assert template(2.0).sum() == pytest.approx(0, abs=1e-5)
    assert np.linalg.norm(template(2.0)) == pytest.approx(1)
    made = phantoms(3, seed=3, side=32, contrast=(2.0, 2.2), nodes=(2, 3))
    known = [each.nodes for each in made]
    with_vessels, without = (
        sensitivity_at(froc_of(filtered(made, vessels_known=taken), known), 1.0) for taken in (False, True)
    )
    assert without >= max(0.9, with_vessels)
    assert (made[0].volume == phantoms(1, seed=3, side=32, contrast=(2.0, 2.2), nodes=(2, 3))[0].volume).all()
    assert matched_filter(np.zeros((12, 12, 12), np.float32), RADII[:1]) == []


def test_windows_hold_the_structures_that_their_maps_say():
    made = phantoms(3, seed=0, nodes=(1, 3))
    samples = windows_of([each.volume for each in made], [each.nodes for each in made], around=2, elsewhere=3)
    assert samples.inputs["volume"].shape[1:] == (24, 24, 24, 1)
    assert len(samples) == 9 + 2 * sum(len(each.nodes) for each in made)
    has = (samples.targets["centre"] >= 1).any(axis=(1, 2, 3))
    assert has.sum() >= 2 * sum(len(each.nodes) for each in made)
    assert (np.isfinite(samples.targets["radius"]).any(axis=(1, 2, 3, 4)) == has).all()
    marked = np.zeros((24, 24, 24), np.float32)
    marked[8, 10, 12] = 1.0
    part, inside = turned(marked, [NODE], np.random.default_rng(1))
    assert part[tuple(int(at) for at in inside[0].centre)] == 1.0


def test_the_focal_loss_pardons_near_a_centre_and_a_map_without_labels_counts_nothing():
    head = Head(Target("heat_map"))
    target = np.full((3, 2, 2, 2), 0.0, np.float32)
    target[0, 0, 0, 0], target[0, 0, 0, 1] = 1.0, 0.5
    target[2] = np.nan
    output = np.full((3, 2, 2, 2, 1), 0.2, np.float32)
    alarm = 0.04 * -np.log(0.8)
    by_hand = 0.64 * -np.log(0.2) + 6 * alarm + 0.5**4 * alarm
    np.testing.assert_allclose(row_losses(head, target, output), [by_hand, 8 * alarm, 0], rtol=1e-5)
    assert mean_loss(head, target, output) == pytest.approx((by_hand + 8 * alarm) / 2, rel=1e-5)


def test_dice_and_crossentropy_leave_out_what_is_padded():
    head = Head(Target("mask", ("background", "a", "b")))
    target = np.array([[[[1, 0, 2, MISSING_CLASS]]]], np.int32)
    right = np.eye(3, dtype=np.float32)[[1, 0, 2, 0]].reshape(1, 1, 1, 4, 3)
    assert mean_loss(head, target, right) == pytest.approx(0, abs=1e-3)
    wrong = right[:, :, :, [1, 0, 2, 3]]
    assert mean_loss(head, target, wrong) > 1.0
    assert score("dice", target, right) == 1.0
    assert score("dice", target, wrong) == pytest.approx(0.5)
    assert dice(np.array([1, 1, 0]), np.array([1, 0, 0]), 1) == pytest.approx(2 / 3)
    assert centroid(np.zeros((2, 2, 2))) is None


def test_heat_maps_take_sampling_and_nothing_that_is_for_classes():
    plan = Imbalance("hard_negatives", calibration="none")
    head = Head(Target("heat_map"), imbalance=plan)
    with pytest.raises(ConfigError, match="has no classes"):
        Head(Target("heat_map"), imbalance=Imbalance("hard_negatives"))
    with pytest.raises(UnknownNameError, match="imbalance of a heat_map output 'smote'"):
        Head(Target("heat_map"), imbalance=Imbalance("smote", calibration="none"))
    made = phantoms(2, seed=0, nodes=(2, 2))
    samples = windows_of([each.volume for each in made], [each.nodes for each in made], around=1, elsewhere=12)
    sampler = Sampler({"centre": head}, samples, seed=0)
    has = (samples.targets["centre"] >= 1).any(axis=(1, 2, 3))
    hardest = int(np.flatnonzero(~has)[-1])
    sampler.losses["centre"].assign(np.where(np.arange(len(samples)) == hardest, 9.0, 0.0).astype("float32"))
    for epoch in (1, 2):
        rows = sampler.rows(epoch)
        assert hardest in rows
        assert has[rows].sum() == has.sum() == len(rows) - has.sum()
