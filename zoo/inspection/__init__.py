"""Looking inside a model: ranges of all layers, weights and gradients at once, and chosen values while it trains."""

from zoo.inspection.facts import Inspection, LayerFacts, Range, inspect_model
from zoo.inspection.recorder import ValueRecorder
from zoo.inspection.table import inspection_table
from zoo.inspection.tensorboard import write_tensorboard

__all__ = [
    "Inspection",
    "LayerFacts",
    "Range",
    "ValueRecorder",
    "inspect_model",
    "inspection_table",
    "write_tensorboard",
]
