"""Training on augmented pictures: the loss of mixed labels, resumed runs, several steps a call, several inputs."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.resumable import interrupted_after
from zoo.costs import CostMatrix
from zoo.errors import ConfigError
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, find_learning_rate, fit, predict
from zoo.training.losses import batch_loss

