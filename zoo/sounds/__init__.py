"""Files of sounds and arrays of samples -> the mel spectrograms that a model takes; nothing here knows of models."""

from zoo.sounds.mel import FrontEnd

__all__ = ["SUFFIXES", "FrontEnd"]

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff")  # in a folder
