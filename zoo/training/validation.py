"""How good a model is on the validation split after an epoch, and what its probabilities are calibrated by."""

import math
from collections.abc import Mapping

import keras
import numpy as np

from zoo.errors import TrainingError
from zoo.metrics import score
from zoo.samples import Samples
from zoo.training.answers import answers_of, outputs_of
from zoo.training.batches import Batches
from zoo.training.calibration import Calibration, learn
from zoo.training.heads import Head
from zoo.training.imbalance import LEARNT
from zoo.training.losses import judged_loss, mean_loss
from zoo.training.prior import prior_losses
from zoo.training.steps import StepJudge, judge_steps, per_step, step_score


class Validation:
    """The validation split, and all that an epoch is judged by.

    shifts  output of classes -> what training's other frequencies did to its probabilities.
    steps   the outputs that answer at every step of a sequence.
    """

    def __init__(
        self,
        model: keras.Model,
        heads: Mapping[str, Head],
        samples: Samples,
        priors: Mapping[str, np.ndarray],
        shifts: Mapping[str, Calibration],
        *,
        trim_padding: bool,
    ):
        self.heads, self.samples, self.shifts = heads, samples, shifts
        self.batches = Batches(samples, batch_size=256, trim_padding=trim_padding)
        self.constant_losses = prior_losses(heads, priors, samples, judged_loss)
        self.steps = per_step(model, heads)
        self.judge = StepJudge(model, self.steps) if self.steps else None

    def row(self, model: keras.Model, epoch: int) -> dict[str, float]:
        """Losses, metrics and "val_skill" of the model's outputs after `epoch` (from 1); see `fit`.

        Raises `TrainingError` when a loss is not finite.
        """
        row, skills = self._row_of_steps(epoch)
        rest = {name: head for name, head in self.heads.items() if name not in self.steps}
        outputs = outputs_of(model, self.batches) if rest else {}
        for name, head in rest.items():
            target, output = self.samples.targets[name], outputs[name]
            if name in self.shifts:
                output = self._calibration(name, output).apply(output)
            loss, judged = mean_loss(head, target, output), judged_loss(head, target, output)
            if loss is None or judged is None:
                continue
            row[f"val_loss_{name}"] = _finite(loss, name, epoch)
            skills.append(1.0 - judged / max(self.constant_losses[name], 1e-8))
            for metric in head.metrics:
                row[f"val_{name}_{metric}"] = float(score(metric, target, answers_of(head, output)) or 0.0)
        row["val_skill"] = float(np.mean(skills))
        return row

    def calibrations(self, model: keras.Model) -> dict[str, Calibration]:
        """Output of classes -> the calibration of its probabilities, learnt from the model's answers where one is."""
        learnt = [name for name in self.shifts if self.heads[name].plan.calibration in LEARNT]
        outputs = outputs_of(model, self.batches) if learnt else {}
        return {**self.shifts, **{name: self._calibration(name, outputs[name]) for name in learnt}}

    def _calibration(self, name: str, output: np.ndarray) -> Calibration:
        return learn(self.heads[name], self.shifts[name], self.samples.targets[name], output)

    def _row_of_steps(self, epoch: int) -> tuple[dict[str, float], list[float]]:
        """The rows and skills of outputs at every step."""
        row: dict[str, float] = {}
        skills: list[float] = []
        judged = judge_steps(self.judge, self.samples, self.steps) if self.judge else {}
        for name, values in judged.items():
            target = self.samples.targets[name]
            loss = step_score("log_loss", values, target)
            if loss is None:
                continue
            row[f"val_loss_{name}"] = _finite(loss, name, epoch)
            skills.append(1.0 - loss / self.constant_losses[name])
            for metric in self.heads[name].metrics:
                row[f"val_{name}_{metric}"] = step_score(metric, values, target) or 0.0
        return row, skills


def _finite(loss: float, name: str, epoch: int) -> float:
    if not math.isfinite(loss):
        raise TrainingError(
            f"The validation loss of output '{name}' became {loss} in epoch {epoch};"
            " lower the learning rate or look at the data."
        )
    return loss
