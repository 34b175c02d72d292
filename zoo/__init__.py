"""A Keras functional-API model zoo."""
