"""The envelope: what one push carries, how it is signed, and the receipt that comes back.

A push is `POST multipart/form-data` with one file part named `batch`: gzip of the JSON below. The
frozen bytes of that part are what is signed and what identifies the push, so a retry sends the
same bytes under the same sequence with a fresh time stamp and signature.

    {"v": 1, "sent": ms, "agent": {...}, "live": [reading, ...], "blocks": [block, ...]}

Shared-host firewalls refuse Content-Encoding, binary bodies and long JSON; a file part passes.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from . import block as blocks_
from . import reading as readings_
from . import strict_json
from .block import Block
from .errors import WireError
from .reading import Reading

VERSION = 1
PATH = "/api/v1/ingest"
PART = "batch"
ENROL_PATH = "/api/v1/collectors/enrol"
ROTATE_PATH = "/api/v1/collectors/rotate"

KEY_HEADER = "X-TBMS-Key"
TIME_HEADER = "X-TBMS-Timestamp"
EPOCH_HEADER = "X-TBMS-Epoch"
SEQ_HEADER = "X-TBMS-Seq"
SIGNATURE_HEADER = "X-TBMS-Signature"

MAX_COMPRESSED = 256 * 1024
MAX_INFLATED = 4 * 1024 * 1024
MAX_LIVE = 512
MAX_BLOCKS = 512
CLOCK_WINDOW = 15 * 60
"""Seconds a push's time stamp may differ from the portal's clock."""

ACCEPTED, DUPLICATE, REJECTED = "accepted", "duplicate", "rejected"


@dataclass(frozen=True, slots=True)
class Faulty:
    """An item that could not be parsed; `asset` and `seq` as far as they could be read."""

    asset: str | None
    seq: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Agent:
    """What the collector says of itself.

    version, boot, uptime  of the program, of the computer's start, seconds since the program's
    queued                 blocks and batches that wait at the site beyond this batch
    thinned, lost          readings left out because the spool was full, and readings gone for good
    wish, refused          revision of the portal's wish that was heard last, and why it is not
                           followed; empty if it is
    """

    version: str = ""
    queued: int = 0
    boot: str = ""
    uptime: int = 0
    thinned: int = 0
    lost: int = 0
    wish: int = 0
    refused: str = ""

    def to_json(self) -> dict[str, Any]:
        """What never happened is not said."""
        always = {
            "version": self.version,
            "queued": self.queued,
            "boot": self.boot,
            "uptime": self.uptime,
        }
        sometimes = {
            "thinned": self.thinned,
            "lost": self.lost,
            "wish": self.wish,
            "refused": self.refused,
        }
        return always | {name: value for name, value in sometimes.items() if value}


@dataclass(frozen=True, slots=True)
class Batch:
    """One push. `live` holds the newest reading of each asset; `blocks` every reading."""

    sent: int
    live: Sequence[Reading | Faulty] = ()
    blocks: Sequence[Block | Faulty] = ()
    agent: Agent = field(default_factory=Agent)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one item. `dropped` counts implausible numbers left out of a block."""

    asset: str | None
    seq: int | None
    outcome: str
    reason: str | None = None
    dropped: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "asset": self.asset,
            "seq": self.seq,
            "outcome": self.outcome,
            "reason": self.reason,
            "dropped": self.dropped,
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """The portal's answer. A collector believes it only if `seq` and `digest` are its own.

    status       `stored` or `duplicate` (the same batch was stored before)
    blocks       one outcome per block, in order; `live` likewise
    server_time  epoch milliseconds
    next_push    seconds until the portal would like to hear again
    watched      somebody is looking at this client's pages right now
    rotate       the collector is to change its key
    wish         what is asked of the collector, as `sending.Wish`, if it has not been heard yet;
                 `wish_signature` is the portal's, base64
    """

    status: str
    seq: int
    digest: str
    server_time: int
    next_push: float
    watched: bool
    blocks: tuple[Outcome, ...] = ()
    live: tuple[Outcome, ...] = ()
    rotate: bool = False
    wish: Mapping[str, Any] | None = None
    wish_signature: str = ""

    def to_json(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"rotate": True} if self.rotate else {}
        if self.wish is not None:
            asked |= {"wish": dict(self.wish), "wish_signature": self.wish_signature}
        return {
            "status": self.status,
            "seq": self.seq,
            "digest": self.digest,
            "server_time": self.server_time,
            "next_push": self.next_push,
            "watched": self.watched,
            "blocks": [outcome.to_json() for outcome in self.blocks],
            "live": [outcome.to_json() for outcome in self.live],
            **asked,
        }


def encode(batch: Batch) -> bytes:
    """The gzip bytes of a batch; the same batch always gives the same bytes."""
    document = {
        "v": VERSION,
        "sent": batch.sent,
        "agent": batch.agent.to_json(),
        "live": [reading.to_json() for reading in batch.live],
        "blocks": [block.to_json() for block in batch.blocks],
    }
    return gzip.compress(strict_json.dumps(document), compresslevel=6, mtime=0)


