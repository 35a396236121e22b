"""A collector's keys one after the other: asked for, announced, and taken over by use.

The next key is registered by a request that the key in use and the next one both sign. From then on
both are accepted; the first push that the next one signs makes it the only one. An answer that was
lost can be asked for again, and whatever is cut off in between, one of the two works.
"""

import secrets
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.models import Collector
from app.errors import Forbidden, Invalid, Unauthorized
from collector.wire import envelope

from .collectors import find
from .signature import base64_bytes, find_collector, is_signed, key_of

KEY_MS = 180 * 24 * 3_600_000
"""How long a key is used before its collector is asked for another."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a collector asks for: its key in use, the next one and both signatures, base64.

    `timestamp` is epoch seconds by the collector's clock.
    """

    key_id: str
    timestamp: int
    public_key: str
    signature: str
    proof: str


def register(core: Session, asked: Rotation, now: int) -> Collector:
    """Make a key the next one of its collector; `next_key_id` is its name.

    Raises Invalid (`bad_key`), Unauthorized (`bad_signature`, `clock_skew`) or Forbidden
    (`revoked`).
    """
    key = base64_bytes(asked.public_key, 32)
    if key is None:
        raise Invalid("The public key is malformed.", code="bad_key")
    collector = find_collector(core, asked.key_id)
    if collector is None or not _both_signed(collector, asked, key):
        raise Unauthorized("The signature is not that of a known collector.", code="bad_signature")
    if collector.status != "active":
        raise Forbidden("This collector has been revoked.", code="revoked")
    if abs(asked.timestamp * 1000 - now) > envelope.CLOCK_WINDOW * 1000:
        raise Unauthorized(
            "The collector's clock is too far from ours.", code="clock_skew", server_time=now
        )
    if collector.next_key_id == asked.key_id:
        take_over(collector, asked.key_id, now)
    if key == collector.public_key:
        raise Invalid("The public key is the one in use.", code="bad_key")
    if key != collector.next_public_key:
        collector.next_key_id, collector.next_public_key = secrets.token_hex(10), key
    core.flush()
    return collector


def take_over(collector: Collector, key_id: str, now: int) -> bool:
    """The next key was used: from now on it is the only one. Whether that is so."""
    if collector.next_key_id is None or collector.next_key_id != key_id:
        return False
    collector.key_id, collector.public_key = key_id, collector.next_public_key
    collector.next_key_id = collector.next_public_key = collector.rotation_asked = None
    collector.key_since = now
    return True


def ask(core: Session, tenant_id: int, collector_id: int, now: int) -> Collector:
    """Ask a collector for another key with its next receipt. NotFound when it is not theirs."""
    collector = find(core, tenant_id, collector_id)
    collector.rotation_asked = now
    core.flush()
    return collector


def is_due(collector: Collector, key_id: str, now: int) -> bool:
    """Whether a receipt for a push signed with this key should ask for the next one."""
    if collector.next_key_id == key_id:
        return False
    if collector.rotation_asked is not None or collector.next_key_id is not None:
        return True
    return now - (collector.key_since or collector.created_at) > KEY_MS


def _both_signed(collector: Collector, asked: Rotation, key: bytes) -> bool:
    text = envelope.rotation(asked.key_id, asked.timestamp, asked.public_key)
    ours, theirs = base64_bytes(asked.signature, 64), base64_bytes(asked.proof, 64)
    if ours is None or theirs is None:
        return False
    return is_signed(key_of(collector, asked.key_id), ours, text) and is_signed(key, theirs, text)
