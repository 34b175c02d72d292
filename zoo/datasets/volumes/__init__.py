"""Data sets of volumes: nodules, adrenal glands, hippocampi, generated phantoms, and files of the user's own."""
