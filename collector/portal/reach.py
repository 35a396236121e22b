"""Whether the portal can be reached: what address is safe, what time it has, what went wrong."""

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError

from ..wire import strict_json
from ..wire.errors import WireError
from ..words import say

TIMEOUT = (10, 30)
MAX_ANSWER = 1 << 16


class PortalError(Exception):
    """The portal cannot be used; the text says what to do."""


def trusted(url: str) -> str:
    """The address without a trailing slash; raises PortalError unless it is safe to talk to."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url.rstrip("/")
    if parts.scheme == "http" and _on_this_machine(parts.hostname):
        return url.rstrip("/")
    raise PortalError(say("portal.https", url=url))


@dataclass(frozen=True, slots=True)
class Greeting:
    """An answer from the portal's address: its time, epoch milliseconds, if it says; and whether
    it is the portal's own, rather than that of something on the way."""

    server_time: int | None
    ours: bool


def greet(url: str, session: requests.Session) -> Greeting:
    """Knock where pushes go, without pushing; raises PortalError."""
    try:
        with session.get(
            url, timeout=TIMEOUT, allow_redirects=False, stream=True, verify=session.verify
        ) as answer:
            ours = answer.status_code >= 400 and _has_code(answer.raw.read(MAX_ANSWER))
    except (requests.RequestException, HTTPError) as error:
        raise PortalError(say(fault(error), reason=cause(error))) from error
    try:
        moment = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return Greeting(None, ours)
    return Greeting(round(moment.timestamp() * 1000), ours)


def addresses(url: str) -> tuple[str, ...]:
    """What the portal's name stands for; raises PortalError if nobody knows it."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PortalError(say("network.name", reason=error.strerror or error)) from error
    return tuple(dict.fromkeys(each[4][0] for each in found))


def proxy(url: str) -> str | None:
    """The proxy that the environment wants for this address, without its password."""
    given = select_proxy(url, get_environ_proxies(url))
    if not given:
        return None
    parts = urlsplit(given)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}" if parts.port else parts.hostname


def _has_code(body: bytes) -> bool:
    try:
        document = strict_json.loads(body)
    except WireError:
        return False
    return isinstance(document, dict) and isinstance(document.get("code"), str)


def fault(error: Exception) -> str:
    """Which of the `network.…` texts says what happened; all of them take `reason`."""
    if isinstance(error, requests.exceptions.SSLError):
        return "network.certificate"
    if isinstance(error, requests.exceptions.ProxyError):
        return "network.proxy"
    if isinstance(error, requests.Timeout):
        return "network.slow"
    if isinstance(error, requests.ConnectionError) and "resolve" in str(error):
        return "network.name"
    return "network.unreachable"


def cause(error: Exception) -> object:
    """What happened, without the wrappings of the libraries it came through."""
    seen: object = error
    for _ in range(6):
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen.verify_message
        inner = getattr(seen, "reason", None) or next(iter(getattr(seen, "args", ())), None)
        if not isinstance(inner, Exception):
            break
        seen = inner
    return seen if str(seen) else type(error).__name__


def _on_this_machine(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
