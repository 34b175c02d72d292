"""What the commands of `zoo` and the examples take: their options, declared."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

Commands = Mapping[str, tuple[Callable[[argparse.Namespace], Any], str]]  # name -> what it does, and a line of help


def command_line(commands: Commands, description: str | None) -> argparse.ArgumentParser:
    """The parser of `zoo COMMAND ...`; what it parses has the function of the command as `command`."""
    parser = argparse.ArgumentParser(prog="zoo", description=description, allow_abbrev=False)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    part = {}
    for name, (command, summary) in commands.items():
        part[name] = verbs.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        part[name].set_defaults(command=command)
    part["list"].add_argument("pattern", nargs="?", default="*", help="as file names match: 'author*'")
    part["list"].add_argument("--task")
    part["list"].add_argument("--weights", help="only models with weights of this tag")
    part["list"].add_argument("--all", action="store_true", help="also the small members that exist for tests")
    for name in ("describe", "train", "evaluate", "find-rate", "inspect", "predict"):
        part[name].add_argument("model")
    part["describe"].add_argument(
        "--graph", nargs="?", const="", metavar="FILE", help="draw its blocks here, or into a file .svg or .png"
    )
    add_training_options(part["train"])
    part["evaluate"].add_argument("--weights", help="tag, file or run folder (default: the model's own weights)")
    part["evaluate"].add_argument(
        "--data", help="posts, blogs or a .jsonl or .csv file (default: that of the training)"
    )
    add_baselines_option(part["evaluate"])
    part["find-rate"].add_argument("--data", default="posts", help="as for training (default: posts)")
    part["find-rate"].add_argument("--steps", type=whole_number, default=100, help="batches at the most (default: 100)")
    part["find-rate"].add_argument("--seed", type=whole_number, default=0)
    part["find-rate"].add_argument("--out", metavar="FILE", help="the picture (default: MODEL_DATA_rates.png, here)")
    add_inspection_options(part["inspect"])
    part["predict"].add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="none: a line each on standard input; or a file of rows; or photos and folders of them",
    )
    part["predict"].add_argument("--weights", help="tag, file or run folder (default: the model's own weights)")
    part["convert"].add_argument("file", metavar="FILE", help="legacy .h5, .weights.h5, .safetensors, .pth")
    part["convert"].add_argument("--to", required=True, metavar="MODEL.TAG", help="as in resnet18.imagenet")
    part["convert"].add_argument("--out", metavar="FILE", help="default: MODEL.TAG.h5, in this folder")
    part["convert"].add_argument("--by-order", action="store_true", help="for a .weights.h5, which holds no names")
    part["fetch"].add_argument("names", nargs="*", metavar="NAME")
    part["fetch"].add_argument(
        "--all",
        action="store_true",
        help="everything in the manifest of published size: not the large official weights",
    )
    part["verify"].add_argument("names", nargs="*", metavar="NAME")
    part["prune"].add_argument("--yes", action="store_true", help="really remove")
    return parser


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """The options that every training command has."""
    parser.add_argument(
        "--data", default="posts", help="a data set's name, or a file of posts or rows (default: posts)"
    )
    parser.add_argument(
        "--target",
        action="append",
        metavar="COLUMN[=KIND]",
        help="what to predict in a file of your own; regression, binary, classification, ordered or tags",
    )
    parser.add_argument("--ignore", action="append", metavar="COLUMN", help="a column that the model is not shown")
    parser.add_argument(
        "--type", action="append", metavar="COLUMN=KIND", help="number, category or date, where values mislead"
    )
    parser.add_argument("--text", metavar="COLUMN", help="where the texts stand in a file with targets of your own")
    parser.add_argument("--epochs", type=whole_number, help="default: the recipe's")
    parser.add_argument(
        "--imbalance",
        action="append",
        metavar="[OUTPUT=]METHOD",
        help="rare labels: class_weights, over_sampling, smote, focal, ... (default: the recipe's)",
    )
    parser.add_argument(
        "--costs", metavar="FILE", help='what mistakes cost: {"costs": {true: {decided: cost}}, "unit": "EUR"}'
    )
    add_baselines_option(parser)
    parser.add_argument("--balance", help="relative, static, uncertainty or gradnorm (default: the recipe's)")
    parser.add_argument("--on-nonfinite", help="NaN or Inf: stop, skip (the batch) or lower_rate (default: stop)")
    parser.add_argument("--weights", help="tag, file or run folder to start from (default: fresh weights)")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--out", metavar="DIR", help="run folder (default: named after the run, in runs)")


def add_baselines_option(parser: argparse.ArgumentParser) -> None:
    """How much the simple models of a report may cost."""
    parser.add_argument(
        "--baselines",
        default="quick",
        metavar="SIZE",
        help="simple models in the report: quick (many rows: on a sample; the default), full or none",
    )


def add_example_options(parser: argparse.ArgumentParser, model: str, data: str) -> None:
    """The options of an example that trains `model` on the table `data`; `train_command` takes what is parsed."""
    parser.add_argument("--epochs", type=whole_number, help="default: the recipe's")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--out", metavar="DIR", help="run folder (default: named after the run, in runs)")
    nothing = dict.fromkeys(
        ("balance", "on_nonfinite", "weights", "target", "text", "ignore", "type", "imbalance", "costs")
    )
    parser.set_defaults(model=model, data=data, baselines="quick", **nothing)


def add_inspection_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", help="tag, file or run folder (default: the model's own weights, or fresh ones)")
    parser.add_argument("--data", help="a data set, arrays in a file .npz, or random (default: that of the training)")
    parser.add_argument("--rows", type=whole_number, default=256, help="samples to look at (default: 256)")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write everything to this file")
    parser.add_argument("--tensorboard", metavar="DIR", help="also write the ranges for TensorBoard")


def whole_number(text: str) -> int:
    """An option's value as an integer; anything else is told in one sentence."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from error
