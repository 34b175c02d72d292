"""One readable script for each task, run as `python -m examples.NAME` from a checkout."""
