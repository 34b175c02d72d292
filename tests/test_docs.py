"""What README and docs/ say is true: their Python runs, their commands exist, their pages of models are up to date."""

import importlib
import importlib.util
import inspect
import re
import shlex
from pathlib import Path

import keras
import pytest

from tests.docs_files import write_files
from zoo.cli.main import COMMANDS
from zoo.cli.options import command_line
from zoo.terminal import parse

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)
REASONS = ("downloads the official weights", "takes minutes")


def name_of(page):
    return str(page.relative_to(ROOT))


def blocks_of(page, language):
    """(line, code) of the blocks that must work."""
    text = page.read_text(encoding="utf-8")
    found = [each for each in BLOCK.finditer(text) if each["language"] == language and not each["why"]]
    return [(text[: each.start("code")].count("\n"), each["code"]) for each in found]


def with_python():
    return [page for page in PAGES if blocks_of(page, "python")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the pages are written for the default backend")
@pytest.mark.parametrize("page", with_python(), ids=name_of)
def test_every_block_of_python_runs(page, folder):
    names = {"__name__": "__page__"}
    for line, code in blocks_of(page, "python"):  # in one namespace, as a reader types them one after the other
        exec(compile("\n" * line + code, str(page), "exec"), names)


def test_what_is_not_run_says_why():
    reasons = {each["why"] for page in PAGES for each in BLOCK.finditer(page.read_text(encoding="utf-8"))} - {None}
    assert reasons <= set(REASONS)


def commands():
    """(page, line of shell without its comment) of every command."""
    for page in PAGES:
        for _, code in blocks_of(page, "bash"):
            for line in code.splitlines():
                for part in line.split("&&"):
                    yield page, shlex.split(part.partition(">")[0] if "echo" not in part else "true", comments=True)


def test_every_command_of_zoo_takes_the_options_that_the_pages_give_it():
    parser = command_line(COMMANDS, None)
    found = [words[1:] for _, words in commands() if words[:1] == ["zoo"]]
    assert found, "the pages name no command"
    for words in found:
        parse(parser, words)  # raises where it does not


def test_every_module_that_the_pages_run_exists():
    found = {
        words[2] for _, words in commands() if len(words) > 2 and Path(words[0]).name == "python" and words[1] == "-m"
    }
    assert "examples.multi_output" in found
    missing = [name for name in found if importlib.util.find_spec(name) is None]
    assert missing == []


def test_every_link_of_the_readme_leads_to_a_file():  # mkdocs checks those of the other pages
    links = re.findall(r"\]\(([^)#]+)\)", PAGES[0].read_text(encoding="utf-8"))
    assert "docs/figures/index.md" in links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:: |- )([\w./-]+\.md)$", text, re.MULTILINE))
    assert named == {str(page.relative_to(ROOT / "docs")) for page in PAGES[1:]}


def test_the_navigation_has_the_families_of_the_catalogue():
    from tools.model_pages import NAVIGATION, navigation

    text = NAVIGATION.read_text(encoding="utf-8")
    assert navigation(text) == text, "run: python -m tools.model_pages"


def reference_pages():
    return {page.stem: page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")}


@pytest.mark.parametrize("module", [name for name, text in reference_pages().items() if f"::: {name}\n" in text])
def test_the_reference_shows_functions_that_are_named_as_their_file(module):
    """mkdocstrings takes `zoo.training.fit` for the file; such a function is asked for by its full name."""
    package = importlib.import_module(module)
    for name in package.__all__:
        if importlib.util.find_spec(f"{module}.{name}") and not inspect.ismodule(getattr(package, name)):
            assert f"::: {module}.{name}.{name}\n" in reference_pages()[module]


def test_doc_strings_become_markdown():
    pytest.importorskip("griffe", reason="of the extra 'docs'")
    from tools.docstrings import as_markdown

    text = "Make it.\n\nsize   in pixels,\n       above 0\n\n>>> make(3)\n'made'"
    assert as_markdown(text) == "Make it.\n\n- `size`: in pixels, above 0\n\n```python\n>>> make(3)\n'made'\n```"


def test_the_pages_of_models_are_those_of_the_catalogue():
    from tools.model_pages import FOLDER, pages

    written = pages()
    assert set(written) == set(FOLDER.glob("*.md")), "run: python -m tools.model_pages"
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python -m tools.model_pages"
