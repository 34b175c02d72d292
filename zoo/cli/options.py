"""What the commands of `zoo` and the examples take: their options, declared."""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from zoo.errors import ConfigError

# name -> what it does, a line of help, and perhaps what adds its options
Commands = Mapping[str, tuple[Any, ...]]


DATA_OPTIONS = (
    "target", "text", "ignore", "types", "date_order", "decimal", "missing", "encoding", "no_header", "size"
)  # fmt: skip
OPTION_OF_ARGUMENT = (  # how Python is told, in a sentence for both -> how a command line is
    (r"\b\w+=(?:\{[^}]*\}|\[[^\]]*\]|'[^']*'|\w+),? \((?:or )?(--[^)]+)\)", r"\1"),
    (r"\btargets=\['([^']+)'\]", r"--target \1"),
    (r"\btargets=\{[^}]*\} or (--target)", r"\1"),
    (r"\btext='([^']+)'", r"--text \1"),
    (r"\btypes=\{'([^']+)': '([^']+)'\}", r"--types \1=\2"),
    (r"'(epochs|imbalance|costs|balance|seed)' (?=must|is for)", r"--\1 "),
    (r"'on_nonfinite' (?=must|is for)", "--on-nonfinite "),
    (r"\b(column|output)( of classes)? of '(types|ignore|imbalance|costs|targets)'", r"\1\2 of --\3"),
)


def in_options(message: str) -> str:
    """A sentence that names arguments of Python, with the options of the command line in their place.

    >>> in_options("Name the columns that are to be predicted: targets=['price'].")
    'Name the columns that are to be predicted: --target price.'
    >>> in_options("Give its encoding, as encoding='cp1252' (--encoding cp1252).")
    'Give its encoding, as --encoding cp1252.'
    """
    for argument, option in OPTION_OF_ARGUMENT:
        message = re.sub(argument, option, message)
    return re.sub("--(target|ignore)s\\b", r"--\1", message)


def command_line(commands: Commands, description: str | None) -> argparse.ArgumentParser:
    """The parser of `zoo COMMAND ...`; what it parses has the function of the command as `command`."""
    parser = argparse.ArgumentParser(prog="zoo", description=description, allow_abbrev=False)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (command, summary, *add_options) in commands.items():
        part = verbs.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        part.set_defaults(command=command)
        for add in add_options:
            add(part)
    return parser


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """The options that every training command has."""
    parser.add_argument(
        "--data", default="posts", help="a data set's name, or a file of posts or rows (default: %(default)s)"
    )
    add_data_options(parser)
    add_size_option(parser)
    add_augmentation_option(parser)
    parser.add_argument("--validation", metavar="FILE", help="a file of your own to choose the best epoch by")
    parser.add_argument("--test", metavar="FILE", help="a file of your own to judge by (default: a share of the rows)")
    parser.add_argument("--epochs", type=positive_number, help="default: the recipe's, or by the number of rows")
    parser.add_argument(
        "--refit", action="store_true", default=None, help="train on the validation rows too, for all epochs"
    )
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
    parser.add_argument(
        "--config", action="append", metavar="NAME=VALUE", help="an option of the model's builder: picture=mobilenet"
    )
    add_fine_tune_option(parser)
    parser.add_argument("--balance", help="relative, static, uncertainty or gradnorm (default: the recipe's)")
    parser.add_argument("--on-nonfinite", help="NaN or Inf: stop, skip (the batch) or lower_rate (default: stop)")
    parser.add_argument("--weights", help="tag, file or run folder to start from (default: fresh weights)")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--out", metavar="DIR", help="run folder (default: named after the run, in runs)")


def add_fine_tune_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fine-tune",
        action="append",
        metavar="STAGE",
        help="of a pretrained base, one or several in turn: linear_probe, last_stage, last_two_stages, all, gradual, "
        "as_frozen; none trains all at one rate (default: by the number of rows)",
    )


def add_baselines_option(parser: argparse.ArgumentParser) -> None:
    """How much the simple models of a report may cost."""
    parser.add_argument(
        "--baselines",
        default="quick",
        metavar="SIZE",
        help="simple models in the report: quick (many rows: on a sample; the default), full or none",
    )


def add_size_option(parser: argparse.ArgumentParser) -> None:
    told = "of pictures: pixels a side, or HEIGHTxWIDTH (default: what fits the model)"
    parser.add_argument("--size", metavar="N", type=sides, help=told)


