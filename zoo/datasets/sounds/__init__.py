"""Data sets of sounds: generated tones, spectrograms of music, and files of the user's own."""
