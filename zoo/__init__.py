"""A Keras functional-API model zoo.

>>> import zoo
>>> zoo.list_models("author*", task="author-profiling")
['author_profile', 'author_profile_small', 'author_profile_tiny', 'author_profile_wide']
>>> model = zoo.create_model("author_profile_tiny")

Nothing is imported before it is used: `import zoo` brings in no framework.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.catalogue import describe, list_models
    from zoo.classification import classify
    from zoo.create import create_model, full_config
    from zoo.pipeline import load_pipeline
    from zoo.prediction import predict
    from zoo.pretrained.images import preprocess
    from zoo.pretrained.labels import decode
    from zoo.weights import LoadReport, load_report, load_weights, read_metadata, save_weights

__version__ = "0.1.0"
__all__ = [
    "LoadReport",
    "classify",
    "create_model",
    "decode",
    "describe",
    "full_config",
    "list_models",
    "load_pipeline",
    "load_report",
    "load_weights",
    "predict",
    "preprocess",
    "read_metadata",
    "save_weights",
]
_HOME = {
    "LoadReport": "weights",
    "classify": "classification",
    "create_model": "create",
    "decode": "pretrained.labels",
    "describe": "catalogue",
    "full_config": "create",
    "list_models": "catalogue",
    "load_pipeline": "pipeline",
    "load_report": "weights",
    "load_weights": "weights",
    "predict": "prediction",
    "preprocess": "pretrained.images",
    "read_metadata": "weights",
    "save_weights": "weights",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'zoo' has no attribute '{name}'")
    return getattr(importlib.import_module(f"zoo.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
