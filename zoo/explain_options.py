"""The options of `zoo explain`."""

import argparse
from collections.abc import Callable


def add_explain_options(parser: argparse.ArgumentParser, whole_number: Callable[[str], int]) -> None:
    """What `zoo explain` takes; `whole_number` reads one."""
    parser.add_argument("model", help="a run folder, the file of a trained model, or MODEL.TAG: mobilenet.imagenet")
    parser.add_argument("sample", help="a photo, a text, or a file of rows (see --row)")
    parser.add_argument("--method", metavar="NAME", help="grad-cam, occlusion, shapley, ... (default: what suits)")
    parser.add_argument("--layer", metavar="NAME", help="of a heat map: encoder/conv, or encoder/conv#2 (second call)")
    parser.add_argument("--label", metavar="LABEL", help="to be explained (default: the one that is predicted)")
    parser.add_argument("--output", metavar="NAME", help="of several (default: the first)")
    parser.add_argument("--input", metavar="COLUMN", help="of several: a column, 'table' or 'senses'")
    parser.add_argument("--row", type=whole_number, default=0, help="of a file of rows, from 0 (default: 0)")
    parser.add_argument("--background", metavar="FILE", help="rows that stand for all others (shapley, permutation)")
    parser.add_argument("--option", action="append", metavar="NAME=VALUE", help="of the method: window=16, steps=128")
    parser.add_argument("--check", action="store_true", help="measure whether the explanation is faithful")
    parser.add_argument("--compare", action="store_true", help="rank all methods that suit by how faithful they are")
    parser.add_argument("--out", metavar="FILE", help="write a picture (.png, .svg) or all values (.json)")
