"""A model with the schema of its table, in one file: rows in, predictions in their own units out.

pipeline = zoo.load_pipeline("sales.keras")
pipeline.predict(frame)
"""

from zoo.pipeline.pipeline import Pipeline, load_pipeline

__all__ = ["Pipeline", "load_pipeline"]
