"""What the output layers of a model hold while it is trained, and what anybody finds who looks at it.

In training, regressions are in standard units and probabilities are those of the frequencies that training sees.
Validation, callbacks and the finished model are in the targets' own units, and calibrated.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras
import numpy as np

from zoo.samples import Samples
from zoo.training.batches import Batches
from zoo.training.output_layers.calibration import Calibration, calibrate, prior_shift, require_foldable, uncalibrate
from zoo.training.output_layers.layers import OutputLayers
from zoo.training.output_layers.prior import start_at_prior
from zoo.training.output_layers.raw_units import warn_of_raw_units
from zoo.training.output_layers.target_scaling import changed_for_now, target_scalings
from zoo.training.recipe import Recipe


class Presentation:
    """The scalings and calibrations of a model with a dict of outputs.

    scalings  output -> what brings its layer into the target's units.
    shifts    output of classes -> what brings probabilities back to the frequencies of the training split.
    """

    def __init__(
        self,
        model: keras.Model,
        recipe: Recipe,
        samples: Samples,
        batches: Batches,
        priors: Mapping[str, np.ndarray],
        class_weights: Mapping[str, np.ndarray | None],
    ):
        self.recipe, self.priors = recipe, priors
        self.outputs = OutputLayers(model)
        self.scalings = target_scalings(self.outputs, recipe.heads, samples) if recipe.standard_units else {}
        if recipe.standard_units:
            warn_of_raw_units(self.outputs, recipe.heads, samples, self.scalings, self._fresh())
        self._calibrated = require_foldable(self.outputs, recipe.heads)
        seen = batches.targets(np.concatenate(batches.order(0))) if self._calibrated else {}
        self.shifts = {
            name: prior_shift(recipe.heads[name], samples.targets[name], seen[name], class_weights[name])
            for name in self._calibrated
        }

    def begin(self) -> None:
        """Bring a model of the user's into the units of training; its fresh outputs begin at the prior."""
        fresh = self._fresh()
        for name, scaling in self.scalings.items():
            if name not in fresh:
                scaling.unmerge()
        for name, layer in self._calibrated.items():
            if name not in fresh:
                uncalibrate(layer, self.shifts[name])
        if fresh:
            start_at_prior(self.outputs, self.recipe.heads, self._priors_in_training())

    def to_training_units(self) -> None:
        """Of weights that predict in the targets' own units."""
        for scaling in self.scalings.values():
            scaling.unmerge()

    def _fresh(self) -> set[str]:
        """Outputs that begin at the prior."""
        return {name for name in self.recipe.heads if self.recipe.start_at_prior and self.outputs.fresh_bias(name)}

    def _priors_in_training(self) -> dict[str, np.ndarray]:
        found = dict(self.priors)
        for name, scaling in self.scalings.items():
            found[name] = (found[name] - scaling.shift) / scaling.scale
        for name, shift in self.shifts.items():
            found[name] = shift.undo(found[name])
        return found

    @contextmanager
    def own_units(self) -> Iterator[None]:
        """While this lasts, regressions predict in the targets' own units."""
        scalings = self.scalings
        layers = {name: scaling.layer for name, scaling in scalings.items()}
        with changed_for_now(layers, lambda name: scalings[name].merge(), lambda name: scalings[name].unmerge()):
            yield

    @contextmanager
    def calibrated(self, found: Mapping[str, Calibration]) -> Iterator[None]:
        """While this lasts, classes have calibrated probabilities."""
        layers = self._calibrated

        def change(name: str) -> None:
            calibrate(layers[name], found[name])

        def undo(name: str) -> None:
            uncalibrate(layers[name], found[name])

        with changed_for_now(layers, change, undo):
            yield
