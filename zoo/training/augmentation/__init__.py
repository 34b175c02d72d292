"""Changes to the inputs of a training batch that keep its labels true."""
