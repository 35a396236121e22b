"""Letters without their case and accents, so that `québec` is found by `Quebec`.

Databases disagree about which letters are equal; what is searched is therefore folded here, and
compared as it stands.
"""

import unicodedata
from collections.abc import Iterable, Sequence

WORDS = 8
"""Of a search; more would narrow nothing."""


def fold(text: str) -> str:
    """Lower case, without accents, marks of direction or what is not seen."""
    return "".join(_folded(letter) for letter in text)


def words(text: str) -> tuple[str, ...]:
    """The different words of a search, folded; at most `WORDS`."""
    return tuple(dict.fromkeys(fold(text).split()))[:WORDS]


def marks(text: str, wanted: Iterable[str]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is one of these folded words."""
    folded, origin = "", []
    for index, letter in enumerate(text):
        part = _folded(letter)
        folded += part
        origin += [index] * len(part)
    hit = [False] * len(text)
    for word in filter(None, wanted):
        at = folded.find(word)
        while at >= 0:
            for index in origin[at : at + len(word)]:
                hit[index] = True
            at = folded.find(word, at + len(word))
    return _pieces(text, hit)


def excerpt(text: str, wanted: Iterable[str], length: int = 120) -> str:
    """The part of a long text around its first hit."""
    if len(text) <= length:
        return text
    before = 0
    for piece, hit in marks(text, wanted):
        if hit:
            break
        before += len(piece)
    begin = max(0, min(before - length // 3, len(text) - length))
    return ("…" if begin else "") + text[begin : begin + length].strip() + "…"


def _pieces(text: str, hit: Sequence[bool]) -> list[tuple[str, bool]]:
    pieces: list[tuple[str, bool]] = []
    begin = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or hit[index] != hit[begin]:
            pieces.append((text[begin:index], hit[begin]))
            begin = index
    return pieces


def _folded(letter: str) -> str:
    if letter.isascii():
        return letter.lower() if letter.isprintable() else " "
    plain = unicodedata.normalize("NFKD", letter)
    found = unicodedata.normalize("NFKD", plain.casefold())
    return "".join(
        " " if part.isspace() else part
        for part in found
        if unicodedata.category(part) not in ("Mn", "Cf", "Cc", "Cs")
    )
