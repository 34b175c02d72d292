"""Blocks: functions from tensor to tensor, to compose models from."""

from blocks.bag import bag_of_words
from blocks.fusion import fuse
from blocks.heads import binary_head, classification_head, regression_head
from blocks.inception import inception_module
from blocks.residual import residual_block, residual_connection
from blocks.siamese import shared_encoder
from blocks.text import convolutional_text_encoder, embed, lstm_text_encoder, padding_mask

__all__ = [
    "bag_of_words",
    "binary_head",
    "classification_head",
    "convolutional_text_encoder",
    "embed",
    "fuse",
    "inception_module",
    "lstm_text_encoder",
    "padding_mask",
    "regression_head",
    "residual_block",
    "residual_connection",
    "shared_encoder",
]
