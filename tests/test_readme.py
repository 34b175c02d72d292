"""The README says what the records say, and its commands are the ones that exist."""

import re
from pathlib import Path

from benchmarks.readme_figures import BLOCK, BLOCKS, filled
from zoo.cli import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_figure_of_the_readme_is_the_one_in_its_record():
    assert {found[1] for found in BLOCK.findall(README)} <= set(BLOCKS)
    assert [found[1] for found in BLOCK.findall(README)], "the README holds no block of figures"
    assert filled(README) == README, "run: python -m benchmarks.readme_figures"


def test_every_command_of_the_readme_exists():
    named = set(re.findall(r"`zoo ([\w-]+)", README))
    assert named == set(COMMANDS)
