"""How good a model is on the validation split after an epoch, and what its probabilities are calibrated by."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import keras
import numpy as np

from zoo.errors import TrainingError
from zoo.lazy_array import LazyArray
from zoo.metrics import score
from zoo.samples import Samples
from zoo.sentinel.data import DataCheck
from zoo.sentinel.incident import Incident
from zoo.training.batches import Batches
from zoo.training.heads import Head
from zoo.training.losses import judged_loss, mean_loss
from zoo.training.output_layers.calibration import Calibration, learn
from zoo.training.output_layers.prior import prior_losses
from zoo.training.output_layers.probabilities import check_probabilities
from zoo.training.predictions import answers_of, outputs_of
from zoo.training.sequence_outputs import StepJudge, judge_steps, per_step, step_score

SAMPLE_ROWS = 1024  # of the predictions that are kept to compare the finished model with
SAMPLE_VALUES = 2**20  # of one output among them, at most
STEP_ROWS = 16  # the same of outputs at every step
LOOK_ROWS = 4096  # of inputs that are looked at together


@dataclass(frozen=True)
class Judgement:
    """What an epoch is worth.

    row           losses, metrics and "val_skill", as they stand in the history.
    calibrations  output of classes -> the calibration of its probabilities.
    sample        output -> calibrated predictions for the first rows of the split; of an output at every step, the
                  cross-entropy of each row, summed over its steps.
    """

    row: dict[str, float] = field(default_factory=dict)
    calibrations: dict[str, Calibration] = field(default_factory=dict)
    sample: dict[str, np.ndarray] = field(default_factory=dict)


class Validation:
    """The validation split, and all that an epoch is judged by.

    shifts  output of classes -> what training's other frequencies did to its probabilities.
    steps   the outputs that predict at every step of a sequence.
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
        self.heads, self.samples, self.shifts, self.trim_padding = heads, samples, shifts, trim_padding
        self._model = model
        self.batches = Batches(samples, batch_size=256, trim_padding=trim_padding)
        self.constant_losses = prior_losses(heads, priors, samples, judged_loss)
        self.steps = per_step(model, heads)
        self.judge_of_steps = StepJudge(model, self.steps) if self.steps else None

    def judge(self, model: keras.Model, epoch: int) -> Judgement:
        """Judge the model, whose outputs are in the targets' units and not yet calibrated, after `epoch` (from 1).

        Raises `TrainingError` when a loss is not finite, `ConfigError` when probabilities are none.
        """
        found = Judgement(calibrations=dict(self.shifts))
        skills = self._judge_steps(found, epoch)
        rest = {name: head for name, head in self.heads.items() if name not in self.steps}
        outputs = outputs_of(model, self.batches) if rest else {}
        for name, head in rest.items():
            target, output, weights = self.samples.targets[name], outputs[name], self.samples.sample_weight.get(name)
            if name in self.shifts:
                found.calibrations[name] = learn(head, self.shifts[name], target, output)
                output = found.calibrations[name].apply(output)
            found.sample[name] = output[: rows_of_sample(output)].copy()
            loss, judged = mean_loss(head, target, output, weights), judged_loss(head, target, output, weights)
            if loss is None or judged is None:
                continue
            found.row[f"val_{name}_loss"] = self._finite(loss, name, epoch)
            check_probabilities(name, head, output)
            skills.append(1.0 - judged / max(self.constant_losses[name], 1e-30))
            for metric in head.metrics:
                found.row[f"val_{name}_{metric}"] = float(score(metric, target, answers_of(head, output)) or 0.0)
        found.row["val_skill"] = float(np.mean(skills))
        return found

    def _judge_steps(self, found: Judgement, epoch: int) -> list[float]:
        """Add the outputs at every step -> their skills."""
        skills: list[float] = []
        judged: dict[str, np.ndarray] = {}
        if self.judge_of_steps:
            judged = judge_steps(self.judge_of_steps, self.samples, self.steps, trim_padding=self.trim_padding)
        for name, values in judged.items():
            target = self.samples.targets[name]
            found.sample[name] = values[:STEP_ROWS, :, 0].sum(axis=1)
            loss = step_score("log_loss", values, target)
            if loss is None:
                continue
            found.row[f"val_{name}_loss"] = self._finite(loss, name, epoch)
            skills.append(1.0 - loss / self.constant_losses[name])
            for metric in self.heads[name].metrics:
                found.row[f"val_{name}_{metric}"] = step_score(metric, values, target) or 0.0
        return skills

    def require_sound_inputs(self) -> None:
        """Raise `TrainingError` for NaN, Inf or an unknown token in an input; what is lazy is not read for it."""
        in_memory = {name: each for name, each in self.samples.inputs.items() if not isinstance(each, LazyArray)}
        found = self._fault_in(in_memory)
        if found:
            raise TrainingError(f"The validation split cannot be predicted for: {found}.")

    def _fault_in(self, inputs: Mapping[str, np.ndarray]) -> str:
        """The first number that the model cannot take, in a clause; "" where there is none."""
        check = DataCheck(self._model)
        for start in range(0, len(self.samples) if inputs else 0, LOOK_ROWS):
            fault = check.fault({name: values[start : start + LOOK_ROWS] for name, values in inputs.items()})
            if fault is not None:
                return Incident.of(replace(fault, row=fault.row + start), 0, 0).what()
        return ""

    def _finite(self, loss: float, name: str, epoch: int) -> float:
        if not math.isfinite(loss):
            found = self._fault_in(self.samples.inputs)
            cure = f"{found}." if found else "lower the learning rate or look at the data."
            raise TrainingError(f"The validation loss of output '{name}' became {loss} in epoch {epoch}; {cure}")
        return loss


def rows_of_sample(output: np.ndarray) -> int:
    """How many rows of an output (n, ...) are kept."""
    return min(SAMPLE_ROWS, max(SAMPLE_VALUES // max(output[:1].size, 1), 1))