def decode(
    data: bytes,
    loads: Callable[[bytes], Any] = strict_json.loads,
    block: Callable[[Any], Any] = blocks_.from_json,
) -> Batch:
    """Inflate and parse; raises WireError for the whole, returns Faulty for single items.

    `loads` reads JSON as strictly as `strict_json`, `block` makes what stands for a block.
    """
    document = loads(inflate(data))
    if not isinstance(document, dict):
        raise WireError("bad_structure", "the batch must be an object")
    if document.get("v") != VERSION:
        raise WireError("bad_version", f"this portal speaks version {VERSION}")
    return Batch(
        sent=readings_.parse_ts(document.get("sent")),
        live=_each(document, "live", MAX_LIVE, readings_.from_json),
        blocks=_each(document, "blocks", MAX_BLOCKS, block),
        agent=_agent(document.get("agent")),
    )


def inflate(data: bytes) -> bytes:
    """Gunzip exactly one complete member of bounded size."""
    if len(data) > MAX_COMPRESSED:
        raise WireError("too_large", f"more than {MAX_COMPRESSED} bytes")
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(data, MAX_INFLATED + 1)
    except zlib.error:
        raise WireError("bad_gzip", "the part is not gzip") from None
    if len(plain) > MAX_INFLATED:
        raise WireError("too_large", f"more than {MAX_INFLATED} bytes inflated")
    if not stream.eof:
        raise WireError("bad_gzip", "the part is cut short")
    if stream.unused_data:
        raise WireError("bad_gzip", "bytes after the end")
    return plain


def digest(data: bytes) -> str:
    """What identifies a batch: SHA-256 of the part's bytes, hexadecimal."""
    return sha256(data).hexdigest()


def canonical(key_id: str, timestamp: int, epoch: str, seq: int, batch_digest: str) -> bytes:
    """The text that is signed: everything that decides whose data this is, and when it was sent."""
    return "\n".join(
        ("TBMS1", "POST", PATH, key_id, str(timestamp), epoch, str(seq), batch_digest)
    ).encode("ascii")


def enrolment(code_digest: str, public_key: str) -> bytes:
    """The text a new collector signs to prove that it holds the key it registers.

    `code_digest` is the SHA-256 of the normalised claim code, `public_key` its base64.
    """
    return "\n".join(("TBMS1", "ENROL", ENROL_PATH, code_digest, public_key)).encode("ascii")


def rotation(key_id: str, timestamp: int, public_key: str) -> bytes:
    """The text that the key in use and the next one both sign when one follows the other.

    `timestamp` in epoch seconds, `public_key` the base64 of the next one.
    """
    return "\n".join(("TBMS1", "ROTATE", ROTATE_PATH, key_id, str(timestamp), public_key)).encode(
        "ascii"
    )


def normalise_code(text: str) -> str:
    """A claim code as typed by a person: no spaces or dashes, upper case, look-alikes resolved."""
    return (
        re.sub(r"[\s-]", "", text).upper().translate(str.maketrans({"O": "0", "I": "1", "L": "1"}))
    )


def receipt_from_json(data: Any) -> Receipt:
    """Parse an answer; raises WireError for anything that is not a receipt."""
    try:
        return Receipt(
            status=str(data["status"]),
            seq=int(data["seq"]),
            digest=str(data["digest"]),
            server_time=int(data["server_time"]),
            next_push=float(data["next_push"]),
            watched=bool(data["watched"]),
            blocks=tuple(_outcome(item) for item in data["blocks"]),
            live=tuple(_outcome(item) for item in data["live"]),
            rotate=data.get("rotate") is True,
            wish=data.get("wish"),
            wish_signature=str(data.get("wish_signature", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise WireError("bad_receipt", "the answer is not a receipt") from None


def _outcome(item: Any) -> Outcome:
    return Outcome(item["asset"], item["seq"], item["outcome"], item["reason"], item["dropped"])


def _each(document: dict, name: str, most: int, parse: Callable[[Any], Any]) -> tuple:
    items = document.get(name, [])
    if not isinstance(items, list):
        raise WireError("bad_structure", f"{name} must be a list")
    if len(items) > most:
        raise WireError("too_many", f"at most {most} {name}")
    return tuple(_parse(item, parse) for item in items)


def _parse(item: Any, parse: Callable[[Any], Any]) -> Any:
    try:
        return parse(item)
    except WireError as error:
        asset, seq = (item.get("asset"), item.get("seq")) if isinstance(item, dict) else (None,) * 2
        return Faulty(
            asset if isinstance(asset, str) and readings_.UID.fullmatch(asset) else None,
            seq if type(seq) is int and abs(seq) < 1 << 62 else None,
            error.code,
        )


def _agent(data: Any) -> Agent:
    if not isinstance(data, dict):
        return Agent()
    return Agent(
        version=_text(data.get("version"), 32),
        queued=_count(data.get("queued")),
        boot=_text(data.get("boot"), 40),
        uptime=_count(data.get("uptime")),
        thinned=_count(data.get("thinned")),
        lost=_count(data.get("lost")),
        wish=_count(data.get("wish")),
        refused=_text(data.get("refused"), 32),
    )


def _text(value: Any, most: int) -> str:
    return value[:most] if isinstance(value, str) and value.isprintable() else ""


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 1 << 53 else 0
