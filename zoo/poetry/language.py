"""What the writing of poems asks of a language model: the next character's scores, and a memory that is carried on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Memory = Mapping[str, np.ndarray]  # name -> (B, ...); empty before the first character
Step = Callable[[np.ndarray, np.ndarray, Memory, Sequence[int]], tuple[np.ndarray, Memory]]


@dataclass(frozen=True)
class Language:
    """A vocabulary and a step function.

    tokens     id -> character (or word); "" for an id that cannot be written, such as padding or an unknown one.
    step       (written (B, W) ids, length (B,) of what is written in each row, memory, lengths of the form's lines)
               -> (scores (B, V) of the next token, memory). What was given is left as it is, so that a writer can go
               back to it.
    line_end   the id that ends a line, where the model writes free text; None where the form ends the lines.
    separator  what stands between two tokens: "" for characters, " " for words.
    split      a text -> its tokens.
    """

    tokens: Sequence[str]
    step: Step
    line_end: int | None = None
    separator: str = ""
    split: Callable[[str], Sequence[str]] = list

    @property
    def unit(self) -> str:
        """What a token is called."""
        return "word" if self.separator else "character"
