"""Volumes of files: .npy, .npz, NIfTI and folders of DICOM slices; or one sentence says why not.

Headers are looked at before any voxel is: one that says too much is refused without memory being asked for.
"""

import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import DataError, MissingExtraError
from zoo.volumes import SUFFIXES, Volume
from zoo.volumes.volume import checked, checked_spacing, require_numbers, require_size, upright

SPACING = "spacing"  # in an .npz, beside the array of the voxels: millimetres (depth, height, width)
MILLIMETRES = {"meter": 1e3, "micron": 1e-3}  # of the units that a NIfTI header may have beside mm
VOXELS = ("volume", "image", "voxels", "arr_0")  # in an .npz with several arrays
ENDINGS = ", ".join(SUFFIXES)
DAMAGED = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)


def read_volume(source: Any, *, name: str = "The volume") -> Volume:
    """A file's volume, that of a folder of DICOM slices, or that of an array (depth, height, width).

    Raises `DataError` for what is no volume, damaged, too large, or not finite; `MissingExtraError` where reading it
    needs a package that is not installed.
    """
    if isinstance(source, Volume):
        return Volume(checked(source.voxels, name), source.spacing, source.orientation)
    if isinstance(source, np.ndarray):
        return Volume(checked(source, name))
    if not isinstance(source, str | os.PathLike):
        raise DataError(f"{name} must be a path or an array (depth, height, width); received {type(source).__name__}.")
    path = os.fspath(source)
    if os.path.isdir(path):
        from zoo.volumes.dicom import read_series

        return read_series(path)
    require_file(path)
    lower, told = path.lower(), f"'{path}'"
    if not os.path.getsize(path):
        raise DataError(f"The volume {told} is empty: it has no bytes.")
    for endings, read in READERS.items():
        if lower.endswith(endings):
            try:
                return read(path, told)
            except (DataError, MissingExtraError):
                raise
            except DAMAGED as error:
                raise DataError(
                    f"{told} is no volume that can be read, or is damaged or cut off; expected {ENDINGS} or a folder "
                    "of DICOM slices."
                ) from error
    raise DataError(f"{told} does not end as a volume does: {ENDINGS}, or a folder of DICOM slices.")


def find_volumes(given: Iterable[Path | str]) -> list[Path]:
    """The files that are named, and the volumes in named folders and below; a folder without any is read as one.

    Raises `DataError` for a file that does not exist, and where nothing is named.
    """
    found: list[Path] = []
    for each in map(Path, given):
        if each.is_dir():
            found += volumes_below(each) or [each]
        else:
            require_file(each)
            found.append(each)
    if not found:
        raise DataError("Name volumes, or folders of them.")
    return found


def volumes_below(folder: Path) -> list[Path]:
    """The files of volumes in a folder and below, and the folders that hold DICOM slices, in order; hidden ones not."""
    found: list[Path] = []
    for where, inner, files in os.walk(folder):
        inner[:] = sorted(each for each in inner if not each.startswith("."))
        names = sorted(each for each in files if not each.startswith("."))
        volumes = [Path(where, each) for each in names if each.lower().endswith(SUFFIXES)]
        found += volumes or ([Path(where)] if any(_is_slice(Path(where, each)) for each in names) else [])
    return found


def _is_slice(path: Path) -> bool:
    """Whether a file says that it is one of DICOM, which stands after its first 128 bytes."""
    try:
        with open(path, "rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def require_file(path: str | os.PathLike[str]) -> None:
    """Raise `DataError` unless there is a plain file."""
    if not os.path.isfile(path):
        raise DataError(f"The volume '{path}' is not there; expected a file ({ENDINGS}) or a folder of DICOM slices.")


def _npy(path: str, told: str) -> Volume:
    with open(path, "rb") as file:
        shape, dtype = _header(file)
        _require(shape, dtype, told)
        left = os.path.getsize(path) - file.tell()
    if left < int(np.prod(shape, dtype=np.int64)) * dtype.itemsize:
        raise DataError(f"{told} is cut off: it holds {left:,} bytes of voxels, its header says more.")
    return Volume(checked(np.load(path, allow_pickle=False), told))


def _npz(path: str, told: str) -> Volume:
    with zipfile.ZipFile(path) as file:
        headers: dict[str, tuple[tuple[int, ...], np.dtype]] = {}
        for each in file.namelist():
            with file.open(each) as member:
                headers[each.removesuffix(".npy")] = _header(member)
    key = _key(headers, told)
    _require(*headers[key], told)
    with np.load(path, allow_pickle=False) as arrays:
        spacing = None
        if SPACING in headers and key != SPACING:
            _require_small(headers[SPACING], told)
            spacing = checked_spacing(arrays[SPACING], told)
            if spacing is None:
                raise DataError(f"'{SPACING}' of {told} must be three lengths above 0; received {arrays[SPACING]}.")
        return Volume(checked(arrays[key], told), spacing)


def _key(headers: Mapping[str, tuple[tuple[int, ...], np.dtype]], told: str) -> str:
    """The array that is the volume."""
    others = [name for name in headers if name != SPACING]
    known = [name for name in VOXELS if name in headers]
    if len(others) != 1 and not known:
        raise DataError(
            f"{told} holds the arrays {', '.join(headers) or 'none'}; expected one volume, named '{VOXELS[0]}' where "
            f"there are others, and perhaps '{SPACING}'."
        )
    return others[0] if len(others) == 1 else known[0]


def _require_small(header: tuple[tuple[int, ...], np.dtype], told: str) -> None:
    shape, dtype = header
    if int(np.prod(shape, dtype=np.int64)) > 3 or dtype.kind not in "iuf":
        raise DataError(f"'{SPACING}' of {told} must be three lengths above 0; received an array of shape {shape}.")


def _require(shape: tuple[int, ...], dtype: np.dtype, told: str) -> None:
    require_numbers(dtype, told)
    require_size(shape, told)


def _header(file: Any) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of an array of NumPy's, without its values."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"an array of NumPy's version {version}")
    return shape, dtype


def _nifti(path: str, told: str) -> Volume:
    try:
        import nibabel
    except ImportError as error:
        raise MissingExtraError("Reading NIfTI files", "nibabel", "volumes") from error
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    try:
        image: Any = nibabel.load(path)  # the header alone
    except (ImageFileError, HeaderDataError) as error:
        raise ValueError(str(error)) from error
    shape = tuple(int(side) for side in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    dtype = image.get_data_dtype()
    _require(shape, dtype, told)
    if path.lower().endswith(".nii") and os.path.getsize(path) < int(np.prod(shape)) * dtype.itemsize:
        raise DataError(f"{told} is cut off: it is smaller than its header says.")
    voxels = image.dataobj.get_unscaled()
    slope, intercept = image.dataobj.slope, image.dataobj.inter
    if (slope, intercept) != (1, 0):
        voxels = voxels.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    voxels = np.asarray(voxels).reshape(shape, order="F")
    header = image.header
    unit = header.get_xyzt_units()[0] if hasattr(header, "get_xyzt_units") else "mm"
    length = MILLIMETRES.get(unit, 1.0)
    if int(header.get("sform_code", 1)) or int(header.get("qform_code", 1)):
        return upright(voxels, image.affine * length, told)
    spacing = checked_spacing(
        np.array(header.get_zooms()[:3][::-1]) * length, told
    )  # nothing says how the axes lie: they stay
    return Volume(checked(voxels, told).transpose(2, 1, 0), spacing)


READERS = {(".npy",): _npy, (".npz",): _npz, (".nii", ".nii.gz"): _nifti}
