"""`decode`: a recording to readings, one JSON object a line, then a summary.

Needs no configuration and no network. Whatever the recording holds, it is read to its end: what is
damaged is counted in the summary by reason.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from ..decoding import decode, tidied
from ..drivers import base as drivers
from ..drivers.base import Tally
from ..formats import base as formats
from ..wire.reading import Reading, derive
from ..wire.strict_json import dumps
from ..words import say
from .base import Parser, UsageError, key_values
from .drivers import described

ASSET = "recording"


def arguments(parser: Parser) -> None:
    parser.add_argument("--driver", required=True, metavar="NAME", help=say("decode.driver"))
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help=say("decode.option")
    )
    parser.add_argument("--format", metavar="FORMAT", help=say("decode.format"))
    parser.add_argument("file", metavar="FILE", help=say("decode.file"))
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilogue = lambda args: described(drivers.load(args.driver)) if args.driver else None


def run(args: argparse.Namespace) -> int:
    driver = drivers.load(args.driver)
    decoder = driver.decoder(ASSET, key_values(args.option))
    recording = formats.load(args.format or driver.formats[0])
    live, count = args.file == "-", 0
    with _opened(args.file) as stream:
        readings = decode(decoder, recording.read(stream))
        for reading in chain(readings, tidied(decoder.finish())):
            count += 1
            _write(shown(reading), flush=live)
    _write({"summary": {**summary(decoder.tally), "readings": count}})
    return 0


def shown(reading: Reading) -> dict[str, Any]:
    """What is printed of a reading: its time, its metrics and those that follow from them."""
    return {"ts": reading.ts, **derive(reading).flat()}


def summary(tally: Tally) -> dict[str, Any]:
    return {
        "frames": tally.frames,
        "readings": tally.readings,
        "bad": tally.bad,
        "reasons": dict(sorted(tally.reasons.items())),
        "warnings": list(tally.warnings),
    }


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(say("decode.unreadable", path=path, reason=error.strerror)) from error
    with stream:
        yield stream


def _write(line: dict[str, Any], *, flush: bool = False) -> None:
    sys.stdout.buffer.write(dumps(line) + b"\n")
    if flush:
        sys.stdout.buffer.flush()
