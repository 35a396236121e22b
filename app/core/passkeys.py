"""Passkeys (WebAuthn): sign-in with a device that has checked its owner's face, finger or PIN.

A passkey is two factors in one and answers only to the portal's own address, so it cannot be
phished. Challenges are the edge's to keep: one is made for each page and counts once.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.database.base import now_ms
from app.errors import Invalid, NotFound, Unauthorized
from app.settings import Settings

from .auth import may_sign_in
from .models import Passkey, User

NAME = "TrackingBMS"
MOST = 10
"""Passkeys of one person."""


def creation_options(settings: Settings, core: Session, user: User) -> str:
    """What a browser needs to make a passkey for this person, as JSON with a new challenge."""
    import webauthn  # here, because it costs 100 ms and few pages need it
    from webauthn.helpers import structs

    known = [structs.PublicKeyCredentialDescriptor(id=k.credential_id) for k in of(core, user.id)]
    options = webauthn.generate_registration_options(
        rp_id=_site(settings),
        rp_name=NAME,
        user_id=sha256(f"passkey|{user.id}".encode()).digest(),
        user_name=user.email,
        user_display_name=user.name,
        exclude_credentials=known,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
    )
    return webauthn.options_to_json(options)


def request_options(settings: Settings) -> str:
    """What a browser needs to sign in with any passkey of this portal, as JSON."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=_site(settings), user_verification=UserVerificationRequirement.REQUIRED
    )
    return webauthn.options_to_json(options)


def challenge_of(options: str) -> str:
    """The challenge in options, to be kept until the answer comes."""
    return json.loads(options)["challenge"]


def add(
    core: Session, settings: Settings, user: User, name: str, challenge: str, answer: str
) -> Passkey:
    """Keep a new passkey of this person. Raises Invalid when the answer does not prove one."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verified = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_site(settings),
            expected_origin=_origin(settings),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise Invalid("The passkey could not be added.", code="bad_passkey") from error
    if len(of(core, user.id)) >= MOST:
        raise Invalid("These are as many passkeys as one person can have.")
    passkey = Passkey(
        user_id=user.id,
        credential_hash=sha256(verified.credential_id).digest(),
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        name=name.strip()[:80] or NAME,
    )
    core.add(passkey)
    core.flush()
    return passkey


def authenticate(core: Session, settings: Settings, challenge: str, answer: str) -> User:
    """Whose passkey signed this challenge; Unauthorized, the same for every reason."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        credential = parse_authentication_credential_json(answer)
        passkey = core.scalar(
            select(Passkey).where(Passkey.credential_hash == sha256(credential.raw_id).digest())
        )
        if passkey is None:
            raise _refused()
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_site(settings),
            expected_origin=_origin(settings),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise _refused() from error
    user = core.get(User, passkey.user_id, options=[joinedload(User.tenant)])
    if user is None or not may_sign_in(user):
        raise _refused()
    passkey.sign_count = verified.new_sign_count
    passkey.last_used = user.last_sign_in = now_ms()
    return user


def of(core: Session, user_id: int) -> Sequence[Passkey]:
    """A person's passkeys, the oldest first."""
    found = select(Passkey).where(Passkey.user_id == user_id)
    return core.scalars(found.order_by(Passkey.id)).all()


def remove(core: Session, user_id: int, passkey_id: int) -> None:
    """Forget one of a person's passkeys; NotFound when it is none of theirs."""
    passkey = core.get(Passkey, passkey_id)
    if passkey is None or passkey.user_id != user_id:
        raise NotFound("There is no such passkey.")
    core.delete(passkey)


def _site(settings: Settings) -> str:
    return urlsplit(settings.public_url).hostname or ""


def _origin(settings: Settings) -> str:
    public = urlsplit(settings.public_url)
    return f"{public.scheme}://{public.netloc}"


def _refused() -> Unauthorized:
    return Unauthorized("This passkey does not open anything here.", code="bad_credentials")
