"""Every sentence has its French, every code its words, and placeholders survive translation."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from app import errors
from app.gateway.problems import TEXTS
from app.web.labels import every_label

ROOT = Path(__file__).parents[2]
ERRORS = [
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.AppError)
]
KEYWORDS = DEFAULT_KEYWORDS | dict.fromkeys(("sentence", *ERRORS))
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def catalogue(language: str) -> Catalog:
    path = ROOT / "app" / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


def sentences() -> dict[str, str]:
    """Every message id of code and templates, and where it is; of a plural its singular."""
    found = dict.fromkeys(TEXTS.values(), "app/gateway/problems.py")
    for folder, method in (("app", [("**.py", "python")]), ("templates", [("**.html", "jinja2")])):
        options = {"**.html": {"silent": "false"}}
        for file, line, message, _, _ in extract_from_dir(
            str(ROOT / folder), method, options_map=options, keywords=KEYWORDS
        ):
            first = message if isinstance(message, str) else message[0]
            found[first] = f"{folder}/{file}:{line}"
    return found


def forms(message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple) else [message.string]


def test_every_sentence_has_its_french():
    french = catalogue("fr")
    missing = {
        text: where
        for text, where in sentences().items()
        if text and not ((message := french.get(text)) and all(forms(message)) and not message.fuzzy)
    }  # fmt: skip
    assert missing == {}


def test_no_translation_outlived_its_sentence():
    known = {*sentences(), *every_label()}
    ids = [m.id[0] if isinstance(m.id, tuple) else m.id for m in catalogue("fr") if m.id]
    assert [text for text in ids if text not in known] == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_code_has_its_words(language):
    messages = catalogue(language)
    missing = [
        entry for entry in every_label() if not ((m := messages.get(entry)) and all(forms(m)))
    ]
    assert missing == []


def test_placeholders_survive_translation():
    for message in catalogue("fr"):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = set(PLACEHOLDER.findall(ids[-1]))
        for text in forms(message):
            assert set(PLACEHOLDER.findall(text)) == wanted, message.id


def test_french_puts_no_break_spaces_where_lines_must_not_break():
    for message in catalogue("fr"):
        for text in forms(message):
            if message.id:
                assert not re.search(r" (?:[:»]|%(?!\())|« ", text), text
                assert "'" not in text, text
