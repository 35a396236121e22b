"""Whether the portal can be reached: what address is safe, what time it has, what went wrong."""

import ipaddress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from ..words import say

TIMEOUT = (10, 30)


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


def server_time(url: str, session: requests.Session) -> int | None:
    """Epoch milliseconds by the `Date` of any answer, None without one; raises PortalError."""
    try:
        answer = session.get(
            url, timeout=TIMEOUT, allow_redirects=False, stream=True, verify=session.verify
        )
        answer.close()
    except requests.RequestException as error:
        raise PortalError(say(fault(error), reason=cause(error))) from error
    try:
        return round(parsedate_to_datetime(answer.headers["Date"]).timestamp() * 1000)
    except (KeyError, ValueError):
        return None


def fault(error: requests.RequestException) -> str:
    """Which of the `network.…` texts says what happened; all of them take `reason`."""
    if isinstance(error, requests.exceptions.SSLError):
        return "network.certificate"
    if isinstance(error, requests.Timeout):
        return "network.slow"
    if isinstance(error, requests.ConnectionError) and "resolve" in str(error):
        return "network.name"
    return "network.unreachable"


def cause(error: requests.RequestException) -> object:
    """What happened, without the wrappings of the libraries it came through."""
    return getattr(error.args[0], "reason", error) if error.args else type(error).__name__


def _on_this_machine(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
