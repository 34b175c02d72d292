"""Can it be fooled: attacks on pictures and texts, counterfactuals of tables, images made from noise.

found = zoo.attack(model, pictures, labels, method="pgd", strength=8 / 255, scale=(0, 255))
found.accuracy        # strength -> accuracy
found.save("attack")  # robustness.json and robustness.png
"""

from zoo.pictures.pixel_scale import PixelScale
from zoo.robustness.attack import METHODS, attack
from zoo.robustness.counterfactuals import Counterfactual, counterfactual
from zoo.robustness.fooling import FoolingImages, fooling_images
from zoo.robustness.result import Attack, Flip

__all__ = [
    "METHODS",
    "Attack",
    "Counterfactual",
    "Flip",
    "FoolingImages",
    "PixelScale",
    "attack",
    "counterfactual",
    "fooling_images",
]
