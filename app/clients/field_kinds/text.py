"""A line of text."""

from .base import Kind

KIND = Kind("text", "line", "contains", lambda given, _: " ".join(given.split()))
