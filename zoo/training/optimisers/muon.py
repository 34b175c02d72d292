"""Muon for models with convolutions: steps of equal size in every direction of a weight matrix.

Networks that end in a maximum over time learn rare words slowly: few positions carry a gradient, and Adam's steps
follow the few directions that all of them share. Muon makes the momentum of a matrix orthogonal before it is applied,
so that the rare directions move as far as the common ones (Jordan 2024; scale by Liu et al. 2025, arXiv 2502.16982).
"""

import re
from typing import Any

import keras
from keras import ops

from zoo.keras_internals.optimiser import OpenMuon


@keras.saving.register_keras_serializable(package="zoo")
class ConvolutionMuon(OpenMuon):
    """Keras' Muon, for kernels of convolutions too: (..., in, out) is the matrix (... * in, out).

    Vectors, embeddings and layers named in `exclude_layers` are trained by Adam, as in Keras' own.
    """

    def is_for_adam(self, variable: Any) -> bool:
        excluded = any(re.search(keyword, variable.path) for keyword in self.exclude_layers)
        return len(variable.shape) < 2 or "embedding" in variable.path.lower() or excluded

    def orthogonal_step(self, gradient: Any, variable: Any, rate: Any, momentum: Any) -> None:
        if len(variable.shape) == 2:
            super().orthogonal_step(gradient, variable, rate, momentum)
            return
        self.assign_add(momentum, ops.add(gradient, momentum * (self.momentum - 1)))
        ahead = ops.add(gradient, self.momentum * momentum) if self.nesterov else momentum
        flat = ops.reshape(ahead, (-1, variable.shape[-1]))
        step = ops.reshape(self.zeropower_via_newtonschulz5(flat, self.ns_steps), variable.shape)
        self.assign_sub(variable, rate * self.rms_rate * max(flat.shape) ** 0.5 * step)
