"""What is known of each official set of weights: preprocessing, labels, scores."""

from zoo.pretrained.preprocessing import Preprocessing

__all__ = ["Preprocessing"]
