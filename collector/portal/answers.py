"""What a portal's answer means, and how to tell it from that of anything in between.

Firewalls, captive portals and suspended hosting accounts answer too, often with 200. Only a
receipt with our own sequence and digest is one, and only JSON with a `code` is the portal's no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from ..spool.spool import Frozen
from ..wire import envelope, strict_json
from ..wire.envelope import Receipt
from ..wire.errors import WireError

MAX_RETRY_AFTER = 3600.0
REFUSED_PAUSE = 3600.0
"""Seconds between probes when the portal does not take anything from this collector any more."""


class Next(Enum):
    """What to do with the batch."""

    STORED = "stored"
    CLOCK = "clock"
    SMALLER = "smaller"
    BURY = "bury"
    COPIED = "copied"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    next         what to do
    reason       for the log: what answered, and what it said
    receipt      if stored
    server_time  epoch milliseconds, where the portal gave it
    pause        seconds the portal asks for, None if it asks for none
    """

    next: Next
    reason: str = ""
    receipt: Receipt | None = None
    server_time: int | None = None
    pause: float | None = None


def judge(status: int, headers: Mapping[str, str], body: bytes, frozen: Frozen) -> Verdict:
    """The verdict on one answer to the push of `frozen`."""
    document = _json(body)
    if status == 200:
        return _receipt(document, frozen)
    code = document.get("code") if isinstance(document, dict) else None
    if status == 413:
        return Verdict(Next.SMALLER, "too large")
    if status in (429, 503):
        return Verdict(Next.LATER, f"{status} {code or ''}", pause=_retry_after(headers))
    if 300 <= status < 400:
        return Verdict(Next.LATER, f"{status}: a redirection; check the portal's address")
    if not isinstance(code, str):
        return Verdict(Next.LATER, f"{status}: {_stranger(status)}")
    return _portal_no(status, code, document)


def _portal_no(status: int, code: str, document: Mapping[str, Any]) -> Verdict:
    reason = f"{status} {code[:60]}"
    server_time = document.get("server_time")
    if status == 401 and code == "clock_skew" and type(server_time) is int:
        return Verdict(Next.CLOCK, reason, server_time=server_time)
    if status in (401, 403):
        return Verdict(Next.REFUSED, reason, pause=REFUSED_PAUSE)
    if status == 409:
        return Verdict(Next.COPIED, reason)
    if status in (400, 415, 422):
        return Verdict(Next.BURY, reason)
    return Verdict(Next.LATER, reason)


def _receipt(document: Any, frozen: Frozen) -> Verdict:
    try:
        receipt = envelope.receipt_from_json(document)
    except WireError:
        return Verdict(Next.LATER, "200, but not from the portal: a captive or parking page?")
    if (receipt.seq, receipt.digest) != (frozen.seq, frozen.digest):
        return Verdict(Next.LATER, "200 with the receipt of another batch")
    return Verdict(Next.STORED, receipt.status, receipt=receipt, server_time=receipt.server_time)


def _stranger(status: int) -> str:
    if status in (400, 401, 403, 405, 406, 415, 501):
        return "refused by a firewall before the portal, ask the host to let the collector pass"
    if status == 404:
        return "no portal at this address"
    return "not answered by the portal"


def _json(body: bytes) -> Any:
    try:
        return strict_json.loads(body)
    except WireError:
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, of a number or of a date against the answer's own `Date`."""
    given = headers.get("Retry-After", "")
    if given.isascii() and given.isdigit():
        return min(float(given[:9]), MAX_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(given) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(0.0, wait.total_seconds()), MAX_RETRY_AFTER)
