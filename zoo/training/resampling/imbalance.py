"""What is done for one output about labels of unequal frequency, as data.

Everything that changes how often a label is seen also changes what the model says of it: a network trained on as many
defaults as repayments calls half of all debtors bad. The predictions are therefore brought back to the frequencies of
the training split (`calibration`), inside the model's own last layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zoo.errors import ConfigError, UnknownNameError, is_number, require_known

SAMPLING = ("over_sampling", "under_sampling", "hard_negatives")  # which rows an epoch reads
SYNTHESIS = ("smote", "borderline_smote", "svm_smote", "adasyn")  # rows that are made up, by imbalanced-learn
METHODS = ("none", "class_weights", *SAMPLING, *SYNTHESIS, "focal")
CALIBRATIONS = ("none", "prior", "temperature", "temperature_and_prior")
LEARNT = ("temperature", "temperature_and_prior")
WITHOUT_CLOSED_FORM = ("focal", "hard_negatives")
NEAR_THE_BORDER = ("borderline_smote", "svm_smote", "adasyn")  # where the closed form can be asked for, but is off


@dataclass(frozen=True)
class Imbalance:
    """How one output meets labels of unequal frequency.

    method       "none"; "class_weights" (losses weighted by the inverse frequency); "over_sampling" (rows of the rare
                 labels are repeated); "under_sampling" (every epoch draws other rows of the frequent labels);
                 "hard_negatives" (as under-sampling, but a share `hard_share` of the rows of the frequent labels are
                 those with the largest losses, re-scored before every epoch); "smote", "borderline_smote", "svm_smote",
                 "adasyn" (rows between neighbours of one label, by imbalanced-learn); "focal" (Lin et al. 2017).
    ratio        size of the smallest label as a share of the largest, after sampling: 1 makes them equal.
    neighbours   from which synthetic rows are made.
    gamma, alpha the focal loss -alpha (1 - p) ** gamma log p; alpha is the weight of the positive label of two, 1 -
                 alpha that of the negative, None leaves both at 1.
    ignore       labels whose rows say nothing about this output, in training and validation.
    merge        new label -> the labels that become it; the output then has one class for it.
    calibration  what the finished model's probabilities are corrected by: "none"; "prior", the closed form for changed
                 frequencies (Elkan 2001, Saerens et al. 2002); "temperature", the same, then one temperature learnt on
                 validation (Guo et al. 2017); "temperature_and_prior", where the shift is learnt too (Platt 1999,
                 Alexandari et al. 2020). Empty: "prior" where the closed form holds, else "temperature_and_prior". It
                 holds where a label is seen more often, but as it is: P(inputs | label) must stay. A focal loss answers
                 with no probability, mined negatives are no fair sample, and the rows that "borderline_smote",
                 "svm_smote" and "adasyn" make up lie where the labels meet, not where their label's rows do.
    """

    method: str = "none"
    ratio: float = 1.0
    neighbours: int = 5
    hard_share: float = 0.5
    gamma: float = 2.0
    alpha: float | None = None
    ignore: tuple[str, ...] = ()
    merge: Mapping[str, Sequence[str]] = field(default_factory=dict)
    calibration: str = ""

    def __post_init__(self) -> None:
        require_known("method against imbalance", self.method, METHODS)
        learnt = self.method in (*WITHOUT_CLOSED_FORM, *NEAR_THE_BORDER)
        object.__setattr__(self, "calibration", self.calibration or ("temperature_and_prior" if learnt else "prior"))
        require_known("calibration", self.calibration, CALIBRATIONS)
        if self.method in WITHOUT_CLOSED_FORM and self.calibration == "prior":
            raise ConfigError(
                f"There is no closed form of the prior after '{self.method}'; learn it: "
                "calibration='temperature_and_prior'."
            )
        object.__setattr__(self, "ignore", (self.ignore,) if isinstance(self.ignore, str) else tuple(self.ignore))
        if not is_number(self.ratio) or not 0 < self.ratio <= 1:
            raise ConfigError(f"'ratio' must lie above 0 and up to 1; received {self.ratio!r}.")
        if not isinstance(self.neighbours, int) or isinstance(self.neighbours, bool) or self.neighbours < 1:
            raise ConfigError(f"'neighbours' must be a whole number >= 1; received {self.neighbours!r}.")
        if not is_number(self.hard_share) or not 0 < self.hard_share <= 1:
            raise ConfigError(f"'hard_share' must lie above 0 and up to 1; received {self.hard_share!r}.")
        if not is_number(self.gamma) or self.gamma < 0:
            raise ConfigError(f"'gamma' of a focal loss must be a number >= 0; received {self.gamma!r}.")
        if self.alpha is not None and not (is_number(self.alpha) and 0 < self.alpha < 1):
            raise ConfigError(f"'alpha' of a focal loss must be None or lie between 0 and 1; received {self.alpha!r}.")

    def check(self, labels: Sequence[str]) -> None:
        """Raise unless everything fits an output of these labels (before merging)."""
        merged = merged_labels(labels, self.merge)
        for label in self.ignore:
            require_known("label to ignore", label, merged)
        if len(merged) - len(set(self.ignore)) < 2:
            raise ConfigError(
                f"Of {', '.join(labels)}, merging and ignoring leave {len(merged) - len(set(self.ignore))} label; "
                "an output needs two."
            )
        if self.alpha is not None and len(merged) != 2:
            raise ConfigError("'alpha' of a focal loss is for two labels; weigh more with class_weights.")


def merged_labels(labels: Sequence[str], merge: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The labels after merging, each new one in the place of its first member.

    >>> merged_labels(("none", "low", "high", "top"), {"rich": ("high", "top")})
    ('none', 'low', 'rich')
    """
    taken: dict[str, str] = {}
    for new, members in merge.items():
        if isinstance(members, str) or not members:
            raise ConfigError(f"'merge' maps a new label to a list of labels; received {members!r} for '{new}'.")
        for member in members:
            if member not in labels:
                raise UnknownNameError(f"label to merge into '{new}'", member, labels)
            if member in taken:
                raise ConfigError(f"The label '{member}' is merged twice, into '{taken[member]}' and '{new}'.")
            taken[member] = new
    for new in merge:
        if new in labels and new not in taken:
            raise ConfigError(f"'{new}' is a label of its own; list it among those merged, or give another name.")
    return tuple(dict.fromkeys(new_label(label, merge) for label in labels))


def new_label(label: str, merge: Mapping[str, Sequence[str]]) -> str:
    """What a label becomes by merging."""
    return next((new for new, members in merge.items() if label in members), label)
