"""The ledger of blocks: which sequence numbers of one asset arrived from one spool.

Kept as ranges, `0-41,43-57`, because a collector numbers its blocks one after the other: however
long the history, refusing a repeat costs one small row.
"""

from bisect import bisect_right
from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.database.prepared import upsert

from .models import BlockLedger

_ENTER = upsert(BlockLedger, ("asset_id", "source_id"), ("ranges",))


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
    """The ledgers of several assets for one source; `known` is what the table holds of them."""

    def __init__(self, source_id: int, known: Mapping[int, str]) -> None:
        self._source_id = source_id
        self._known = known
        self._ledgers: dict[int, Ledger] = {}

    def add(self, asset_id: int, seq: int) -> bool:
        """Enter a block's number; False when the block arrived before."""
        if asset_id not in self._ledgers:
            self._ledgers[asset_id] = Ledger(self._known.get(asset_id, ""))
        return self._ledgers[asset_id].add(seq)

    def write(self, session: Session) -> None:
        """Write what changed, in one statement."""
        texts = {asset_id: str(ledger) for asset_id, ledger in self._ledgers.items()}
        _ENTER.each(
            session,
            [
                {"asset_id": asset_id, "source_id": self._source_id, "ranges": text}
                for asset_id, text in texts.items()
                if text != self._known.get(asset_id)
            ],
        )
