"""The options of `zoo studio`."""

import argparse
from collections.abc import Callable

PORT = 8600


def add_studio_options(parser: argparse.ArgumentParser, whole_number: Callable[[str], int]) -> None:
    """What `zoo studio` takes; `whole_number` reads one."""
    told = "run folders, files of trained models, or MODEL.TAG (default: those in runs, and the zoo's own weights)"
    parser.add_argument("models", nargs="*", metavar="MODEL", help=told)
    parser.add_argument("--host", default="127.0.0.1", help="to listen at (default: this machine alone)")
    parser.add_argument("--port", type=whole_number, default=PORT, help=f"0: any free one (default: {PORT})")
    parser.add_argument("--token", metavar="TOKEN", help="that users must give (default: made, unless on this machine)")
