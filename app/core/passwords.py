"""Passwords: hashed slowly with Argon2id, and refused when anybody would try them early.

The list is the 10,000 most used passwords of public leaks, most used first; none of them is asked
for over a network. Length is what is demanded, because composition rules only make passwords worse
(NIST SP 800-63B); what surrounds a common word, digits and punctuation mostly, does not save it.
"""

import gzip
import string
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import sentence

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_PASSWORD = 12
MAX_PASSWORD = 256
COMMON = Path(__file__).parent / "data" / "common_passwords.txt.gz"
OUR_WORDS = """
trackingbms tracking edsquebec edsbatterie eds bms batterie batteries battery lithium motdepasse
bonjour soleil quebec montreal canadiens hockey azerty azertyuiop qwertyuiop administrateur
administrator utilisateur changeme bienvenue secret demo
"""
"""What people here would think of first."""
ROWS = ("0123456789" * 3, string.ascii_lowercase, "qwertyuiopasdfghjklzxcvbnm")
ROWS += ("azertyuiopqsdfghjklmwxcvbn",)
AROUND = string.digits + string.punctuation + string.whitespace
LOOKALIKES = str.maketrans("@0134$57!", "aoieassti")

NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$lsJZisj4tjf70eVhzEOWVA$"
    "AXpmJ3kbKOw4MGV1eQx8bH4zSH9YTU02RUi0SLxptTs"
)
"""Hash of a random password nobody has: an unknown address takes as long as a wrong password."""


@cache
def _hasher() -> "PasswordHasher":
    """Argon2id with 19 MiB: five sign-ins at once stay under 100 MB on a 1 GB account."""
    from argon2 import PasswordHasher  # here, because only sign-in needs it

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(text: str) -> str:
    """The Argon2id hash to store, parameters included. Takes about 30 ms, on purpose."""
    return _hasher().hash(text)


def verify_password(password_hash: str | None, text: str) -> bool:
    """Whether `text` is the password; the same work when there is no hash to compare with."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(password_hash or NOBODY, text)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(password_hash)


def password_fault(password: str, *personal: str) -> str | None:
    """What is wrong with a new password. `personal`: the person's name and e-mail address."""
    if len(password) < MIN_PASSWORD:
        return sentence("A password has 12 characters or more.")
    if len(password) > MAX_PASSWORD:
        return sentence("A password has 256 characters at most.")
    if is_guessable(password, *personal):
        return sentence("This password is among the first that anybody would try.")
    return None


def is_guessable(password: str, *personal: str) -> bool:
    """Whether a password is a common or personal word, however dressed up, or a mere pattern."""
    text = unicodedata.normalize("NFKC", password).casefold()
    known = {text, text.replace(" ", ""), text.strip(AROUND)}
    known |= {word.translate(LOOKALIKES) for word in known}
    known |= {word.translate(LOOKALIKES).strip(AROUND) for word in known}
    known |= {_period(word).strip(AROUND) for word in known}
    words = _common() | {part for name in personal for part in _parts(name)}
    return any(len(word) < 4 or word in words or _is_row(word) for word in known)


def _period(text: str) -> str:
    """The shortest text that repeated makes this one."""
    turn = (text + text).find(text, 1)
    return text[:turn] if 0 < turn < len(text) else text


def _is_row(text: str) -> bool:
    return any(text in row or text[::-1] in row for row in ROWS)


def _parts(name: str) -> set[str]:
    folded = unicodedata.normalize("NFKC", name).casefold()
    local, _, domain = folded.partition("@")
    return {folded, local, domain, domain.partition(".")[0], *folded.split()} - {""}


@cache
def _common() -> frozenset[str]:
    listed = gzip.decompress(COMMON.read_bytes()).decode()
    return frozenset(listed.split("\n")[:-1]) | {*OUR_WORDS.split()}
