"""`site`: a whole simulated site from one file, live or with the past it would have had."""

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from .. import simulated_site
from ..clock import Clock, boot_id
from ..simulated_site import SiteError
from ..spool.spool import SPOOL_FILE, Spool, SpoolError
from ..words import say
from .base import fail

DAY_MS = 86_400_000


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=say("site.file"))
    parser.add_argument("--past", type=float, metavar="DAYS", help=say("site.past"))
    parser.add_argument("--until", type=float, default=0, metavar="HOURS", help=say("site.until"))
    parser.add_argument("--state", type=Path, metavar="DIR", help=say("enrol.state"))


def run(args: argparse.Namespace) -> int:
    try:
        site = simulated_site.load(args.file)
        if args.past is not None:
            return _past(site, args)
    except (SiteError, SpoolError) as error:
        return fail(error)
    stop = threading.Event()
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    waiting = threading.Thread(target=lambda: (signal.sigwait(stops), stop.set()), daemon=True)
    waiting.start()
    simulated_site.serve(site, stop, _ready)
    return 0


def _past(site: simulated_site.Site, args: argparse.Namespace) -> int:
    """Fill the spool of a collector that is not running."""
    if args.state is None:
        return fail(SiteError(say("site.no_state")))
    end = time.time_ns() // 1_000_000 - round(args.until * 3_600_000)
    args.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    spool = Spool(args.state / SPOOL_FILE, boot_id(), Clock().base)
    try:
        simulated_site.past(site, spool, end - round(args.past * DAY_MS), end, _progress)
    finally:
        spool.close()
    return 0


def _ready(asset: str, address: str) -> None:
    """One line, written in one piece: every device says this from its own thread."""
    sys.stdout.write(f"{asset} {address}\n")
    sys.stdout.flush()


def _progress(share: float) -> None:
    """One number a line, so that whoever started this can draw a bar."""
    print(f"{share:.3f}", flush=True)
