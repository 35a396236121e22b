"""What the host gives the portal: Python, time, room, rights, limits, a certificate, mail."""

import resource
import shutil
import smtplib
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from sqlalchemy.exc import SQLAlchemyError

from app.checks import Answer, Check, open_tenants, value
from app.core.auth import tenant_ref
from app.database import migrate
from app.database.capacity import missing_right, server_of
from app.database.engines import Engines
from app.database.sessions import open_core
from app.errors import sentence
from app.settings import ROOT, Settings

OLDEST_PYTHON = (3, 11)
ROOM_BYTES = 500 * 1024 * 1024
CLOCK_SECONDS = 5
PACKET_BYTES = 1024 * 1024
CONNECTIONS = 10
PROCESSES = 20
MEMORY_BYTES = 256 * 1024 * 1024
CERTIFICATE_DAYS = 14
SECONDS = 5
MODULES = ("app", "collector", "cron", "migrations", "static", "templates")


def python(_: Engines) -> Iterator[Answer]:
    version = sys.version.split()[0]
    remedy = sentence("Choose Python %(oldest)s or newer in the hosting panel.")
    oldest = ".".join(map(str, OLDEST_PYTHON))
    old = sys.version_info < OLDEST_PYTHON
    yield value(sentence("Python"), version, remedy if old else "", oldest=oldest)


def files(_: Engines) -> Iterator[Answer]:
    """A folder that was not uploaded fails only when it is needed; others should not read ours."""
    missing = [name for name in MODULES if not (ROOT / name).is_dir()]
    remedy = sentence("Upload these folders again: %(missing)s") if missing else ""
    yield value(sentence("program"), ROOT, remedy, missing=", ".join(missing))
    built = (ROOT / "static" / "dist" / "manifest.json").is_file()
    finding = sentence("built") if built else sentence("as they are in the sources")
    yield Answer(
        sentence("static files"), finding, "" if built else sentence("Run: flask assets build")
    )


def room(engines: Engines) -> Iterator[Answer]:
    place = engines.settings.data_dir
    if not place.is_dir():
        return
    free = shutil.disk_usage(place).free
    remedy = sentence("Less than 500 MB are left: make room, or keep readings for fewer days.")
    yield value(
        sentence("room on disk"), f"{free // 1024**2} MB", "" if free > ROOM_BYTES else remedy
    )


def clock(engines: Engines) -> Iterator[Answer]:
    """Against the database server, and the date of this code: a clock at 1970 is behind both."""
    made = (ROOT / "passenger_wsgi.py").stat().st_mtime
    behind = time.time() < made - 86_400
    remedy = sentence("The host's clock is wrong: tell its support. Signatures depend on it.")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    yield value(sentence("clock"), now, remedy if behind else "")
    try:
        server = server_of(engines.core)
    except SQLAlchemyError:
        return  # said by the check of the databases
    if server:
        ahead = round(server.ahead, 1)
        far = abs(ahead) > CLOCK_SECONDS
        yield value(sentence("clock of the database"), f"{ahead:+} s", remedy if far else "")


def rights(engines: Engines) -> Iterator[Answer]:
    if not migrate.status(engines)[0].current:
        return
    with open_core(engines) as core:
        refs = [tenant_ref(engines, row) for row in core.scalars(open_tenants())]
    databases = {"core": engines.core, **{ref.slug: engines.tenant(ref) for ref in refs}}
    remedy = sentence("Give the portal's user all rights on this database in the hosting panel.")
    for name, engine in databases.items():
        said = missing_right(engine)
        if said:
            yield value(sentence("rights on database"), said, remedy, name)
        else:
            yield Answer(sentence("rights on database"), sentence("all that is needed"), of=name)


def limits(engines: Engines) -> Iterator[Answer]:
    processes, memory = (
        resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_AS)
    )
    few = processes != resource.RLIM_INFINITY and processes < PROCESSES
    remedy = sentence("The portal needs %(least)s: ask the host for more.")
    yield value(sentence("processes"), _limit(processes), remedy if few else "", least=PROCESSES)
    little = memory != resource.RLIM_INFINITY and memory < MEMORY_BYTES
    least = f"{MEMORY_BYTES // 1024**2} MB"
    yield value(sentence("memory"), _limit(memory), remedy if little else "", least=least)
    try:
        server = server_of(engines.core)
    except SQLAlchemyError:
        return
    if server is None:
        return
    yield value(sentence("database server"), server.version)
    most = server.limits["max_user_connections"] or server.limits["max_connections"]
    small = remedy if most < CONNECTIONS else ""
    yield value(sentence("database connections"), most, small, least=CONNECTIONS)
    packet = server.limits["max_allowed_packet"]
    yield value(
        sentence("largest statement"),
        packet,
        remedy if packet < PACKET_BYTES else "",
        least=PACKET_BYTES,
    )


def certificate(engines: Engines) -> Iterator[Answer]:
    settings, subject = engines.settings, sentence("certificate")
    if not settings.secure:
        return
    try:
        days = certificate_days(settings)
    except OSError as error:
        yield value(subject, error, sentence("Look at SSL/TLS in the hosting panel."))
        return
    remedy = sentence("Let the panel renew it (AutoSSL).") if days < CERTIFICATE_DAYS else ""
    yield Answer(subject, sentence("for another %(days)d days"), remedy, {"days": days})


def mail(engines: Engines) -> Iterator[Answer]:
    subject, settings = sentence("mail"), engines.settings
    if not settings.smtp_url:
        remedy = sentence("Set SMTP_URL: without mail nobody hears of alerts.")
        yield Answer(subject, sentence("none"), remedy)
        return
    host = urlsplit(settings.smtp_url).hostname
    try:
        _knock(settings)
    except (OSError, smtplib.SMTPException) as error:
        remedy = sentence("Compare SMTP_URL with what the hosting panel says of this mailbox.")
        yield value(subject, f"{host}: {error}", remedy)
        return
    yield value(subject, host)


def certificate_days(settings: Settings) -> int:
    """For how many days the certificate of PUBLIC_URL holds; raises OSError."""
    url = urlsplit(settings.public_url)
    context = ssl.create_default_context()
    with (
        socket.create_connection((url.hostname, url.port or 443), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=url.hostname) as stream,
    ):
        ends = ssl.cert_time_to_seconds(stream.getpeercert()["notAfter"])
    return int(ends - time.time()) // 86_400


def _knock(settings: Settings) -> None:
    """Sign in to the mail server and leave."""
    url = urlsplit(settings.smtp_url)
    secure = url.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with kind(url.hostname, url.port or (465 if secure else 587), timeout=SECONDS) as server:
        server.ehlo_or_helo_if_needed()
        if not secure and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))


def _limit(number: int) -> str:
    return "∞" if number == resource.RLIM_INFINITY else str(number)


CHECKS: tuple[Check, ...] = (
    python,
    files,
    room,
    clock,
    rights,
    limits,
    certificate,
    mail,
)
