"""Codes of authenticators: taken once, within a window; recovery codes, once each."""

import threading

import pyotp
import pytest
from sqlalchemy import select

from app.core import totp
from app.core.models import RecoveryCode, User
from app.database.sessions import open_core
from app.errors import Invalid

NOW = 1_790_000_000_000
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(now=NOW, steps=0):
    return pyotp.TOTP(SECRET).at(now // 1000 + 30 * steps)


@pytest.fixture
def core(house):
    with house.core() as core:
        yield core


@pytest.fixture
def alice(core):
    user = core.get(User, 1)
    totp.confirm(core, user, SECRET, code(), NOW)
    return user


def test_a_secret_is_used_once_a_code_of_it_was_shown(core):
    user = core.get(User, 1)
    for wrong in ("", "000000", "12345", code(steps=3), "²²²²²²", code() + "0"):
        with pytest.raises(Invalid):
            totp.confirm(core, user, SECRET, wrong, NOW)
    assert user.totp_secret is None
    assert len(totp.confirm(core, user, SECRET, f"{code()[:3]} {code()[3:]}", NOW)) == 10
    assert (user.totp_secret, user.ver) == (SECRET, 2)


def test_a_code_is_taken_once_and_older_ones_no_more(core, alice):
    assert not totp.accept(core, alice, code(), NOW)  # the one that confirmed the secret
    later = NOW + 60_000
    assert totp.accept(core, alice, code(later), later)
    assert not totp.accept(core, alice, code(later), later)
    assert not totp.accept(core, alice, code(later, -1), later)
    assert totp.accept(core, alice, code(later, 1), later)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_phones_clock_may_be_a_step_off(core, alice, steps, taken):
    later = NOW + 600_000
    assert totp.accept(core, alice, code(later, steps), later) is taken


def test_recovery_codes_work_once_however_they_are_typed(core, alice):
    codes = totp.new_recovery_codes(core, alice)
    assert len(set(codes)) == 10
    assert totp.accept(core, alice, codes[0].lower().replace("-", " "), NOW)
    assert not totp.accept(core, alice, codes[0], NOW)
    assert totp.accept(core, alice, codes[1], NOW)
    assert totp.codes_left(core, alice.id) == 8
    bob = core.get(User, 2)
    assert not totp.accept(core, bob, codes[2], NOW)
    totp.new_recovery_codes(core, alice)
    assert not totp.accept(core, alice, codes[3], NOW)


def test_the_database_holds_neither_the_secret_nor_the_codes(core, alice):
    codes = totp.new_recovery_codes(core, alice)
    core.flush()
    sealed = core.scalar(select(User.totp_sealed).where(User.id == 1))
    assert sealed
    assert SECRET.encode() not in sealed
    hashes = core.scalars(select(RecoveryCode.code_hash)).all()
    assert not any(
        kept in (c.encode(), c.replace("-", "").encode()) for kept in hashes for c in codes
    )


@pytest.mark.sqlite_only
def test_removing_it_takes_the_codes_along(core, alice):
    totp.remove(core, alice)
    core.flush()
    assert alice.totp_secret is None
    assert totp.codes_left(core, alice.id) == 0


def test_of_two_browsers_with_one_code_one_gets_in(house):
    with house.core() as core:
        totp.confirm(core, core.get(User, 1), SECRET, code(), NOW)
        core.commit()
    later, accepted = NOW + 90_000, []
    both = threading.Barrier(2)

    def go():
        both.wait(5)
        with open_core(house.engines, writes=True) as core:
            user = core.get(User, 1)
            accepted.append(totp.accept(core, user, code(later), later))
            core.commit()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accepted.count(True) == 1
