"""The form of a schema: one field for each column, of its kind; and from a filled form back to a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.errors import DataError, require_known
from zoo.studio.errors import WrongKindError
from zoo.studio.samples import Upload, require_picture, require_text

LISTED = 60  # categories that are offered in a menu; of more, as one types
SUGGESTED = 1_000
TEXTS = ("text", "story", "verse")
PICTURE = "picture"
READ = ("number", "category", "date", *TEXTS, PICTURE)


@dataclass(frozen=True)
class Field:
    """One field of the form.

    kind     "number", "category", "date", "text" or "picture".
    known    categories that training had.
    hint     a few words below the field.
    usual    what it holds at first.
    needed   whether it must be filled.
    """

    name: str
    kind: str
    known: tuple[str, ...] = ()
    hint: str = ""
    usual: str = ""
    needed: bool = False
    plain: bool = True  # whether a number or date is written as browsers do

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "menu": 0 < len(self.known) <= LISTED, "known": list(self.known[:SUGGESTED])}


def fields_of(schema: Any) -> list[Field]:
    """Of all columns that a user gives. Raises `WrongKindError` for a kind that no form has."""
    return [_field(schema.column(name), schema.types[name]) for name in schema.names]


def _field(column: Any, kind: str) -> Field:
    if kind not in READ:
        raise WrongKindError(f"'{column.name}' is a {kind}, which the page has no field for: use 'zoo predict'.")
    if kind == "number":
        hint = f"training: {column.low:.6g} to {column.high:.6g}, median {column.median:.6g}"
        hint += f"; written as {column.written_as}" if column.written_as else ""
        usual = "" if column.written_as else f"{column.median:.6g}"
        return Field(column.name, kind, hint=hint, usual=usual, plain=not column.written_as)
    if kind == "category":
        known = tuple(map(str, column.vocabulary))
        return Field(column.name, kind, known, f"{len(known):,} known", known[0] if len(known) <= LISTED else "")
    if kind == "date":
        hint = f"training: {column.first} to {column.last}" + (f"; written as {column.order}" if column.order else "")
        plain = not column.order and not column.times
        return Field(column.name, kind, hint=hint, usual=column.last if plain else "", plain=plain)
    if kind == PICTURE:
        return Field(column.name, kind, hint=column.describe(), needed=not column.optional)
    return Field(column.name, "text", needed=not getattr(column, "optional", False))


@dataclass(frozen=True)
class Filled:
    """A form as it came: texts and files by the names of their fields."""

    texts: Mapping[str, str]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def row(self, fields: list[Field]) -> dict[str, Any]:
        """Column -> value. Raises for a field that the form does not have, is missing, or holds another kind."""
        known = {each.name: each for each in fields}
        for name in (*self.texts, *self.files):
            require_known("field", name, known)
        return {each.name: self._value(each) for each in fields}

    def _value(self, asked: Field) -> Any:
        if asked.kind == PICTURE:
            upload = self.files.get(asked.name)
            if self.texts.get(asked.name):  # a path would be read from the server's disk
                raise WrongKindError(f"'{asked.name}' takes the file of a picture, no text.")
            if upload is None and asked.needed:
                raise DataError(f"Choose a picture for '{asked.name}'.")
            if upload is not None:
                require_picture(upload)
            return upload
        if asked.name in self.files:
            raise WrongKindError(f"'{asked.name}' takes a {asked.kind}, no file.")
        text = require_text(asked.name, self.texts.get(asked.name, ""))
        if asked.kind == "text":
            if not text.strip() and asked.needed:
                raise DataError(f"Write something into '{asked.name}'.")
            return text
        return text.strip() or None
