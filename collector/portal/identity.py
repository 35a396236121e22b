"""Who this collector is: an Ed25519 key pair made here, and what the portal calls it.

The private key never leaves the state folder. It is made and stored before the first request, so
that an answer lost on the way can be asked for again with the same key and the same claim code.
"""

import base64
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .. import __version__
from ..wire import envelope
from ..words import say

IDENTITY_FILE = "identity.json"


class IdentityError(Exception):
    """The key or the identity is missing or unusable; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What enrolment gave.

    portal      address the collector was enrolled at
    key_id      name of the public key at the portal, sent with every push
    collector   uid of this collector, and `client` whose it is
    ingest_url  where to push
    key_file    name of the private key's file, beside this
    portal_key  public key with which the portal signs what it asks for, base64; empty: unknown
    former      name of the file of the key before this one, which may still be there
    """

    portal: str
    key_id: str
    collector: str
    client: str
    ingest_url: str
    key_file: str
    portal_key: str = ""
    former: str = ""


class Signer:
    """Signs for one identity."""

    def __init__(self, key_id: str, key: Ed25519PrivateKey) -> None:
        self.key_id, self._key = key_id, key

    def headers(self, timestamp: int, epoch: str, seq: int, digest: str) -> dict[str, str]:
        """The headers of a push; `timestamp` in epoch seconds."""
        text = envelope.canonical(self.key_id, timestamp, epoch, seq, digest)
        signature = base64.b64encode(self._key.sign(text)).decode()
        return {
            envelope.KEY_HEADER: self.key_id,
            envelope.TIME_HEADER: str(timestamp),
            envelope.EPOCH_HEADER: epoch,
            envelope.SEQ_HEADER: str(seq),
            envelope.SIGNATURE_HEADER: f"ed25519={signature}",
        }


def enrolment_request(code: str, key: Ed25519PrivateKey) -> dict[str, str]:
    """The JSON that redeems a claim code, with the proof that the key is ours."""
    normalised = envelope.normalise_code(code)
    public = base64.b64encode(_public(key)).decode()
    text = envelope.enrolment(sha256(normalised.encode()).hexdigest(), public)
    return {
        "code": normalised,
        "public_key": public,
        "proof": base64.b64encode(key.sign(text)).decode(),
        "version": __version__,
        "hostname": socket.gethostname()[:64],
    }


def rotation_request(
    identity: Identity, old: Ed25519PrivateKey, new: Ed25519PrivateKey, timestamp: int
) -> dict[str, str | int]:
    """The JSON that makes another key this collector's, signed by both."""
    public = base64.b64encode(_public(new)).decode()
    text = envelope.rotation(identity.key_id, timestamp, public)
    return {
        "key_id": identity.key_id,
        "timestamp": timestamp,
        "public_key": public,
        "signature": base64.b64encode(old.sign(text)).decode(),
        "proof": base64.b64encode(new.sign(text)).decode(),
    }


def from_answer(portal: str, answer: Any, key_file: str) -> Identity:
    """The identity in the portal's answer to an enrolment; raises IdentityError if it is none."""
    if not isinstance(answer, Mapping):
        raise IdentityError(say("identity.no_answer"))
    names = ("key_id", "collector", "client")
    values = {name: answer.get(name) for name in names}
    if not all(isinstance(value, str | int) and str(value) for value in values.values()):
        raise IdentityError(say("identity.no_answer"))
    return Identity(
        portal=portal,
        ingest_url=_ingest_url(portal, answer.get("ingest_url")),
        key_file=key_file,
        portal_key=str(answer.get("portal_key") or ""),
        **{name: str(value) for name, value in values.items()},
    )


def rotated(identity: Identity, answer: Any, key_file: str) -> Identity:
    """The identity after the portal agreed to another key; raises IdentityError."""
    key_id = answer.get("key_id") if isinstance(answer, Mapping) else None
    if not isinstance(key_id, str) or not key_id:
        raise IdentityError(say("identity.no_answer"))
    portal_key = str(answer.get("portal_key") or "")
    return replace(identity, key_id=key_id, key_file=key_file, portal_key=portal_key)


def _ingest_url(portal: str, given: Any) -> str:
    """Where to push: what the portal says if that is itself, else where it has just answered.

    A portal that was never told its public address would name another, and readings never go to
    a host that nobody typed.
    """
    ours, theirs = urlsplit(portal), urlsplit(str(given))
    if (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc):
        return str(given)
    return portal.rstrip("/") + envelope.PATH


def candidate_key(state: Path) -> tuple[str, Ed25519PrivateKey]:
    """The next key, and its file: one with which the portal did not answer yet, or a new one.

    Never the key in use, which must not be touched before the portal has agreed, nor the one
    before it, which a power cut may have left.
    """
    known = load(state) if (state / IDENTITY_FILE).exists() else None
    used = (known.key_file, known.former) if known else ()
    for path in sorted(state.glob("collector-*.key")):
        if path.name not in used:
            return path.name, load_key(path)
    key = Ed25519PrivateKey.generate()
    name = f"collector-{sha256(_public(key)).hexdigest()[:16]}.key"
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(state / name, pem)
    return name, key


def load_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise IdentityError(f"{path}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise IdentityError(say("identity.no_key", path=path))
    return key


def save(state: Path, identity: Identity) -> Identity:
    """From now on this is who we are; earlier keys go."""
    if (state / IDENTITY_FILE).exists():
        before = load(state).key_file
        identity = replace(identity, former=before if before != identity.key_file else "")
    write_private(state / IDENTITY_FILE, json.dumps(asdict(identity), indent=2).encode() + b"\n")
    for path in state.glob("collector-*.key"):
        if path.name != identity.key_file:
            path.unlink()
    return identity


def load(state: Path) -> Identity:
    """The stored identity; raises IdentityError if this collector is not enrolled."""
    path = state / IDENTITY_FILE
    try:
        return Identity(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise IdentityError(say("identity.none", path=path)) from None
    except (OSError, ValueError, TypeError) as error:
        raise IdentityError(f"{path}: {error}") from error


def signer(state: Path, identity: Identity) -> Signer:
    return Signer(identity.key_id, load_key(state / identity.key_file))


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def write_private(path: Path, data: bytes) -> None:
    """Write a file only its owner can read, whole or not at all, and on the disk for good."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
