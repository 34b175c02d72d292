"""Weights between a model and a file, by layer name and role of the variable.

Both loaders of Keras match by position, so that two layers which changed places load without an error and predict
wrongly. Here every variable has an address, `layer/role` (`encoder_conv1/kernel`; `inner_model/layer/role` inside a
nested model), and a file is loaded whole or not at all. Files: our own, Keras' three layouts and its archives,
safetensors, PyTorch's; names tables (zoo.weights.names) say how other files call our layers.
"""

from zoo.weights.loading import head_classes, load_weights
from zoo.weights.report import LoadReport, load_report
from zoo.weights.saving import metadata_if_ours, read_metadata, save_weights
from zoo.weights.values import give_initial_values, without_values

__all__ = [
    "LoadReport",
    "give_initial_values",
    "head_classes",
    "load_report",
    "load_weights",
    "metadata_if_ours",
    "read_metadata",
    "save_weights",
    "without_values",
]
