"""Faster forms of what a model does, with the same results up to rounding."""
