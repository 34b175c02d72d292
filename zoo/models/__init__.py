"""Builders: functions that compose blocks into an uncompiled `keras.Model`."""

from zoo.models.author_profile import author_profile, author_profile_small, author_profile_tiny, author_profile_wide
from zoo.models.entity_embedding import entity_embedding, entity_embedding_tiny
from zoo.models.memory_network import memory_network, memory_network_tiny
from zoo.models.mlp import mlp, mlp_tiny
from zoo.models.poem import poem, poem_tiny, step_model
from zoo.models.question_answering import question_answering, question_answering_tiny
from zoo.models.regression import linear_regression, softmax_regression
from zoo.models.sequential_twin import sequential_stack, sequential_twin
from zoo.models.text_similarity import (
    text_similarity,
    text_similarity_aligned,
    text_similarity_aligned_tiny,
    text_similarity_manhattan,
    text_similarity_tiny,
)

__all__ = [
    "author_profile",
    "author_profile_small",
    "author_profile_tiny",
    "author_profile_wide",
    "entity_embedding",
    "entity_embedding_tiny",
    "linear_regression",
    "memory_network",
    "memory_network_tiny",
    "mlp",
    "mlp_tiny",
    "poem",
    "poem_tiny",
    "question_answering",
    "question_answering_tiny",
    "sequential_stack",
    "sequential_twin",
    "softmax_regression",
    "step_model",
    "text_similarity",
    "text_similarity_aligned",
    "text_similarity_aligned_tiny",
    "text_similarity_manhattan",
    "text_similarity_tiny",
]
