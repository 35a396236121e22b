"""Passwords: hashed slowly, compared without telling who exists."""

import time

import pytest
from hypothesis import given, settings, strategies

from app.core import auth, passwords
from app.core.models import Tenant, User
from app.errors import Unauthorized

LIVING_TEXT = strategies.text(
    strategies.characters(exclude_categories=["Cs"]), min_size=1, max_size=200
)


@settings(max_examples=10, deadline=None)
@given(LIVING_TEXT)
def test_a_password_opens_its_own_hash_only(password):
    stored = passwords.hash_password(password)
    assert passwords.verify_password(stored, password)
    assert not passwords.verify_password(stored, password + "x")
    assert not passwords.verify_password(stored, password.swapcase() + " ")


def test_hashes_are_argon2id_at_the_chosen_cost():
    assert passwords.hash_password("a").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_nobodys_hash_costs_what_a_real_one_does():
    parameters = passwords.hash_password("a").rsplit("$", 2)[0]
    assert passwords.NOBODY.startswith(parameters)
    assert not passwords.verify_password(None, "a")


def test_damaged_hashes_open_nothing():
    for stored in ("", "x", "$argon2id$v=19$m=19456,t=2,p=1$AAAA", "plain text"):
        assert not passwords.verify_password(stored, "x")


def test_authenticate_returns_the_person_and_notes_it(house):
    alice = house.persona("alice")
    with house.core() as core:
        user = auth.authenticate(core, f" {alice.email.upper()} ", alice.password)
        assert (user.id, user.tenant.slug) == (alice.id, "laurentia")
        assert user.last_sign_in is not None


@pytest.mark.sqlite_only
def test_every_refusal_is_the_same(house):
    alice, bob = house.persona("alice"), house.persona("bob")
    with house.core() as core:
        core.get(User, bob.id).status = "disabled"
        core.get(Tenant, 2).status = "suspended"
        core.flush()
        mallory = house.persona("mallory")
        said = set()
        for email, password in (
            (alice.email, "wrong"),
            ("nobody@laurentia.example", alice.password),
            (bob.email, bob.password),
            (mallory.email, mallory.password),
            ("", ""),
        ):
            with pytest.raises(Unauthorized) as refusal:
                auth.authenticate(core, email, password)
            said.add((refusal.value.code, refusal.value.text))
    assert said == {("bad_credentials", "The e-mail address or the password is wrong.")}


@pytest.mark.sqlite_only
def test_unknown_people_take_as_long_as_known_ones(house):
    def seconds(email: str) -> float:
        with house.core() as core:
            begun = time.process_time()
            with pytest.raises(Unauthorized):
                auth.authenticate(core, email, "wrong")
            return time.process_time() - begun

    seconds("warm@up.example")
    known = min(seconds(house.persona("alice").email) for _ in range(5))
    unknown = min(seconds("nobody@laurentia.example") for _ in range(5))
    assert 0.5 < known / unknown < 2


@pytest.mark.sqlite_only
def test_hashes_of_older_parameters_are_renewed(house):
    from argon2 import PasswordHasher

    alice = house.persona("alice")
    with house.core() as core:
        old = PasswordHasher(1, 8192, 1).hash(alice.password)
        core.get(User, alice.id).password_hash = old
        user = auth.authenticate(core, alice.email, alice.password)
        assert user.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert passwords.verify_password(user.password_hash, alice.password)
