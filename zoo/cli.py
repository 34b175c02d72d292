"""The command `zoo`: list and describe models, train, evaluate and ask them, and look after downloaded files."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.catalogue import describe
from zoo.errors import ArtifactError, ConfigError, DataError, WeightsError, require_known
from zoo.model_commands import describe_command, list_command
from zoo.options import Commands, command_line
from zoo.photo_commands import is_photo_model, predict_photos
from zoo.terminal import (
    console,
    epoch_printer,
    import_frameworks,
    parse,
    run,
    show_inspection,
    show_predictions,
    show_report,
)

LARGEST_INPUT = 64 * 2**20  # bytes read from standard input at the most


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 after a user's mistake."""
    return run(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> None:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and not given[0].startswith("-"):
        require_known("command", given[0], COMMANDS)
    parsed = parse(command_line(COMMANDS, __doc__), given)
    parsed.command(parsed)


def train_command(parsed: argparse.Namespace) -> Any:
    """Train by the entry's recipe into a run folder; the same command continues an interrupted run.

    Gives the trained pipeline.
    """
    describe(parsed.model)
    import_frameworks()
    from zoo.tasks import train

    options = training_options(parsed)
    console().print(f"Training {parsed.model} on {parsed.data} into {options['folder']}", markup=False)
    trained, report = train(parsed.model, parsed.data, **options)
    show_report(report, options["folder"])
    return trained


def training_options(parsed: argparse.Namespace) -> dict[str, Any]:
    """What the options of a command line mean to `zoo.train`; the folder is named after what makes the run its own."""
    from zoo.tasks import read_costs, read_plans

    given = {name: getattr(parsed, name) for name in ("epochs", "balance", "on_nonfinite")}
    changes = {name: value for name, value in given.items() if value is not None}
    named = {**changes, "from": Path(parsed.weights).stem} if parsed.weights else dict(changes)
    if parsed.imbalance:
        changes["imbalance"], named["imbalance"] = read_plans(parsed.imbalance), "+".join(parsed.imbalance)
    if parsed.costs:
        changes["costs"], named["costs"] = read_costs(parsed.costs), Path(parsed.costs).stem
    for name in ("target", "text", "ignore", "type"):
        if value := getattr(parsed, name):
            named[name] = value if isinstance(value, str) else "+".join(value)
    of_data = {
        "targets": parsed.target,
        "text": parsed.text,
        "ignore": parsed.ignore,
        "types": read_types(parsed.type or ()),
    }
    return {
        "folder": Path(parsed.out) if parsed.out else default_folder(parsed.model, parsed.data, parsed.seed, named),
        "seed": parsed.seed,
        "weights": parsed.weights,
        "baselines": parsed.baselines,
        "callbacks": [epoch_printer()],
        "data_options": {name: value for name, value in of_data.items() if value}
        | vars(parsed).get("data_options", {}),
        **changes,
    }


def read_types(given: Sequence[str]) -> dict[str, str]:
    """ "COLUMN=KIND" of a command line, once for each column.

    >>> read_types(["code=category"])
    {'code': 'category'}
    """
    found = {}
    for each in given:
        column, equals, kind = each.rpartition("=")
        if not equals or not column or column in found:
            raise ConfigError(f"Each --type is COLUMN=KIND, once a column; received '{each}'.")
        found[column] = kind
    return found


def default_folder(model: str, data: str, seed: int, changes: dict[str, object]) -> Path:
    """A folder in `runs` that is named after what makes the run different from others."""
    parts = [model, Path(data).stem, *(f"{key}-{value}" for key, value in sorted(changes.items())), f"seed-{seed}"]
    return Path("runs") / "_".join(parts)


def evaluate_command(parsed: argparse.Namespace) -> None:
    """Judge trained weights on the test split of their data, or of other data."""
    describe(parsed.model)
    import_frameworks()
    from zoo.tasks import evaluate, load_pipeline

    source = _weights(parsed)
    _require_model(parsed, load_pipeline(source).entry)
    show_report(evaluate(source, data=parsed.data, baselines=parsed.baselines))


def inspect_command(parsed: argparse.Namespace) -> None:
    """Show the ranges of values, weights and gradients in every layer."""
    tags = describe(parsed.model).weights
    import_frameworks()
    from zoo.tasks import inspect

    weights = parsed.weights or next(iter(tags), None)
    found = inspect(parsed.model, weights=weights, data=parsed.data, rows=parsed.rows, seed=parsed.seed)
    show_inspection(found, json=parsed.json, tensorboard=parsed.tensorboard)


def find_rate_command(parsed: argparse.Namespace) -> None:
    """Search for a learning rate with fresh weights; one line and a picture."""
    describe(parsed.model)
    import_frameworks()
    from zoo.tasks import find_rate

    found = find_rate(parsed.model, parsed.data, seed=parsed.seed, steps=parsed.steps)
    path = found.save(parsed.out or f"{parsed.model}_{Path(parsed.data).stem}_rates.png")
    console().print(
        f"learning rate {found.suggestion:.2g} (steepest at {found.steepest:.2g}; {len(found.rates)} steps from"
        f" {found.rates[0]:.2g} to {found.rates[-1]:.2g}); picture: {path}",
        markup=False,
    )


def predict_command(parsed: argparse.Namespace) -> None:
    """Predict for texts given as arguments, or one a line on standard input; for the rows of a file; for photos."""
    if parsed.model and is_photo_model(parsed.model):
        predict_photos(parsed.model, parsed.texts, weights=parsed.weights)
        return
    source = _weights(parsed)  # a wrong model or option is told before texts are typed
    tabular = bool(parsed.model) and describe(parsed.model).task.startswith("tabular")
    if tabular and len(parsed.texts) != 1:
        raise ConfigError(f"'{parsed.model}' predicts for a table: name one CSV or Parquet file of rows.")
    file = parsed.texts[0] if len(parsed.texts) == 1 and (tabular or is_file_of_rows(parsed.texts[0])) else None
    texts = [] if file else read_texts(parsed.texts)
    import_frameworks()
    from zoo.pipeline import load_pipeline
    from zoo.tasks import task_of

    pipeline = load_pipeline(source)
    _require_model(parsed, pipeline.entry)
    if file:
        predict_rows(pipeline, file)
        return
    task = task_of(pipeline.entry)
    if task.show is not None:
        sys.stdout.write("\n".join([*task.show(pipeline, texts), ""]))
    elif task.rows is not None:
        rows = task.rows(texts, pipeline.schema)
        titles = texts if len(texts) == len(rows) else [" | ".join(map(str, row)) for row in rows.to_numpy()]
        show_predictions(pipeline, rows, titles)
    else:
        raise WeightsError(f"'{source}' predicts for rows of a table, not for texts: name a CSV or Parquet file.")


def is_file_of_rows(given: str) -> bool:
    """Whether a text of the command line is the path of a file with rows."""
    from zoo.columns.reading import FORMATS

    return given.lower().endswith(FORMATS) and Path(given).is_file()


def predict_rows(pipeline: Any, file: str) -> None:
    """Predict for every row of one CSV, JSONL or Parquet file, as CSV on standard output, part by part."""
    from zoo.columns import scan_table

    schema = pipeline.schema
    parts = scan_table(file, columns=schema.names, types=schema.types, chunk_rows=pipeline.rows_at_once)
    for number, part in enumerate(parts):
        sys.stdout.write(pipeline.predict(part).to_csv(index=False, header=number == 0))


def _require_model(parsed: argparse.Namespace, entry: str) -> None:
    if parsed.model and entry != parsed.model:
        raise WeightsError(f"'{parsed.weights}' holds weights of {entry}, not of {parsed.model}.")


def _weights(parsed: argparse.Namespace) -> str:
    """What `--weights` means: a tag of the model, else a file or a run folder; without it the model's own weights."""
    if not parsed.model and parsed.weights:
        return parsed.weights
    tags = describe(parsed.model).weights
    if parsed.weights is None and not tags:
        raise ConfigError(f"'{parsed.model}' has no trained weights here; give --weights RUN_FOLDER or a file.")
    chosen = parsed.weights or next(iter(tags))
    return f"{parsed.model}.{chosen}" if chosen in tags else chosen


def read_texts(given: Sequence[str]) -> list[str]:
    """The texts of the command line, or the lines of standard input."""
    if given:
        return list(given)
    if sys.stdin.isatty():
        console(stderr=True).print("One text a line; end with Ctrl-D.", style="dim")
    raw = sys.stdin.buffer.read(LARGEST_INPUT + 1)
    if len(raw) > LARGEST_INPUT:
        raise DataError(f"Standard input holds more than {LARGEST_INPUT // 2**20} MB; at most that is read.")
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"Standard input is not UTF-8 text: byte {error.start} does not fit.") from error
    texts = [line.strip() for line in lines if line.strip()]
    if not texts:
        raise DataError("No text was given: write it behind the command, or one a line on standard input.")
    return texts


