"""No log line holds a secret, and no text anybody sends can forge or colour a line."""

import io
import json
import logging

import pytest

from app.core.journal import JsonFormatter, configure_logging, redact, secrets_of
from app.settings import Settings

pytestmark = pytest.mark.sqlite_only

SEEDED = "Seeded-Secret-4711"
HOSTILE = ('\r\n{"level": "ERROR"}', "\x1b[31mred\x1b[0m", "\u2028line", "\x00nul", "%s%n{0}")


@pytest.fixture
def log():
    """What this process logs while the test runs."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SEEDED}",
        f"Cookie: sid={SEEDED}; theme=dark",
        f"password={SEEDED}&email=a",
        f'{{"new_password": "{SEEDED}"}}',
        f"mysql+pymysql://app:{SEEDED}@localhost/core",
        f"refresh_token: {SEEDED}",
        f"api-key={SEEDED}",
        f"SECRET_KEY={SEEDED}",
        f"eyJhbGciOiJIUzI1NiJ9.{'e' * 20}.{SEEDED}",
        f"tbms_live_abcdefgh_{SEEDED.replace('-', '_')}_x",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text):
    said = redact(text)
    assert SEEDED not in said and SEEDED.replace("-", "_") not in said
    assert "[hidden]" in said


@pytest.mark.parametrize(
    "text",
    ["client 7 failed", "GET /batteries?etat=off 200", "a tokenless sentence", "session.start"],
)
def test_ordinary_lines_stay_as_they_are(text):
    assert redact(text) == text


def test_the_installations_own_secrets_never_appear():
    settings = Settings(
        secret_key=f"{SEEDED}-of-thirty-two-characters!", field_keys="1:AAAAAAAA,2:BBBBBBBB"
    )
    assert set(secrets_of(settings)) >= {settings.secret_key, "1:AAAAAAAA", "2:BBBBBBBB"}
    assert SEEDED not in repr(settings)
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging(settings, stream)
        try:
            raise ValueError(f"cannot use {settings.secret_key}")
        except ValueError:
            logging.getLogger("trial").exception("with %s", settings.secret_key)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert stream.getvalue().count("[hidden]") >= 2
    assert SEEDED not in stream.getvalue()


def test_requests_full_of_secrets_leave_none_in_the_log(log, client_of, app):
    app.testing = False
    same = {"Sec-Fetch-Site": "same-origin"}
    browser = client_of("nobody")
    browser.post("/connexion", data={"email": "a@b.example", "password": SEEDED}, headers=same)
    browser.get("/api/v1/live", headers={"Authorization": f"Bearer {SEEDED}"})
    browser.get("/api/v1/live", headers={"Cookie": f"sid={SEEDED}"})
    enrol = {"code": SEEDED, "public_key": SEEDED, "proof": SEEDED}
    browser.post("/api/v1/collectors/enrol", json=enrol, headers=same)
    client_of("alice").post(
        "/profil/mot-de-passe", data={"current": SEEDED, "password": SEEDED}, headers=same
    )
    logging.getLogger("trial").info("the log is heard")
    assert "the log is heard" in log.getvalue()
    assert SEEDED not in log.getvalue()


def test_nobody_forges_or_colours_a_line(log):
    logger = logging.getLogger("trial")
    for text in HOSTILE:
        logger.warning("a name: %s", text)
        logger.warning(text)
    lines = log.getvalue().splitlines()
    assert len(lines) == 2 * len(HOSTILE)
    assert {json.loads(line)["level"] for line in lines} == {"WARNING"}
    assert log.getvalue().isascii() and "\x1b" not in log.getvalue()
