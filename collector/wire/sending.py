"""What a collector sends and how often, as its site allows it and as a portal may ask for it.

A portal's wish comes with a receipt, signed together with what identifies the push that is
answered, so that neither a proxy nor an older receipt can make one up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .errors import WireError
from .reading import CODE
from .strict_json import dumps

SHORTEST, LONGEST = 0.5, 86_400.0
"""Seconds between two pushes, whoever asks."""
USUAL_LONGEST = 3600.0
ALWAYS = frozenset({"pack_voltage", "current", "soc"})
"""Metrics that nobody can leave out; alarms and states are no metrics and always go."""
MOST_LEFT_OUT = 64

REFUSED_HERE, REFUSED_SIGNATURE, REFUSED_FORM = "not_allowed", "bad_signature", "malformed"
"""Why a collector does not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Sending:
    """
    shortest  seconds between two pushes at least; an alarm does not wait for it
    longest   seconds at most, whatever the portal would like
    without   metrics that are neither kept nor sent
    """

    shortest: float = SHORTEST
    longest: float = USUAL_LONGEST
    without: tuple[str, ...] = ()

    def pause(self, wanted: float) -> float:
        """Seconds until the next push, if the portal would like `wanted`."""
        return min(max(wanted, self.shortest), self.longest)

    def narrowed(self, wish: "Sending") -> "Sending":
        """As a portal wishes, within what the site allows."""
        shortest = self.pause(wish.shortest)
        longest = max(shortest, self.pause(wish.longest))
        return Sending(shortest, longest, tuple(sorted({*self.without, *wish.without})))

    def to_json(self) -> dict[str, Any]:
        return {
            "shortest": self.shortest,
            "longest": self.longest,
            "without": list(self.without),
        }


@dataclass(frozen=True, slots=True)
class Wish:
    """What a portal asks of a collector; `revision` grows with every change."""

    revision: int
    sending: Sending

    def to_json(self) -> dict[str, Any]:
        return {"revision": self.revision, **self.sending.to_json()}

    def signed_text(self, key_id: str, epoch: str, seq: int, digest: str) -> bytes:
        """What the portal signs: the wish, and the push whose receipt carries it."""
        document = sha256(dumps(self.to_json())).hexdigest()
        return "\n".join(("TBMS1", "WISH", key_id, epoch, str(seq), digest, document)).encode()


def sending(shortest: Any, longest: Any, without: Any) -> Sending:
    """Check the three; raises WireError (`bad_sending`) that names what cannot be."""
    for name, value in (("shortest", shortest), ("longest", longest)):
        if type(value) not in (int, float) or not SHORTEST <= value <= LONGEST:
            raise WireError("bad_sending", f"{name} must be from {SHORTEST:g} to {LONGEST:g}")
    if shortest > longest:
        raise WireError("bad_sending", "shortest must not exceed longest")
    if not isinstance(without, list | tuple) or not all(map(_is_code, without)):
        raise WireError("bad_sending", "without must be a list of metrics")
    if len(without) > MOST_LEFT_OUT:
        raise WireError("bad_sending", f"without has at most {MOST_LEFT_OUT} metrics")
    if kept := ALWAYS.intersection(without):
        raise WireError("bad_sending", f"{min(kept)} is always sent")
    return Sending(float(shortest), float(longest), tuple(sorted(set(without))))


def wish_from_json(data: Any) -> Wish:
    """Parse a wish; raises WireError."""
    names = {"revision", "shortest", "longest", "without"}
    if not isinstance(data, Mapping) or data.keys() != names:
        raise WireError("bad_sending", "this is no wish")
    revision = data["revision"]
    if type(revision) is not int or not 0 < revision < 1 << 31:
        raise WireError("bad_sending", "revision must be a positive whole number")
    return Wish(revision, sending(data["shortest"], data["longest"], data["without"]))


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and CODE.fullmatch(value) is not None


def left_out(values: Mapping[str, Any], without: Iterable[str]) -> dict[str, Any]:
    """Metrics of a reading but for those left out."""
    return {code: value for code, value in values.items() if code not in without}
