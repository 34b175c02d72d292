"""Volumes: read whatever they are, brought to one orientation, spacing and shape, and refused in words."""

import json
import struct

import numpy as np
import pytest

import zoo
from zoo.columns import VolumeColumn
from zoo.errors import ConfigError, DataError, DataWarning, MissingExtraError, UnknownNameError
from zoo.volumes import Crop, Preparation, Volume
from zoo.volumes.files import find_volumes, read_volume
from zoo.volumes.preparation import crops_at

SCAN = np.random.default_rng(0).integers(-1_000, 1_000, (4, 5, 6)).astype("int16")  # depth, height, width


def save_npy(path, values):
    np.save(path, values)
    return path


def test_arrays_of_every_type_and_their_files_are_the_same_volume(tmp_path):
    for dtype in ("uint8", "int16", "float16", "float64"):
        values = (SCAN % 100).astype(dtype)
        np.savez(tmp_path / "scan.npz", volume=values, spacing=[3.0, 2.0, 1.0])
        for source in (values, values[..., None], save_npy(tmp_path / "scan.npy", values)):
            np.testing.assert_array_equal(read_volume(source).voxels, SCAN % 100)
            assert read_volume(source).spacing is None
        assert read_volume(tmp_path / "scan.npz").spacing == (3.0, 2.0, 1.0)


def test_every_orientation_of_a_nifti_file_is_the_same_volume(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(SCAN.transpose(2, 1, 0), np.diag([1.0, 2.0, 3.0, 1.0]))
    for code in ("RAS", "LPI", "SLA", "PIR"):
        wanted = nibabel.orientations.axcodes2ornt(code)
        turn = nibabel.orientations.ornt_transform(nibabel.io_orientation(image.affine), wanted)
        nibabel.save(image.as_reoriented(turn), tmp_path / "scan.nii.gz")
        found = read_volume(tmp_path / "scan.nii.gz")
        assert (found.orientation, found.spacing) == (code, (3.0, 2.0, 1.0))
        np.testing.assert_array_equal(found.voxels, SCAN)
    image.header.set_slope_inter(2.0, 10.0)
    nibabel.save(image, tmp_path / "scan.nii")
    np.testing.assert_allclose(read_volume(tmp_path / "scan.nii").voxels, 2.0 * SCAN + 10)


def write_slices(folder, *, skipped=None, greys="MONOCHROME2", add=0):
    pydicom = pytest.importorskip("pydicom")
    folder.mkdir(parents=True)
    for number in range(len(SCAN)):
        if number == skipped:
            continue
        each = pydicom.Dataset()
        each.file_meta = pydicom.dataset.FileMetaDataset()
        each.file_meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
        each.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number + 1}"
        each.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        each.SeriesInstanceUID, each.Rows, each.Columns = "1.2", 5, 6
        each.PixelSpacing, each.ImageOrientationPatient = [2.0, 1.0], [1, 0, 0, 0, 1, 0]
        each.ImagePositionPatient = [0, 0, 3.0 * number]
        each.BitsAllocated, each.BitsStored, each.HighBit, each.PixelRepresentation = 16, 16, 15, 1
        each.SamplesPerPixel, each.PhotometricInterpretation = 1, greys
        each.RescaleSlope, each.RescaleIntercept = 1, -5
        each.PixelData = (SCAN[number] + np.int16(add)).tobytes()
        each.save_as(folder / f"{9 - number}.dcm", enforce_file_format=True)  # names tell nothing of places
    return folder


def test_a_folder_of_dicom_slices_is_one_volume(tmp_path):
    found = read_volume(write_slices(tmp_path / "series"))
    assert (found.spacing, found.orientation) == ((3.0, 2.0, 1.0), "LPS")
    np.testing.assert_array_equal(found.voxels, SCAN[:, ::-1, ::-1] - 5)  # to the right, to the front
    with pytest.raises(DataError, match="do not lie side by side"):
        read_volume(write_slices(tmp_path / "gap", skipped=2))
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match="holds no DICOM slices"):
        read_volume(tmp_path / "other")
    assert [path.name for path in find_volumes([tmp_path])] == ["gap", "series"]
    with pytest.raises(DataError, match=r"inverted grey values \(MONOCHROME1\), which are not read"):
        read_volume(write_slices(tmp_path / "inverted", greys="MONOCHROME1"))


