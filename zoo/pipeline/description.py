"""What a trained model reads, predicts and decides by, in lines of text: `zoo describe RUN`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.pipeline.pipeline import Pipeline


def description(pipeline: "Pipeline") -> str:
    """A line for what was trained, one for each column, and one for each output with what decides it."""
    origin, schema = pipeline.origin, pipeline.schema
    trained = f"trained on {origin['data']}" if "data" in origin else "trained by no recipe"
    lines = [f"{pipeline.entry or 'a model of no entry'}, {trained}"]
    lines += [f"  reads    {name}: {_read(schema.column(name))}" for name in schema.names]
    for column in schema.outputs:
        half = pipeline.intervals.get(column.output)
        interval = "" if half is None else f", within {half:.4g} for 4 of 5 rows"
        lines.append(f"  predicts {column.name} ({column.target.kind}){interval}{_decided(pipeline, column)}")
    return "\n".join(lines)


def _read(column: Any) -> str:
    return f"{column.kind}, {column.describe()}" if hasattr(column, "describe") else column.kind


def _decided(pipeline: "Pipeline", column: Any) -> str:
    if column.target.kind in ("regression", "mask"):
        return ""
    costs = pipeline.costs.get(column.output)
    told = f", decided by {pipeline.decided_by(column)}"
    if costs is None or column.target.kind != "heat_map":
        return told
    unit = f" {costs.unit}" if costs.unit else ""
    mistakes = [
        f"{decision} for {true} costs {cost:g}{unit}"
        for true, row in costs.costs.items()
        for decision, cost in row.items()
        if decision != true
    ]
    return f"{told} ({'; '.join(mistakes)})"
