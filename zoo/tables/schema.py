"""A schema: what was learnt of a table's columns from the training rows, and how rows become arrays by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.errors import DataError, require_known
from zoo.samples import Kind, Samples, Target
from zoo.tables import fitting
from zoo.tables.columns import CategoryColumn, DateColumn, NumberColumn, OutputColumn, column_from_json
from zoo.tables.frames import Frame, frame_of, listed, require_columns, shown
from zoo.tables.values import labels_of, numbers_of, texts_of

NUMBERS = "numbers"  # the input of all numbers
VERSION = 1


@dataclass(frozen=True)
class Schema:
    """Typed columns of a table. A model's inputs are `numbers` (n, k), raw and NaN where missing, and one (n,) of ids a
    category; what imputes, scales and embeds them stands inside the model, built from `model_config`."""

    numbers: tuple[NumberColumn, ...]
    categories: tuple[CategoryColumn, ...]
    dates: tuple[DateColumn, ...]
    outputs: tuple[OutputColumn, ...]
    scaling: str | None
    rows: int

    @classmethod
    def fit(
        cls,
        frame: Frame,
        targets: Mapping[str, Kind | Target],
        *,
        types: Mapping[str, str] | None = None,
        ignore: Sequence[str] = (),
        scaling: str | None = "z-score",
        max_cardinality: int | None = None,
        min_count: int = 1,
        log: Sequence[str] = (),
        ranges: Mapping[str, tuple[float, float] | str] | None = None,
    ) -> "Schema":
        """Learn the columns of `frame`, which must be the training rows alone.

        targets          column -> its kind, or a `Target` with labels and unit; labels are else those found, in order.
        types            column, or part of a date -> "number", "category" or "date"; the dtype decides for the others.
        ignore           columns that are neither inputs nor targets.
        scaling          "z-score", "min-max" or None: how the model scales its numbers.
        max_cardinality  only so many values of a category, the most frequent, have ids of their own.
        min_count        values in fewer training rows have none either; they share that of values never seen.
        log              regressions that the model predicts as logarithms.
        ranges           regression -> (low, high) in its own units, or "training": the model's answer stays within.

        Raises `DataError` for an empty table, one class only, or values that do not fit their column's kind.
        """
        options = fitting.Options(
            types=types or {},
            ignore=ignore if isinstance(ignore, str) else tuple(ignore),
            scaling=scaling,
            max_cardinality=max_cardinality,
            min_count=min_count,
            log=log if isinstance(log, str) else tuple(log),
            ranges=ranges or {},
        )
        return cls(**fitting.learn(frame_of(frame), targets, options))

    @property
    def targets(self) -> dict[str, Target]:
        """Output -> what it predicts, for heads and reports; of a target in logarithms the unit says so."""
        return {column.output: column.predicted for column in self.outputs}

    @property
    def inputs(self) -> dict[str, str]:
        """Category column -> the model's input. They differ where the column's name cannot be that of a layer."""
        return {column.name: column.input for column in self.categories}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a table must have to be predicted."""
        parts = {part for column in self.dates for part in fitting.part_names(column)}
        names = [*(column.name for column in self.numbers), *(column.name for column in self.categories)]
        return (*(name for name in names if name not in parts), *(column.name for column in self.dates))

    @property
    def types(self) -> dict[str, str]:
        """Those columns -> their kinds, with which `read_table` reads a file as this schema takes it."""
        kinds = dict.fromkeys((column.name for column in self.numbers), "number")
        kinds |= dict.fromkeys((column.name for column in self.categories), "category")
        kinds |= dict.fromkeys((column.name for column in self.dates), "date")
        return {name: kinds[name] for name in self.columns}

    def encode(self, frame: Frame, *, targets: bool | None = None, groups: Iterable[str] = ()) -> Samples:
        """Rows -> named arrays. Columns are found by name, in any order; others are ignored.

        targets  None: those whose columns are there; True: all must be; False: none.
        groups   columns whose texts go into `Samples.groups`.

        Raises `DataError` for an empty table, a missing column, text that is no number, dates that are none.
        """
        frame = frame_of(frame)
        require_columns(frame, self.columns, "the schema was learnt with")
        wanted = [column for column in self.outputs if targets or (targets is None and column.name in frame.columns)]
        require_columns(frame, [column.name for column in wanted], "are targets")
        whole = fitting.with_parts(frame, self.dates)
        groups = list(groups)
        require_columns(whole, groups, "are to be groups")
        inputs: dict[str, np.ndarray] = {}
        if self.numbers:
            inputs[NUMBERS] = np.empty((len(frame), len(self.numbers)), dtype=np.float32)
            for place, number in enumerate(self.numbers):
                inputs[NUMBERS][:, place] = numbers_of(whole[number.name], number.name) - number.origin
        for category in self.categories:
            inputs[category.input] = category.ids(*texts_of(whole[category.name], category.name))
        return Samples(
            inputs,
            {column.output: stored(frame[column.name], column) for column in wanted},
            {name: _strings(whole[name], name) for name in groups},
        )

    def original(self, output: str, values: np.ndarray) -> np.ndarray:
        """Numbers as the model predicts them -> the target's own units (the inverse of the logarithm)."""
        require_known("output", output, self.targets)
        column = next(column for column in self.outputs if column.output == output)
        return np.exp(values) if column.log else values

    def model_config(self) -> dict[str, Any]:
        """What the builders of tables take: `create_model("mlp", **schema.model_config())`. Plain JSON values."""
        affine = [column.affine(self.scaling) for column in self.numbers]
        numbers = {
            "medians": [column.median - column.origin for column in self.numbers],
            "shifts": [shift for shift, _ in affine],
            "factors": [factor for _, factor in affine],
            "flags": [column.flag for column in self.numbers],
        }
        return {
            "numbers": numbers,
            "categories": {column.input: column.size for column in self.categories},
            "complete": [column.input for column in self.categories if not column.missing],
            "outputs": {column.output: column.config() for column in self.outputs},
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values from which `from_json` makes the same schema."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Schema":
        """The schema out of `to_json`, also after a trip through text. Raises `DataError` where it is not one."""
        try:
            if values["version"] != VERSION:
                raise DataError(f"The schema is of version {values['version']!r}; this zoo reads version {VERSION}.")
            scaling, rows = values["scaling"], values["rows"]
            if scaling is not None:
                require_known("scaling", scaling, fitting.SCALINGS)
            if type(rows) is not int:
                raise DataError(f"The schema is damaged: 'rows' is {shown(rows)}.")
            return cls(
                numbers=tuple(column_from_json(NumberColumn, each) for each in values["numbers"]),
                categories=tuple(column_from_json(CategoryColumn, each) for each in values["categories"]),
                dates=tuple(column_from_json(DateColumn, each) for each in values["dates"]),
                outputs=tuple(column_from_json(OutputColumn, each) for each in values["outputs"]),
                scaling=scaling,
                rows=rows,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"This is no schema of a table: {type(error).__name__} {error}.") from error

    def __str__(self) -> str:
        lines = [f"{self.rows:,} training rows"]
        lines += [f"  number    {each.name}: {each.low:g} to {each.high:g}, {each.missing:,} missing"
                  for each in self.numbers]  # fmt: skip
        lines += [f"  category  {each.name}: {len(each.vocabulary):,} values, {each.missing:,} missing"
                  for each in self.categories]  # fmt: skip
        lines += [f"  date      {each.name}: {each.first} to {each.last}" for each in self.dates]
        lines += [f"  target    {each.name}: {each.target.kind}" + (" of the logarithm" if each.log else "")
                  + (f", {listed(each.target.labels)}" if each.target.labels else "")
                  for each in self.outputs]  # fmt: skip
        return "\n".join(lines)


def stored(column: Any, output: OutputColumn) -> np.ndarray:
    """A target as training takes it: float32 (its logarithm where asked for), or int32 classes."""
    if output.target.kind != "regression":
        return labels_of(column, output.name, output.target.labels)
    values = numbers_of(column, output.name)
    if output.log:
        if (values <= 0).any():
            row = int(np.argmax(values <= 0))
            raise DataError(
                f"The target {shown(output.name)} must be above 0 to have a logarithm; "
                f"row {row + 1} holds {values[row]:g}."
            )
        values = np.log(values)
    return values.astype(np.float32)


def _strings(column: Any, name: str) -> np.ndarray:
    codes, texts = texts_of(column, name)
    return np.array([*(text or "" for text in texts), ""], dtype=str)[codes]
