"""`simulate`: a battery that does not exist, speaking as a real one would, to try a site out."""

import argparse
import dataclasses
import signal
import threading

from ..simulators import base as simulators
from ..simulators.pack import Pack, PackSpec
from ..words import either, say
from .base import UsageError, key_values


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("simulator", metavar="NAME", help=say("simulate.name"))
    parser.add_argument("--on", default="pty", metavar="WHERE", help=say("simulate.on"))
    parser.add_argument(
        "--pack", action="append", default=[], metavar="KEY=VALUE", help=say("simulate.pack")
    )
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help=say("simulate.option")
    )
    parser.epilogue = lambda args: _known()
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def run(args: argparse.Namespace) -> int:
    simulator = simulators.load(args.simulator)
    spec = pack_spec(key_values(args.pack))
    stop = threading.Event()
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    waiting = threading.Thread(target=lambda: (signal.sigwait(stops), stop.set()), daemon=True)
    waiting.start()
    simulator.serve(Pack(spec), args.on, stop, key_values(args.option), _ready)
    return 0


def pack_spec(given: dict[str, str]) -> PackSpec:
    """The pack described by `KEY=VALUE`s; raises UsageError for what no pack can be."""
    known = {field.name: field for field in dataclasses.fields(PackSpec)}
    values = {}
    for name, text in given.items():
        if name not in known:
            raise UsageError(say("simulate.unknown", name=name, known=", ".join(known)))
        default = known[name].default
        try:
            values[name] = int(text) if default is None else type(default)(text)
        except ValueError:
            raise UsageError(say("simulate.bad_value", name=name, text=text)) from None
    try:
        return PackSpec(**values)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _ready(address: str) -> None:
    print(address, flush=True)


def _known() -> str:
    lines = []
    for code in simulators.codes():
        simulator = simulators.load(code)
        lines.append(f"  {code:<12} {either(*simulator.title)} ({', '.join(simulator.transports)})")
    settings = ", ".join(field.name for field in dataclasses.fields(PackSpec))
    return "\n".join((*lines, "", f"  --pack: {settings}"))
