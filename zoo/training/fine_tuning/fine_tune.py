"""How a network whose weights were learnt elsewhere is trained on, as data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zoo.errors import ConfigError, is_number, require_known

PROBE, LAST, UPPER, ALL = "linear_probe", "last_stage", "last_two_stages", "all"
GRADUAL, AS_FROZEN = "gradual", "as_frozen"
STAGES = (PROBE, LAST, UPPER, ALL, GRADUAL, AS_FROZEN)
AUTO = "auto"
BATCH_NORM = ("hold", "train")

# Rows of training a label (of a regression: rows / 20) from which on more than the head is trained, and everything;
# and the rows in all that are enough for the last two stages, however many labels there are.
LAST_STAGE_FROM, ALL_FROM, UPPER_FROM = 30.0, 150.0, 1_000
RANGE = 20  # a regression counts as so many labels


@dataclass(frozen=True)
class FineTune:
    """How a pretrained network is fine-tuned: stages of training, one after the other.

    stages        one or several of "linear_probe" (the last layers alone), "last_stage" (and the last stage of the
                  network: of one on pictures all after the last but one stride), "last_two_stages", "all", "gradual"
                  (the head, then one stage more at a time; Howard and Ruder 2018) and "as_frozen" (what you left
                  unfrozen); or "auto", by the number of rows (`stages_for`).
    rate          of the later stages and of pretrained layers, as a share of the recipe's rate.
    decay         the rate of each stage of the network as a share of that of the one above it.
    weight_decay  the same of the weight decay, beside what the rate does to it.
    batch_norm    "hold": batch normalisation keeps the statistics and weights that it has learnt; "train": where it is
                  not frozen, it goes on learning.
                  `Dropout` layers between frozen layers are off in any case: what those give can be kept.
    epochs        of each stage of training; None: the recipe's, and 1 for those of "gradual" between first and last.
    sizes         side in pixels of the training pictures in each stage of training, the last ones often larger; None
                  for their own. Validation pictures keep their size. For models of any size, (None, None, 3).
    views         of each training picture that are made once, where a recipe augments pictures and lower layers are
                  frozen: the picture itself and augmented ones, of all of which features can be kept. They stand for
                  so many epochs of the last stage of training. 1 augments anew in every epoch, and keeps no features.
    standardise   features that are kept, and that dense layers alone read, are brought to mean 0 and deviation 1 of the
                  training rows while these layers learn, and a fresh last layer begins at 0: rates and weight decay
                  then mean the same for all of them. The finished model has the scale in its weights, and predicts
                  the same.
    solve         the heads of a "linear_probe" on standardised features are solved, not trained in steps, where that is
                  a convex problem: the best by L2, its strength chosen on validation or, with `refit`, in folds. Rates,
                  epochs and dropout mean nothing to it.
    cache_gib     what frozen layers give is computed once and kept on disk, in at most so many GiB (2**30 bytes) for
                  all trainings; 0 computes it at every step.
    """

    stages: str | Sequence[str] = AUTO
    rate: float = 0.3
    decay: float = 0.5
    weight_decay: float = 1.0
    batch_norm: str = "hold"
    epochs: Sequence[int] | None = None
    sizes: Sequence[int] | None = None
    views: int = 8
    standardise: bool = True
    solve: bool = False
    cache_gib: float = 4.0

    def __post_init__(self) -> None:
        named = (self.stages,) if isinstance(self.stages, str) else tuple(self.stages)
        if not named:
            raise ConfigError("'stages' of a FineTune must name at least one.")
        for name in named:
            require_known("stage of fine-tuning", name, STAGES if len(named) > 1 else (AUTO, *STAGES))
        object.__setattr__(self, "stages", AUTO if named == (AUTO,) else named)
        require_known("way with batch normalisation", self.batch_norm, BATCH_NORM)
        for name in ("rate", "decay", "weight_decay"):
            value = getattr(self, name)
            if not is_number(value) or not 0 < value <= 1:
                raise ConfigError(f"'{name}' of a FineTune must lie above 0 and up to 1; received {value!r}.")
        if not is_number(self.cache_gib) or self.cache_gib < 0:
            raise ConfigError(f"'cache_gib' of a FineTune must be a number >= 0; received {self.cache_gib!r}.")
        for name in ("standardise", "solve"):
            if type(getattr(self, name)) is not bool:
                raise ConfigError(f"'{name}' of a FineTune must be True or False; received {getattr(self, name)!r}.")
        if type(self.views) is not int or self.views < 1:
            raise ConfigError(f"'views' of a FineTune must be a whole number >= 1; received {self.views!r}.")
        for name in ("epochs", "sizes"):
            values = getattr(self, name)
            if values is None:
                continue
            given = tuple(values) if isinstance(values, Sequence) and not isinstance(values, str) else ()
            if not given or not all(type(each) is int and each > 0 for each in given):
                raise ConfigError(
                    f"'{name}' of a FineTune must be whole numbers > 0, one a stage; received {values!r}."
                )
            object.__setattr__(self, name, given)
        plain = GRADUAL not in self.stages and self.stages != AUTO
        for name in ("epochs", "sizes"):
            given = getattr(self, name)
            if given is not None and plain and len(given) != len(self.stages):
                raise ConfigError(
                    f"'{name}' of a FineTune must be one number a stage, {len(self.stages)}; received {list(given)}."
                )


def stages_for(rows: int, labels: int) -> tuple[str, ...]:
    """What to train, by the number of training rows and of labels (of a regression, 0).

    >>> stages_for(259, 37), stages_for(200, 2), stages_for(1400, 196), stages_for(25000, 2)
    (('linear_probe',), ('linear_probe', 'last_stage'), ('linear_probe', 'last_two_stages'), ('linear_probe', 'all'))
    """
    each = rows / (labels or RANGE)
    if each >= ALL_FROM:
        return (PROBE, ALL)
    if rows >= UPPER_FROM:
        return (PROBE, UPPER)
    return (PROBE, LAST) if each >= LAST_STAGE_FROM else (PROBE,)


def fine_tune_of(given: object, own: object = None) -> FineTune | None:
    """What a recipe was given, as a `FineTune`: one, a stage or several by name, "auto", or None.

    own  the one whose other settings names of stages keep.
    """
    if given is None or isinstance(given, FineTune):
        return given
    if isinstance(given, str | tuple | list):
        return replace(own, stages=given, epochs=None) if isinstance(own, FineTune) else FineTune(given)
    raise ConfigError(f"'fine_tune' must be a FineTune, stages by name or None; received {given!r}.")
