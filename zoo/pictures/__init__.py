"""Files of photos and arrays of pixels -> the numbers that a model takes; nothing here knows of models."""

from zoo.pictures.preprocessing import Preprocessing

__all__ = ["SUFFIXES", "Preprocessing"]

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".ppm", ".jp2", ".avif")  # in a folder
