"""Data sets of volumes: nodules of lungs, adrenal glands, and files of the user's own."""
