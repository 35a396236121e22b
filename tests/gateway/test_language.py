"""The language of an answer: who decides it, and catalogues without a build step."""

import pytest
from flask_babel import gettext

from app.core.models import Tenant, User
from app.gateway import language

pytestmark = pytest.mark.sqlite_only

CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

msgid "Battery"
msgstr "{word}"
"""


def write(folder, locale, word):
    path = folder / locale / "LC_MESSAGES/messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CATALOGUE.format(word=word), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("person", "cookie", "client", "browser", "expected"),
    [
        ("en", "fr", "fr", "fr", "en"),
        (None, "en", "fr", "fr", "en"),
        (None, None, "en", "fr", "en"),
        (None, "xx", "fr", "en", "fr"),
    ],
)
def test_the_order_for_signed_in_people(through, house, person, cookie, client, browser, expected):
    with house.core() as core:
        core.get(User, house.persona("alice").id).locale = person
        core.get(Tenant, 1).locale = client
        core.commit()
    alice = through("alice")
    if cookie:
        alice.set_cookie("lang", cookie)
    answer = alice.get("/api/v1/probe/word", headers={"Accept-Language": browser})
    assert answer.json["locale"] == expected


@pytest.mark.parametrize(
    ("cookie", "browser", "expected"),
    [
        ("en", "fr", "en"),
        (None, "en-CA,en;q=0.9,fr;q=0.5", "en"),
        (None, "fr-CA", "fr"),
        (None, "de", "fr"),
        (None, None, "fr"),
    ],
)
def test_the_order_for_everybody_else(through, cookie, browser, expected):
    client = through()
    if cookie:
        client.set_cookie("lang", cookie)
    headers = {"Accept-Language": browser} if browser else {}
    assert client.get("/api/v1/probe/word", headers=headers).json["locale"] == expected


def test_words_come_from_the_po_file_itself(app, tmp_path):
    folder = tmp_path / "words"
    write(folder, "fr", "Batterie")
    babel = app.extensions["babel"].instance
    babel.domain_instance = language.Catalogues(tmp_path / "cache", folder)
    with app.test_request_context(headers={"Accept-Language": "fr"}):
        assert gettext("Battery") == "Batterie"
        assert gettext("Cell") == "Cell"
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert gettext("Battery") == "Battery"


def test_a_catalogue_is_compiled_once_and_again_when_it_changes(tmp_path):
    cache = tmp_path / "cache"
    path = write(tmp_path, "fr", "Batterie")
    assert language.catalogue(path, cache).ugettext("Battery") == "Batterie"
    (compiled,) = cache.iterdir()
    made = compiled.stat().st_mtime_ns

    language.catalogue.cache_clear()  # another process
    assert language.catalogue(path, cache).ugettext("Battery") == "Batterie"
    assert compiled.stat().st_mtime_ns == made

    language.catalogue.cache_clear()
    write(tmp_path, "fr", "Accumulateur")
    assert language.catalogue(path, cache).ugettext("Battery") == "Accumulateur"
    assert len(list(cache.iterdir())) == 2


def test_plurals_follow_the_catalogue(tmp_path):
    path = write(tmp_path, "fr", "Batterie")
    text = path.read_text() + '\nmsgid "%(num)s cell"\nmsgid_plural "%(num)s cells"\n'
    path.write_text(text + 'msgstr[0] "%(num)s cellule"\nmsgstr[1] "%(num)s cellules"\n')
    words = language.catalogue(path, tmp_path / "cache")
    assert words.ungettext("%(num)s cell", "%(num)s cells", 0) == "%(num)s cellule"
    assert words.ungettext("%(num)s cell", "%(num)s cells", 2) == "%(num)s cellules"
