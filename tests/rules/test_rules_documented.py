"""docs/alerts.md lists exactly the default rules there are."""

import re

from app.plugins import load_plugins
from app.processor.alerts.text import duration, quantity_label
from app.processor.rules.base import BELOW, Rule
from app.processor.rules.sample import unit_of
from tests.tree import ROOT

PAGE = ROOT / "docs" / "alerts.md"
HINT = "docs/alerts.md should hold:\n\n"
HEAD = ("| Rule | Of | Broken | For | Good | For | Severity |", "| --- " * 7 + "|")


def rows() -> list[str]:
    sets = load_plugins("app.processor.alerts.defaults", "DEFAULTS").values()
    return [*HEAD, *(_row(each.code, rule) for each in sets for rule in each.rules)]


def _row(name: str, rule: Rule) -> str:
    broken, good = _limits(rule)
    held = (
        _time(rule.for_s) if rule.for_s else "one reading" if rule.samples == 1 else "two readings"
    )
    good_for = "acknowledged" if rule.needs_ack else _time(rule.clear_for_s)
    floor = " ▲" if rule.floor else ""
    cells = (f"{rule.code}{floor}", name, broken, held, good, good_for, rule.severity)
    return "| " + " | ".join(cells) + " |"


def _time(seconds: float) -> str:
    return duration(seconds * 1000, "en").replace("\u202f", " ") if seconds else "at once"


def _limits(rule: Rule) -> tuple[str, str]:
    given = rule.params
    if rule.kind == "silence":
        return f"silent for {_time(given['limit_s'])}", "heard"
    if rule.kind == "fault":
        return "the BMS raises an alarm", "it no longer does"
    code = given.get("metric") or given.get("figure") or given["array"]
    unit = "%" if rule.kind == "quality" else unit_of(code)
    what = quantity_label(code, "en") if rule.kind != "quality" else f"{code} unknown"
    if rule.kind == "rate":
        return f"{what} up {given['limit']} {unit} in {given['within_s']} s, a cell sags", "steady"
    sign, back = ("≤", ">") if given.get("side") == BELOW else ("≥", "<")
    when = "".join(f", {quantity_label(c, 'en')} {s} {v:g}" for c, s, v in given.get("when", ()))
    phase = f", {given['phase']}" if given.get("phase", "any") != "any" else ""
    broken = f"{what} {sign} {given['limit']:g} {unit}".strip()
    return f"{broken}{phase}{when}", f"{back} {given['clear']:g}"


def test_the_page_lists_the_default_rules():
    found = re.findall(r"^\|.*\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found == rows(), HINT + "\n".join(rows())
