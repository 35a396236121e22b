"""Requests to addresses that people typed in: bounded in time and size, and never to inside.

The name is resolved once and the connection goes to that address, so that a name which changes
its answer gains nothing. Redirects are answers like any other: nobody follows them.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from app.errors import Misconfigured
from app.settings import Settings

from .base import Undelivered

SECONDS = 8.0
MOST_BYTES = 8 * 1024
MOST_URL = 1000
NAT64 = IPv6Network("64:ff9b::/96")


def post(
    settings: Settings, url: str, body: bytes, headers: Mapping[str, str], seconds: float = SECONDS
) -> tuple[int, str]:
    """Send a body; the status and the beginning of what was answered. Raises Undelivered.

    Within `seconds` all told, whatever the other side does; encrypted, unless it is on a network
    that the installation has opened to this.
    """
    parts = checked(url)
    address, opened = _pinned(settings, parts)
    if parts.scheme != "https" and not opened:
        raise Undelivered("Only https:// addresses are used.", gone=True)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        plain = socket.create_connection((address, port), timeout=seconds)
    except OSError as error:
        raise Undelivered(f"No connection to {parts.hostname}: {_why(error)}.") from error
    over = time.monotonic() + seconds
    watch = Timer(seconds, _cut, (plain,))
    watch.daemon = True
    watch.start()
    try:
        return _exchange(plain, parts, body, headers)
    except TimeoutError as error:
        raise Undelivered(f"{parts.hostname} did not answer within {seconds:.0f} s.") from error
    except (OSError, http.client.HTTPException) as error:
        text = f"{parts.hostname} broke off: {_why(error)}."
        if time.monotonic() >= over:
            text = f"{parts.hostname} did not answer within {seconds:.0f} s."
        raise Undelivered(text) from error
    finally:
        watch.cancel()
        plain.close()


def checked(url: str) -> SplitResult:
    """The parts of an address that may be used at all; Undelivered otherwise."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or len(url) > MOST_URL or not url.isascii() or any(c <= " " for c in url):
        raise Undelivered("This is not an address of the web.", gone=True)
    if parts.username is not None:
        raise Undelivered("An address with a password in it is not used.", gone=True)
    return parts


def refuse_inside(settings: Settings, url: str) -> None:
    """Raise Undelivered for an address that `post` would refuse, before it is kept."""
    parts = checked(url)
    _, opened = _pinned(settings, parts)
    if parts.scheme != "https" and not opened:
        raise Undelivered("Only https:// addresses are used.", gone=True)


def _pinned(settings: Settings, parts: SplitResult) -> tuple[str, bool]:
    """The address to connect to, and whether it is on a network opened on purpose. One answer of
    the name that leads inside condemns them all."""
    try:
        found = socket.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Undelivered(f"The name {parts.hostname} is not known.") from error
    networks = opened_networks(settings)
    addresses = [ip_address(entry[4][0].partition("%")[0]) for entry in found]
    opened = all(any(each in network for network in networks) for each in addresses)
    if not opened and not all(_is_outside(each) for each in addresses):
        raise Undelivered(f"{parts.hostname} is on a private network: it is not called.", gone=True)
    return str(addresses[0]), opened


def _is_outside(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in NAT64 or address.sixtofour is not None or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def opened_networks(settings: Settings) -> Sequence:
    """The private networks that this installation lets its webhooks reach."""
    try:
        return [ip_network(text.strip()) for text in settings.webhook_networks.split(",") if text]
    except ValueError as error:
        raise Misconfigured(f"WEBHOOK_NETWORKS is not a list of networks: {error}.") from None


def _exchange(
    plain: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str]
) -> tuple[int, str]:
    host, secure = parts.hostname or "", parts.scheme == "https"
    connection = http.client.HTTPConnection(host, parts.port)
    connection.sock = plain
    if secure:
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        connection.default_port = 443
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {"User-Agent": "TrackingBMS", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES).decode("utf-8", "replace")
    finally:
        connection.close()


def _cut(plain: socket.socket) -> None:
    """End a conversation whatever it waits for: bytes that come one by one defeat time-outs."""
    with suppress(OSError):
        plain.shutdown(socket.SHUT_RDWR)


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:160]
