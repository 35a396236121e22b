"""Talking to the portal outside the push: enrolment, and whether it is there at all."""

import ipaddress
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests

from . import identity as identities
from .identity import Identity, IdentityError
from .wire import envelope, strict_json
from .wire.errors import WireError
from .words import say

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


def enrol(portal: str, code: str, state: Path, session: requests.Session) -> Identity:
    """Redeem a claim code; raises PortalError with the portal's own words.

    May be repeated with the same code when an answer was lost: the key is the same.
    """
    portal = trusted(portal)
    name, key = identities.candidate_key(state)
    request = identities.enrolment_request(code, key)
    try:
        answer = session.post(
            portal + envelope.ENROL_PATH,
            json=request,
            timeout=TIMEOUT,
            allow_redirects=False,
            verify=session.verify,  # said again, or the environment's certificates would win
        )
    except requests.RequestException as error:
        raise PortalError(say(fault(error), reason=_cause(error))) from error
    document = _document(answer)
    if answer.status_code != 201:
        raise PortalError(_refusal(answer.status_code, document))
    try:
        identity = identities.from_answer(portal, document, name)
        trusted(identity.ingest_url)
    except IdentityError as error:
        raise PortalError(str(error)) from error
    identities.save(state, identity)
    return identity


def server_time(url: str, session: requests.Session) -> int | None:
    """Epoch milliseconds by the `Date` of any answer, None without one; raises PortalError."""
    try:
        answer = session.get(
            url, timeout=TIMEOUT, allow_redirects=False, stream=True, verify=session.verify
        )
        answer.close()
    except requests.RequestException as error:
        raise PortalError(say(fault(error), reason=_cause(error))) from error
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


def _cause(error: requests.RequestException) -> object:
    """What happened, without the wrappings of the libraries it came through."""
    return getattr(error.args[0], "reason", error) if error.args else type(error).__name__


def _on_this_machine(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _document(answer: requests.Response) -> object:
    try:
        return strict_json.loads(answer.content[:MAX_ANSWER])
    except WireError:
        return None


def _refusal(status: int, document: object) -> str:
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        return say("portal.stranger", status=status)
    detail = document.get("detail") or document.get("title") or ""
    return f"{detail} ({document['code']})".strip()
