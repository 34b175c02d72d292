"""Calls and gradients inside a model, layer by layer; the model is left as it was."""
