"""Volumes out of files and arrays: their voxels, spacing and orientation; nothing here knows of models.

All are (depth, height, width): the first axis goes from the feet to the head, the second from back to front, the third
from left to right of a patient, where a file says so (RAS+ in the words of NIfTI, axes turned round).
"""

from zoo.volumes.preparation import Crop, Preparation
from zoo.volumes.volume import Volume

__all__ = ["SUFFIXES", "Crop", "Preparation", "Volume"]

SUFFIXES = (".npy", ".npz", ".nii", ".nii.gz")  # in a folder; a folder of DICOM slices is one volume
