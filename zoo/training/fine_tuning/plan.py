"""From a `FineTune`, a network and its training rows to the stages of a training."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import keras

from zoo.errors import ConfigError, DataWarning
from zoo.samples import Samples
from zoo.training.fine_tuning.fine_tune import (
    ALL,
    AS_FROZEN,
    AUTO,
    GRADUAL,
    LAST,
    PROBE,
    UPPER,
    FineTune,
    fine_tune_of,
    stages_for,
)
from zoo.training.fine_tuning.freezing import (
    Frozen,
    frozen_of,
    has_learnt,
    norms_in,
    set_trainable,
    still_below,
    trainable_as_before,
    weighted,
)
from zoo.training.fine_tuning.initial_values import bias_has_moved
from zoo.training.fine_tuning.network import Network, is_norm
from zoo.training.optimisers.optimiser import Share
from zoo.training.recipe import Recipe


class FineTuningNotice(DataWarning):
    """That a network is fine-tuned where nobody asked for it by name."""


@dataclass(frozen=True)
class TrainingStage:
    """One stage of a fine-tuning.

    parts  how many stages of the network are trained, from the head downwards; None trains what is not frozen.
    head   the share of the recipe's rate that the head has.
    size   of the training pictures; None for their own.
    """

    name: str
    parts: int | None
    epochs: int
    head: float = 1.0
    size: int | None = None


@dataclass(frozen=True)
class Plan:
    """How a training is done in stages; `notice` is what a user is told who did not ask for it."""

    tune: FineTune
    network: Network
    stages: tuple[TrainingStage, ...]
    notice: str = ""

    @contextmanager
    def applied(self, stage: TrainingStage) -> Iterator[tuple[Frozen, dict[int, Share]]]:
        """While this lasts, the network is frozen as the stage says: what is frozen; weights (by id) -> their rates."""
        with trainable_as_before(self.network.model):
            shares = self._shares(stage)
            every = weighted(self.network)
            norms = [norm for layer in every for norm in norms_in(layer)]
            held = {id(norm) for norm in norms if self.tune.batch_norm == "hold" and has_learnt(norm)}
            held |= {id(norm) for norm in norms if not norm.trainable}
            wanted = {id(layer): layer.trainable for layer in every}
            if stage.parts is not None:
                trained = {id(layer) for part in self._trained(stage.parts) for layer in part.layers}
                wanted = {key: key in trained for key in wanted}
            set_trainable(self.network.model, wanted, held)
            with still_below(self.network):
                yield frozen_of(self.network.model), shares

    def _trained(self, parts: int) -> tuple[Any, ...]:
        return self.network.stages[-parts:]

    def _shares(self, stage: TrainingStage) -> dict[int, Share]:
        """Of the head its own share of the rate; below it `rate`, and from stage to stage the less."""
        found: dict[int, Share] = {}
        if stage.parts is None:
            return found
        for depth, part in enumerate(reversed(self._trained(stage.parts))):
            rate = stage.head if depth == 0 else self.tune.rate * self.tune.decay**depth
            share = Share(rate, self.tune.weight_decay**depth)
            found |= {id(variable): share for layer in part.layers for variable in layer.weights}
        return found

    def rates(self, stage: TrainingStage) -> dict[str, float]:
        """Stage of the network -> its share of the recipe's rate, for records."""
        shares = self._shares(stage)
        parts = self._trained(stage.parts) if stage.parts else ()
        return {part.name: shares[id(part.layers[0].weights[0])].rate for part in parts}


