"""Strengths and changes of an attack in words."""

from typing import Any


def in_words(strength: float, unit: str) -> str:
    """A strength with its unit; small shares of a pixel's range as people write them, in parts of 255.

    >>> in_words(8 / 255, "of a pixel's range"), in_words(2.0, "words")
    ("8/255 of a pixel's range", '2 words')
    """
    parts = strength * 255
    if unit.startswith("of a pixel") and abs(parts - round(parts)) < 1e-6 and 0 < parts < 255:
        return f"{round(parts)}/255 {unit}"
    return f"{strength:g} {unit if strength != 1 or not unit.endswith('s') or ' ' in unit else unit[:-1]}"


def described(flip: Any) -> str:
    """One changed text or row in a line."""
    if isinstance(flip.changed, dict):
        changes = ", ".join(f"{name} {flip.original[name]} → {value}" for name, value in flip.changed.items())
    else:
        changes = changed_words(str(flip.original), str(flip.changed))
    return f"row {flip.row + 1}: {changes}: {flip.before[0]} {flip.before[1]:.0%} → {flip.after[0]} {flip.after[1]:.0%}"


def changed_words(before: str, after: str) -> str:
    """The words that are not the same.

    >>> changed_words("a lovely soft dress", "a lovley soft dress")
    'lovely → lovley'
    """
    pairs = zip(before.split(), after.split(), strict=False)
    return ", ".join(f"{old} → {new}" for old, new in pairs if old != new)
