"""What somebody meant who typed a name that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches

from .words import say


def meant(typed: object, known: Iterable[str]) -> str:
    """A question to add to an error, naming what resembles `typed`; empty if nothing does."""
    typed = str(typed)
    folded = {name.casefold().replace("-", "_"): name for name in known}
    near = get_close_matches(typed.casefold().replace("-", "_"), folded, n=1, cutoff=0.6)
    return say("spelling.meant", name=folded[near[0]]) if near else ""
