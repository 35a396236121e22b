"""Heads of the audit chains, noted in a file: what shows that the end of a chain was cut.

One JSON object a line, added to and never rewritten. A copy on another machine is worth more than
the file itself.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from app.database.base import now_ms

from .audit import Anchor

FILE = Path("audit", "anchors.jsonl")


def write(data_dir: Path, heads: Iterable[Anchor]) -> Path:
    """Note these heads now; returns the file."""
    path = data_dir / FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [
        json.dumps({"at": now_ms(), "scope": head.scope, "n": head.n, "mac": head.mac})
        for head in heads
    ]
    with path.open("a", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    return path


def read(data_dir: Path) -> list[Anchor]:
    """What was noted. A line cut short by a crash is passed over."""
    path = data_dir / FILE
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="ascii").splitlines():
        try:
            noted = json.loads(line)
            found.append(Anchor(noted["scope"], noted["n"], noted["mac"]))
        except (ValueError, KeyError):
            continue
    return found
