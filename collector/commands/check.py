"""`check`: whether this site can work, one line per thing, each with what to do about it."""

import argparse
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from .. import config as configuration
from ..clock import TOLERANCE, Clock
from ..config import Config, ConfigError, Device
from ..links.asked import open_asked
from ..links.errors import LinkError
from ..links.spec import KINDS
from ..links.stream import open_stream
from ..portal import identity as identities
from ..portal.identity import Identity, IdentityError
from ..portal.reach import PortalError, server_time, trusted
from ..spool.spool import SPOOL_FILE
from ..words import say
from .base import config_argument
from .run import alone

GOOD, DOUBT, BAD = "ok", "!", "✗"
CLOCK_DOUBT = 30_000
FULL_DISK = 64 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how it is (GOOD, DOUBT or BAD), and what to do."""

    verdict: str
    text: str


def arguments(parser: argparse.ArgumentParser) -> None:
    config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 if nothing is BAD."""
    worst = 0
    for finding in check(args.config):
        print(f"{finding.verdict:<3}{finding.text}", flush=True)
        worst = max(worst, finding.verdict == BAD)
    return int(worst)


def check(path: Path) -> Iterator[Finding]:
    """Findings in the order in which things depend on each other."""
    try:
        config = configuration.load(path)
    except ConfigError as error:
        yield Finding(BAD, say("check.config_bad", error=error))
        return
    count = len(config.devices)
    verdict = GOOD if count else BAD
    yield Finding(verdict, say("check.config", path=path, count=count))
    running = _running(config.state)
    if running:
        yield Finding(GOOD, say("check.running"))
    else:
        yield from (_device(device) for device in config.devices)
    yield from _portal(config)
    yield from _spool(config)


def _running(state: Path) -> bool:
    try:
        with alone(state):
            return False
    except (IdentityError, OSError):
        return True


def _device(device: Device) -> Finding:
    if KINDS[device.link.kind].asked:
        return _asked(device)
    try:
        open_stream(device.link, Clock().now).close()
    except LinkError as error:
        return Finding(BAD, say("check.link_bad", asset=device.asset, error=error.told))
    return Finding(GOOD, say("check.link", asset=device.asset, link=device.link))


def _asked(device: Device) -> Finding:
    link = open_asked(device.link, Clock().now)
    decoder = device.driver.decoder(device.asset, device.options)
    try:
        link.read(decoder.requests(0)[0])
    except LinkError as error:
        return Finding(BAD, say("check.link_bad", asset=device.asset, error=error.told))
    finally:
        link.close()
    return Finding(GOOD, say("check.link", asset=device.asset, link=device.link))


def _portal(config: Config) -> Iterator[Finding]:
    try:
        identity = identities.load(config.state)
        identities.signer(config.state, identity)
        trusted(identity.ingest_url)
    except (IdentityError, PortalError) as error:
        yield Finding(BAD, say("check.identity_bad", error=error))
        return
    yield _key_mode(config.state / identity.key_file, identity)
    session = requests.Session()
    if config.ca_file:
        session.verify = config.ca_file
    try:
        theirs = server_time(identity.ingest_url, session)
    except PortalError as error:
        yield Finding(BAD, say("check.portal_bad", url=identity.portal, error=error))
        return
    yield Finding(GOOD, say("check.portal", url=identity.portal))
    if theirs is not None:
        apart = round(time.time() * 1000) - theirs
        verdict = GOOD if abs(apart) <= CLOCK_DOUBT + TOLERANCE else DOUBT
        yield Finding(verdict, say("check.clock", seconds=round(apart / 1000)))


def _key_mode(path: Path, identity: Identity) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(BAD, say("check.key_open", path=path))
    return Finding(
        GOOD, say("check.identity", collector=identity.collector, client=identity.client)
    )


def _spool(config: Config) -> Iterator[Finding]:
    free = shutil.disk_usage(config.state).free
    verdict = GOOD if free > config.quota else BAD if free < FULL_DISK else DOUBT
    room = say("check.disk", free=free >> 20, quota=config.quota >> 20, state=config.state)
    yield Finding(verdict, room)
    path = config.state / SPOOL_FILE
    aside = list(config.state.glob(f"{SPOOL_FILE}.damaged-*"))
    if aside:
        yield Finding(DOUBT, say("check.damaged", count=len(aside), state=config.state))
    if not path.exists():
        return
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        waiting, dead = (
            db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("blocks", "dead")
        )
        db.close()
    except sqlite3.Error as error:
        yield Finding(BAD, say("check.spool_bad", path=path, error=error))
        return
    yield Finding(GOOD, say("check.spool", count=waiting))
    if dead:
        yield Finding(DOUBT, say("check.dead", count=dead))
