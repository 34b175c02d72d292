"""Moves of pictures as matrices (B, 3, 3): places of the pixels that are written -> of those that are read."""

import numpy as np


def scaling(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(B,), (B,) -> (B, 3, 3)."""
    found = np.tile(np.eye(3), (len(x), 1, 1))
    found[:, 0, 0], found[:, 1, 1] = x, y
    return found


def translation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(B,), (B,) pixels -> (B, 3, 3)."""
    found = np.tile(np.eye(3), (len(x), 1, 1))
    found[:, 0, 2], found[:, 1, 2] = x, y
    return found


def rotation(degrees: np.ndarray) -> np.ndarray:
    """(B,) -> (B, 3, 3)."""
    found = np.tile(np.eye(3), (len(degrees), 1, 1))
    angle = np.radians(degrees)
    found[:, 0, 0] = found[:, 1, 1] = np.cos(angle)
    found[:, 0, 1], found[:, 1, 0] = -np.sin(angle), np.sin(angle)
    return found


def shearing(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(B,), (B,) -> (B, 3, 3)."""
    found = np.tile(np.eye(3), (len(x), 1, 1))
    found[:, 0, 1], found[:, 1, 0] = x, y
    return found
