"""Which learning rate? Train for a moment at rates that grow from far too small to far too large, and look.

from zoo.training import find_learning_rate
found = find_learning_rate(model, train, recipe)
found.suggestion            # 0.0021
found.save("rates.png")     # loss against rate
"""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import keras
import numpy as np

from zoo.errors import ConfigError, MissingExtraError, TrainingError, is_number
from zoo.files import write_figure
from zoo.samples import Samples
from zoo.tracing.preserve_state import preserve_state
from zoo.training.epoch_log import LOSS
from zoo.training.fine_tuning.plan import plan_for
from zoo.training.fit import prepared
from zoo.training.named_graph import named_graph, with_named_inputs
from zoo.training.output_layers.probabilities import require_probabilities
from zoo.training.recipe import Recipe
from zoo.training.session import Session

MEMORY = 0.98  # of the moving average of the losses, as in fast.ai
DIVERGED = 4.0  # times the lowest smoothed loss, or its fall, where the search ends (fast.ai's stop_div)
FEWEST_STEPS = 10
EDGES = (0.1, 0.05)  # shares of the search at its beginning and end that say nothing
SIZE, DOTS = (8.0, 4.5), 100  # inches, dots an inch


@dataclass(frozen=True)
class RateSearch:
    """What a search found; all arrays (steps,), up to where the loss ran away.

    rates       the learning rate of every step, growing by the same factor.
    losses      the loss of every batch before its step; `smoothed` is their moving average.
    suggestion  `valley`: the middle of the longest fall of the smoothed loss (fast.ai's default).
    steepest    where the smoothed loss falls fastest (Smith 2017); often later and bolder.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray = field(repr=False)
    valley: float
    steepest: float

    @property
    def suggestion(self) -> float:
        return self.valley

    def save(self, path: Path | str) -> Path:
        """Draw loss against rate to a file (.png, .svg, .pdf, ...). Needs matplotlib."""
        return _draw(self, Path(path))


def find_learning_rate(
    model: keras.Model,
    samples: Samples,
    recipe: Recipe,
    *,
    lowest: float = 1e-7,
    highest: float = 10.0,
    steps: int = 100,
    seed: int = 0,
) -> RateSearch:
    """Train `model` for at most `steps` batches by `recipe`, at rates from `lowest` to `highest`.

    The recipe's heads, balance, batches and optimiser are used, not its schedule; of a fine-tuning its first
    stage, with what is frozen there and the shares of the rate that weights have. Afterwards the model and all random
    numbers to come are what they were, bit for bit (`zoo.tracing.preserve_state`).

    Raises `ConfigError` for a range or a recipe that does not fit, `TrainingError` when the loss is not finite from the
    beginning.
    """
    _check_range(lowest, highest, steps)
    graph = named_graph(model)
    samples = with_named_inputs(model, samples)
    rows, _, prepared_recipe = prepared(graph, recipe, samples, samples)
    require_probabilities(graph, prepared_recipe.heads, rows)
    constant = replace(recipe.optimiser, schedule="constant", learning_rate=lowest, average=None, average_last=None)
    settled = replace(prepared_recipe, optimiser=constant)
    rates = np.geomspace(lowest, highest, steps)
    plan = plan_for(graph, settled, rows)
    with preserve_state(model), ExitStack() as stack:
        _, shares = stack.enter_context(plan.applied(plan.stages[0])) if plan else (None, {})
        session = Session(graph, rows, rows, settled, seed, shares)
        with session.random.own():
            session.start_or_resume(None)
            losses = _losses(session, rates)
    if len(losses) < FEWEST_STEPS:
        raise TrainingError(
            f"The loss ran away after {len(losses)} steps, at a rate of {rates[max(len(losses) - 1, 0)]:.2g}: look at"
            " the data, or begin with a lower rate."
        )
    rates, smoothed = rates[: len(losses)], _smoothed(losses)
    inner = slice(round(EDGES[0] * len(losses)), len(losses) - round(EDGES[1] * len(losses)))
    valley = float(rates[inner][_valley(smoothed[inner])])
    steepest = float(rates[inner][np.argmin(np.gradient(smoothed[inner]))])
    return RateSearch(rates, np.array(losses), smoothed, valley, steepest)


def _check_range(lowest: float, highest: float, steps: int) -> None:
    for name, value in (("lowest", lowest), ("highest", highest)):
        if not is_number(value) or value <= 0:
            raise ConfigError(f"'{name}' of the rates must be a number > 0; received {value!r}.")
    if lowest >= highest:
        raise ConfigError(f"The lowest rate must be below the highest; received {lowest!r} and {highest!r}.")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < FEWEST_STEPS:
        raise ConfigError(f"A search for a rate needs a whole number of steps >= {FEWEST_STEPS}; received {steps!r}.")


def _losses(session: Session, rates: np.ndarray) -> list[float]:
    """The loss of each batch before the step at its rate, until it runs away."""
    losses: list[float] = []
    epoch, order = 0, session.train.order(0)
    step = 0
    for rate in rates:
        if step == len(order):
            epoch, step = epoch + 1, 0
            order = session.train.order(epoch)
        session.trainer.optimizer.learning_rate = float(rate)
        loss = float(session.trainer.train_on(session.train.training_batch(order[step], epoch, step))[0, LOSS])
        if not math.isfinite(loss):
            break
        losses.append(loss)
        step += 1
        smoothed = _smoothed(losses)
        least = float(np.min(smoothed))
        if smoothed[-1] - least > (DIVERGED - 1.0) * max(abs(least), smoothed[0] - least):
            break
    return losses


def _smoothed(losses: Sequence[float]) -> np.ndarray:
    """Moving average with the bias of its beginning taken out."""
    average, found = 0.0, []
    for step, loss in enumerate(losses, start=1):
        average = MEMORY * average + (1.0 - MEMORY) * loss
        found.append(average / (1.0 - MEMORY**step))
    return np.array(found)


def _valley(losses: np.ndarray) -> int:
    """The place in the middle of the longest falling subsequence, which need not be unbroken."""
    length, before = np.ones(len(losses), dtype=int), np.arange(len(losses))
    for place in range(1, len(losses)):
        higher = np.flatnonzero(losses[:place] > losses[place])
        if len(higher):
            best = higher[np.argmax(length[higher])]
            length[place], before[place] = length[best] + 1, best
    path = [int(np.argmax(length))]
    while before[path[-1]] != path[-1]:
        path.append(int(before[path[-1]]))
    return path[len(path) // 2]


def _draw(search: RateSearch, path: Path) -> Path:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("The picture of a search for a learning rate", "matplotlib", "report") from error
    figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(search.rates, search.losses, color="#7F7F7F", alpha=0.4, linewidth=1, label="loss of a batch")
    axes.plot(search.rates, search.smoothed, color="#0072B2", linewidth=2, label="smoothed")
    for name, rate, colour in (("valley", search.valley, "#009E73"), ("steepest", search.steepest, "#D55E00")):
        loss = float(np.interp(np.log(rate), np.log(search.rates), search.smoothed))
        axes.plot(rate, loss, "o", color=colour, markersize=8, label=f"{name}: {rate:.2g}")
    low, high = float(np.min(search.smoothed)), float(np.max(search.smoothed[: max(len(search.smoothed) // 2, 1)]))
    margin = 0.25 * max(high - low, 1e-12)
    axes.set_ylim(low - margin, high + 2 * margin)  # where the loss runs away, it leaves the picture
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss")
    axes.set_title(f"suggested learning rate: {search.suggestion:.2g}")
    axes.grid(alpha=0.3)
    axes.legend()
    write_figure(figure, path)
    return path
