"""A model that tests of small structures search with."""

import keras
import numpy as np

from zoo.structures.structure import Structure

NODE = Structure((8.0, 10.0, 12.0), 3.0)


class Box:
    """A model that tells where voxels are bright: what it says of a voxel depends on that voxel alone."""

    def __init__(self, stride=1):
        self.stride, self.inputs, self.calls = stride, [keras.Input((None, None, None, 1), name="volume")], 0

    def compute_output_shape(self, shapes):
        ((_, *sides, _),) = shapes
        shape = (1, *(side // self.stride for side in sides), 1)
        return {"centre": shape, "radius": shape}

    def predict_on_batch(self, inputs):
        self.calls += 1
        part = inputs["volume"][:, :: self.stride, :: self.stride, :: self.stride]
        return {"centre": part, "radius": np.full_like(part, 2.0)}
