"""`capture`: what passes on the link of one battery, raw and with times, into a bounded file."""

import argparse
import sys
import threading
import time
from pathlib import Path

from .. import config as configuration
from .. import logs
from ..capture import KINDS, SUFFIXES, Recorded, RecordedAnswers, Transcript
from ..clock import Clock
from ..config import ConfigError, Device
from ..devices import Listener, Poller
from ..links.asked import open_asked
from ..links.errors import LinkError
from ..links.spec import KINDS as LINK_KINDS
from ..links.spec import LinkSpec
from ..links.stream import open_stream
from ..words import say
from ._device import asking, given_device, given_link
from .base import UsageError, config_argument, fail, key_values

SECONDS, LONGEST = 60.0, 24 * 3600.0
MEGABYTES, LARGEST = 5.0, 1000.0
WAIT = 0.2


def arguments(parser: argparse.ArgumentParser) -> None:
    config_argument(parser)
    parser.add_argument("--asset", metavar="UID", help=say("probe.asset"))
    parser.add_argument("--driver", metavar="NAME", help=say("decode.driver"))
    parser.add_argument("--link", metavar="LINK", help=say("capture.link"))
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help=say("decode.option")
    )
    parser.add_argument(
        "--for", type=float, default=SECONDS, dest="seconds", metavar="S", help=say("capture.for")
    )
    parser.add_argument(
        "--most", type=float, default=MEGABYTES, metavar="MB", help=say("capture.most")
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help=say("capture.out"))


def run(args: argparse.Namespace) -> int:
    """Exit code 0 if anything was received."""
    logs.start(verbose=True)
    if not 0 < args.seconds <= LONGEST:
        raise UsageError(say("config.range", name="--for", low=1, high=LONGEST))
    if not 0 < args.most <= LARGEST:
        raise UsageError(say("config.range", name="--most", low=0.01, high=LARGEST))
    try:
        device, link = _subject(args)
        kind = KINDS[LINK_KINDS[link.kind].serves]
        name = f"capture-{_plain(device.asset if device else link.kind)}"
        path = args.out or Path(f"{name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        path = path if path.suffix else path.with_suffix(SUFFIXES[kind])
        transcript = Transcript(path, round(args.most * 1e6))
    except FileExistsError:
        raise UsageError(say("capture.exists", path=path)) from None
    except (ConfigError, OSError) as error:
        return fail(error)
    try:
        record(device, link, transcript, args.seconds)
    except LinkError as error:
        print(say("cli.error", text=error.told), file=sys.stderr)
    finally:
        transcript.close()
    return _told(transcript, device, kind)


def record(device: Device | None, link: LinkSpec, transcript: Transcript, seconds: float) -> None:
    """Write down the link until it has been long enough or the transcript is full.

    With a device, its driver asks as it does at work; without one, the line is only listened to.
    """
    stop, clock = transcript.full, Clock()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    try:
        if device is None:
            _overhear(link, transcript, clock, stop)
        elif LINK_KINDS[link.kind].asked:
            _ask(device, transcript, clock, stop)
        else:
            _converse(device, transcript, clock, stop)
    finally:
        timer.cancel()
        stop.set()


def _subject(args: argparse.Namespace) -> tuple[Device | None, LinkSpec]:
    if args.driver:
        device = given_device(args.driver, args.link, key_values(args.option), args.asset)
        return device, device.link
    if args.link:
        link = given_link(args.link)
        if LINK_KINDS[link.kind].asked:
            raise UsageError(say("capture.needs_driver", kind=link.kind))
        return None, link
    config = configuration.load(args.config)
    devices = [d for d in config.devices if args.asset in (None, d.asset)]
    if not devices:
        raise UsageError(say("probe.none", path=args.config))
    if len(devices) > 1:
        known = ", ".join(device.asset for device in devices)
        raise UsageError(say("capture.which", path=args.config, known=known))
    return devices[0], devices[0].link


def _overhear(link: LinkSpec, transcript: Transcript, clock: Clock, stop: threading.Event) -> None:
    stream = Recorded(open_stream(link, clock.now), transcript, clock.now)
    try:
        while not stop.is_set():
            stream.receive(WAIT)
    finally:
        stream.close()


def _converse(device: Device, transcript: Transcript, clock: Clock, stop: threading.Event) -> None:
    def connect(link: LinkSpec, now) -> Recorded:
        return Recorded(open_stream(link, now), transcript, now)

    with asking(Listener(device, clock, lambda reading: None, stop, connect), stop) as listener:
        listener.run()


def _ask(device: Device, transcript: Transcript, clock: Clock, stop: threading.Event) -> None:
    link = RecordedAnswers(open_asked(device.link, clock.now), transcript, clock.now)
    poller = Poller(device, clock, lambda reading: None, link)
    try:
        while not stop.is_set():
            poller.poll()
            stop.wait(device.interval)
    finally:
        link.close()


def _told(transcript: Transcript, device: Device | None, kind: str) -> int:
    if not transcript.received:
        print(say("capture.nothing"), file=sys.stderr)
    counts = {"received": transcript.received, "sent": transcript.sent, "size": transcript.size}
    print(say("capture.done", path=transcript.path, **counts), file=sys.stderr)
    driver = device.driver.code if device else "…"
    options = "".join(f" --option {k}={v}" for k, v in (device.options if device else {}).items())
    print(
        f"python -m collector decode --driver {driver}{options} --format {kind} {transcript.path}"
    )
    return int(not transcript.received)


def _plain(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name)
