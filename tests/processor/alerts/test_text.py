"""What alerts say: every default rule, in both languages, with its numbers and no gap."""

import re

import pytest

from app.plugins import load_plugins
from app.processor.alerts.models import Alert
from app.processor.alerts.text import duration, tell
from app.processor.rules.base import ABOVE
from tests.processor.alerts.test_default_rules import RULES, ids


def alert(rule, **given) -> Alert:
    facts = {"held_ms": 90_000, "soc": 97.5, "current": -12.25, "temperature_max": 31.0}
    facts |= {
        name: rule.params[name] for name in ("metric", "array", "figure") if name in rule.params
    }
    limit = rule.params.get("limit", rule.params.get("limit_s"))
    row = {"kind": rule.kind, "value": limit, "limit": limit, "facts": facts, "cell": 3}
    row["subject"] = "cell_overvoltage:3" if rule.kind == "fault" else ""
    return Alert(rule=rule.code, **row | given)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(("name", "rule"), RULES, ids=ids)
def test_every_default_rule_says_all_of_it(name, rule, language):
    told = tell(alert(rule), language, lambda code, index: f"{code} {index + 1}")
    assert told.title and told.measured and told.cause and told.advice
    assert not re.search(r"[{}]|None|\bL\d", told.measured), told.measured
    if rule.kind != "fault":
        assert re.search(r"\d", told.measured), told.measured
    else:
        assert "cell_overvoltage 4" in told.measured
    assert "97" in told.context and "12" in told.context and "31" in told.context
    if language == "fr":
        everything = " ".join((told.title, told.measured, told.context, told.cause, told.advice))
        assert not re.search(r"\d\.\d", everything), "decimal commas"
        assert "'" not in everything


def test_french_and_english():
    rule = next(rule for name, rule in RULES if (name, rule.code) == ("lfp", "L2"))
    row = alert(rule, value=3.66, cell=10)
    assert tell(row, "fr").measured == (
        "Cellule la plus haute, cellule 11 : 3,660\u202fV (seuil 3,650\u202fV) depuis 90\u202fs."
    )
    assert tell(row, "en").measured == (
        "Highest cell, cell 11: 3.660\u202fV (limit 3.650\u202fV) for 90\u202fs."
    )
    assert tell(row, "fr").context == (
        "Charge : 97,5\u202f%, Courant : −12,2\u202fA, Température : 31,0\u202f°C"
    )


def test_what_is_not_known_is_left_out():
    rule = RULES[0][1]
    row = alert(rule, facts={}, value=None, cell=None)
    assert tell(row, "fr").context == ""
    assert "None" not in tell(row, "fr").measured


def test_a_rule_that_is_no_more_is_told_by_the_name_it_had():
    row = Alert(
        rule="C12", kind="threshold", subject="", value=1.0, limit=1.0, cell=None,
        facts={"title": "Cellule tiède", "advice": "Ouvrir.", "metric": "temperature_max"},
    )  # fmt: skip
    told = tell(row, "en")
    assert (told.title, told.advice, told.cause) == ("Cellule tiède", "Ouvrir.", "")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (90, "90 s"), (600, "10 min"), (12_000, "3 h 20 min"), (187_200, "2 j 4 h")],
)
def test_durations_are_short(seconds, said):
    assert duration(seconds * 1000, "fr").replace("\u202f", " ") == said


def test_kinds_say_something_in_both_languages():
    for kind in load_plugins("app.processor.rules", "RULE").values():
        assert kind.sentence[0] != kind.sentence[1] and all(kind.label)
        for parameter in kind.parameters:
            assert all(parameter.label)
            assert parameter.tighter in ("", "lower", "higher", "side")
            assert parameter.tighter != "side" or any(p.default == ABOVE for p in kind.parameters)
