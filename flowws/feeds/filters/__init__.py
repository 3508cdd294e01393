"""Filters, what a client wants of a feed: named predicates, and a language that is safe to take from anybody."""

from ._field import Field, field
from ._filter import EVERYTHING, Filter, named
from ._parse_filter import check_fields, check_predicates, parse_filter
from ._scalar import Scalar

__all__ = [
    "EVERYTHING",
    "Field",
    "Filter",
    "Scalar",
    "check_fields",
    "check_predicates",
    "field",
    "named",
    "parse_filter",
]