def plan_for(graph: keras.Model, recipe: Recipe, train: Samples, begun: tuple[str, ...] | None = None) -> Plan | None:
    """The stages in which a recipe trains; None where it trains at once all that is not frozen.

    begun  the stages of a run that is gone on with: nothing is chosen anew; none for one without any.
    """
    tune = fine_tune_of(recipe.fine_tune)
    if tune is None:
        return None
    network, notice = Network(graph), ""
    by_hand = {id(layer): layer.name for layer in weighted(network) if not layer.trainable and not is_norm(layer)}
    asked = recipe.fine_tune != AUTO
    if not asked and begun is not None:
        if not begun:
            return None
        tune = replace(tune, stages=begun)
    elif not asked and not is_fresh_on_learnt(network):
        return None
    if tune.stages == AUTO and by_hand:
        tune = replace(tune, stages=(AS_FROZEN,))
    elif tune.stages == AUTO:
        labels = max(len(head.target.labels) for head in recipe.heads.values())
        tune = replace(tune, stages=stages_for(len(train), labels))
        notice = "" if asked else _notice(network, tune, len(train))
    stages = tuple(expanded(tune, len(network.stages), recipe.epochs))
    woken = network.stages[-max(stage.parts or 0 for stage in stages) or len(network.stages) :]
    both = [by_hand[id(layer)] for part in woken for layer in part.layers if id(layer) in by_hand]
    if both and tune.stages != (AS_FROZEN,):
        raise ConfigError(
            f"Layers of '{graph.name}' are frozen ({both[0]}{', ...' if len(both) > 1 else ''}), and "
            f"{', '.join(tune.stages)} would train them: fine_tune='as_frozen' leaves them so, zoo.unfreeze frees them."
        )
    shape = tuple(graph.inputs[0].shape)
    any_size = len(graph.inputs) == 1 and len(shape) == 4 and shape[1:3] == (None, None)
    if tune.sizes is not None and not any_size:
        raise ConfigError(
            f"'sizes' of a FineTune are for models that take pictures of any size, (None, None, 3); '{graph.name}' "
            f"takes {shape[1:]}."
        )
    return Plan(tune, network, stages, notice)


def _notice(network: Network, tune: FineTune, rows: int) -> str:
    head, stages = network.head[-1].path, " and then ".join(tune.stages)
    return (
        f"The layers below '{head}' were pretrained, and '{head}' is fresh: fit trains {stages} with batch "
        f"normalisation held, chosen for {rows:,} rows; name other stages with Recipe(fine_tune=...), or train "
        "everything at one rate with Recipe(fine_tune=None)."
    )


def expanded(tune: FineTune, parts: int, epochs: int) -> Iterator[TrainingStage]:
    """The stages of training, of a network of so many parts."""
    named: list[tuple[str, int | None]] = []
    for name in tune.stages:
        if name == GRADUAL:
            named += [(PROBE if count == 1 else f"gradual_{count}", count) for count in range(1, parts)] + [
                (ALL, parts)
            ]
        else:
            named.append(
                (name, {PROBE: 1, LAST: min(2, parts), UPPER: min(3, parts), ALL: parts, AS_FROZEN: None}[name])
            )
    between = [1 if name.startswith(GRADUAL) else epochs for name, _ in named]
    for what, given in (("epochs", tune.epochs), ("sizes", tune.sizes)):
        if given is not None and len(given) != len(named):
            raise ConfigError(
                f"'{what}' of a FineTune must be one number a stage, and there are {len(named)} "
                f"({', '.join(name for name, _ in named)}); received {list(given)}."
            )
    for place, (name, count) in enumerate(named):
        yield TrainingStage(
            name,
            count,
            tune.epochs[place] if tune.epochs else between[place],
            tune.rate if place and count != 1 else 1.0,
            tune.sizes[place] if tune.sizes else None,
        )


def is_fresh_on_learnt(network: Network) -> bool:
    """Whether the last layers are as they were made, and most of those below them have learnt something.

    Batch normalisation tells by its statistics, a layer with a bias by that.
    """
    if not all(bias_has_moved(call.layer) is False for call in network.head if not is_norm(call.layer)):
        return False
    signs = _signs_of_learning(network)
    return bool(signs) and 2 * sum(signs) >= len(signs)


def has_learnt_nothing(model: keras.Model) -> bool:
    """Whether nothing below the last layers shows that it was ever trained, by the same signs; False without any."""
    signs = _signs_of_learning(Network(model))
    return bool(signs) and not any(signs)


def _signs_of_learning(network: Network) -> list[bool]:
    """Of each batch normalisation below the last layers, else of each bias, whether it has moved from its start."""
    head = {id(call.layer) for call in network.head}
    below = [layer for layer in weighted(network) if id(layer) not in head]
    norms = [has_learnt(norm) for layer in below for norm in norms_in(layer)]
    return norms or [bias for bias in map(bias_has_moved, below) if bias is not None]


def facts(plan: Plan, stage: TrainingStage) -> Mapping[str, Any]:
    """What of a stage changes its training, for its configuration."""
    return {"stage": stage.name, "size": stage.size, "rates": plan.rates(stage)}
