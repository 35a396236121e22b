"""Passwords that anybody would try first are refused, however they are dressed up."""

import pytest
from hypothesis import given, strategies

from app.core.passwords import _common, is_guessable, password_fault
from tests.house import PERSONAS


@pytest.mark.parametrize(
    "password",
    [
        "motdepasse2026!", "MotDePasse123456", "P@ssw0rd123456", "password password", "111111111111",
        "abcabcabcabcabc", "qwertyuiop12345", "azertyuiop!!!!!", "trackingbms2026", "Batterie123!",
        "EDS-2026-2027!", "lkjhgfdsapoiuytrewq", "0123456789012", "!!!!!!!!!!!!!!!", "iloveyou2026!!",
        "ｍｏｔｄｅｐａｓｓｅ1", "dragon dragon dragon", "alice2026alice2026",
    ],
)  # fmt: skip
def test_common_words_are_refused_however_dressed_up(password):
    assert is_guessable(password, "Alice", "alice@laurentia.example")


@pytest.mark.parametrize(
    "password",
    [
        "cheval correct pile agrafe",
        "une phrase toute neuve",
        "les 16 cellules du bloc",
        "xK9#mQ2$vL7w",
    ]
    + [persona.password for persona in PERSONAS.values()],
)
def test_sentences_are_taken(password):
    assert password_fault(password, "Alice", "alice@laurentia.example") is None


def test_the_list_is_the_ten_thousand_most_used():
    assert len(_common()) >= 9_990
    assert {"123456", "password", "qwerty"} <= _common()


@given(strategies.text(max_size=300))
def test_any_text_gets_an_answer(password):
    fault = password_fault(password, "Zoé", "zoe@x.example")
    assert fault is not None or 12 <= len(password) <= 256
