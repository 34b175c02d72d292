"""Muon for models with convolutions: steps of equal size in every direction of a weight matrix.

Networks that end in a maximum over time learn rare words slowly: few positions carry a gradient, and Adam's steps
follow the few directions that all of them share. Muon makes the momentum of a matrix orthogonal before it is applied,
so that the rare directions move as far as the common ones (Jordan 2024; scale by Liu et al. 2025, arXiv 2502.16982).
"""

import re
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class ConvolutionMuon(keras.optimizers.Muon):
    """Keras' Muon, for kernels of convolutions too: (..., in, out) is the matrix (... * in, out).

    Vectors, embeddings and layers named in `exclude_layers` are trained by Adam, as in Keras' own.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        excluded = any(re.search(keyword, variable.path) for keyword in self.exclude_layers)
        return len(variable.shape) < 2 or "embedding" in variable.path.lower() or excluded

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        if len(variable.shape) == 2:
            super()._muon_update_step(gradient, variable, lr, m)
            return
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        ahead = ops.add(gradient, self.momentum * m) if self.nesterov else m
        flat = ops.reshape(ahead, (-1, variable.shape[-1]))
        step = ops.reshape(self.zeropower_via_newtonschulz5(flat, self.ns_steps), variable.shape)
        self.assign_sub(variable, lr * self.rms_rate * max(flat.shape) ** 0.5 * step)
