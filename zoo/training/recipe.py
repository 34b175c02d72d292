"""A recipe: how an entry of the catalogue is trained, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from zoo.errors import ConfigError, require_known
from zoo.sentinel.incident import ON_NONFINITE
from zoo.training.augmentation.adversarial import AdversarialTraining
from zoo.training.augmentation.pictures.presets import augmentation, augmentation_json
from zoo.training.augmentation.tokens import require_groups
from zoo.training.fine_tuning.fine_tune import AUTO, FineTune, fine_tune_of
from zoo.training.heads import Head
from zoo.training.optimisers.optimiser import Optimiser
from zoo.training.resampling.co_teaching import CoTeaching

BALANCE_NAMES = ("relative", "static", "uncertainty", "gradnorm")


@dataclass(frozen=True)
class Recipe:
    """How an entry is trained.

    heads           output -> loss, weight, metrics, class weights.
    entry, config   the catalogue's name of the model, and the arguments of its builder.
    data            the data set's name, and its options.
    balance         "relative" (the heads' weights, each loss as a share of that of the best constant prediction),
                    "static" (the heads' weights alone, as in Keras), "uncertainty" or "gradnorm".
    trim_padding    batches of similar length without the padding they share (models blind to padding only).
    token_dropout   share of the tokens of integer sequences that training reads as unknown (1), drawn anew each epoch.
    shuffled_entities  groups of tokens that may stand for each other (names), exchanged in half of the samples, anew
                    each epoch; targets stay as they are, so answers must not be among them.
    augmentation    what is done to pictures in training, anew each epoch: the name of a preset ("light", "standard",
                    "strong", "cifar", "digits", "drawings", "faces"), of a transform ("flip", "crop", ...), a list of
                    these, with options as in ("rotate", {"degrees": 15}), or input -> one of these; None for nothing.
                    Validation and predictions see pictures as they are. See `zoo.training.augmentation.pictures`.
    adversarial     an `AdversarialTraining`: the pictures of each batch are attacked before the model learns from them.
    co_teaching     a `CoTeaching`, for labels of which many are wrong: a second network is trained beside the first,
                    and each leaves out the rows of a batch whose labels the other finds unlikely.
    standard_units  train regressions in units of their own deviation, where the output's layer allows it
                    (`target_scaling`); off for plain gradient descent.
    start_at_prior  begin with the best constant prediction at each output whose layer is fresh (its bias is 0); one
                    that has learnt something goes on from there.
    patience        stop after so many epochs without a better validation skill; None trains all epochs.
    refit           train on the validation rows too, where everything was chosen before; the best epoch is then that of
                    rows which were trained on.
    on_nonfinite      what to do about NaN and Inf: "stop", "skip" (the batch) or "lower_rate", see `NaNSentinel`; None
                    does not watch.
    steps_per_execution  batches that one call of the compiled step trains on, on TensorFlow and JAX: what a call costs
                    is much of a small network's step. None for a number that suits network and batches.
    acceleration    train with faster layers, optimisers and calls where they are known to give the same up to rounding
                    (`zoo.training.acceleration`). The softmax over a large vocabulary that is the embedding itself is
                    estimated from a sample, without bias (`tied_softmax`). False trains as Keras does.
    restarts, linear_start  of memory networks, for `zoo.train` alone: at most so many trainings from fresh weights, of
                    which the best on validation is kept; and the share of the epochs that come before each, with
                    linear attention.
    fine_tune       how a pretrained network is trained on: a `FineTune`, its stages by name, or "auto": where
                    fresh last layers stand on layers that have learnt, `FineTune("auto")`, and anything else is trained
                    as it is. None trains all that is not frozen at one rate.
    start           hash of the file of weights where training starts; None for fresh weights.
    expected        output -> headline score on the test split that this recipe reached when it was written.
    """

    heads: Mapping[str, Head]
    entry: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    data_options: Mapping[str, Any] = field(default_factory=dict)
    optimiser: Optimiser = field(default_factory=Optimiser)
    balance: str = "relative"
    epochs: int = 10
    batch_size: int = 64
    trim_padding: bool = False
    token_dropout: float = 0.0
    shuffled_entities: Sequence[Sequence[int]] | None = None
    augmentation: Any = None
    adversarial: AdversarialTraining | None = None
    co_teaching: CoTeaching | None = None
    standard_units: bool = True
    start_at_prior: bool = True
    patience: int | None = None
    refit: bool = False
    on_nonfinite: str | None = "stop"
    steps_per_execution: int | None = None
    acceleration: bool = True
    restarts: int = 1
    linear_start: float = 0.0
    fine_tune: FineTune | str | Sequence[str] | None = AUTO
    start: str | None = None
    expected: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known("balance", self.balance, BALANCE_NAMES)
        if self.on_nonfinite is not None:
            require_known("answer to numbers that are not finite", self.on_nonfinite, ON_NONFINITE)
        for name in ("epochs", "batch_size", "restarts"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f"'{name}' must be a whole number >= 1; received {value!r}.")
        for name in ("patience", "steps_per_execution"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ConfigError(f"'{name}' must be None or a whole number >= 1; received {value!r}.")
        for name in ("acceleration", "refit"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"'{name}' must be True or False; received {getattr(self, name)!r}.")
        for name in ("token_dropout", "linear_start"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"'{name}' must be at least 0 and below 1; received {getattr(self, name)!r}.")
        require_groups(self.shuffled_entities)
        object.__setattr__(self, "augmentation", augmentation(self.augmentation))
        if self.adversarial is not None and not isinstance(self.adversarial, AdversarialTraining):
            raise ConfigError(
                f"'adversarial' must be an AdversarialTraining, as in AdversarialTraining(8 / 255); received "
                f"{self.adversarial!r}."
            )
        if self.co_teaching is not None and not isinstance(self.co_teaching, CoTeaching):
            raise ConfigError(
                f"'co_teaching' must be a CoTeaching, as in CoTeaching(wrong=0.2); received {self.co_teaching!r}."
            )
        if self.adversarial is not None and self.co_teaching is not None:
            raise ConfigError("'adversarial' and 'co_teaching' do not go together: give one of them.")
        if not isinstance(self.heads, Mapping) or not self.heads:
            raise ConfigError("A recipe needs at least one head: Recipe({output: Head(target)}).")
        for name, head in self.heads.items():
            if not isinstance(head, Head):
                raise ConfigError(f"The head of '{name}' must be a Head, as in Head(target); received {head!r}.")
        fine_tune_of(self.fine_tune)
        if not isinstance(self.optimiser, Optimiser):
            raise ConfigError(
                f"'optimiser' must be an Optimiser, as in Optimiser('adam', learning_rate=1e-3); received "
                f"{self.optimiser!r}."
            )

    def to_json(self) -> dict[str, Any]:
        """Plain values that tell everything but the expected scores, which do not change a run."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "expected"}
        plain["heads"] = {name: head.to_json() for name, head in self.heads.items()}
        plain["optimiser"] = asdict(self.optimiser)
        plain["augmentation"] = augmentation_json(self.augmentation)
        plain["adversarial"] = None if self.adversarial is None else asdict(self.adversarial)
        plain["co_teaching"] = None if self.co_teaching is None else asdict(self.co_teaching)
        plain["fine_tune"] = asdict(self.fine_tune) if isinstance(self.fine_tune, FineTune) else self.fine_tune
        return plain


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other fields; options of the builder are added to its own, stages by name keep its rates."""
    found = {**changes, "config": {**recipe.config, **changes.get("config", {})}}
    if isinstance(recipe.fine_tune, FineTune) or not isinstance(found.get("fine_tune", ""), str):
        found["fine_tune"] = fine_tune_of(found.get("fine_tune", recipe.fine_tune), recipe.fine_tune)
    return replace(recipe, **found)
