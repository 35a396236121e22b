"""Whatever a technician reads is there in French and in English."""

import ast
import string
from collections.abc import Iterator

import pytest

from collector import words
from collector.commands.drivers import described
from collector.drivers import base as drivers
from collector.drivers.base import OptionError
from collector.formats import base as formats
from collector.links.errors import BadAnswer
from collector.links.modbus import EXCEPTIONS
from collector.registers import profile
from collector.signals import profile as signals
from collector.simulators import base as simulators
from tests.tree import modules

TOLD_ONCE = {"OptionError", "ProfileError", "SiteError", "LinkConfigError", "UsageError"}
"""Errors whose one text is for a terminal: it must have been chosen."""
PAIRED = {
    "LinkDown": 0,
    "LinkTimeout": 0,
    "BadAnswer": 1,
    "warn": 0,
    "fail": 0,
    "either": 0,
}
"""Calls that take a text in both languages, with the place of the French one."""
OTHER_FAIL = "collector/commands/"
"""`fail` is another function there."""


def pairs() -> Iterator[tuple[str, words.Text]]:
    """Every text that stands with what it is about."""
    for code in drivers.codes():
        driver = drivers.load(code)
        yield code, driver.title
        yield from ((f"{code} {option.name}", option.help) for option in driver.options)
    yield from ((code, formats.load(code).title) for code in formats.codes())
    yield from ((code, simulators.load(code).title) for code in simulators.codes())
    notes = ((name, profile.load(name).note) for name in profile.names())
    yield from ((name, note) for name, note in notes if note)
    yield from can_notes()
    yield from ((f"exception {code}", text) for code, text in EXCEPTIONS.items())


def can_notes() -> Iterator[tuple[str, words.Text]]:
    """What CAN profiles say to a technician."""
    for name in signals.names():
        found = signals.load(name)
        yield from ((name, note) for note in (found.note, *found.strangers.values()) if note)


@pytest.mark.parametrize(("what", "text"), list(pairs()))
def test_a_text_is_a_pair(what, text):
    french, english = text
    assert french.strip()
    assert english.strip()
    alike = what.startswith(("exception", "drivers.")) or len(english.split()) > 4
    assert french != english or not alike


@pytest.mark.parametrize("key", words.TEXTS)
def test_every_text_takes_the_same_parts_in_both_languages(key):
    assert all(words.TEXTS[key])
    french, english = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in words.TEXTS[key]
    )
    assert french == english


def test_every_text_of_the_table_is_said():
    """By its key, or by one that is put together from it."""
    source = "".join(
        ast.unparse(module.tree)
        for module in modules("collector")
        if not module.name.startswith(("collector.words", "collector.texts"))
    )
    made = (".about", "network.")
    silent = [
        key for key in words.TEXTS if f"'{key}'" not in source and not any(m in key for m in made)
    ]
    assert silent == []


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for module in modules("collector"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                yield f"{module.path}:{node.lineno}", node


def _says_something(node: ast.expr) -> bool:
    """Whether there are words in it, rather than values and signs between them."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = (part.value for part in parts if isinstance(part, ast.Constant))
    return any(any(sign.isalpha() for sign in str(text)) for text in texts)


def test_no_error_for_a_terminal_is_in_one_language_only():
    unpaired = [
        where
        for where, call in _calls()
        if _called(call) in TOLD_ONCE and any(map(_says_something, call.args))
    ]
    assert unpaired == []


def test_what_is_told_in_both_languages_is_told_in_both():
    half = []
    for where, call in _calls():
        first = PAIRED.get(_called(call))
        spread = any(isinstance(argument, ast.Starred) for argument in call.args)
        if first is None or spread or (where.startswith(OTHER_FAIL) and _called(call) == "fail"):
            continue
        both = call.args[first:]
        if len(both) < 2 or ast.unparse(both[0]) == ast.unparse(both[1]):
            half.append(f"{where} {_called(call)}")
    assert half == []


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("fr_CA.UTF-8", "strings : il faut un nombre entier de 1"), ("en_CA", "strings: must be a")],
)
def test_an_option_is_refused_in_the_readers_language(monkeypatch, locale, expected):
    monkeypatch.setenv("LC_ALL", locale)
    with pytest.raises(OptionError) as raised:
        drivers.load("foxbms").decoder("A", {"strings": "two"})
    assert str(raised.value).startswith(expected)


def test_a_link_is_english_in_the_log_and_french_at_a_terminal(monkeypatch):
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    error = BadAnswer("exception_6", "il est occupé", "it is busy")
    assert (str(error), error.told) == ("it is busy", "il est occupé")


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("fr_CA.UTF-8", "lit des registres (fonctions 1 à 4) et n'écrit jamais"),
        ("en", "reads registers (functions 1 to 4) and never writes"),
    ],
)
def test_a_register_driver_says_that_it_only_reads(monkeypatch, locale, expected):
    monkeypatch.setenv("LC_ALL", locale)
    assert expected in described(drivers.load("modbus"))


def test_a_driver_that_listens_says_so(monkeypatch):
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    assert "n'émet jamais rien" in described(drivers.load("foxbms"))
    assert "n'émet jamais rien" not in described(drivers.load("libresolar"))
