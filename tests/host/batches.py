"""Pushes made by hand: what a collector would send, and what it never would."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from collector.portal import identity
from collector.portal.answers import Verdict, judge
from collector.portal.enrolment import enrol
from collector.portal.identity import Signer
from collector.spool.spool import Frozen
from collector.wire import envelope
from collector.wire.block import from_readings
from collector.wire.envelope import Batch
from collector.wire.reading import Reading
from tests.host.rehearsal import Host

CELLS = 200


def big_batch(uid: str, readings: int = 600) -> bytes:
    """A batch of one block of noise, which compresses badly."""
    noise, now = random.Random(7), int(time.time() * 1000)  # noqa: S311
    taken = [
        Reading(
            uid,
            now - (readings - n) * 1000,
            {"pack_voltage": 640.0},
            arrays={"cell_voltage": [round(noise.uniform(2.5, 3.6), 3) for _ in range(CELLS)]},
        )
        for n in range(readings)
    ]
    return envelope.encode(Batch(sent=now, blocks=[from_readings(taken, 1)]))


@dataclass
class Pushing:
    """A collector's identity without the collector."""

    url: str
    session: requests.Session
    signer: Signer
    seq: int = 0

    @classmethod
    def enrolled(cls, host: Host, slug: str, state: Path) -> "Pushing":
        code = host.command("flask", "collector", "claim", slug, "Banc d'essai").strip()
        session = host.session()
        who = enrol(host.url, code, state, session)
        return cls(who.ingest_url, session, identity.signer(state, who))

    def push(self, body: bytes, signature: str = "", bare: bool = False) -> Verdict:
        """What the collector would make of the answer. `bare`: without the multipart envelope."""
        self.seq += 1
        frozen = Frozen("0123456789abcdef", self.seq, body)
        headers = self.signer.headers(int(time.time()), frozen.epoch, frozen.seq, frozen.digest)
        if signature:
            headers[envelope.SIGNATURE_HEADER] = signature
        if bare:
            sent = {"data": body, "headers": headers | {"Content-Type": "application/gzip"}}
        else:
            sent = {
                "files": {envelope.PART: ("batch.json.gz", body, "application/gzip")},
                "headers": headers,
            }
        answer = self.session.post(self.url, timeout=60, allow_redirects=False, **sent)
        return judge(answer.status_code, answer.headers, answer.content, frozen)
