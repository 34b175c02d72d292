"""An inspection as a table for the terminal."""

from typing import TYPE_CHECKING

from zoo.inspection.facts import Inspection, LayerFacts, Range

if TYPE_CHECKING:
    from rich.table import Table


def inspection_table(inspection: Inspection) -> "Table":
    """One line a layer: values, zeros, dead units, then weights and gradients where there are any."""
    from rich.table import Table

    table = Table(title=f"{inspection.model}, {inspection.rows} rows", title_justify="left", box=None, padding=(0, 1))
    table.add_column("layer", overflow="fold", min_width=14)  # in a narrow terminal the numbers fold first
    for name in ("output", "values", "mean", "std", "zeros", "dead", "weights", "gradient"):
        table.add_column(name, justify="right", overflow="fold")
    for layer in inspection.layers:
        table.add_row(*_cells(layer), style="red" if _is_unsound(layer) else None)
    return table


def _cells(layer: LayerFacts) -> tuple[str, ...]:
    values = layer.values
    weights = [_span(each) for each in layer.weights.values()]
    return (
        layer.said,
        "x".join(map(str, layer.shape[1:])),
        _span(values),
        f"{values.mean:.2g}" if values else "",
        f"{values.deviation:.2g}" if values else "",
        f"{values.zeros:.0%}" if values else "",
        f"{layer.dead}/{layer.units}" if layer.units else "",
        weights[0] if weights else "",
        f"{layer.gradient.largest:.0e}" if layer.gradient else "",
    )


def _span(values: Range | None) -> str:
    if values is None:
        return ""
    unsound = f" +{values.unsound} NaN/Inf" if values.unsound else ""
    return f"{values.low:.2g}..{values.high:.2g}{unsound}"


def _is_unsound(layer: LayerFacts) -> bool:
    parts = (layer.values, layer.gradient, *layer.weights.values(), *layer.weight_gradients.values())
    return any(each is not None and each.unsound for each in parts)
