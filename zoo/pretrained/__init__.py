"""What is known of each official set of weights: preprocessing, labels, scores."""

from zoo.pictures.preprocessing import Preprocessing
from zoo.pretrained.sets import Pretrained, pretrained, pretrained_sets

__all__ = ["Preprocessing", "Pretrained", "pretrained", "pretrained_sets"]
