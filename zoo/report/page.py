"""A page of findings: sentences and tables, as HTML, Markdown, JSON's neighbour, and in a terminal."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import require_known
from zoo.files import write_text

if TYPE_CHECKING:
    from rich.table import Table

FORMATS = (".html", ".md")
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "th,td{padding:.3rem .7rem;border-bottom:1px solid #bbb;text-align:left;vertical-align:top}"
)


@dataclass(frozen=True)
class PageTable:
    """A table with a title; `notes` are sentences below it, which say how to read it."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.headings) for row in self.rows), self.title


@dataclass(frozen=True)
class Page:
    """Everything that was found, for people. Texts of users stand in it as they are: each format escapes them."""

    title: str
    sentences: Sequence[str] = ()
    tables: Sequence[PageTable] = field(default=())

    def html(self) -> str:
        """One file that needs no other."""
        escape = html.escape
        parts = [f"<h1>{escape(self.title)}</h1>", *(f"<p>{escape(each)}</p>" for each in self.sentences)]
        for table in self.tables:
            head = "".join(f"<th>{escape(each)}</th>" for each in table.headings)
            body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
            parts.append(f"<h2>{escape(table.title)}</h2>")
            if table.rows:
                parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
            parts += [f"<p>{escape(each)}</p>" for each in table.notes]
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self.title)}</title>'
            f"<style>{STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
        )

    def markdown(self) -> str:
        """
        >>> print(Page("Errors", ["Two rows."], [PageTable("Rows", ["row"], [["a|b"]])]).markdown())
        # Errors
        <BLANKLINE>
        Two rows.
        <BLANKLINE>
        ## Rows
        <BLANKLINE>
        | row |
        |---|
        | a\\|b |
        <BLANKLINE>
        """
        parts = [f"# {_plain(self.title)}", *map(_plain, self.sentences)]
        for table in self.tables:
            parts.append(f"## {_plain(table.title)}")
            lines = [table.headings, *table.rows]
            rows = [f"| {' | '.join(map(_plain, line))} |" for line in lines]
            if table.rows:
                parts.append("\n".join([rows[0], "|" + "---|" * len(table.headings), *rows[1:]]))
            parts += map(_plain, table.notes)
        return "\n\n".join(parts) + "\n"

    def save(self, path: Path | str) -> Path:
        """Write it as `path` ends, in .html or .md."""
        path = Path(path)
        require_known("format of a page", path.suffix.lower(), FORMATS)
        write_text(path, self.html() if path.suffix.lower() == ".html" else self.markdown())
        return path

    def terminal(self) -> "list[Table]":
        """Its tables for a terminal, at most 100 columns wide."""
        from rich import box
        from rich.markup import escape
        from rich.table import Table

        found = []
        for table in self.tables:
            shown = Table(
                title=escape(table.title),
                caption=escape("\n".join(table.notes)) or None,
                caption_justify="left",
                box=box.SIMPLE_HEAD,
                width=100,
            )
            for heading in table.headings:
                shown.add_column(escape(heading), overflow="fold")
            for row in table.rows:
                shown.add_row(*map(escape, row))
            found.append(shown)
        return found


def _plain(text: str) -> str:
    """A text that Markdown shows as it is, in one line."""
    text = " ".join(text.split()).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{letter}" if letter in "|`*_[]" else letter for letter in text)
