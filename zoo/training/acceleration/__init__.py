"""Faster forms of what a model and an optimiser do, with the same results up to rounding; `accelerate` is the door."""
