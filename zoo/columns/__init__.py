"""Rows of typed columns: from a DataFrame or a file to the named arrays that models take, by a schema learnt once.

from zoo.columns import Schema, read_table

frame = read_table("sales.csv", types={"Store": "category"})
schema = Schema.fit(frame, targets={"Sales": "regression"})
samples = schema.encode(frame)

A kind of column is a file here: `Column` says what it must do, and `register` adds one from outside.
"""

from zoo.columns.number import NumberColumn  # isort: skip  (kinds stand in the order in which a model has its inputs)
from zoo.columns.category import CategoryColumn  # isort: skip
from zoo.columns.date import DateColumn  # isort: skip
from zoo.columns.text import TextColumn  # isort: skip
from zoo.columns.story import StoryColumn  # isort: skip
from zoo.columns.verse import VerseColumn  # isort: skip
from zoo.columns.picture import PictureColumn  # isort: skip
from zoo.columns.sound import SoundColumn  # isort: skip
from zoo.columns.volume import VolumeColumn  # isort: skip
from zoo.columns.column import KINDS, Column, InputSpec, register
from zoo.columns.dates import add_date_parts
from zoo.columns.outputs import OutputColumn
from zoo.columns.reading import read_table, scan_table
from zoo.columns.schema import Schema

__all__ = [
    "KINDS",
    "CategoryColumn",
    "Column",
    "DateColumn",
    "InputSpec",
    "NumberColumn",
    "OutputColumn",
    "PictureColumn",
    "Schema",
    "SoundColumn",
    "StoryColumn",
    "TextColumn",
    "VerseColumn",
    "VolumeColumn",
    "add_date_parts",
    "read_table",
    "register",
    "scan_table",
]
