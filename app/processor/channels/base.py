"""What a channel is: it hands one message to one address and says what the other side answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.settings import Settings

Address = Mapping[str, str]
"""What a channel needs to reach somebody: `email`, `phone`, `url` and `secret`, …"""


class Undelivered(Exception):
    """The message was not taken; the text says why, for whoever can mend it.

    `gone`: this address will never take one. `down`: nobody's message would be taken now.
    """

    def __init__(self, text: str, *, gone: bool = False, down: bool = False) -> None:
        super().__init__(text)
        self.gone = gone
        self.down = down


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be told, in the language of whoever is told. `id` stays the same when it is sent
    again, so that a receiver can tell. `facts`: the title's lines, label and text. `data`: the same
    for programs."""

    id: str
    event: str
    severity: str
    language: str
    title: str
    where: str
    lines: tuple[str, ...]
    url: str
    at: int
    facts: tuple[tuple[str, str], ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach somebody. `send` raises Undelivered, and returns what was answered.

    `available`: whether this installation has what it needs. `label`: in French and English.
    """

    code: str
    label: tuple[str, str]
    available: Callable[[Settings], bool]
    send: Callable[[Settings, Address, Message], str]
