"""The command `zoo`: list and describe models, train, evaluate and ask them, and look after downloaded files."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.catalogue import describe, list_models
from zoo.cli import command_options as options_of
from zoo.cli.attack import add_attack_options, attack_command
from zoo.cli.error_analysis import (
    add_compare_options,
    add_drift_options,
    add_label_errors_options,
    add_slices_options,
    compare_command,
    drift_command,
    label_errors_command,
    slices_command,
)
from zoo.cli.explain import add_explain_options, explain_command
from zoo.cli.models import describe_command, list_command
from zoo.cli.options import DATA_OPTIONS, Commands, command_line, data_options, in_options, read_config
from zoo.cli.predict import predict_command, require_model, trained_source
from zoo.errors import ArtifactError, ConfigError, DataError, require_known
from zoo.files import is_trained_place
from zoo.studio.command import add_studio_options, studio_command
from zoo.terminal import (
    console,
    epoch_printer,
    import_frameworks,
    parse,
    run,
    show_inspection,
    show_report,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 after a user's mistake."""
    return run(lambda: _main(arguments), wording=in_options)


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


def tell(sentence: str) -> None:
    """A sentence about a training."""
    console().print(sentence, markup=False)


def training_options(parsed: argparse.Namespace) -> dict[str, Any]:
    """What the options of a command line mean to `zoo.train`; the folder is named after what makes the run its own."""
    from zoo.tasks import read_costs, read_plans

    given = {name: getattr(parsed, name) for name in ("epochs", "balance", "on_nonfinite", "refit", "augmentation")}
    changes = {name: value for name, value in given.items() if value is not None}
    named = {**changes, "from": Path(parsed.weights).stem} if parsed.weights else dict(changes)
    if parsed.fine_tune:
        changes["fine_tune"], named["fine_tune"] = read_stages(parsed.fine_tune), "+".join(parsed.fine_tune)
    if parsed.imbalance:
        changes["imbalance"], named["imbalance"] = read_plans(parsed.imbalance), "+".join(parsed.imbalance)
    if parsed.costs:
        changes["costs"], named["costs"] = read_costs(parsed.costs), Path(parsed.costs).stem
    if parsed.config:
        changes["config"] = read_config(parsed.config)
        named["config"] = re.sub(r"[^\w.+=-]", "_", "+".join(parsed.config))
    files = {name: getattr(parsed, name) for name in ("validation", "test") if getattr(parsed, name)}
    named |= {name: Path(file).stem for name, file in files.items()}
    for name in DATA_OPTIONS:
        if value := getattr(parsed, name):
            told = "+".join(map(str, value)) if isinstance(value, list) else "yes" if value is True else str(value)
            named[name] = re.sub(r"[^\w.+=<:-]", "_", told)
    return {
        "folder": Path(parsed.out) if parsed.out else default_folder(parsed.model, parsed.data, parsed.seed, named),
        "seed": parsed.seed,
        "weights": parsed.weights,
        "baselines": parsed.baselines,
        "callbacks": [epoch_printer()],
        "tell": tell,
        "data_options": files | data_options(parsed) | vars(parsed).get("data_options", {}),
        **changes,
    }


def read_stages(given: Sequence[str]) -> str | tuple[str, ...] | None:
    """The stages of --fine-tune as a recipe takes them."""
    return None if given == ["none"] else given[0] if len(given) == 1 else tuple(given)


def default_folder(model: str, data: str, seed: int, changes: dict[str, object]) -> Path:
    """A folder in `runs` that is named after what makes the run different from others."""
    named = {key: "+".join(value) if isinstance(value, list) else value for key, value in changes.items()}
    parts = [model, Path(data).stem, *(f"{key}-{value}" for key, value in sorted(named.items())), f"seed-{seed}"]
    return Path("runs") / "_".join(parts)


def evaluate_command(parsed: argparse.Namespace) -> None:
    """Judge trained weights on the test split of their data, or of other data."""
    source = trained_source(parsed)
    import_frameworks()
    from zoo.tasks import evaluate, load_pipeline

    require_model(parsed.model if source != parsed.model else "", parsed.weights, load_pipeline(source).entry)
    report = evaluate(source, data=parsed.data, data_options=data_options(parsed), baselines=parsed.baselines)
    if parsed.out:
        report.save(parsed.out)
    show_report(report, parsed.out)


def show_batch_command(parsed: argparse.Namespace) -> None:
    """A picture of what a training sees: a batch as it is augmented, with its labels."""
    describe(parsed.model)
    for name in ("epoch", "batch"):
        if getattr(parsed, name) < 1:
            raise ConfigError(f"--{name} counts from 1; received {getattr(parsed, name)}.")
    import_frameworks()
    from zoo.tasks import show_batch

    path = parsed.out or f"{parsed.model}_{Path(parsed.data).stem}_batch.png"
    changes = {"augmentation": parsed.augmentation} if parsed.augmentation else {}
    found = show_batch(
        parsed.model,
        parsed.data,
        path,
        epoch=parsed.epoch - 1,
        step=parsed.batch - 1,
        weights=parsed.weights,
        seed=parsed.seed,
        data_options=data_options(parsed),
        **changes,
    )
    console().print(f"{len(found.labels)} pictures of a batch: {path}", markup=False)