def convert_command(parsed: argparse.Namespace) -> None:
    """Write our own file of weights from one of Keras, torchvision or timm."""
    from zoo.pretrained import pretrained

    pretrained(parsed.to)  # a mistake in the name is told before the frameworks are imported
    import_frameworks()
    from zoo.conversion import convert

    done = convert(parsed.file, parsed.to, parsed.out, by_order=parsed.by_order)
    unused = f", {len(done.report.unused)} of the file left aside" if done.report.unused else ""
    model = parsed.to.partition(".")[0]
    console().print(
        f"{done.path}: {len(done.report.matched)} weights{unused}; zoo.create_model('{model}', weights='{done.path}')",
        markup=False,
    )


def fetch_command(parsed: argparse.Namespace) -> None:
    from zoo.artifacts import artifacts, fetch

    if parsed.all and parsed.names:
        raise ConfigError("Give names or --all, not both.")
    sized = [item.name for item in artifacts() if item.size is not None]
    names = sized if parsed.all else parsed.names
    if not names:
        raise ConfigError(
            f"Name what to fetch, or give --all. Known: {', '.join(sized)}; and official weights, which 'zoo"
            f" describe MODEL' names, such as resnet50.imagenet."
        )
    failed = []
    for name in names:  # one address that does not answer must not keep the others from coming
        try:
            console().print(f"{name}  {fetch(name)}", markup=False)
        except ArtifactError as error:
            failed.append(str(error))
    if failed:
        raise ArtifactError("\n       ".join(failed))


