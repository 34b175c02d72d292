"""Blocks: functions from tensor to tensor, to compose models from."""

from blocks.alignment import (
    best_match,
    compare_aligned,
    likeness,
    pool_words,
    same_tokens,
    shared_neighbours,
    shared_words,
    soft_alignment,
    symmetric_features,
)
from blocks.bag import bag_of_pairs, bag_of_words
from blocks.convnext import convnext_block
from blocks.convolution import conv_norm_act, drop_path
from blocks.dense_block import dense_block
from blocks.fire import fire_module
from blocks.fusion import fuse
from blocks.heads import binary_head, classification_head, expected_value_head, regression_head
from blocks.inception import inception_module, parallel_branches
from blocks.inverted_residual import fused_inverted_residual, inverted_residual
from blocks.local_response import local_response_norm
from blocks.memory import learnt_position_encoding, memory_hop, position_encoding, sentence_ages, word_places
from blocks.padding import ceil_max_pool, symmetric_conv, symmetric_max_pool
from blocks.residual import (
    basic_block,
    bottleneck_block,
    preactivated_bottleneck,
    residual_block,
    residual_connection,
    residual_unit,
)
from blocks.senses import attend_to_senses, concatenate_senses, gate_senses, multiply_senses, sense_dropout
from blocks.separable import act_separable_norm
from blocks.siamese import shared_encoder
from blocks.squeeze_excite import squeeze_excite
from blocks.tabular import (
    bin_indicators,
    bounded_output,
    dense_stack,
    embedding_size,
    entity_embedding,
    impute_and_scale,
    missing_flags,
    one_hot,
    piecewise_linear,
)
from blocks.text import convolutional_text_encoder, embed, lstm_text_encoder, padding_mask, table_dropout

__all__ = [
    "act_separable_norm",
    "attend_to_senses",
    "bag_of_pairs",
    "bag_of_words",
    "basic_block",
    "best_match",
    "bin_indicators",
    "binary_head",
    "bottleneck_block",
    "bounded_output",
    "ceil_max_pool",
    "classification_head",
    "compare_aligned",
    "concatenate_senses",
    "conv_norm_act",
    "convnext_block",
    "convolutional_text_encoder",
    "dense_block",
    "dense_stack",
    "drop_path",
    "embed",
    "embedding_size",
    "entity_embedding",
    "expected_value_head",
    "fire_module",
    "fuse",
    "fused_inverted_residual",
    "gate_senses",
    "impute_and_scale",
    "inception_module",
    "inverted_residual",
    "learnt_position_encoding",
    "likeness",
    "local_response_norm",
    "lstm_text_encoder",
    "memory_hop",
    "missing_flags",
    "multiply_senses",
    "one_hot",
    "padding_mask",
    "parallel_branches",
    "piecewise_linear",
    "pool_words",
    "position_encoding",
    "preactivated_bottleneck",
    "regression_head",
    "residual_block",
    "residual_connection",
    "residual_unit",
    "same_tokens",
    "sense_dropout",
    "sentence_ages",
    "shared_encoder",
    "shared_neighbours",
    "shared_words",
    "soft_alignment",
    "squeeze_excite",
    "symmetric_conv",
    "symmetric_features",
    "symmetric_max_pool",
    "table_dropout",
    "word_places",
]
