"""Questions about texts, answered by two LSTMs: one reads the text, the other the question.

Chollet 2017, "Deep Learning with Python", section 7.1.2.
"""

from functools import partial

import keras

from blocks.fusion import fuse
from blocks.heads import classification_head
from blocks.text import embed, lstm_text_encoder, padding_mask


def question_answering(
    *,
    vocabulary_size: int = 10_000,
    text_dim: int = 64,
    question_dim: int = 32,
    text_units: int = 32,
    question_units: int = 16,
    answers: int = 500,
    dropout: float = 0.0,
    name: str = "question_answering",
) -> keras.Model:
    """text (B, L) and question (B, Q) int32 -> {"answer": (B, answers)}, for any lengths.

    Tokens: 0 is padding on the right, 1 an unknown word, all below `vocabulary_size`. `dropout` falls on the inputs of
    every step of both LSTMs.
    """
    text = keras.Input((None,), dtype="int32", name="text")
    question = keras.Input((None,), dtype="int32", name="question")
    told = embed(text, vocabulary_size, text_dim, name="text_embedding")  # (B, L, 64)
    told = lstm_text_encoder(told, padding_mask(text), text_units, dropout=dropout, name="text_encoder")  # (B, 32)
    asked = embed(question, vocabulary_size, question_dim, name="question_embedding")  # (B, Q, 32)
    asked = lstm_text_encoder(
        asked, padding_mask(question), question_units, dropout=dropout, name="question_encoder"
    )  # (B, 16)
    both = fuse([told, asked], name="text_and_question")  # (B, 48)
    return keras.Model([text, question], {"answer": classification_head(both, answers, name="answer")}, name=name)


question_answering_tiny = partial(
    question_answering,
    vocabulary_size=200,
    text_dim=8,
    question_dim=8,
    text_units=8,
    question_units=8,
    answers=20,
    name="question_answering_tiny",
)
