"""Data sets of pictures, and what reads folders and files of the user's own."""
