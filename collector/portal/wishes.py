"""What the portal asks of this collector: heard with a receipt, believed if it is signed, followed
as far as the site allows.

A wish is on the disk before it is reported as followed, and is judged again at every start and
after every change of the configuration: what the site allows is decided here and nowhere else.
"""

import base64
import binascii
import logging
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ..spool.spool import Frozen
from ..wire import sending, strict_json
from ..wire.envelope import Receipt
from ..wire.errors import WireError
from ..wire.sending import REFUSED_FORM, REFUSED_HERE, REFUSED_SIGNATURE, Sending, Wish
from .identity import Identity, write_private

log = logging.getLogger(__name__)

WISH_FILE = "wish.json"
"""The last wish that was believed, in the state folder."""


class Wishes:
    """What is sent and how often. Safe from any thread."""

    def __init__(self, state: Path, site: Sending, *, allowed: bool) -> None:
        self._path, self._lock = state / WISH_FILE, Lock()
        self._site, self._allowed = site, allowed
        self._wish = _stored(self._path)
        self._heard, self._refused = (self._wish.revision if self._wish else 0), ""
        self._judge()

    @property
    def sending(self) -> Sending:
        """What applies now."""
        return self._sending

    def report(self) -> tuple[int, str]:
        """Revision of the last wish that was heard, and why it is not followed."""
        with self._lock:
            return self._heard, self._refused

    def become(self, site: Sending, *, allowed: bool) -> None:
        """The site allows something else now."""
        with self._lock:
            self._site, self._allowed = site, allowed
            self._judge()

    def hear(self, identity: Identity, frozen: Frozen, receipt: Receipt) -> None:
        """Follow the wish of a receipt, if there is one; raises OSError if it cannot be kept."""
        if receipt.wish is None:
            return
        with self._lock:
            try:
                wish = sending.wish_from_json(receipt.wish)
            except WireError:
                self._refuse(_revision(receipt.wish), REFUSED_FORM)
                return
            text = wish.signed_text(identity.key_id, frozen.epoch, frozen.seq, frozen.digest)
            if not _is_signed(identity.portal_key, receipt.wish_signature, text):
                self._refuse(wish.revision, REFUSED_SIGNATURE)
                return
            if wish != self._wish:
                write_private(self._path, strict_json.dumps(wish.to_json()))
                log.info("the portal asks for %s", strict_json.dumps(wish.to_json()).decode())
            self._wish, self._heard = wish, wish.revision
            self._judge()

    def _judge(self) -> None:
        self._sending, self._refused = self._site, ""
        if self._wish is None:
            return
        if not self._allowed:
            self._refused = REFUSED_HERE
            return
        self._sending = self._site.narrowed(self._wish.sending)

    def _refuse(self, revision: int, reason: str) -> None:
        """Remember the revision, so that it is not repeated for ever; go on as before."""
        if (revision, reason) != (self._heard, self._refused):
            log.error("what the portal asks for is refused: %s", reason)
        self._heard, self._refused = revision, reason


def _stored(path: Path) -> Wish | None:
    try:
        return sending.wish_from_json(strict_json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, WireError) as error:
        log.warning("%s is forgotten: %s", path, error)
        return None


def _revision(wish: object) -> int:
    revision = wish.get("revision") if isinstance(wish, dict) else None
    return revision if type(revision) is int and 0 < revision < 1 << 31 else 0


def _is_signed(portal_key: str, signature: str, text: bytes) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(portal_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), text)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
