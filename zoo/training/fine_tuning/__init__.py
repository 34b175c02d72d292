"""Fine-tuning: what of a network is trained, at which rates, in which order, and what need not be computed again."""
