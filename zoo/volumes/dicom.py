"""A folder of DICOM slices -> one volume."""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import DataError, MissingExtraError
from zoo.volumes.volume import Volume, require_size, upright

UNEVEN = 0.05  # share by which the steps from slice to slice may differ: a missing slice is twice a step
NEEDED = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
# DICOM's axes go to the left, to the back and up; those of RAS to the right, to the front and up.
TO_RAS = np.diag([-1.0, -1.0, 1.0])


def read_series(folder: str | os.PathLike[str]) -> Volume:
    """The one series of slices in a folder, in Hounsfield units where it is a CT.

    Raises `DataError` where there is none, several, or one whose slices do not lie side by side.
    """
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError
    except ImportError as error:
        raise MissingExtraError("Reading DICOM slices", "pydicom", "volumes") from error
    slices = []
    for path in sorted(each for each in Path(folder).iterdir() if each.is_file() and not each.name.startswith(".")):
        try:
            found = pydicom.dcmread(path)
        except (InvalidDicomError, OSError, ValueError, EOFError):
            continue  # another file beside the slices
        if "PixelData" in found:
            slices.append(found)
    told = f"'{os.fspath(folder)}'"
    if not slices:
        raise DataError(f"The folder {told} holds no DICOM slices, and is no volume.")
    series = {str(each.get("SeriesInstanceUID", "")) for each in slices}
    if len(series) > 1:
        raise DataError(f"The folder {told} holds {len(series)} series of slices; expected one.")
    return _volume(slices, told)


def _volume(slices: list[Any], told: str) -> Volume:
    lacking = next((name for name in NEEDED for each in slices if name not in each), None)
    if lacking:
        raise DataError(f"A slice of {told} does not say its {lacking}: where the slices lie is not known.")
    first = slices[0]
    colours = int(first.get("SamplesPerPixel", 1))
    shape = (int(first.Columns), int(first.Rows), len(slices))
    require_size(shape if colours == 1 else (*shape, colours), told)
    if any((int(each.Columns), int(each.Rows)) != shape[:2] for each in slices):
        raise DataError(f"The slices of {told} have several sizes; expected one series.")
    along = np.array([float(each) for each in first.ImageOrientationPatient])
    across, down = along[:3], along[3:]
    normal = np.cross(across, down)
    places = np.array([[float(part) for part in each.ImagePositionPatient] for each in slices])
    heights = places @ normal
    order = np.argsort(heights, kind="stable")
    steps = np.diff(heights[order])
    step = float(np.median(steps)) if len(steps) else float(first.get("SliceThickness", None) or 1.0)
    if len(steps) and (not step > 0 or np.abs(steps - step).max() > UNEVEN * step):
        raise DataError(
            f"The slices of {told} do not lie side by side: steps from {steps.min():.3g} to {steps.max():.3g} mm. One "
            "is missing or stands twice."
        )
    voxels = np.empty(shape, np.float32)
    for number, row in enumerate(order.tolist()):
        each = slices[row]
        try:
            pixels = each.pixel_array
        except Exception as error:  # a decoder of any package
            raise DataError(f"A slice of {told} cannot be decoded: {str(error).splitlines()[0]}.") from error
        if pixels.shape != (shape[1], shape[0]):
            raise DataError(f"A file of {told} holds pictures of shape {pixels.shape}; expected one slice a file.")
        if str(each.get("PhotometricInterpretation", "")) == "MONOCHROME1":  # low numbers are bright
            raise DataError(f"A slice of {told} has inverted grey values (MONOCHROME1), which are not read.")
        slope, intercept = float(each.get("RescaleSlope", 1)), float(each.get("RescaleIntercept", 0))
        voxels[:, :, number] = pixels.T.astype(np.float32) * slope + intercept
    height, width = (float(each) for each in first.PixelSpacing)  # from row to row, from column to column
    affine = np.eye(4)
    affine[:3, :3] = TO_RAS @ np.stack(
        [across * width, down * height, normal * (step if math.isfinite(step) else 1)], 1
    )
    return upright(voxels, affine, told)
