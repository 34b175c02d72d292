"""Blocks: functions from tensor to tensor, to compose models from."""

from blocks.heads import binary_head, classification_head, regression_head
from blocks.text import convolutional_text_encoder, embed, lstm_text_encoder, padding_mask

__all__ = [
    "binary_head",
    "classification_head",
    "convolutional_text_encoder",
    "embed",
    "lstm_text_encoder",
    "padding_mask",
    "regression_head",
]