def test_a_class_may_be_of_folders_of_slices(tmp_path):
    for number in range(5):
        for name in ("ill", "well"):
            write_slices(tmp_path / name / str(number), add=10 * number + (name == "ill"))
    dataset = zoo.load_dataset(tmp_path, task="volumes", shape=4)
    assert sum(map(len, (dataset.train, dataset.validation, dataset.test))) == 10
    assert set(dataset.table.train["label"]) == {"ill", "well"}


def test_the_unit_of_a_nifti_header_is_heeded(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(SCAN.transpose(2, 1, 0).astype("float32"), np.diag([500.0, 1000.0, 2000.0, 1.0]))
    image.header.set_xyzt_units("micron")
    nibabel.save(image, tmp_path / "scan.nii")
    assert read_volume(tmp_path / "scan.nii").spacing == (2.0, 1.0, 0.5)


def test_a_column_of_volumes_cut_about_points_takes_no_volume_without_one():
    column = VolumeColumn.fit([Crop(SCAN, (1, 2, 2)), Crop(SCAN, (2, 2, 2))], "scan", shape=2)
    assert column.encode([Crop(SCAN, (1, 2, 2))])[:].shape == (1, 2, 2, 2, 1)
    with pytest.raises(DataError, match="were cut about points in training, and one comes without"):
        column.encode([SCAN])[:]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.zeros((5, 6)), r"is a picture of shape \(5, 6\); expected a volume \(depth, height, width\)"),
        (np.zeros((4, 5, 6, 4)), "has 4 channels, as colours have"),
        (np.zeros((4, 5, 6, 2)), "is 4 axes of shape"),
        (np.full((4, 5, 6), np.nan), "holds 120 voxels that are no numbers"),
        (np.zeros((0, 5, 6)), "holds no voxel"),
        (np.zeros((4, 5, 6), "complex64"), "holds voxels of complex64"),
        (np.full((4, 5, 6), None), "holds Python objects, which are not read"),
    ],
)
def test_an_array_that_is_no_volume_is_refused_in_one_sentence(tmp_path, values, told):
    with pytest.raises(DataError, match=told):
        read_volume(values)
    path = tmp_path / "scan.npy"
    np.save(path, values, allow_pickle=True)
    with pytest.raises(DataError, match=told):
        read_volume(path)


