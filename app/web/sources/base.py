"""What a source of the global search is: where to look, and how a find is shown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.clients.folding import excerpt, fold, marks
from app.core.access import Permission
from app.database.sessions import TenantSession
from app.plugins import load_plugins

MOST = 20
"""Finds shown of one source; a narrower search shows the others."""

Pieces = list[tuple[str, bool]]
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One find: what it is, where it leads, and the texts in which words were found, by name."""

    title: Pieces
    url: str
    texts: tuple[tuple[str, Pieces], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """`find` takes a session, folded words and how many finds are wanted. All words must occur.

    `code` names its heading in the catalogues: `source.<code>`. Sources are shown by `order`.
    """

    code: str
    order: int
    permission: Permission
    find: Callable[[TenantSession, Words, int], list[Hit]]


def sources() -> list[Source]:
    """Every source, in the order they are shown."""
    found = load_plugins("app.web.sources", "SOURCE").values()
    return sorted(found, key=lambda source: source.order)


def all_in(words: Words, texts: Iterable[str]) -> bool:
    """Whether each word occurs in one of these texts."""
    folded = [fold(text) for text in texts]
    return all(any(word in text for text in folded) for word in words)


def hit(
    words: Words, title: str, url: str, texts: Iterable[tuple[str, str]], note: str = ""
) -> Hit:
    """A find, with those of its texts that hold a word, the words marked."""
    told = tuple(
        (name, marks(excerpt(text, words), words))
        for name, text in texts
        if any(word in fold(text) for word in words)
    )
    return Hit(marks(title, words), url, told, note)
