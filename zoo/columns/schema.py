"""A schema: what was learnt of a row's columns from the training rows, and how rows become arrays by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from zoo.columns import fitting
from zoo.columns.column import KINDS, Column, InputSpec, kind_of, stacked
from zoo.columns.date import DateColumn
from zoo.columns.frames import Frame, frame_of, listed, pandas, require_columns, shown
from zoo.columns.outputs import OutputColumn, output_from_json
from zoo.columns.values import texts_of
from zoo.columns.written import Written
from zoo.errors import DataError, require_known
from zoo.samples import Kind, Samples, Target

VERSION = 2


@dataclass(frozen=True)
class Schema:
    """Typed columns of a row, each of a kind of `zoo.columns.KINDS`, and what is to be predicted.

    columns   what was learnt of each; the parts of a date stand among them.
    outputs   the targets.
    scaling   how a model scales its numbers: "z-score", "min-max" or None.
    rows      training rows.
    missing   the user's own marks of missing values.
    """

    columns: tuple[Column, ...]
    outputs: tuple[OutputColumn, ...]
    scaling: str | None
    rows: int
    missing: tuple[str, ...] = ()

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
        options: Mapping[str, Mapping[str, Any]] | None = None,
        shared: Sequence[Sequence[str]] = (),
        inputs: Mapping[str, str] | None = None,
        others: Mapping[str, str] | None = None,
        least_labels: int = 2,
        date_order: str | Mapping[str, str] | None = None,
        decimal: str | None = None,
    ) -> "Schema":
        """Learn the columns of `frame`, which must be the training rows alone.

        targets          column -> its kind, or a `Target` with labels and unit; labels are else those found, in order.
        types            column, or part of a date -> kind ("number", "category", "date", "text", ...); the values
                         decide for the others.
        ignore           columns that are neither inputs nor targets.
        scaling          "z-score", "min-max" or None: how the model scales its numbers.
        max_cardinality  only so many values of a category, the most frequent, have ids of their own.
        min_count        values in fewer training rows have none either; they share that of values never seen.
        log              regressions that the model predicts as logarithms.
        ranges           regression -> (low, high) in its own units, or "training": the model's prediction stays within.
        options          column -> options of its kind, as {"review": {"words": 200}}.
        shared           groups of columns of one kind that share what is learnt: two texts read by one encoder.
        inputs           column -> name of the model's input, where the column's own would not do.
        others           target -> the label that stands for labels which training did not have.
        least_labels     of a target that the rows must have: 1 where its labels are known beforehand.
        date_order       "dmy", "mdy" or "ymd" of text as 05/03/2021, or column -> order, where the dates do not say.
        decimal          "." or ",", the mark before the fraction of text as 1,234, where the numbers do not say.

        Raises `DataError` for an empty table, one class only, or values that do not fit their column's kind.
        """
        given = fitting.Options(
            types=types or {},
            ignore=ignore if isinstance(ignore, str) else tuple(ignore),
            scaling=scaling,
            max_cardinality=max_cardinality,
            min_count=min_count,
            log=log if isinstance(log, str) else tuple(log),
            ranges=ranges or {},
            columns=options or {},
            shared=tuple(map(tuple, shared)),
            inputs=inputs or {},
            others=others or {},
            least_labels=least_labels,
            date_order=date_order,
            decimal=decimal,
        )
        return cls(**fitting.learn(frame_of(frame), targets, given))

    @property
    def targets(self) -> dict[str, Target]:
        """Output -> what it predicts, for heads and reports; of a target in logarithms the unit says so."""
        own = (column.own_targets for column in self.columns)
        return {column.output: column.predicted for column in self.outputs} | {
            name: target for targets in own for name, target in targets.items()
        }

    def column(self, name: str) -> Any:
        """The column of this name."""
        if name not in self._by_name:
            require_known("column", name, self._by_name)
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Any]:
        return {column.name: column for column in self.columns}

    def of(self, kind: str) -> tuple[Any, ...]:
        """The columns of this kind."""
        kind_of(kind)
        return tuple(column for column in self.columns if column.kind == kind)

    @cached_property
    def inputs(self) -> dict[str, InputSpec]:
        """The model's inputs, in the order of the kinds: name -> shape without the batch, and type."""
        found: dict[str, InputSpec] = {}
        for columns in self._groups:
            first = columns[0]
            if first.shared_input:
                found[first.shared_input] = InputSpec((len(columns), *first.spec.shape), first.spec.dtype)
            else:
                found |= first.inputs
        return found

    @cached_property
    def _groups(self) -> list[list[Any]]:
        """Columns that share an input, and the others one by one, in the order of the kinds."""
        found: list[list[Any]] = []
        for kind in KINDS.values():
            columns = list(self.of(kind.kind))
            if columns and kind.shared_input:
                found.append(columns)
            else:
                found += [[column] for column in columns]
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that a table must have to be predicted."""
        dates = self._dates
        parts = {part for column in dates for part in column.parts}
        others = [column.name for column in self.columns if column not in dates and column.name not in parts]
        return (*others, *(column.name for column in dates))

    @property
    def types(self) -> dict[str, str]:
        """Those columns -> their kinds, with which `read_table` reads a file as this schema takes it."""
        kinds = {column.name: column.kind for column in self.columns}
        return {name: kinds[name] for name in self.names}

    @property
    def beside(self) -> tuple[str, ...]:
        """Further columns that the values of some are read with."""
        return tuple(dict.fromkeys(name for column in self.columns for name in column.beside))

    def with_beside(self, frame: Frame, rows: Frame) -> Frame:
        """The frame, its values with what the columns `beside` of the same `rows` say, as far as these have them."""
        for column in self.columns:
            if column.beside and set(column.beside) <= set(rows.columns) and column.name in frame.columns:
                frame = frame.assign(**{column.name: column.with_beside(frame[column.name], rows)})
        return frame

    @property
    def written(self) -> Written:
        """How texts are written in the training rows, with which `read_table` reads others."""
        named: tuple[Any, ...] = (*self.columns, *self.outputs)
        formats = {each.name: each.written_as for each in named if getattr(each, "written_as", "")}
        orders = {column.name: column.order for column in self._dates if column.order}
        return Written(formats, orders, self.missing)

    @property
    def _dates(self) -> tuple[DateColumn, ...]:
        return tuple(column for column in self.columns if isinstance(column, DateColumn))

    def cut(self, frame: Frame) -> tuple[Frame, np.ndarray]:
        """(rows, number of the row in `frame` that each is a piece of): long texts are cut, other values repeated."""
        frame = frame_of(frame)
        owner = np.arange(len(frame))
        for column in self.columns:
            if column.name not in frame.columns:
                continue
            pieces = column.pieces(frame[column.name])
            if pieces is None:
                continue
            counts = np.array([len(each) for each in pieces])
            frame = frame.take(np.repeat(np.arange(len(frame)), counts)).reset_index(drop=True)
            frame[column.name] = pandas().Series([piece for each in pieces for piece in each], dtype=object)
            owner = np.repeat(owner, counts)
        return frame, owner

    def encode(self, frame: Frame, *, targets: bool | None = None, groups: Iterable[str] = ()) -> Samples:
        """Rows -> named arrays. Columns are found by name, in any order; others are ignored.

        targets  None: those whose columns are there; True: all must be; False: none.
        groups   columns whose texts go into `Samples.groups`.

        Raises `DataError` for an empty table, a missing column, text that is no number, dates that are none.
        """
        frame = frame_of(frame)
        require_columns(frame, self.names, "the schema was learnt with")
        wanted = [column for column in self.outputs if targets or (targets is None and column.name in frame.columns)]
        require_columns(frame, [column.name for column in wanted], "are targets")
        whole = fitting.with_parts(frame, self._dates)
        groups = list(groups)
        require_columns(whole, groups, "are to be groups")
        inputs: dict[str, Any] = {}
        raw: dict[str, Sequence[Any]] = {}
        own: dict[str, np.ndarray] = {}
        named: dict[str, np.ndarray] = {}
        for columns in self._groups:
            first = columns[0]
            if first.shared_input:
                encoded = (column.encode(whole[column.name]) for column in columns)
                inputs[first.shared_input] = stacked(columns, encoded, len(frame), first.spec.dtype)
            elif first.inputs:
                found = first.encode(whole[first.name])
                inputs |= found if isinstance(found, Mapping) else {first.input: found}
                if (values := first.raw(whole[first.name])) is not None:
                    raw[first.input] = values
                named |= first.groups(whole[first.name])
                own |= first.encode_targets(whole[first.name]) if first.own_targets and targets is not False else {}
        return Samples(
            inputs,
            {column.output: column.encode(frame[column.name]) for column in wanted} | own,
            named | {name: _strings(whole[name], name) for name in groups},
            raw=raw,
        )

    def original(self, output: str, values: np.ndarray) -> np.ndarray:
        """Numbers as the model predicts them -> the target's own units (the inverse of the logarithm)."""
        require_known("output", output, self.targets)
        column = next(column for column in self.outputs if column.output == output)
        return np.exp(values) if column.log else values

    def model_config(self, takes: Iterable[str] | None = None) -> dict[str, Any]:
        """What builders take: `create_model("mlp", **schema.model_config())`. Plain JSON values.

        takes  the options of the builder, where it may know no numbers or categories: it is not told that it has none.
        """
        found: dict[str, Any] = {}
        for kind in KINDS.values():
            columns = self.of(kind.kind)
            if columns:
                found |= kind.config(columns, self.scaling)
            elif kind.kind in ("number", "category"):  # a builder of tables has some unless it is told of none
                found |= {key: value for key, value in kind.config((), self.scaling).items()
                          if takes is None or key in takes}  # fmt: skip
        return {**found, "outputs": {column.output: column.config() for column in self.outputs}}

    def with_merged(self, merges: Mapping[str, tuple[Target, Mapping[str, Sequence[str]]]]) -> "Schema":
        """The schema of a model whose outputs of these names take some labels together: (target, new -> old labels)."""
        for name in merges:
            require_known("output", name, self.targets)
        outputs = (
            column.with_merged(*merges[column.output]) if column.output in merges else column for column in self.outputs
        )
        return replace(self, outputs=tuple(outputs))

    def to_json(self) -> dict[str, Any]:
        """Plain values from which `from_json` makes the same schema."""
        return {
            "version": VERSION,
            "columns": [column.to_json() for column in self.columns],
            "outputs": [column.to_json() for column in self.outputs],
            "scaling": self.scaling,
            "rows": self.rows,
            "missing": list(self.missing),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Schema":
        """The schema out of `to_json`, also after a trip through text. Raises `DataError` where it is not one."""
        try:
            if values["version"] != VERSION:
                raise DataError(f"The schema is of version {values['version']!r}; this zoo reads version {VERSION}.")
            for key in values:
                require_known("part of a schema", key, ("version", "columns", "outputs", "scaling", "rows", "missing"))
            scaling, rows = values["scaling"], values["rows"]
            if scaling is not None:
                require_known("scaling", scaling, fitting.SCALINGS)
            if type(rows) is not int:
                raise DataError(f"The schema is damaged: 'rows' is {shown(rows)}.")
            return cls(
                columns=tuple(kind_of(each["kind"]).from_json(each) for each in values["columns"]),
                outputs=tuple(output_from_json(each) for each in values["outputs"]),
                scaling=scaling,
                rows=rows,
                missing=tuple(map(str, values.get("missing", ()))),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"This is no schema: {type(error).__name__} {error}.") from error

    def __str__(self) -> str:
        lines = [f"{self.rows:,} training rows"]
        lines += [f"  {column.kind:<9} {column.name}: {column.describe()}" for column in self.columns]
        lines += [f"  target    {each.name}: {each.target.kind}" + (" of the logarithm" if each.log else "")
                  + (f", {listed(each.target.labels)}" if each.target.labels else "")
                  for each in self.outputs]  # fmt: skip
        return "\n".join(lines)


def _strings(column: Any, name: str) -> np.ndarray:
    codes, texts = texts_of(column, name)
    return np.array([*(text or "" for text in texts), ""], dtype=str)[codes]
