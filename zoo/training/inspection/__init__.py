"""Looking inside a model: ranges of all layers, weights and gradients at once, and chosen values while it trains."""

from zoo.training.inspection.facts import Inspection, LayerFacts, Range, inspect_model
from zoo.training.inspection.recorder import ValueRecorder
from zoo.training.inspection.samples import inspect_samples
from zoo.training.inspection.table import inspection_table
from zoo.training.inspection.tensorboard import write_tensorboard

__all__ = [
    "Inspection",
    "LayerFacts",
    "Range",
    "ValueRecorder",
    "inspect_model",
    "inspect_samples",
    "inspection_table",
    "write_tensorboard",
]
