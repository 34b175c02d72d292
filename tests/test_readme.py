"""README and the pages in docs/ say what the records say, and the README's commands are the ones that exist."""

import re
from pathlib import Path

from tools.readme_figures import BLOCK, BLOCKS, ROOT, filled, pages
from zoo.cli.main import COMMANDS

README = (ROOT / "README.md").read_text(encoding="utf-8")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_every_figure_of_a_page_is_the_one_in_its_record():
    assert ROOT / "README.md" in pages(), "the README holds no block of figures"
    for page in pages():
        assert {found[1] for found in BLOCK.findall(text_of(page))} <= set(BLOCKS), page
        assert filled(text_of(page)) == text_of(page), f"{page}: run python -m tools.readme_figures"


def test_every_measured_figure_stands_on_a_page_of_the_docs():
    shown = {found[1] for page in pages() if page.name != "README.md" for found in BLOCK.findall(text_of(page))}
    assert shown == set(BLOCKS)


def test_every_command_of_the_readme_exists():
    named = set(re.findall(r"`zoo ([\w-]+)", README))
    assert named == set(COMMANDS)
