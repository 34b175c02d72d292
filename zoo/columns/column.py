"""The contract of a column kind: what is learnt of a column's training rows, and how values become an input by it."""

import inspect
import types
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

import numpy as np

from zoo.columns.frames import shown
from zoo.columns.unseen import Unseen
from zoo.errors import ConfigError, DataError, is_number, require_known
from zoo.samples import Target

Values = Any  # a column of a DataFrame


@dataclass(frozen=True)
class InputSpec:
    """One input of a model: `shape` without the batch, None where an axis is as long as the values need."""

    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Column(ABC):
    """What was learnt of one column; a kind is a frozen dataclass of plain values, so that it is saved as JSON.

    name   of the column in the user's rows.
    input  of the model that takes it; columns of a kind with a `shared_input` all have that one.
    """

    name: str
    input: str = ""

    kind: ClassVar[str]
    shared_input: ClassVar[str] = ""  # the columns of this kind stand side by side in it: (n, columns)

    @classmethod
    @abstractmethod
    def fit(cls, values: Values, name: str) -> Self:
        """Learn from the training rows. Options of a kind are further keyword arguments."""

    @abstractmethod
    def encode(self, values: Values) -> Any:
        """(n,) values -> the input (n, ...): an array, or one that is computed when rows are asked for (`LazyArray`).

        A kind with several inputs, or with none, gives input -> array.
        """

    @property
    @abstractmethod
    def spec(self) -> InputSpec:
        """Shape and type of what `encode` gives for each of its inputs."""

    @property
    def inputs(self) -> Mapping[str, InputSpec]:
        """The model's inputs. A kind with several, or with none of its own, says so here."""
        return {self.input: self.spec}

    @property
    def own_targets(self) -> Mapping[str, Target]:
        """What the column itself tells a model to predict: of a sequence, the next step."""
        return {}

    def encode_targets(self, values: Values) -> Mapping[str, np.ndarray]:
        """The arrays of `own_targets`."""
        return {}

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        """What a builder is told of all columns of this kind, as plain JSON values."""
        return {}

    def raw(self, values: Values) -> Sequence[Any] | None:
        """The values as simple models and people read them; None where the encoded ones say all."""
        return None

    def groups(self, values: Values) -> Mapping[str, np.ndarray]:
        """Texts (n,) by which a report breaks the errors down, where the kind knows some of itself."""
        return {}

    def pieces(self, values: Values) -> list[list[Any]] | None:
        """For each value the parts of which each is a sample of its own, as of a long text; None: no value is cut."""
        return None

    @property
    def beside(self) -> tuple[str, ...]:
        """Other columns of the user's rows without which a value does not say all, as the point of a volume."""
        return ()

    def with_beside(self, values: Values, rows: Any) -> Values:
        """(n,) values with what the columns `beside` say, which `rows` (n) have."""
        return values

    def require_options(self, options: Mapping[str, Any]) -> None:  # noqa: B027 (a kind need not)
        """Raise `ConfigError` where data that would be fitted with these options is not what this column reads."""

    def require_readable(self, values: Values) -> None:  # noqa: B027 (a kind need not)
        """Raise `DataError` for rows of which a model could say nothing; called before it predicts."""

    def unseen(self, values: Values) -> Unseen | None:
        """How much of the values training did not have; None where a kind does not know."""
        return None

    def describe(self) -> str:
        """A few words for people: what was found in the training rows."""
        return ""

    @classmethod
    def options(cls) -> dict[str, Any]:
        """Name -> default of what `fit` takes beside the values and the name."""
        parameters = list(inspect.signature(cls.fit).parameters.values())[2:]
        return {each.name: each.default for each in parameters}

    def to_json(self) -> dict[str, Any]:
        """Plain values from which `from_json` makes the same column."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The column out of `to_json`, also after a trip through text. Raises `DataError` for a damaged one."""
        return from_json(cls, {name: value for name, value in values.items() if name != "kind"})


KINDS: dict[str, type[Column]] = {}  # in the order in which inputs stand


def register(kind: type[Column]) -> type[Column]:
    """Add a column kind: from then on `types={"column": kind.kind}` means it, in every verb and file."""
    if not (isinstance(kind, type) and issubclass(kind, Column)) or not isinstance(getattr(kind, "kind", None), str):
        raise ConfigError(f"A column kind is a subclass of `zoo.columns.Column` with a `kind`; received {kind!r}.")
    if KINDS.get(kind.kind, kind) is not kind:
        raise ConfigError(f"There is a column kind '{kind.kind}' already: {KINDS[kind.kind].__name__}.")
    KINDS[kind.kind] = kind
    return kind


def kind_of(name: Any) -> type[Column]:
    """The kind of this name. Raises `UnknownNameError`, with the nearest right one, where there is none."""
    require_known("kind of column", name, KINDS)
    return KINDS[name]


def fit_column(kind: type[Column], values: Values, name: str, options: Mapping[str, Any]) -> Column:
    """`kind.fit`, its options checked by name."""
    for option in options:
        require_known(f"option of the {kind.kind} column {shown(name)}", option, kind.options())
    return kind.fit(values, name, **options)


def from_json(made: type[Any], values: Mapping[str, Any]) -> Any:
    """A frozen dataclass of plain values out of JSON, which has no tuples. Raises `DataError` for another type."""
    hints = get_type_hints(made)  # also where a module postpones its annotations
    known = {each.name: hints[each.name] for each in fields(made)}
    given: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise DataError(f"The schema is damaged: '{name}' is nothing that a saved {made.__name__} has.")
        given[name] = _tuples(value) if _takes_tuples(known[name]) else value
        if not _is_a(known[name], given[name]):
            raise DataError(f"The schema is damaged: '{name}' of a column cannot be {shown(value)}.")
    return made(**given)


def _takes_tuples(kind: Any) -> bool:
    return get_origin(kind) is tuple or any(get_origin(each) is tuple for each in get_args(kind))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def _is_a(kind: Any, value: Any) -> bool:
    if isinstance(kind, types.UnionType):
        return any(_is_a(each, value) for each in get_args(kind))
    if kind is type(None) or kind is None:
        return value is None
    if kind is float:
        return is_number(value)
    if kind is int:
        return type(value) is int
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if inner[-1] is not ...:
            return isinstance(value, tuple) and len(value) == len(inner) and all(map(_is_a, inner, value))
        return isinstance(value, tuple) and all(_is_a(inner[0], each) for each in value)
    if get_origin(kind) is not None:  # a mapping
        return isinstance(value, get_origin(kind))
    return not isinstance(kind, type) or isinstance(value, kind)


def stacked(columns: Sequence[Column], encoded: Iterable[np.ndarray], rows: int, dtype: str) -> np.ndarray:
    """The input (n, columns) that columns of one kind share."""
    found = np.empty((rows, len(columns)), dtype)
    for place, values in enumerate(encoded):
        found[:, place] = values
    return found
