"""Somebody, by name. Personal: kept sealed, and found by the whole name."""

from .base import Kind

KIND = Kind(
    "person",
    "line",
    "equals",
    lambda given, _: " ".join(given.split()),
    longest=120,
    sealed=True,
)
