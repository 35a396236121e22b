"""`check`: whether this site can work, one line per thing, each with what to do about it."""

import argparse
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

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
from ..portal.reach import PortalError, addresses, greet, proxy, trusted
from ..spool.spool import LOST, SPOOL_FILE, THINNED
from ..words import say
from .base import config_argument
from .run import alone

GOOD, DOUBT, BAD = "ok", "!", "✗"
CLOCK_DOUBT = 30_000
FULL_DISK = 64 << 20
LISTEN = 2.0
"""Seconds a device that talks by itself is given to say something."""
BUILT = 1_767_225_600
"""2026-01-01, before which no clock is right: this program is younger."""


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
    clock = Clock()
    until = clock.monotonic() + LISTEN
    try:
        stream = open_stream(device.link, clock.now)
        try:
            heard = False
            while not heard and not device.driver.sends and clock.monotonic() < until:
                heard = bool(stream.receive(0.1))
        finally:
            stream.close()
    except LinkError as error:
        return Finding(BAD, say("check.link_bad", asset=device.asset, error=error.told))
    known = {"asset": device.asset, "link": device.link}
    if heard:
        return Finding(GOOD, say("check.heard", **known))
    if device.driver.sends:  # it may say nothing before it is asked
        return Finding(GOOD, say("check.link", **known))
    return Finding(DOUBT, say("check.silent", seconds=LISTEN, **known))


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
    yield from _way(identity.ingest_url)
    session = requests.Session()
    if config.ca_file:
        session.verify = config.ca_file
    try:
        greeting = greet(identity.ingest_url, session)
    except PortalError as error:
        yield Finding(BAD, say("check.portal_bad", url=identity.portal, error=error))
        return
    if not greeting.ours:
        yield Finding(BAD, say("check.stranger", url=identity.ingest_url))
        return
    yield Finding(GOOD, say("check.portal", url=identity.portal))
    if greeting.server_time is not None:
        apart = round(time.time() * 1000) - greeting.server_time
        verdict = GOOD if abs(apart) <= CLOCK_DOUBT + TOLERANCE else DOUBT
        yield Finding(verdict, say("check.clock", seconds=round(apart / 1000)))


def _way(url: str) -> Iterator[Finding]:
    """What lies between: a date that certificates can be judged by, a proxy, a name."""
    if (now := time.time()) < BUILT:
        yield Finding(BAD, say("check.date", date=time.strftime("%Y-%m-%d", time.gmtime(now))))
    if via := proxy(url):
        yield Finding(GOOD, say("check.proxy", proxy=via))
        return
    try:
        found = addresses(url)
    except PortalError:
        return  # said once, when the portal is knocked at
    known = {"host": urlsplit(url).hostname, "addresses": ", ".join(found)}
    six = all(":" in address for address in found)
    yield Finding(GOOD, say("check.only_six" if six else "check.name", **known))


def _key_mode(path: Path, identity: Identity) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(BAD, say("check.key_open", path=path))
    return Finding(
        GOOD, say("check.identity", collector=identity.collector, client=identity.client)
    )


def _spool(config: Config) -> Iterator[Finding]:
    try:
        config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=config.state) as trial:
            trial.write(b"x" * 4096)
        free = shutil.disk_usage(config.state).free
    except OSError as error:
        yield Finding(BAD, say("check.disk_bad", state=config.state, error=error.strerror))
        return
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
        losses = dict(db.execute("SELECT name, value FROM meta WHERE name IN ('thinned', 'lost')"))
        db.close()
    except sqlite3.Error as error:
        yield Finding(BAD, say("check.spool_bad", path=path, error=error))
        return
    yield Finding(GOOD, say("check.spool", count=waiting))
    thinned, lost = losses.get(THINNED, 0), losses.get(LOST, 0)
    if thinned or lost:
        yield Finding(DOUBT, say("check.losses", thinned=thinned, lost=lost))
    if dead:
        yield Finding(DOUBT, say("check.dead", count=dead))
