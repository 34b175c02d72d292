"""How a training went, in one sentence: whether it was long enough, and which epoch was kept."""

from collections.abc import Mapping, Sequence
from typing import Any

LAST = 0.25  # share of the epochs at the end of which a training is called still improving ...
GAIN = 0.01  # ... where they lessened what is left of the validation loss by so much

L2 = "l2_"  # the strength for an output that was solved, not trained in epochs

History = Sequence[Mapping[str, Any]]


def progress(history: History, planned: int, *, refit: bool = False, asked: int | None = None) -> str:
    """The epochs done of those planned, and the best of them, by the skill on validation.

    asked  what --epochs was, where stages or views of pictures make other epochs of it.

    >>> rows = [{"val_skill": skill} for skill in (0.1, 0.4, 0.3, 0.2)]
    >>> progress(rows, 4)
    'Best at epoch 2 of 4.'
    >>> progress(rows, 8)
    'Stopped after 4 of 8 epochs: best at epoch 2.'
    >>> progress(rows[:2], 2)
    'Still improving at the last epoch: train longer with --epochs 4.'
    """
    if not history:
        return ""
    done, best = len(history), best_epoch(history)
    if done == 1 and any(key.startswith(L2) for key in history[0]):
        also = " The validation rows are trained on too (refit)." if refit else ""
        return f"Solved, not trained in epochs, by the L2 that is best on rows that a solution has not seen.{also}"
    if refit:
        return f"Trained for {done} epochs on the validation rows too (refit): none are left to choose an epoch by."
    if still_improving(history) and done >= planned:
        return f"Still improving at the last epoch: train longer with --epochs {2 * (asked or planned)}."
    if done < planned:
        return f"Stopped after {done} of {planned} epochs: best at epoch {best}."
    return f"Best at epoch {best} of {done}."


def best_epoch(history: History) -> int:
    """From 1; the first of several."""
    skills = [row["val_skill"] for row in history]
    return skills.index(max(skills)) + 1


def still_improving(history: History) -> bool:
    """Whether the last epoch is the best, and the last quarter brought something: under a rate that falls to 0 the last
    epoch is often the best by a hair.
    """
    done = len(history)
    if not all("val_skill" in row for row in history) or best_epoch(history) < done:
        return False
    before = history[max(done - 1 - max(round(LAST * done), 1), 0)]["val_skill"] if done > 1 else 0.0
    return bool(history[-1]["val_skill"] - before > GAIN * max(1.0 - before, 0.0))
