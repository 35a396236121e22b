"""`make demo`: one command shows the product; Ctrl-C leaves nothing behind but its folder."""

import re
import secrets
import socket
import sys
import time
from pathlib import Path

import pytest
import requests

from app.core.access import Role
from tests.chain.demo import Demo
from tests.requirement import need
from tests.tree import ROOT

DAYS = "0.2"
FRESH_MS = 60_000
PATIENCE_S = 60
SEES = {Role.CLIENT_ADMIN: 4, Role.READER: 4, Role.USER: 2}
"""At least so many batteries at work are in the sight of a role."""
ACCOUNT = re.compile(r"^  (\w+) +(\S+@\S+) +(\S+)$", re.MULTILINE)


def signed_in(url, email, password):
    """A session of somebody who typed this into the sign-in page."""
    session = requests.Session()
    form = session.get(f"{url}/connexion", timeout=30).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)[1]
    session.post(
        f"{url}/connexion",
        data={"email": email, "password": password, "csrf_token": token},
        headers={"Origin": url},
        timeout=30,
    ).raise_for_status()
    return session


def fresh(session, url):
    """How many batteries this person sees with values of this minute."""
    document = session.get(f"{url}/api/v1/live", timeout=30).json()
    times = [asset["ts"] for asset in document["assets"] if asset["values"]]
    return sum(document["now"] - ts < FRESH_MS for ts in times)


def until(true):
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "no live values"
        time.sleep(0.5)


def at_work(folder):
    """Command lines of processes that know this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:  # it has ended, or is somebody else's
            continue
        if str(folder).encode() in known:
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def checkout_secrets():
    """The checkout's own `.env`, if there is one, which a demonstration elsewhere leaves alone."""
    path = ROOT / ".env"
    before = path.read_bytes() if path.exists() else None
    yield
    assert (path.read_bytes() if path.exists() else None) == before


def test_the_demonstration_from_its_first_start_to_ctrl_c(tmp_path, checkout_secrets):
    need(sys.platform == "linux", "/proc")
    secret = secrets.token_urlsafe(36)
    with Demo(tmp_path, secret, DAYS) as demo:
        printed = demo.ready()
        assert f"\nready {demo.url}\n" in printed
        people = ACCOUNT.findall(printed)
        assert {role for role, _, _ in people} == {str(role) for role in Role}
        for role, email, password in people:
            session = signed_in(demo.url, email, password)
            assert session.get(f"{demo.url}/", timeout=30).url != f"{demo.url}/connexion"
            if role != Role.SUPER_ADMIN:
                until(lambda s=session, least=SEES[role]: fresh(s, demo.url) >= least)
        assert len(at_work(tmp_path)) > 10
        assert demo.interrupt() == 0, demo.said()[-2000:]
    assert at_work(tmp_path) == []
    assert is_free(demo.port)
    assert "Traceback" not in demo.said()

    began = time.monotonic()
    with Demo(tmp_path, secret, DAYS) as again:
        again.ready()
        print(f"second start: ready after {time.monotonic() - began:.1f} s")
        assert ACCOUNT.findall(again.said()) == people
    assert at_work(tmp_path) == []
