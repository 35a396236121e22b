"""`rotate`: another key for this collector, without a gap; of a running one, by itself."""

import argparse
import time
from pathlib import Path

import requests

from .. import config as configuration
from ..clock import Clock
from ..config import ConfigError
from ..portal import identity as identities
from ..portal.identity import Identity, IdentityError
from ..portal.reach import PortalError
from ..portal.rotation import WANTED, rotate
from ..words import say
from .base import config_argument, fail
from .run import Busy, alone

PATIENCE = 90.0
"""Seconds a running collector is given: a push under way, and the change itself."""
LOOK_EVERY = 0.2


def arguments(parser: argparse.ArgumentParser) -> None:
    config_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:
        config = configuration.load(args.config)
        before = identities.load(config.state)
        session = requests.Session()
        if config.ca_file:
            session.verify = config.ca_file
        try:
            with alone(config.state):
                changed = rotate(config.state, session, Clock().now())
        except Busy:
            changed = _wait(config.state, before)
    except (ConfigError, IdentityError, PortalError, OSError) as error:
        return fail(error)
    print(say("rotate.done", new=changed.key_id, old=before.key_id))
    return 0


def _wait(state: Path, before: Identity) -> Identity:
    """Ask the collector that holds the state folder, and wait until it has done so."""
    (state / WANTED).touch(mode=0o600)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        changed = identities.load(state)
        if changed.key_id != before.key_id:
            return changed
        time.sleep(LOOK_EVERY)
    raise PortalError(say("rotate.not_yet"))
