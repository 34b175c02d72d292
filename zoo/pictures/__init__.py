"""Files of photos and arrays of pixels -> the numbers that a model takes; nothing here knows of models."""

from zoo.pictures.preprocessing import Preprocessing

__all__ = ["Preprocessing"]
