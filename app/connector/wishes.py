"""What a collector is asked to send and how often: kept here, signed into its receipts.

A wish is repeated until the collector says that it heard it. The signature covers the push that is
answered, so that a receipt is worth nothing to anybody else and at no other time. What the site
does not allow is refused there, and said so with the next push.
"""

import base64
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from app.core.crypto import derive
from app.core.models import Collector
from app.errors import Invalid, sentence
from app.settings import Settings
from collector.wire import sending
from collector.wire.envelope import Agent
from collector.wire.metrics import METRICS
from collector.wire.sending import REFUSED_SIGNATURE, Sending, Wish

from .collectors import find
from .signature import Stamp


def wish(
    core: Session, tenant_id: int, collector_id: int, given: dict[str, Any] | None
) -> Collector:
    """Ask a collector for this; None asks for nothing beyond what its site says.

    `given` as `Sending.to_json`. Raises NotFound when it is not theirs, Invalid for what cannot be.
    """
    collector = find(core, tenant_id, collector_id)
    wanted = None if given is None else _checked(given).to_json()
    if wanted != collector.wish:
        collector.wish = wanted
        collector.wish_revision += 1
    core.flush()
    return collector


def in_receipt(
    settings: Settings, collector: Collector, stamp: Stamp, digest: str, agent: Agent
) -> dict[str, Any]:
    """What a receipt adds, unless the collector has heard it."""
    heard = agent.wish == collector.wish_revision and agent.refused != REFUSED_SIGNATURE
    if heard or not collector.wish_revision:
        return {}
    wanted = Sending(**collector.wish) if collector.wish else Sending(longest=sending.LONGEST)
    asked = Wish(collector.wish_revision, wanted)
    text = asked.signed_text(stamp.key_id, stamp.epoch, stamp.seq, digest)
    signature = _key(settings.secret_key).sign(text)
    return {"wish": asked.to_json(), "wish_signature": base64.b64encode(signature).decode()}


def portal_key(settings: Settings) -> str:
    """The public key that collectors are to believe, base64."""
    raw = _key(settings.secret_key).public_key().public_bytes_raw()
    return base64.b64encode(raw).decode()


@lru_cache(maxsize=4)
def _key(secret_key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(derive(secret_key.encode(), "tbms|wishes|1"))


def _checked(given: dict[str, Any]) -> Sending:
    faults = {}
    if given["shortest"] > given["longest"]:
        faults["shortest"] = sentence("The shortest pause cannot exceed the longest.")
    if any(code not in METRICS for code in given["without"]):
        faults["without"] = sentence("There is no such metric.")
    elif sending.ALWAYS.intersection(given["without"]):
        faults["without"] = sentence("Voltage, current and state of charge are always sent.")
    for name in ("shortest", "longest"):
        if not sending.SHORTEST <= given[name] <= sending.LONGEST:
            faults[name] = sentence("A pause is from half a second to a day.")
    if faults:
        raise Invalid("Some fields need attention.", fields=faults)
    return sending.sending(given["shortest"], given["longest"], given["without"])
