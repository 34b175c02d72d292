"""Corpora of poems."""
