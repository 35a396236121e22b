"""What a kind of field decides: what may be written in it, and how it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from app.plugins import load_plugins

Read = Callable[[str, Sequence[str]], str]
"""What somebody wrote and the field's choices → the form it is kept in; ValueError says why not,
with a sentence that edges translate."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of field.

    `control`: what asks for it in a form. `match`: how a list is narrowed by it. `sealed`: it is
    personal, and never stored in the clear. `amount`: the kept text as a number, where it is one.
    `offered`: clients may make fields of this kind.
    """

    code: str
    control: Literal["line", "lines", "number", "date", "select", "url", "tags"]
    match: Literal["contains", "equals", "range"]
    read: Read
    longest: int = 200
    sealed: bool = False
    amount: Callable[[str], float] | None = None
    offered: bool = True


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its code."""
    return dict(load_plugins("app.clients.field_kinds", "KIND"))
