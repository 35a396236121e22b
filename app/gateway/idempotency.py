"""Writes that may be sent twice: `Idempotency-Key` names one, and its answer is given again.

A caller whose connection broke does not know whether the write was done. Sending it again with the
same key is answered as the first time, for a day; nothing is done twice. Only successes are kept:
what failed did nothing and may be tried again.
"""

import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Response, request
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from app.database.base import now_ms
from app.database.sessions import open_core
from app.errors import Conflict, Invalid, Unavailable

from .context import close_sessions, current_principal, engines, settings
from .models import KEPT_MS, IdempotencyKey

HEADER = "Idempotency-Key"
MOST = 64
BUSY_MS = 60_000
"""A write not finished after this long died with its process: nobody knows whether it was done."""
NONCE_BYTES = 12
REPEATED = "Idempotent-Replayed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One write under a key: where it is kept, what it asks, and what seals its answer."""

    key_hash: bytes
    request_hash: bytes
    sealing: bytes

    @classmethod
    def of_request(cls, key: str) -> "Attempt":
        """The attempt of the request in hand; raises Invalid for an unusable key."""
        if not (0 < len(key) <= MOST and key.isascii() and key.isprintable()):
            raise Invalid("Idempotency-Key has 1 to 64 printable characters.", code="bad_key")
        caller = current_principal()
        client = caller.tenant.id if caller.tenant else 0
        name = f"{caller.kind}:{caller.id}:{client}:{key}".encode()
        asked = b"\0".join(
            (request.method.encode(), request.full_path.encode(), request.get_data(cache=True))
        )
        secret = settings().secret_key.encode()
        return cls(
            sha256(name).digest(),
            sha256(asked).digest(),
            hmac.digest(secret, b"idempotency\0" + name, "sha256"),
        )


def once(write: Callable[[], Response]) -> Response:
    """Do the write of the request in hand, or answer as it was answered before."""
    key = request.headers.get(HEADER)
    if key is None:
        return write()
    attempt = Attempt.of_request(key)
    kept = _claim(attempt)
    if kept is not None:
        return kept
    try:
        answer = write()
    except BaseException:
        close_sessions()  # what was begun is undone, and holds no lock that forgetting waits for
        _forget(attempt)
        raise
    close_sessions()  # reading after a commit may have begun anew, and would hold the lock
    _keep(attempt, answer)
    return answer


def _claim(attempt: Attempt) -> Response | None:
    """Take the key for this write; the kept answer when it was done before."""
    now = now_ms()
    with open_core(engines(), writes=True) as core:
        try:
            core.add(
                IdempotencyKey(
                    key_hash=attempt.key_hash, request_hash=attempt.request_hash, created_at=now
                )
            )
            core.commit()
        except IntegrityError:
            core.rollback()
        else:
            return None
        row = core.get(IdempotencyKey, attempt.key_hash, with_for_update=True)
        if row is None:
            raise _busy()  # forgotten this moment by another process
        if row.created_at <= now - KEPT_MS:
            row.request_hash, row.created_at = attempt.request_hash, now
            row.status = row.answer = None
            core.commit()
            return None
        if row.request_hash != attempt.request_hash:
            raise Conflict("This Idempotency-Key was sent with another request.", code="key_reused")
        if row.status is None:
            raise _busy() if row.created_at > now - BUSY_MS else _unknown()
        return _opened(attempt, row)


def _keep(attempt: Attempt, answer: Response) -> None:
    headers = {
        name: answer.headers[name] for name in ("ETag", "Location") if name in answer.headers
    }
    plain = json.dumps([headers, answer.mimetype]).encode() + b"\n" + answer.get_data()
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(attempt.sealing).encrypt(nonce, plain, attempt.request_hash)
    with open_core(engines(), writes=True) as core:
        core.execute(
            update(IdempotencyKey)
            .where(IdempotencyKey.key_hash == attempt.key_hash)
            .values(status=answer.status_code, answer=sealed)
        )
        core.commit()


def _opened(attempt: Attempt, row: IdempotencyKey) -> Response:
    try:
        nonce, sealed = row.answer[:NONCE_BYTES], row.answer[NONCE_BYTES:]
        plain = AESGCM(attempt.sealing).decrypt(nonce, sealed, row.request_hash)
    except InvalidTag:
        raise Conflict("This write was done; its answer is lost.", code="answer_lost") from None
    head, _, body = plain.partition(b"\n")
    headers, mimetype = json.loads(head)
    answer = Response(body, row.status, headers, mimetype=mimetype)
    answer.headers[REPEATED] = "true"
    return answer


def _forget(attempt: Attempt) -> None:
    with open_core(engines(), writes=True) as core:
        core.execute(delete(IdempotencyKey).where(IdempotencyKey.key_hash == attempt.key_hash))
        core.commit()


def _unknown() -> Conflict:
    """Doing it again could do it twice; whoever asks can look, and we cannot."""
    return Conflict(
        "This write was interrupted: look whether it was done, and use another key to repeat it.",
        code="outcome_unknown",
    )


def _busy() -> Unavailable:
    return Unavailable("This write is being done.", code="in_progress", retry_after=2)
