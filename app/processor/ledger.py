"""The ledger of blocks: which sequence numbers of one asset arrived from one spool.

Kept as ranges, `0-41,43-57`, because a collector numbers its blocks one after the other: however
long the history, refusing a repeat costs one small row.
"""

from bisect import bisect_right
from collections.abc import Collection

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from .models import BlockLedger


class Ledger:
    """The sequence numbers received; `add` says whether one is new."""

    def __init__(self, text: str = "") -> None:
        self._ranges = [_range(part) for part in text.split(",") if part]

    def __str__(self) -> str:
        return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in self._ranges)

    def __contains__(self, seq: int) -> bool:
        at = self._before(seq)
        return at >= 0 and seq <= self._ranges[at][1]

    def add(self, seq: int) -> bool:
        """Enter a number; False when it was there already."""
        if seq in self:
            return False
        at = self._before(seq)
        joins_left = at >= 0 and self._ranges[at][1] == seq - 1
        joins_right = at + 1 < len(self._ranges) and self._ranges[at + 1][0] == seq + 1
        low = self._ranges[at][0] if joins_left else seq
        high = self._ranges[at + 1][1] if joins_right else seq
        self._ranges[at + 1 - joins_left : at + 1 + joins_right] = [(low, high)]
        return True

    def _before(self, seq: int) -> int:
        """Index of the last range that begins at or before this number; -1 for none."""
        return bisect_right(self._ranges, seq, key=lambda pair: pair[0]) - 1


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


class Ledgers:
    """The ledgers of several assets for one source: one statement to read, one to write."""

    def __init__(self, session: Session, source_id: int, asset_ids: Collection[int]) -> None:
        self._session = session
        self._source_id = source_id
        wanted = select(BlockLedger.asset_id, BlockLedger.id, BlockLedger.ranges).where(
            BlockLedger.source_id == source_id, BlockLedger.asset_id.in_(tuple(asset_ids))
        )
        self._rows = {asset_id: (row, text) for asset_id, row, text in session.execute(wanted)}
        self._ledgers = {asset_id: Ledger(text) for asset_id, (_, text) in self._rows.items()}

    def add(self, asset_id: int, seq: int) -> bool:
        """Enter a block's number; False when the block arrived before."""
        return self._ledgers.setdefault(asset_id, Ledger()).add(seq)

    def write(self) -> None:
        """Write what changed."""
        first, changed = [], []
        for asset_id, ledger in self._ledgers.items():
            row, before = self._rows.get(asset_id, (None, ""))
            if row is None:
                owner = {"asset_id": asset_id, "source_id": self._source_id}
                first.append({**owner, "ranges": str(ledger)})
            elif str(ledger) != before:
                changed.append({"id": row, "ranges": str(ledger)})
        if first:
            self._session.execute(insert(BlockLedger), first)
        if changed:
            self._session.execute(update(BlockLedger), changed)
