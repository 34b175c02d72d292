"""What is done about rare labels, on the training rows."""
