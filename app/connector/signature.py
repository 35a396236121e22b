"""Whose batch this is: header syntax, Ed25519 over the canonical text, standing, clock.

In this order, so that nobody learns anything before proving to hold a key: an unknown key and a
wrong signature get the same answer. How long it takes may tell that a key was used a moment ago,
which is of no use to who cannot sign with it.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from app.core.models import Collector
from app.errors import Forbidden, Unauthorized
from collector.wire import envelope

SCHEME = "ed25519="
MAX_SIGNATURES = 4
"""A collector that changes keys signs with the old and the new one."""

KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
EPOCH = re.compile(r"[0-9a-f]{16}")
SEQ = re.compile(r"[0-9]{1,18}", re.ASCII)

_NOBODY = bytes(32)
"""Stands in for the key of an unknown collector; whatever it verifies, the missing row decides."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The headers of a push: key, epoch seconds, spool epoch, sequence, 64-byte signatures."""

    key_id: str
    timestamp: int
    epoch: str
    seq: int
    signatures: tuple[bytes, ...]


def read_stamp(headers: Mapping[str, str]) -> Stamp:
    """Parse the headers; raises Unauthorized for any that is missing or malformed."""
    return Stamp(
        key_id=_header(headers, envelope.KEY_HEADER, KEY_ID),
        timestamp=int(_header(headers, envelope.TIME_HEADER, TIME)),
        epoch=_header(headers, envelope.EPOCH_HEADER, EPOCH),
        seq=int(_header(headers, envelope.SEQ_HEADER, SEQ)),
        signatures=_signatures(headers.get(envelope.SIGNATURE_HEADER, "")),
    )


def find_collector(core: Session, key_id: str) -> Collector | None:
    """The collector of a key, in use or next, with its client loaded."""
    ours = or_(Collector.key_id == key_id, Collector.next_key_id == key_id)
    return core.scalar(select(Collector).where(ours).options(joinedload(Collector.tenant)))


def key_of(collector: Collector, key_id: str) -> bytes | None:
    """The public key that a collector has under this name."""
    return collector.public_key if collector.key_id == key_id else collector.next_public_key


def verify(collector: Collector | None, stamp: Stamp, digest: str, now: int) -> Collector:
    """The collector, if it signed this batch.

    Raises Unauthorized (`bad_signature`, `clock_skew`) or Forbidden (`revoked`).
    """
    key = key_of(collector, stamp.key_id) if collector else _NOBODY
    text = envelope.canonical(stamp.key_id, stamp.timestamp, stamp.epoch, stamp.seq, digest)
    signed = any(is_signed(key, signature, text) for signature in stamp.signatures)
    if collector is None or not signed:
        raise Unauthorized("The signature is not that of a known collector.", code="bad_signature")
    if collector.status != "active":
        raise Forbidden("This collector has been revoked.", code="revoked")
    if abs(stamp.timestamp * 1000 - now) > envelope.CLOCK_WINDOW * 1000:
        raise Unauthorized(
            "The collector's clock is too far from ours.", code="clock_skew", server_time=now
        )
    return collector


def is_signed(public_key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether the holder of this raw Ed25519 key signed the text."""
    try:
        _key(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def _key(public_key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public_key)


def base64_bytes(text: str, length: int) -> bytes | None:
    """The bytes of strict standard base64, if there are exactly this many."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return data if len(data) == length else None


def _header(headers: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    text = headers.get(name, "")
    if not form.fullmatch(text):
        raise _malformed(name)
    return text


def _signatures(text: str) -> tuple[bytes, ...]:
    parts = text.split(" ") if len(text) <= 512 else []
    found = tuple(
        base64_bytes(part.removeprefix(SCHEME), 64) for part in parts if part.startswith(SCHEME)
    )
    if not 1 <= len(found) <= MAX_SIGNATURES or None in found:
        raise _malformed(envelope.SIGNATURE_HEADER)
    return found


def _malformed(name: str) -> Unauthorized:
    return Unauthorized(
        "The header %(name)s is missing or malformed.", code="bad_headers", name=name
    )
