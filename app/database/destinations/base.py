"""What a place for copies is, and how one is opened from its URL."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from app.errors import Misconfigured
from app.plugins import load_plugins

SECONDS = 30
"""How long a place may stay silent."""


class Unreached(Exception):
    """A place did not take, give or remove a file; says which place and why."""


class Place(Protocol):
    """An open folder elsewhere. Names hold no separator. Every method may raise Unreached."""

    def names(self) -> set[str]:
        """What is there, whole: a file being written is not."""

    def put(self, path: Path, name: str) -> None:
        """Copy a file there; it has its name only once it is whole."""

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file back."""

    def remove(self, name: str) -> None:
        """Remove a file; that it is not there is no failure."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One kind of place. `schemes`: how its URLs begin."""

    code: str
    schemes: tuple[str, ...]
    open: Callable[[SplitResult], AbstractContextManager[Place]]


def urls(setting: str) -> list[SplitResult]:
    """The places of BACKUP_COPIES; raises Misconfigured, without showing a password."""
    found = [urlsplit(text) for text in setting.split()]
    for url in found:
        if url.scheme not in _by_scheme() or not url.hostname:
            known = ", ".join(sorted(_by_scheme()))
            raise Misconfigured(
                f"BACKUP_COPIES: {url.scheme or 'nothing'}:// is no place: {known} are."
            )
    return found


@contextmanager
def opened(url: SplitResult) -> Iterator[Place]:
    """An open place; raises Unreached."""
    with _by_scheme()[url.scheme].open(url) as place:
        yield place


def named(url: SplitResult) -> str:
    """How a place is called in messages: never with its password."""
    return f"{url.scheme}://{url.hostname}{url.path}"


def _by_scheme() -> dict[str, Destination]:
    kinds = load_plugins("app.database.destinations", "DESTINATION").values()
    return {scheme: kind for kind in kinds for scheme in kind.schemes}
