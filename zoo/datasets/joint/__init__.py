"""Data sets of several senses a row, and what reads files of the user's own."""
