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
    try:
        answer = session.post(
            portal + envelope.ENROL_PATH,
            json=request,
            timeout=TIMEOUT,
            allow_redirects=False,
            verify=session.verify,  # said again, or the environment's certificates would win
        )
    except requests.RequestException as error:
        raise PortalError(say(fault(error), reason=cause(error))) from error
    document = document_of(answer)
    if answer.status_code != 201:
        raise PortalError(refusal(answer.status_code, document))
    try:
        identity = identities.from_answer(portal, document, name)
        trusted(identity.ingest_url)
    except IdentityError as error:
        raise PortalError(str(error)) from error
    return identities.save(state, identity)


def document_of(answer: requests.Response) -> object:
    """The JSON of an answer, None if it is none."""
    try:
        return strict_json.loads(answer.content[:MAX_ANSWER])
    except WireError:
        return None


def refusal(status: int, document: object) -> str:
    """What a person should know of an answer that is no yes."""
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        return say("portal.stranger", status=status)
    detail = document.get("detail") or document.get("title") or ""
    return f"{detail} ({document['code']})".strip()