def inspect_command(parsed: argparse.Namespace) -> None:
    """Show the ranges of values, weights and gradients in every layer."""
    entry, weights = parsed.model, parsed.weights
    is_run = entry not in list_models(for_tests=True) and is_trained_place(entry)
    tags = {} if is_run else describe(entry).weights
    source = trained_source(parsed) if is_run else None
    import_frameworks()
    from zoo.tasks import inspect, load_pipeline

    if source is not None:
        entry, weights = load_pipeline(source).entry, source
        describe(entry)
    found = inspect(
        entry,
        weights=weights or next(iter(tags), None),
        data=parsed.data,
        rows=parsed.rows,
        seed=parsed.seed,
        data_options=data_options(parsed),
    )
    show_inspection(found, json=parsed.json, tensorboard=parsed.tensorboard)


def find_rate_command(parsed: argparse.Namespace) -> None:
    """Search for a learning rate with the weights that a training would begin with; one line and a picture."""
    describe(parsed.model)
    import_frameworks()
    from zoo.tasks import find_rate

    found = find_rate(
        parsed.model,
        parsed.data,
        seed=parsed.seed,
        weights=parsed.weights,
        data_options=data_options(parsed),
        changes={"fine_tune": read_stages(parsed.fine_tune)} if parsed.fine_tune else None,
        steps=parsed.steps,
    )
    path = found.save(parsed.out or f"{parsed.model}_{Path(parsed.data).stem}_rates.png")
    console().print(
        f"learning rate {found.suggestion:.2g} (steepest at {found.steepest:.2g}; {len(found.rates)} steps from"
        f" {found.rates[0]:.2g} to {found.rates[-1]:.2g}); picture: {path}",
        markup=False,
    )


def convert_command(parsed: argparse.Namespace) -> None:
    """Write our own file of weights from one of Keras, torchvision or timm."""
    from zoo.conversion import convert, official_set

    official_set(parsed.to)  # a mistake in the name is told before the frameworks are imported
    import_frameworks()

    done = convert(parsed.file, parsed.to, parsed.out, by_order=parsed.by_order)
    unused = f", {len(done.report.unused)} of the file left aside" if done.report.unused else ""
    model = parsed.to.partition(".")[0]
    console().print(
        f"{done.path}: {len(done.report.matched)} weights{unused}; zoo.create_model('{model}', weights='{done.path}')",
        markup=False,
    )
    for note in done.report.notes:
        console().print(note, markup=False)


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
    "list": (list_command, "models, by name, task or weights", options_of.list_models),
    "describe": (describe_command, "one model: inputs, outputs, weights, source; or its graph", options_of.describe),
    "train": (train_command, "train a model by its recipe", options_of.train),
    "evaluate": (evaluate_command, "scores of trained weights beside simple baselines", options_of.evaluate),
    "show-batch": (
        show_batch_command,
        "what a training on pictures sees: a batch, augmented, with its labels",
        options_of.show_batch,
    ),
    "find-rate": (find_rate_command, "the learning rate that suits a model and its data", options_of.find_rate),
    "inspect": (
        inspect_command,
        "ranges of values, weights and gradients, layer by layer; dead units, explosions",
        options_of.inspection,
    ),
    "predict": (predict_command, "ask a trained model", options_of.predict),
    "explain": (explain_command, "why a model says what it says of one photo, text or row", add_explain_options),
    "slices": (
        slices_command,
        "where a trained model errs: slices, groups, worst rows, wrong labels",
        add_slices_options,
    ),
    "label-errors": (label_errors_command, "labels of all rows that may be wrong", add_label_errors_options),
    "compare": (compare_command, "two trained models, row by row, with significance", add_compare_options),
    "drift": (drift_command, "whether new rows are like those of a training", add_drift_options),
    "attack": (attack_command, "how easily a trained model is fooled", add_attack_options),
    "studio": (
        studio_command,
        "models on a page in the browser: predict, explain, change, compare",
        add_studio_options,
    ),
    "convert": (
        convert_command,
        "a file of weights of Keras, torchvision or timm, into the zoo's own file",
        options_of.convert,
    ),
    "fetch": (fetch_command, "download and verify data sets and weights", options_of.fetch),
    "verify": (verify_command, "hash what was downloaded", options_of.verify),
    "prune": (prune_command, "remove what downloads left over", options_of.prune),
}


if __name__ == "__main__":
    sys.exit(main())
