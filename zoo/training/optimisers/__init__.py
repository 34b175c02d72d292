"""What moves the weights: optimisers, learning rates over time, averages of weights."""
