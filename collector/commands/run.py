"""`run`: the collector at work, until it is told to stop."""

import argparse
import fcntl
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from .. import config as configuration
from .. import logs
from ..config import Config, ConfigError
from ..portal import identity as identities
from ..portal.identity import IdentityError
from ..portal.reach import PortalError, trusted
from ..spool.spool import SpoolError
from ..words import say
from .base import config_argument, fail

log = logging.getLogger(__name__)

STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def arguments(parser: argparse.ArgumentParser) -> None:
    config_argument(parser)
    parser.add_argument("--verbose", action="store_true", help=say("run.verbose"))


def run(args: argparse.Namespace) -> int:
    # before any thread exists, so that all of them leave these signals to the one that waits
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    logs.start(verbose=args.verbose)
    try:
        config = configuration.load(args.config)
        with alone(config.state):
            return _run(config)
    except (ConfigError, IdentityError, PortalError, SpoolError, OSError, RuntimeError) as error:
        return fail(error)


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder; raises IdentityError if another collector does."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IdentityError(say("run.twice", state=state)) from None
        yield


def _run(config: Config) -> int:
    from ..agent import Agent  # not at the top: it loads the schedule and HTTP

    if not config.devices:
        raise ConfigError(config.path, None, say("run.no_devices"))
    identity = identities.load(config.state)
    trusted(identity.ingest_url)
    if config.portal and config.portal.rstrip("/") != identity.portal:
        raise IdentityError(say("run.other_portal", ours=identity.portal, given=config.portal))
    agent = Agent(config, identity, identities.signer(config.state, identity))
    Thread(target=_stop_on_signal, args=(agent.stop,), name="signals", daemon=True).start()
    agent.run()
    log.info("stopped")
    return 0


def _stop_on_signal(stop) -> None:
    log.info("%s: stopping", signal.Signals(signal.sigwait(STOPS)).name)
    stop()
