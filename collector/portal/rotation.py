"""A new key for this collector, without a moment in which neither is accepted.

The next key is on the disk before the portal hears of it. From then on the portal takes both, until
the new one is used for the first time. Whatever is cut off in between, the old key still works, and
asking again with the same next key gets the same answer.
"""

from pathlib import Path

import requests

from ..wire import envelope
from . import identity as identities
from .enrolment import asked
from .identity import Identity
from .reach import trusted

WANTED = "rotate.wanted"
"""A file in the state folder that asks a running collector to change its key."""


def rotate(state: Path, session: requests.Session, now: int) -> Identity:
    """Change the key; `now` is epoch milliseconds. Raises PortalError or IdentityError.

    When it returns, the new identity is on the disk and the old key is gone from it.
    """
    identity = identities.load(state)
    old = identities.load_key(state / identity.key_file)
    name, new = identities.candidate_key(state)
    body = identities.rotation_request(identity, old, new, now // 1000)
    url = trusted(identity.portal) + envelope.ROTATE_PATH
    document = asked(session, url, body, 200)
    changed = identities.rotated(identity, document, name)
    changed = identities.save(state, changed)
    (state / WANTED).unlink(missing_ok=True)
    return changed
