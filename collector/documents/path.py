"""Paths into JSON documents: `data.pack.voltage`, `strings[0].soc`, `strings[*].cells[*]`.

A name is anything but dots and brackets. `[0]` is an element of a list, `[*]` all of them. What is
not there is None, like null: a bridge leaves out, or writes null for, what it does not know.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

_NAME, _ELEMENT = r"[^.\[\]]+", r"\[(?:\d{1,6}|\*)\]"
_PATH = re.compile(rf"{_NAME}(?:{_ELEMENT})*(?:\.{_NAME}(?:{_ELEMENT})*)*")
_STEP = re.compile(rf"{_NAME}|{_ELEMENT}")
LONGEST = 16
"""Steps of a path: as many as a document has levels."""


class Each(Enum):
    """The step `[*]`."""

    ELEMENT = "*"


Step = str | int | Each


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from the top of a document to a value."""

    steps: tuple[Step, ...]

    @property
    def is_single(self) -> bool:
        """Whether it leads to one value rather than to many."""
        return Each.ELEMENT not in self.steps

    def value(self, document: Any) -> Any:
        """The one value there; None if there is none."""
        return next(_walk(document, self.steps), None)

    def lists(self, document: Any) -> list[list[Any]]:
        """The lists whose elements the last `[*]` names, each with what follows it taken out.

        A path without `[*]` leads to one list.
        """
        if self.is_single:
            found = self.value(document)
            return [found] if isinstance(found, list) else []
        last = len(self.steps) - 1 - self.steps[::-1].index(Each.ELEMENT)
        before, after = self.steps[:last], self.steps[last + 1 :]
        return [
            [next(_walk(element, after), None) for element in found]
            for found in _walk(document, before)
            if isinstance(found, list)
        ]


def parse(text: str) -> Path:
    """The path written so; raises ValueError if it is none."""
    steps = tuple(map(_step, _STEP.findall(text))) if _PATH.fullmatch(text) else ()
    if not 0 < len(steps) <= LONGEST:
        raise ValueError(text)
    return Path(steps)


def _step(text: str) -> Step:
    if not text.startswith("["):
        return text
    return Each.ELEMENT if text == "[*]" else int(text[1:-1])


def _walk(value: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    """Every value at the end of these steps; missing ones are left out, unless null is there."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        if isinstance(value, dict) and step in value:
            yield from _walk(value[step], rest)
    elif isinstance(value, list):
        if step is Each.ELEMENT:
            for element in value:
                yield from _walk(element, rest)
        elif step < len(value):
            yield from _walk(value[step], rest)
