"""Pairs of pictures, and whether both show the same."""
