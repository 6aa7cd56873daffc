"""Tables: what their columns mean, the laws their rows keep, and any of them opened for questions.

>>> from campaignkit.tables import open_table
>>> open_table({"imps": [10, 20], "clicks": [1, 2]}).own["impressions"]
'imps'
"""

from __future__ import annotations

from campaignkit.tables.describing import is_identifier
from campaignkit.tables.frames import like, to_arrow, unique_names
from campaignkit.tables.laws import ALL_LAWS, MARKETING_LAWS, AtMost, Law, Needs, NonNegative
from campaignkit.tables.opened import MOST_VALUES, WIDE, Column, OpenTable, literal, quoted
from campaignkit.tables.opening import DatabaseTable, connect, open_table
from campaignkit.tables.own_totals import OwnTotal, own_totals
from campaignkit.tables.profile import ColumnProfile, TableProfile, profile_table
from campaignkit.tables.read_options import ReadOptions
from campaignkit.tables.schema import MARKETING, ColumnSpec, Matching, Role, TableSchema
from campaignkit.tables.synthetic import TableWorld, synthetic_batches, synthetic_table
from campaignkit.tables.warehouse import law_counts, warehouse_sql

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "ALL_LAWS",
    "AtMost",
    "Column",
    "ColumnProfile",
    "ColumnSpec",
    "DatabaseTable",
    "Law",
    "MARKETING",
    "MARKETING_LAWS",
    "MOST_VALUES",
    "Matching",
    "Needs",
    "NonNegative",
    "OpenTable",
    "OwnTotal",
    "ReadOptions",
    "Role",
    "TableProfile",
    "TableSchema",
    "TableWorld",
    "WIDE",
    "connect",
    "is_identifier",
    "law_counts",
    "like",
    "literal",
    "open_table",
    "own_totals",
    "profile_table",
    "quoted",
    "synthetic_batches",
    "synthetic_table",
    "to_arrow",
    "unique_names",
    "warehouse_sql",
]