def verify_command(parsed: argparse.Namespace) -> None:
    """Hash what is here; exit 2 when a file is corrupt."""
    from zoo.artifacts import verify

    rows = verify(parsed.names or None)
    unasked = [row for row in rows if not parsed.names and row.size is None and row.state in ("missing", "no hash")]
    for row in rows:
        if row not in unasked:
            size = f"{row.size / 1e6:9.1f} MB" if row.size is not None else f"{'?':>9} MB"
            console().print(f"{row.state:<10}  {row.name:<28}  {size}  {row.path}", markup=False)
    if unasked:
        console().print(f"{len(unasked)} other official files of weights are not here.")
    bad = [row.name for row in rows if row.state in ("corrupt", "unreadable")]
    if bad:
        raise DataError(
            f"{len(bad)} file(s) are not what the manifest says: {', '.join(bad)}; 'zoo prune' removes them."
        )


def prune_command(parsed: argparse.Namespace) -> None:
    from zoo.artifacts import prune

    rows = prune(remove=parsed.yes)
    for row in rows:
        console().print(f"{'removed' if parsed.yes else 'would go'}  {row.path}  ({row.reason})", markup=False)
    if not rows:
        console().print("Nothing to remove.")
    elif not parsed.yes:
        console().print("Nothing was removed yet: add --yes.")


COMMANDS: Commands = {
    "list": (list_command, "models, by name, task or weights"),
    "describe": (describe_command, "one model: inputs, outputs, weights, source; or its graph"),
    "train": (train_command, "train a model by its recipe"),
    "evaluate": (evaluate_command, "scores of trained weights beside simple baselines"),
    "find-rate": (find_rate_command, "the learning rate that suits a model and its data"),
    "inspect": (inspect_command, "ranges of values, weights and gradients, layer by layer; dead units, explosions"),
    "predict": (predict_command, "ask a trained model"),
    "convert": (convert_command, "official weights in a file of Keras, torchvision or timm, into the zoo's own file"),
    "fetch": (fetch_command, "download and verify data sets and weights"),
    "verify": (verify_command, "hash what was downloaded"),
    "prune": (prune_command, "remove what downloads left over"),
}


if __name__ == "__main__":
    sys.exit(main())
