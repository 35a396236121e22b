"""`run`: the collector at work, until it is told to stop."""

import argparse
import fcntl
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from .. import config as configuration
from .. import logs
from ..config import Config, ConfigError
from ..notify import notify
from ..portal import identity as identities
from ..portal.identity import IdentityError
from ..portal.reach import PortalError, trusted
from ..spool.spool import SpoolError
from ..words import say
from .base import config_argument, fail

if TYPE_CHECKING:
    from ..agent import Agent

log = logging.getLogger(__name__)

STOPS = {signal.SIGTERM, signal.SIGINT}
AGAIN = signal.SIGHUP
"""Asks for the configuration to be read again."""


def arguments(parser: argparse.ArgumentParser) -> None:
    config_argument(parser)
    parser.add_argument("--verbose", action="store_true", help=say("run.verbose"))


def run(args: argparse.Namespace) -> int:
    # before any thread exists, so that all of them leave these signals to the one that waits
    signal.pthread_sigmask(signal.SIG_BLOCK, {*STOPS, AGAIN})
    logs.start(verbose=args.verbose)
    try:
        config = configuration.load(args.config)
        with alone(config.state):
            return _run(config)
    except (ConfigError, IdentityError, PortalError, SpoolError, OSError, RuntimeError) as error:
        return fail(error)


class Busy(IdentityError):
    """Another collector uses the state folder."""


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder; raises Busy if another collector does."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(say("run.twice", state=state)) from None
        yield


def _run(config: Config) -> int:
    from ..agent import Agent  # not at the top: it loads the schedule and HTTP

    _with_devices(config)
    identity = identities.load(config.state)
    trusted(identity.ingest_url)
    if config.portal and config.portal.rstrip("/") != identity.portal:
        raise IdentityError(say("run.other_portal", ours=identity.portal, given=config.portal))
    agent = Agent(config)
    Thread(target=_obey_signals, args=(agent,), name="signals", daemon=True).start()
    agent.run()
    log.info("stopped")
    return 0


def _with_devices(config: Config) -> Config:
    if not config.devices:
        raise ConfigError(config.path, None, say("run.no_devices"))
    return config


def _obey_signals(agent: "Agent") -> None:
    try:
        while (received := signal.sigwait({*STOPS, AGAIN})) == AGAIN:
            reload(agent)
        log.info("%s: stopping", signal.Signals(received).name)
    finally:
        agent.stop()  # without this thread nothing else would


def reload(agent: "Agent") -> None:
    """Read the configuration again; a wrong one changes nothing, and the log says what is wrong."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
    try:
        agent.become(_with_devices(configuration.load(agent.config.path)))
    except ConfigError as error:
        log.error("the configuration is not used, the old one stays: %s", error)
    notify("READY=1")
