"""Letters are folded alike wherever they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.folding import excerpt, fold, marks, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Québec", "quebec"),
        ("QUÉBEC", "quebec"),
        ("Que\u0301bec", "quebec"),
        ("Straße", "strasse"),
        ("a\u202eb\u200bc", "abc"),
        ("ﬁche", "fiche"),
        ("a\tb\u00a0c", "a b c"),
        ("🔋", "🔋"),
    ],
)
def test_letters_lose_case_and_accents(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


def test_a_search_has_few_and_different_words():
    assert words("  Été été  ETE\x00 b ") == ("ete", "b")
    assert len(words(" ".join(map(str, range(99))))) == 8


def test_hits_are_marked_in_the_text_as_it_was_written():
    assert marks("Entrepôt du Quai", ("pot", "quai")) == [
        ("Entre", False),
        ("pôt", True),
        (" du ", False),
        ("Quai", True),
    ]
    assert marks("Straße", ("ss",)) == [("Stra", False), ("ß", True), ("e", False)]
    assert marks("", ("a",)) == []


@given(st.text(), st.lists(st.text(max_size=5), max_size=4))
def test_pieces_are_the_text(text, wanted):
    assert "".join(piece for piece, _ in marks(text, map(fold, wanted))) == text


def test_a_long_text_is_shown_around_its_hit():
    text = "a " * 300 + "clé du local" + " b" * 300
    shown = excerpt(text, ("cle",))
    assert "clé du local" in shown
    assert len(shown) <= 122
    assert excerpt("court", ("x",)) == "court"
