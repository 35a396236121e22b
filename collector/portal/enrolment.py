"""Enrolment: a claim code becomes an identity."""

from pathlib import Path

import requests

from ..wire import envelope, strict_json
from ..wire.errors import WireError
from ..words import say
from . import identity as identities
from .identity import Identity, IdentityError
from .reach import TIMEOUT, PortalError, cause, fault, trusted

MAX_ANSWER = 1 << 16


def enrol(portal: str, code: str, state: Path, session: requests.Session) -> Identity:
    """Redeem a claim code; raises PortalError with the portal's own words.

    May be repeated with the same code when an answer was lost: the key is the same.
    """
    portal = trusted(portal)
    name, key = identities.candidate_key(state)
    request = identities.enrolment_request(code, key)
    document = asked(session, portal + envelope.ENROL_PATH, request, 201)
    try:
        identity = identities.from_answer(portal, document, name)
        trusted(identity.ingest_url)
    except IdentityError as error:
        raise PortalError(str(error)) from error
    return identities.save(state, identity)


def asked(session: requests.Session, url: str, body: object, wanted: int) -> object:
    """The document that answers a question; raises PortalError unless the status is as wanted."""
    try:
        answer = session.post(
            url,
            json=body,
            timeout=TIMEOUT,
            allow_redirects=False,
            verify=session.verify,  # said again, or the environment's certificates would win
        )
    except requests.RequestException as error:
        raise PortalError(say(fault(error), reason=cause(error))) from error
    document = _document(answer)
    if answer.status_code != wanted:
        raise PortalError(_refusal(answer.status_code, document))
    return document


def _document(answer: requests.Response) -> object:
    """The JSON of an answer, None if it is none."""
    try:
        return strict_json.loads(answer.content[:MAX_ANSWER])
    except WireError:
        return None


def _refusal(status: int, document: object) -> str:
    """What a person should know of an answer that is no yes."""
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        return say("portal.stranger", status=status)
    detail = document.get("detail") or document.get("title") or ""
    return f"{detail} ({document['code']})".strip()
