"""`probe`: what a battery says right now, decoded, without sending it anywhere.

With a driver, or a configuration, it shows every reading. With a link alone it finds out which BMS
is there, and proposes; what is written into the configuration is for a person to decide.
"""

import argparse
import sys
import threading

from .. import config as configuration
from .. import logs
from ..clock import Clock
from ..config import Config, ConfigError, Device
from ..devices import Listener, Poller
from ..links.asked import open_asked
from ..links.errors import LinkError
from ..links.spec import KINDS
from ..wire.reading import Reading
from ..wire.strict_json import dumps
from ..words import say
from ._device import asking, given_device
from ._proposal import propose
from .base import UsageError, config_argument, fail, key_values
from .decode import shown, summary

SECONDS = 10.0


def arguments(parser: argparse.ArgumentParser) -> None:
    config_argument(parser)
    parser.add_argument("--asset", metavar="UID", help=say("probe.asset"))
    parser.add_argument("--driver", metavar="NAME", help=say("decode.driver"))
    parser.add_argument("--link", metavar="LINK", help=say("probe.link"))
    parser.add_argument("--quiet", action="store_true", help=say("probe.quiet"))
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help=say("decode.option")
    )
    parser.add_argument(
        "--for", type=float, default=SECONDS, dest="seconds", metavar="S", help=say("probe.for")
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilogue = lambda args: "\n".join(
        f"  --link {':'.join((name, *kind.short))}" for name, kind in KINDS.items()
    )


def run(args: argparse.Namespace) -> int:
    """Exit code 0 if every device probed gave a reading, 1 otherwise."""
    if args.link and not args.driver:
        logs.start(verbose=False)
        return propose(args.link, quiet=args.quiet)
    logs.start(verbose=True)
    try:
        if args.driver:
            options = key_values(args.option)
            devices = [given_device(args.driver, args.link, options, args.asset)]
        else:
            devices = _configured(args)
    except ConfigError as error:
        return fail(error)
    stop, heard = threading.Event(), set()
    threads = [threading.Thread(target=_probe, args=(d, stop, heard)) for d in devices]
    for thread in threads:
        thread.start()
    try:
        stop.wait(args.seconds)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return 0 if heard == {device.asset for device in devices} else 1


def _configured(args: argparse.Namespace) -> list[Device]:
    config: Config = configuration.load(args.config)
    devices = [d for d in config.devices if args.asset in (None, d.asset)]
    if not devices:
        raise UsageError(say("probe.none", path=args.config))
    return devices


def _probe(device: Device, stop: threading.Event, heard: set[str]) -> None:
    def take(reading: Reading) -> None:
        heard.add(device.asset)  # a device may be several batteries, each with a name of its own
        _print({"asset": reading.asset, **shown(reading)})

    clock = Clock()
    if KINDS[device.link.kind].asked:
        followed = _poll(device, clock, take, stop)
    else:
        with asking(Listener(device, clock, take, stop), stop) as followed:
            followed.run()
    _print({"asset": device.asset, "summary": summary(followed.tally)})
    if isinstance(followed.trouble, LinkError):
        print(say("probe.failed", asset=device.asset, error=followed.trouble.told), file=sys.stderr)


def _poll(device: Device, clock: Clock, take, stop: threading.Event) -> Poller:
    link = open_asked(device.link, clock.now)
    poller = Poller(device, clock, take, link)
    while not stop.is_set():
        poller.poll()
        stop.wait(device.interval)
    link.close()
    return poller


_printing = threading.Lock()


def _print(line: dict) -> None:
    with _printing:
        sys.stdout.buffer.write(dumps(line) + b"\n")
        sys.stdout.buffer.flush()
