"""A program of the client, told over HTTPS and signed as Standard Webhooks 1.0 says.

The receiver recomputes HMAC-SHA256 of `id.timestamp.body` with its secret, refuses time stamps
older than five minutes, and knows a message that is sent again by its id.
"""

import base64
import binascii
import hmac
import json
import secrets
import time
from hashlib import sha256

from app.settings import Settings

from . import outbound
from .base import Address, Channel, Message, Undelivered

PREFIX = "whsec_"
SECRET_BYTES = 32
GONE = 410


def new_secret() -> str:
    """A secret as Standard Webhooks writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`. Undelivered for a secret that is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise Undelivered("The secret of this webhook cannot be read.", gone=True) from error
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def send(settings: Settings, address: Address, message: Message) -> str:
    """Post it; anything but 2xx is no delivery, and 410 says that nobody wants it any more."""
    now = int(time.time())
    document = {
        "type": f"alert.{message.event}",
        "timestamp": _iso(message.at),
        "data": {**message.data, "url": message.url},
    }
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(address["secret"], message.id, now, body),
    }
    status, answer = outbound.post(settings, address["url"], body, headers)
    if 200 <= status < 300:
        return str(status)
    said = f"{status} {answer[:200]}".strip()
    if 300 <= status < 400:
        raise Undelivered(f"It answers with a redirect ({status}), which is not followed.")
    raise Undelivered(f"It answers: {said}", gone=status == GONE)


def _iso(ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + "Z"


CHANNEL = Channel("webhook", ("Webhook", "Webhook"), lambda settings: True, send)
