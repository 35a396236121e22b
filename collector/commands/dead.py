"""`dead`: what the portal refused for good, and why; nothing of it is gone."""

import argparse
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from .. import config as configuration
from ..config import Config, ConfigError
from ..spool import rows
from ..spool.packing import unpack
from ..spool.spool import SPOOL_FILE, SpoolError
from ..wire import envelope
from ..wire.block import Block
from ..wire.errors import WireError
from ..wire.strict_json import dumps
from ..words import say
from .base import config_argument, fail
from .decode import shown


@dataclass(frozen=True, slots=True)
class Letter:
    """One thing that will never be delivered; `at` is epoch milliseconds, 0 where unknown."""

    number: int
    at: int
    reason: str
    what: str
    body: bytes


def arguments(parser: argparse.ArgumentParser) -> None:
    config_argument(parser)
    parser.add_argument("--show", type=int, metavar="N", help=say("dead.show"))


def run(args: argparse.Namespace) -> int:
    try:
        letters = list(read(configuration.load(args.config)))
    except (ConfigError, SpoolError) as error:
        return fail(error)
    if args.show is not None:
        return _show(letters, args.show)
    for letter in letters:
        at = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(letter.at / 1000))
        print(f"{letter.number:>6}  {at}  {letter.reason:<20} {letter.what}")
    if not letters:
        print(say("dead.none"), file=sys.stderr)
    return 0


def read(config: Config) -> Iterator[Letter]:
    """Everything refused, oldest first, also while the collector runs; raises SpoolError."""
    path = config.state / SPOOL_FILE
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            for row in db.execute("SELECT id, at, reason, what, body FROM dead ORDER BY id"):
                yield Letter(*row)
    except sqlite3.Error as error:
        raise SpoolError(f"{path}: {error}") from error


def blocks(letter: Letter) -> list[Block]:
    """The blocks in a letter; raises one of `rows.UNREADABLE` for what holds none."""
    if letter.what.startswith("batch"):
        try:
            found = envelope.decode(letter.body).blocks
        except WireError as error:
            raise ValueError(str(error)) from error
        return [block for block in found if isinstance(block, Block)]
    return [unpack(letter.body)]


def _show(letters: list[Letter], number: int) -> int:
    """The readings in one letter as JSON lines; its bytes in hexadecimal if they cannot be read."""
    letter = next((letter for letter in letters if letter.number == number), None)
    if letter is None:
        return fail(SpoolError(say("dead.unknown", number=number)))
    try:
        found = blocks(letter)
    except rows.UNREADABLE:
        print(letter.body.hex())
        return 1
    for block in found:
        for reading in block.readings():
            sys.stdout.buffer.write(dumps({"asset": block.asset, **shown(reading)}) + b"\n")
    sys.stdout.buffer.flush()
    return 0
