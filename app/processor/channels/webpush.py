"""Browsers, woken up by the push service of their maker (RFC 8030), which cannot read what it
carries (RFC 8291) and knows who asks by a key pair of this installation (VAPID, RFC 8292).
"""

import base64
import json
import os
import time
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.core.crypto import derive
from app.settings import Settings

from . import outbound
from .base import Address, Channel, Message, Undelivered

CURVE = ec.SECP256R1()
CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
RECORD = 4096
"""Bytes of the one record a message is."""
HEARD_SECONDS = 12 * 3600
"""How long the push service keeps it for a browser that sleeps."""
TOKEN_SECONDS = 12 * 3600
URGENT = {"urgent": "high", "critical": "high"}


def send(settings: Settings, address: Address, message: Message) -> str:
    """Encrypt it for this browser and hand it to its push service."""
    said = {
        "title": message.title,
        "body": " · ".join(filter(None, (message.where, *message.lines[:1]))),
        "url": urlsplit(message.url).path,
        "tag": message.id,
        "severity": message.severity,
    }
    body = encrypted(json.dumps(said, ensure_ascii=False).encode(), address)
    status, answer = outbound.post(
        settings, address["endpoint"], body, _headers(settings, address, message)
    )
    if 200 <= status < 300:
        return str(status)
    gone = status in (404, 410)
    raise Undelivered(f"The push service answers: {status} {answer[:200]}".strip(), gone=gone)


def _headers(settings: Settings, address: Address, message: Message) -> dict[str, str]:
    import jwt  # 20 ms that pages do not need

    parts = urlsplit(address["endpoint"])
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + TOKEN_SECONDS,
        "sub": f"mailto:{settings.mail_from}" if settings.mail_from else settings.public_url,
    }
    token = jwt.encode(claims, private_key(settings.secret_key), "ES256")
    return {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(HEARD_SECONDS),
        "Urgency": URGENT.get(message.severity, "normal"),
        "Authorization": f"vapid t={token}, k={public_key(settings)}",
    }


@lru_cache(maxsize=8)
def private_key(secret_key: str) -> ec.EllipticCurvePrivateKey:
    """The installation's key pair; derived, so that nothing has to be kept."""
    number = int.from_bytes(derive(secret_key.encode(), "tbms|vapid"))
    return ec.derive_private_key(number % (CURVE_ORDER - 1) + 1, CURVE)


def public_key(settings: Settings) -> str:
    """What browsers subscribe with."""
    return text_of(_point(private_key(settings.secret_key).public_key()))


def encrypted(
    plain: bytes,
    address: Address,
    own: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """One record of `aes128gcm` for a browser. `own` and `salt` are new each time."""
    own, salt = own or ec.generate_private_key(CURVE), salt or os.urandom(16)
    try:
        theirs, auth = bytes_of(address["p256dh"]), bytes_of(address["auth"])
        peer = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs)
    except (ValueError, KeyError) as error:
        raise Undelivered("The keys of this browser cannot be read.", gone=True) from error
    mine = _point(own.public_key())
    shared = own.exchange(ec.ECDH(), peer)
    seed = _hkdf(auth, shared, b"WebPush: info\0" + theirs + mine, 32)
    key = _hkdf(salt, seed, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, seed, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD.to_bytes(4) + len(mine).to_bytes(1) + mine
    return header + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def _hkdf(salt: bytes, key: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(key)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def text_of(data: bytes) -> str:
    """Base64 as web addresses write it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """The inverse of `text_of`; ValueError for what is none."""
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


CHANNEL = Channel(
    "webpush", ("Notification du navigateur", "Browser notification"), lambda settings: True, send
)
