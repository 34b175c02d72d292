"""Tables: from a DataFrame, a CSV or a Parquet file to the named arrays that models take, by a schema learnt once.

from zoo.tables import Schema, read_table

frame = read_table("sales.csv", types={"Store": "category"})
schema = Schema.fit(frame, targets={"Sales": "regression"})
samples = schema.encode(frame)
"""

from zoo.tables.columns import CategoryColumn, DateColumn, NumberColumn, OutputColumn
from zoo.tables.dates import add_date_parts
from zoo.tables.reading import read_table, scan_table
from zoo.tables.schema import Schema

__all__ = [
    "CategoryColumn",
    "DateColumn",
    "NumberColumn",
    "OutputColumn",
    "Schema",
    "add_date_parts",
    "read_table",
    "scan_table",
]
