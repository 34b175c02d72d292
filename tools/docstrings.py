"""Doc strings as Markdown, for the reference pages: aligned lists become lists, examples become code.

mkdocs.yml names the class below as an extension of mkdocstrings.
"""

import re
from typing import Any

import griffe

ITEM = re.compile(r"(?P<name>\S(?:[^\n]*?\S)??)\s{2,}(?P<text>\S.*)")  # "epochs   how often ..."
EXAMPLE = ">>> "


class DocstringsAsMarkdown(griffe.Extension):
    """Rewrites every doc string that is collected."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """A doc string of this project as Markdown."""
    return "\n\n".join(map(_block, re.split(r"\n\s*\n", text.strip("\n"))))


def _block(block: str) -> str:
    if block.startswith(EXAMPLE):
        return f"```python\n{block}\n```"
    lines = block.split("\n")
    if lines[0].startswith("    "):
        return f"```python\n{_dedented(lines)}\n```"
    first = next((number for number, line in enumerate(lines) if ITEM.fullmatch(line)), None)
    if first is None:
        return block
    return "\n\n".join(filter(None, ["\n".join(lines[:first]), _items(lines[first:])]))


def _items(lines: list[str]) -> str:
    """Lines "name   text", each with indented ones that continue it, as a list."""
    found: list[str] = []
    for line in lines:
        item = ITEM.fullmatch(line)
        if item:
            found.append(f"- `{item['name'].strip('`')}`: {item['text']}")
        elif line.startswith(" ") and found:
            found[-1] += f" {line.strip()}"
        else:
            found.append(f"- {line}")
    return "\n".join(found)


def _dedented(lines: list[str]) -> str:
    return "\n".join(line.removeprefix("    ") for line in lines)
