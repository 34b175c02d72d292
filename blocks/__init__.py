"""Blocks: functions from tensor to tensor, to compose models from."""

from blocks.bag import bag_of_words
from blocks.convnext import convnext_block
from blocks.fusion import fuse
from blocks.heads import binary_head, classification_head, regression_head
from blocks.inception import inception_module
from blocks.inverted_residual import fused_inverted_residual, inverted_residual
from blocks.residual import residual_block, residual_connection
from blocks.siamese import shared_encoder
from blocks.squeeze_excite import squeeze_excite
from blocks.text import convolutional_text_encoder, embed, lstm_text_encoder, padding_mask

__all__ = [
    "bag_of_words",
    "binary_head",
    "classification_head",
    "convnext_block",
    "convolutional_text_encoder",
    "embed",
    "fuse",
    "fused_inverted_residual",
    "inception_module",
    "inverted_residual",
    "lstm_text_encoder",
    "padding_mask",
    "regression_head",
    "residual_block",
    "residual_connection",
    "shared_encoder",
    "squeeze_excite",
]
