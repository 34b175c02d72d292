"""The commands of `zoo` that show models: `list` and `describe`."""

import argparse
import sys

from zoo.catalogue import describe, list_models
from zoo.errors import ConfigError
from zoo.files import is_trained_place
from zoo.terminal import console, import_frameworks, show_rows


def list_command(parsed: argparse.Namespace) -> None:
    """Show models as a table; where standard output is no terminal, as lines of cells with tabs between them."""
    from zoo.cli.listing import HEADINGS, model_rows

    names = list_models(parsed.pattern, task=parsed.task, weights=parsed.weights, for_tests=parsed.all)
    if not names:
        hidden = list_models(parsed.pattern, task=parsed.task, weights=parsed.weights, for_tests=True)
        hint = f"'zoo list --all' shows {', '.join(hidden)}" if hidden else f"'zoo list' shows all {len(list_models())}"
        raise ConfigError(f"No model matches '{parsed.pattern}'; {hint}.")
    show_rows(HEADINGS, [row.cells() for row in model_rows(names)], right=("parameters", "MB"), for_scripts="summary")


def describe_command(parsed: argparse.Namespace) -> None:
    """Show one entry of the catalogue, or the graph of its model, as its builder makes it by default; or what a trained
    model reads, predicts and decides by.
    """
    if parsed.model not in list_models(for_tests=True) and is_trained_place(parsed.model):
        describe_trained(parsed.model, parsed.graph)
        return
    entry = describe(parsed.model)
    if parsed.graph is not None:
        draw_model(entry.name, parsed.graph)
        return
    sys.stdout.write(f"{entry}\n")
    for tag, weights in entry.weights.items():
        if not weights.file:
            sys.stdout.write(f"  file     {file_in_words(f'{entry.name}.{tag}')}\n")


def describe_trained(source: str, graph: str | None) -> None:
    """What the model of a run folder or file reads, predicts and decides by."""
    if graph is not None:
        raise ConfigError(f"--graph draws an entry of the catalogue; '{source}' is a trained model.")
    import_frameworks()
    from zoo.pipeline import load_pipeline
    from zoo.pipeline.description import description

    sys.stdout.write(f"{description(load_pipeline(source))}\n")


def file_in_words(name: str) -> str:
    """One official file of weights: what to fetch, how large it is, how it is known, and its terms."""
    from zoo.artifacts import artifact

    item = artifact(name)
    size = "size not published" if item.size is None else f"{item.size / 1e6:.1f} MB"
    known = f"known by its {item.checksum.field}" if item.checksum else "no hash published: never fetched"
    return f"{name}: {size}, {known}, {item.licence}"


def draw_model(name: str, file: str) -> None:
    """Print the drawing of a model's graph, or write it to a file (unless "")."""
    if file:
        from zoo.drawing import require_picture

        require_picture(file)  # a mistake is told before the frameworks are imported
    import_frameworks()
    from zoo.create import create_model
    from zoo.drawing import draw
    from zoo.weights import without_values

    with without_values():
        model = create_model(name)
    text = draw(model, file or None)
    if file:
        console().print(f"Drawing: {file}", markup=False)
    else:
        sys.stdout.write(text)
