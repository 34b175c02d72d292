"""The options of the commands of `zoo` that work on one model or on the store; others stand beside their command."""

import argparse

from zoo.cli.options import (
    add_augmentation_option,
    add_baselines_option,
    add_data_options,
    add_fine_tune_option,
    add_format_options,
    add_size_option,
    add_training_options,
    whole_number,
)


def list_models(parser: argparse.ArgumentParser) -> None:
    """Which models are listed."""
    parser.add_argument("pattern", nargs="?", default="*", help="as file names match: 'author*'")
    parser.add_argument("--task")
    parser.add_argument("--weights", help="only models with weights of this tag")
    parser.add_argument("--all", action="store_true", help="also the small members that exist for tests")


def describe(parser: argparse.ArgumentParser) -> None:
    """One model."""
    parser.add_argument("model")
    parser.add_argument(
        "--graph", nargs="?", const="", metavar="FILE", help="draw its blocks here, or into a file .svg or .png"
    )


def train(parser: argparse.ArgumentParser) -> None:
    """A model, and those of every training."""
    parser.add_argument("model")
    add_training_options(parser)


def evaluate(parser: argparse.ArgumentParser) -> None:
    """What is judged, on what, and beside what."""
    parser.add_argument("model", help="a model's name; or a run folder, or the file of a trained model")
    parser.add_argument("--weights", help="tag, file or run folder (default: the model's own weights)")
    parser.add_argument(
        "--data", help="a data set's name, or a file, all of whose rows are scored (default: that of the training)"
    )
    parser.add_argument("--out", metavar="DIR", help="also write scores.json and the pictures of the report")
    add_baselines_option(parser)
    add_data_options(parser)


def show_batch(parser: argparse.ArgumentParser) -> None:
    """Those of a training that say what it reads."""
    parser.add_argument("model")
    parser.add_argument("--data", required=True, help="as for training: a folder, zip file or table of pictures")
    add_data_options(parser)
    add_size_option(parser)
    add_augmentation_option(parser)
    parser.add_argument("--weights", help="tag, file or run folder to start from (default: fresh weights)")
    parser.add_argument("--epoch", type=whole_number, default=1, help="from 1 (default: 1)")
    parser.add_argument("--batch", type=whole_number, default=1, help="of the epoch, from 1 (default: 1)")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--out", metavar="FILE", help="the picture (default: MODEL_DATA_batch.png, here)")


def find_rate(parser: argparse.ArgumentParser) -> None:
    """A search for a learning rate."""
    parser.add_argument("model")
    parser.add_argument("--data", default="posts", help="as for training (default: %(default)s)")
    add_data_options(parser)
    add_size_option(parser)
    add_fine_tune_option(parser)
    parser.add_argument("--weights", help="as for training (default: fresh weights)")
    parser.add_argument("--steps", type=whole_number, default=100, help="batches at the most (default: 100)")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--out", metavar="FILE", help="the picture (default: MODEL_DATA_rates.png, here)")


def inspection(parser: argparse.ArgumentParser) -> None:
    """What is looked at in a model, and where it is written."""
    parser.add_argument("model", help="a model's name; or a run folder, or the file of a trained model")
    add_data_options(parser)
    add_size_option(parser)
    parser.add_argument("--weights", help="tag, file or run folder (default: the model's own weights, or fresh ones)")
    parser.add_argument("--data", help="a data set, arrays in a file .npz, or random (default: that of the training)")
    parser.add_argument("--rows", type=whole_number, default=256, help="samples to look at (default: 256)")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write everything to this file")
    parser.add_argument("--tensorboard", metavar="DIR", help="also write the ranges for TensorBoard")


def predict(parser: argparse.ArgumentParser) -> None:
    """What a trained model is asked, by which rule it decides, and how what it says is written."""
    parser.add_argument("model", help="a model's name; or a run folder, or the file of a trained model")
    parser.add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="none: rows, or a text a line, on standard input; or a file of rows; or photos and folders of them",
    )
    parser.add_argument("--weights", help="tag, file or run folder (default: the model's own weights)")
    add_format_options(parser)
    parser.add_argument(
        "--allow-unseen", action="store_true", help="also where nearly all values of a column are new to the model"
    )
    parser.add_argument(
        "--views",
        action="append",
        metavar="VIEW",
        help="to average over, of pictures or volumes: mirrored, moved, six, ...",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="SCORE",
        help="from which a positive label, a tag or a structure is given (default: what the trained model keeps)",
    )
    parser.add_argument("--out", metavar="FILE", help="write rows and their predictions to this .csv or .jsonl")
    parser.add_argument("--format", metavar="csv|jsonl", help="default: as --out ends; csv in a pipe")
    parser.add_argument(
        "--keep", action="append", metavar="COLUMN", help="of the file, to stand before the predictions (default: all)"
    )
    parser.add_argument("--text", metavar="COLUMN", help="where the texts stand in the file")


def convert(parser: argparse.ArgumentParser) -> None:
    """A foreign file of weights, and what becomes of it."""
    parser.add_argument("file", metavar="FILE", help="legacy .h5, .weights.h5, .safetensors, .pth")
    parser.add_argument("--to", required=True, metavar="MODEL.TAG", help="as in resnet18.imagenet")
    parser.add_argument("--out", metavar="FILE", help="default: MODEL.TAG.h5, in this folder")
    parser.add_argument("--by-order", action="store_true", help="for a .weights.h5, which holds no names")


def fetch(parser: argparse.ArgumentParser) -> None:
    """What is downloaded."""
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--all",
        action="store_true",
        help="everything in the manifest of published size: not the large official weights",
    )


def verify(parser: argparse.ArgumentParser) -> None:
    """What is hashed."""
    parser.add_argument("names", nargs="*", metavar="NAME")


def prune(parser: argparse.ArgumentParser) -> None:
    """Whether files are really removed."""
    parser.add_argument("--yes", action="store_true", help="really remove")