def test_files_that_are_cut_off_or_something_else_are_refused(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    whole = save_npy(tmp_path / "scan.npy", np.zeros((20, 20, 20), "float32")).read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:9_000])
    with pytest.raises(DataError, match=r"cut\.npy' is cut off: it holds 8,872 bytes"):
        read_volume(tmp_path / "cut.npy")
    for ending in ("nii", "nii.gz"):
        nibabel.save(nibabel.Nifti1Image(np.random.default_rng(0).normal(size=(20, 20, 20)), np.eye(4)),
                     tmp_path / f"scan.{ending}")  # fmt: skip
        content = (tmp_path / f"scan.{ending}").read_bytes()
        (tmp_path / f"cut.{ending}").write_bytes(content[: len(content) // 2])
        with pytest.raises(DataError, match="cut off"):
            read_volume(tmp_path / f"cut.{ending}")
    for name in ("text.npy", "text.npz", "text.nii", "text.nii.gz"):
        (tmp_path / name).write_bytes(b"<html> no volume at all </html>" * 40)
        with pytest.raises(DataError, match="is no volume that can be read, or is damaged or cut off"):
            read_volume(tmp_path / name)
    (tmp_path / "empty.npy").touch()
    for name, told in {"empty.npy": "has no bytes", "none.npy": "is not there", "scan.txt": "is not there"}.items():
        with pytest.raises(DataError, match=told):
            read_volume(tmp_path / name)
    np.savez(tmp_path / "two.npz", first=SCAN, second=SCAN)
    with pytest.raises(DataError, match=r"holds the arrays first, second; expected one volume, named 'volume'"):
        read_volume(tmp_path / "two.npz")


def test_a_header_that_says_too_much_is_refused_before_memory_is_asked_for(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    with open(tmp_path / "huge.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (9_999, 9_999, 9_999)}
        )
    with pytest.raises(DataError, match="says it has 999,700,029,999 voxels"):
        read_volume(tmp_path / "huge.npy")
    nibabel.save(nibabel.Nifti1Image(SCAN, np.eye(4)), tmp_path / "huge.nii")
    content = bytearray((tmp_path / "huge.nii").read_bytes())
    content[42:48] = struct.pack("<3h", 30_000, 30_000, 30_000)  # the sides in the header
    (tmp_path / "huge.nii").write_bytes(content)
    with pytest.raises(DataError, match="says it has 27,000,000,000,000 voxels"):
        read_volume(tmp_path / "huge.nii")


def test_a_missing_package_is_told_with_its_extra(tmp_path, monkeypatch):
    (tmp_path / "scan.nii").write_bytes(b"nothing")
    for package, source in (("nibabel", tmp_path / "scan.nii"), ("pydicom", tmp_path)):
        monkeypatch.setitem(__import__("sys").modules, package, None)
        with pytest.raises(MissingExtraError, match=rf"'{package}': pip install 'keras-functional-zoo\[volumes\]'"):
            read_volume(source)


def test_volumes_are_resampled_to_a_spacing_and_cut_or_padded_about_a_place():
    ramp = (np.arange(20.0)[:, None, None] * np.ones((1, 3, 3))).astype("float32")
    volume = Volume(ramp, (1.0, 1.0, 1.0))
    coarser = Preparation((10, 3, 3), (2.0, 1.0, 1.0)).fitted(volume)
    np.testing.assert_allclose(coarser[:, 1, 1], np.arange(0.5, 20, 2))  # means of two
    finer = Preparation((40, 3, 3), (0.5, 1.0, 1.0)).fitted(volume)
    np.testing.assert_allclose(finer[1:-1, 1, 1], np.arange(0.25, 19, 0.5))
    assert Preparation((10, 3, 3), (2.0, 1.0, 1.0)).fitted(Volume(ramp, (2.0, 1.0, 1.0)))[0, 0, 0] == 5  # as it is
    padded = Preparation((24, 5, 3)).fitted(volume)
    np.testing.assert_array_equal(padded[2:22, 1:4], ramp)
    assert padded[0].max() == 0  # its lowest value
    (crop,) = crops_at(SCAN, [(0, 2, 5)], (3, 3, 3))
    assert crop[1, 1, 1] == SCAN[0, 2, 5]
    with pytest.raises(DataError, match=r"within its shape \(4, 5, 6\); received \(0, 2, 6\)"):
        crops_at(SCAN, [(0, 2, 6)], (3, 3, 3))


def test_a_column_learns_its_window_and_travels(tmp_path):
    random = np.random.default_rng(0)
    paths = [
        str(save_npy(tmp_path / f"{row}.npy", random.normal(5, 2, (6, 8, 8)).astype("float32"))) for row in range(4)
    ]
    column = VolumeColumn.fit(paths, "scan")
    lazy = column.encode(paths)
    values = lazy[:]
    assert (lazy.shape, values.dtype) == ((4, 6, 8, 8, 1), np.float32)
    assert (values.mean(), values.std()) == (pytest.approx(0, abs=1e-3), pytest.approx(1, abs=1e-3))
    assert column.high - column.low == pytest.approx(2 * 2.576 * 2, rel=0.15)
    assert VolumeColumn.from_json(json.loads(json.dumps(column.to_json()))) == column
    assert lazy.fingerprint == column.encode(paths).fingerprint != column.encode(paths[::-1]).fingerprint
    crop = Crop(paths[0], (0, 0, 0))
    assert lazy.fingerprint != column.encode([crop, *paths[1:]]).fingerprint
    assert np.load(paths[0])[0, 0, 0] == pytest.approx(
        column.encode([crop])[0][3, 4, 4, 0] * column.std * (column.high - column.low)
        + column.mean * (column.high - column.low)
        + column.low,
        abs=1e-3,
    )
    own = VolumeColumn.fit(paths, "scan", percentiles=(10, 90), shape=4)
    assert own.encode([np.load(paths[0]) * 100])[0] == pytest.approx(own.encode(paths[:1])[0], abs=1e-3)
    assert VolumeColumn.fit(paths, "scan", window=(5, 4)).describe() == (
        "6 x 8 x 8 voxels, spacing not known, numbers from 3 to 7"
    )
    with pytest.raises(DataError, match="'scan' has no volume in row 2"):
        column.encode([paths[0], None])


def test_bytes_in_memory_are_kept_as_they_are_until_a_batch_asks_for_them():
    column = VolumeColumn.fit([np.full((4, 4, 4), 200, "uint8"), np.zeros((4, 4, 4), "uint8")], "scan")
    lazy = column.encode([np.full((4, 4, 4), 200, "uint8")])
    assert lazy.items.dtype == np.uint8
    assert lazy[:].max() == pytest.approx(1.0)  # half of the voxels each: one deviation from the mean


def test_a_large_volume_is_seen_as_a_whole():
    column = VolumeColumn.fit([np.zeros((128, 64, 10), "float32")], "scan")
    assert (column.spec.shape, column.spacing) == ((64, 64, 10, 1), (2.0, 1.0, 1.0))
    assert "spacing not known, taken as 1" in column.describe()


def test_a_missing_spacing_among_others_is_told_and_taken_as_one(tmp_path):
    np.savez(tmp_path / "with.npz", volume=SCAN, spacing=2.0)
    without = str(save_npy(tmp_path / "without.npy", SCAN))
    with pytest.warns(DataWarning, match="1 of 2 volumes of 'scan' do not say their spacing: 1 mm is taken"):
        column = VolumeColumn.fit([str(tmp_path / "with.npz"), without], "scan", spacing=1.0, shape=(8, 10, 12))
    with pytest.warns(DataWarning, match=r"without\.npy' does not say its spacing: 1 mm is taken"):
        found = column.encode([without])[0]
    assert np.ptp(found[:2]) == 0  # padded: four voxels of 1 mm, not eight


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"shape": (4, 4)}, "'shape' of 'scan' must be one number above 0, or three"),
        ({"shape": 4.5}, "whole numbers of voxels"),
        ({"spacing": 0}, "'spacing' of 'scan'"),
        ({"window": (40, 0)}, r"\(centre, width\), the second above 0"),
        ({"percentiles": (90, 10)}, "the smaller first"),
        ({"window": (0, 1), "percentiles": (0, 99)}, "not both"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, told):
    with pytest.raises(ConfigError, match=told):
        VolumeColumn.fit([SCAN], "scan", **options)


def test_augmentation_of_volumes_keeps_what_they_are_and_is_drawn_by_seed_epoch_and_step():
    from zoo.training.augmentation.pictures import augment, augmentation, draw_for
    from zoo.training.augmentation.pictures.presets import augmentation_json
    from zoo.training.augmentation.volumes import sampled

    volumes = np.random.default_rng(0).integers(0, 255, (8, 6, 5, 5, 1)).astype("uint8")

    def changed(given, epoch=0, values=volumes):
        return augment(values, augmentation(given), draw_for(values, seed=0, epoch=epoch, step=0))

    for name in ("flip_axes", "quarter_turns"):
        found = changed(name)
        assert (found.dtype, found.shape) == (np.uint8, volumes.shape)
        assert not np.array_equal(found, volumes)
        np.testing.assert_array_equal(np.sort(found.reshape(8, -1)), np.sort(volumes.reshape(8, -1)))
        np.testing.assert_array_equal(found, changed(name))
        assert not np.array_equal(found, changed(name, epoch=1))
    across = changed(("flip_axes", {"axes": ["width"], "share": 1.0}))
    np.testing.assert_array_equal(across, volumes[:, :, :, ::-1])
    np.testing.assert_array_equal(changed(("affine", {"degrees": 0, "scale": [1, 1], "shift": 0})), volumes)
    quarter = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    turned = sampled(volumes[0, ..., 0].astype("float32"), quarter, np.zeros(3))
    np.testing.assert_allclose(turned, np.rot90(volumes[0, ..., 0], -1, (1, 2)), atol=1e-3)
    noisy = changed(("voxel_noise", {"share": 1.0})) - volumes
    assert 0 < noisy.std() < 0.1 * volumes.std()
    kept = augmentation("volumes")
    assert augmentation(json.loads(json.dumps(augmentation_json(kept)))) == kept
    with pytest.raises(ConfigError, match="'flip' is for pictures or sounds, and the input is volumes"):
        changed("flip")
    with pytest.raises(ConfigError, match="'flip_axes' is for volumes"):
        changed("flip_axes", values=volumes[:, 0])
    with pytest.raises(UnknownNameError, match="did you mean 'depth'"):
        augmentation(("flip_axes", {"axes": ["depht"]}))