def add_augmentation_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--augmentation",
        action="append",
        metavar="NAME",
        help="of pictures in training: light, standard, strong, digits, faces, none, flip, ... (default: the recipe's)",
    )


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """How a file of the user's own is read, for every command that takes one."""
    parser.add_argument(
        "--target",
        action="append",
        metavar="COLUMN[=KIND]",
        help="what to predict in a file of your own; regression, binary, classification, ordered or tags",
    )
    parser.add_argument("--text", metavar="COLUMN", help="where the texts stand in a file with targets of your own")
    parser.add_argument("--ignore", action="append", metavar="COLUMN", help="a column that the model is not shown")
    parser.add_argument(
        "--types",
        action="extend",
        nargs="+",
        metavar="COLUMN=KIND",
        help="number, category, date, text, picture, sound, volume, ..., where values mislead",
    )
    parser.add_argument(
        "--date-order", action="append", metavar="[COLUMN=]ORDER", help="dmy, mdy or ymd, of dates as 05/03/2021"
    )
    parser.add_argument("--decimal", metavar="MARK", help="'.' or ',' before the fraction, of numbers as 1,234")
    add_format_options(parser)


def add_format_options(parser: argparse.ArgumentParser) -> None:
    """What a trained model does not know of another file."""
    parser.add_argument(
        "--missing", action="append", metavar="MARK", help="a further text that stands for no value, beside NA, ?, ..."
    )
    parser.add_argument(
        "--encoding", help="of a CSV file: cp1252, latin-1, ... (default: UTF-8, or UTF-16 with its mark)"
    )
    parser.add_argument(
        "--no-header", action="store_true", help="the first row is data: columns are column1, column2, ..."
    )


def data_options(parsed: argparse.Namespace) -> dict[str, Any]:
    """What the options of a command line say of a user's file, as its reader takes them."""
    orders = [each.rpartition("=") for each in parsed.date_order or ()]
    found = {
        "targets": parsed.target,
        "text": parsed.text,
        "ignore": parsed.ignore,
        "types": read_types(parsed.types or ()),
        "date_order": {column: order for column, _, order in orders} if any(each[0] for each in orders) else "",
        "decimal": parsed.decimal,
        **format_options(parsed),
        "size": vars(parsed).get("size"),
    }
    if orders and not found["date_order"]:
        found["date_order"] = orders[-1][2]
    return {name: value for name, value in found.items() if value or name == "header"}


def format_options(parsed: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the format of a file alone."""
    found = {"missing": parsed.missing, "encoding": parsed.encoding}
    return {name: value for name, value in found.items() if value} | ({"header": False} if parsed.no_header else {})


def read_types(given: Sequence[str]) -> dict[str, str]:
    """ "COLUMN=KIND" of a command line, once for each column.

    >>> read_types(["code=category"])
    {'code': 'category'}
    """
    found = {}
    for each in given:
        column, equals, kind = each.rpartition("=")
        if not equals or not column or column in found:
            raise ConfigError(f"Each of --types is COLUMN=KIND, once a column; received '{each}'.")
        found[column] = kind
    return found


def read_config(given: Sequence[str], option: str = "--config") -> dict[str, Any]:
    """ "NAME=VALUE" of a command line, once for each option; a value that is JSON is what it says, others are texts.

    >>> read_config(["picture=mobilenet", "width=32"])
    {'picture': 'mobilenet', 'width': 32}
    """
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name or name in found:
            raise ConfigError(f"Each of {option} is NAME=VALUE, once an option; received '{each}'.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def add_example_options(parser: argparse.ArgumentParser, model: str, data: str) -> None:
    """The options of an example that trains `model` on the table `data`; `train_command` takes what is parsed."""
    parser.add_argument("--epochs", type=positive_number, help="default: the recipe's")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--out", metavar="DIR", help="run folder (default: named after the run, in runs)")
    nothing = dict.fromkeys(
        (
            *("balance", "on_nonfinite", "weights", *DATA_OPTIONS, "imbalance", "costs"),
            *("validation", "test", "refit", "augmentation", "config", "fine_tune"),
        )
    )
    parser.set_defaults(model=model, data=data, baselines="quick", **nothing)


def whole_number(text: str) -> int:
    """An option's value as an integer; anything else is told in one sentence."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from error


def positive_number(text: str) -> int:
    """An option's value as an integer of at least 1; anything else is told in one sentence."""
    if (number := whole_number(text)) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number >= 1")
    return number


def sides(text: str) -> int | list[int]:
    """Pixels a side of a picture, or height and width.

    >>> sides("96"), sides("64x96")
    (96, [64, 96])
    """
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"'{text}' is neither pixels a side, as 96, nor HEIGHTxWIDTH, as 64x96")
    return int(parts[0]) if len(parts) == 1 else [int(part) for part in parts]
