"""Pairs of texts and how alike they are."""
