"""A site: a collector with its own key, enrolled at a client of the house, that pushes batches."""

import base64
import io
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.connector.ingest import ingest
from app.core.models import Collector
from app.database.base import now_ms
from collector.wire import envelope
from collector.wire.block import from_readings
from collector.wire.envelope import Agent, Batch, Receipt
from collector.wire.reading import Reading
from tests.house import House


@dataclass
class Site:
    """One collector. `now` is both its clock and the portal's, in epoch milliseconds."""

    house: House
    slug: str = "laurentia"
    key_id: str = "site-1"
    epoch: str = "0123456789abcdef"
    now: int = field(default_factory=now_ms)
    seq: int = 0
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    id: int = 0

    def __post_init__(self) -> None:
        with self.house.core() as core:
            row = Collector(
                tenant_id=self.house.refs[self.slug].id,
                key_id=self.key_id,
                public_key=self.key.public_key().public_bytes_raw(),
                name=f"Collector {self.key_id}",
            )
            core.add(row)
            core.commit()
            self.id = row.id

    def batch(
        self, *readings: Reading, live: bool = True, blocks: bool = True, seq: int = 0
    ) -> Batch:
        """Readings as a collector sends them: one block per asset, and the newest of each."""
        by_asset: dict[str, list[Reading]] = {}
        for reading in readings:
            by_asset.setdefault(reading.asset, []).append(reading)
        return Batch(
            sent=self.now,
            live=[max(items, key=lambda r: r.ts) for items in by_asset.values()] if live else [],
            blocks=[from_readings(items, seq) for items in by_asset.values()] if blocks else [],
            agent=Agent(version="1.0.0", queued=3, boot="boot", uptime=60),
        )

    def headers(self, body: bytes, seq: int, /, **signed: Any) -> dict[str, str]:
        """The headers of a push. What is named in `signed` is signed instead of the truth."""
        stamp = {
            "key_id": self.key_id,
            "timestamp": self.now // 1000,
            "epoch": self.epoch,
            "seq": seq,
        }
        text = envelope.canonical(**{**stamp, "batch_digest": envelope.digest(body), **signed})
        return {
            envelope.KEY_HEADER: self.key_id,
            envelope.TIME_HEADER: str(self.now // 1000),
            envelope.EPOCH_HEADER: self.epoch,
            envelope.SEQ_HEADER: str(seq),
            envelope.SIGNATURE_HEADER: "ed25519=" + base64.b64encode(self.key.sign(text)).decode(),
        }

    def push(self, batch: Batch | bytes, seq: int | None = None) -> Receipt:
        """Push through the domain; raises what the portal would answer."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        body = batch if isinstance(batch, bytes) else envelope.encode(batch)
        house = self.house
        return ingest(house.engines, house.settings, self.headers(body, seq), body, self.now)

    def post(
        self, client, body: bytes, headers: dict[str, str] | None = None, seq: int | None = None
    ):
        """Push over HTTP; the answer as it comes."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        return client.post(
            envelope.PATH,
            data={envelope.PART: (io.BytesIO(body), "batch.json.gz", "application/gzip")},
            headers=self.headers(body, seq) if headers is None else headers,
        )


def reading(uid: str = "EDS-LFP-0001", ts: int = 0, **values: float) -> Reading:
    """A small reading."""
    return Reading(uid, ts, values or {"soc": 80.0, "current": -5.0, "pack_voltage": 52.0})


def minute(uid: str, start: int, count: int = 60) -> list[Reading]:
    """Consecutive readings, one a second."""
    template = reading(uid)
    return [
        replace(template, ts=start + i * 1000, values={**template.values, "soc": 80 - i / 100})
        for i in range(count)
    ]
