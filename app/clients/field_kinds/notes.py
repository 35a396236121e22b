"""Several lines of text."""

from .base import Kind

KIND = Kind(
    "notes",
    "lines",
    "contains",
    lambda given, _: given.replace("\r\n", "\n").replace("\r", "\n"),
    longest=2000,
)
