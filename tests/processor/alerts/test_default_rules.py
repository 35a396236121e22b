"""Every default rule: a story that fires it, one that clears it, one just inside that does neither.

The stories are made from the rules themselves, so that a rule added to a set is tested with it.
"""

import pytest

from app.plugins import load_plugins
from app.processor.alerts.dry_run import rehearse
from app.processor.alerts.effective import default_rules, kinds
from app.processor.alerts.machine import FIRED, RESOLVED, step, timing_of
from app.processor.rules.base import BELOW, CLEAR, SEVERITIES
from app.processor.rules.sample import Facts, comparable
from collector.wire.alarms import Alarm
from collector.wire.reading import Reading

SETS = load_plugins("app.processor.alerts.defaults", "DEFAULTS")
RULES = [(each.code, rule) for each in SETS.values() for rule in each.rules]
T0 = 1_790_000_000_000
FACTS = Facts(cells=16, capacity_ah=100.0, rating_a=100.0)
HAIR = 1e-6

ids = [f"{name}-{rule.code}" for name, rule in RULES]
each_rule = pytest.mark.parametrize(("name", "rule"), RULES, ids=ids)


def threshold(rule, where):
    """Values of the metric at, just inside, or past its limits; with its conditions met."""
    side = -1 if rule.params["side"] == BELOW else 1
    limit, clear = rule.params["limit"], rule.params["clear"]
    value = {"at": limit, "inside": limit - side * HAIR, "clear": clear - side * HAIR}[where]
    values = {rule.params["metric"]: value}
    for code, ahead, bound in rule.params.get("when", ()):
        values.setdefault(code, bound + (0.001 if ahead == "above" else -0.001))
    return {"values": values}


def spread(rule, where):
    """A spread in the phase in which it is judged."""
    limit, clear = rule.params["limit"], rule.params["clear"]
    value = {"at": limit, "inside": limit - HAIR, "clear": clear - HAIR}[where]
    phase = {
        "any": {},
        "rest": {"soc": 50.0, "current": 0.0},
        "full": {"cell_voltage_max": rule.params["knee"]},
        "empty": {"cell_voltage_min": rule.params["knee"], "current": -50.0},
    }[rule.params["phase"]]
    return {"values": {rule.params["metric"]: value, **phase}}


def rate(rule, where):
    """Readings five seconds apart that each rise, while the lowest cell sags or does not."""
    limit, sag = rule.params["limit"], rule.params["sag_percent"]
    rise = {"at": limit, "inside": limit - 0.01, "clear": 0.0}[where]
    return {
        "rising": (rule.params["metric"], rise),
        "falling": ("cell_voltage_min", 1 - (sag if where == "at" else sag - 1) / 100),
    }


def fault(rule, where):
    """The BMS complains, or does not."""
    return {"alarms": (Alarm("cell_overvoltage", "critical", 3),) if where == "at" else ()}


def quality(rule, where):
    """So many of a thousand sensors are unknown."""
    limit, clear = rule.params["limit"], rule.params["clear"]
    percent = {"at": limit, "inside": limit - 0.1, "clear": clear - 0.1}[where]
    missing = round(percent * 10)
    return {"arrays": {rule.params["array"]: (None,) * missing + (3.3,) * (1000 - missing)}}


def silence(rule, where):
    """An age of silence."""
    seconds = {"at": 0.001, "inside": 0.0, "clear": -1.0}[where]
    return {"values": {"silence": rule.params["limit_s"] + seconds}}


def system(rule, where):
    """A figure of the installation."""
    limit, clear = rule.params["limit"], rule.params["clear"]
    value = {"at": limit, "inside": limit - HAIR, "clear": clear - HAIR}[where]
    return {"values": {rule.params["figure"]: value}}


MAKERS = {f.__name__: f for f in (threshold, spread, rate, fault, quality, silence, system)}


def story(rule, *parts):
    """Readings `pace` apart that stay in each part for its seconds."""
    ts, rising, falling, readings = T0, 20.0, 3.6, []
    for where, seconds in parts:
        made = MAKERS[rule.kind](rule, where)
        pace = 5 if seconds <= 900 else 50
        for _ in range(int(seconds // pace) + 1):
            ts += pace * 1000
            values = dict(made.get("values", {}))
            if "rising" in made:
                rising += made["rising"][1]
                falling *= made["falling"][1] if where != "clear" else 1
                values |= {made["rising"][0]: rising, "cell_voltage_min": falling}
            readings.append(
                Reading("", ts, values, made.get("arrays", {}), {}, made.get("alarms", ()))
            )
    return readings


def long_enough(rule):
    """Seconds after which it has fired: its time, and its number of readings."""
    return max(rule.for_s + 60, 5 * rule.samples)


@each_rule
def test_it_fires_at_its_limit(name, rule):
    episodes = rehearse(rule, FACTS, story(rule, ("at", long_enough(rule))))
    assert len(episodes) == 1 and episodes[0].resolved is None
    since = episodes[0].fired - T0
    assert since >= rule.for_s * 1000


@each_rule
def test_it_does_not_fire_before_its_time(name, rule):
    if rule.for_s:
        assert rehearse(rule, FACTS, story(rule, ("at", rule.for_s - 50))) == []


@each_rule
def test_just_inside_neither_fires_nor_clears(name, rule):
    seconds = long_enough(rule)
    assert rehearse(rule, FACTS, story(rule, ("inside", seconds))) == []
    if rule.kind in ("threshold", "spread", "quality", "system"):
        lasting = story(rule, ("at", seconds), ("inside", rule.clear_for_s + 600))
        (episode,) = rehearse(rule, FACTS, lasting)
        assert episode.resolved is None


@each_rule
def test_past_its_clear_value_it_resolves(name, rule):
    after = rule.clear_for_s + 200
    episodes = rehearse(rule, FACTS, story(rule, ("at", long_enough(rule)), ("clear", after)))
    if rule.kind == "fault":
        assert len(episodes) == 1  # a complaint that is no longer made is over: see the engine
    elif rule.needs_ack:
        assert [each.resolved for each in episodes] == [None]
    else:
        assert len(episodes) == 1
        assert episodes[0].resolved - episodes[0].fired >= rule.clear_for_s * 1000


@each_rule
def test_what_needs_to_be_seen_resolves_once_it_was(name, rule):
    if not rule.needs_ack:
        return
    timing = timing_of(rule)
    track, ts, said = None, T0, []
    for reading in story(rule, ("at", long_enough(rule))):
        ts = reading.ts
        track, event = step(track, "breach", ts, timing)
        said.append(event)
    track = type(track)(**{n: getattr(track, n) for n in track.__slots__} | {"acked": True})
    for _ in range(40):
        ts += 5000
        track, event = step(track, CLEAR, ts, timing) if track else (None, None)
        said.append(event)
    assert [event for event in said if event] == [FIRED, RESOLVED]


@each_rule
def test_it_is_complete(name, rule):
    kind = kinds()[rule.kind]
    assert kind.check(rule.params) == {}
    assert {parameter.code for parameter in kind.parameters} <= rule.params.keys() | {"knee"}
    assert rule.severity in SEVERITIES
    assert rule.floor >= (rule.severity in ("critical", "urgent"))
    for metric in ("metric", "array", "figure"):
        assert metric not in rule.params or comparable(rule.params[metric])
    for french, english in (rule.title, rule.cause, rule.advice):
        assert french and english and french != english or french == english == "Silence"


@pytest.mark.parametrize("chemistry", ["LFP", "NMC", "NCA", "LTO", "LEAD", None])
def test_every_chemistry_has_one_rule_of_each_code(chemistry):
    codes = [rule.code for rule in default_rules(chemistry)]
    assert len(codes) == len(set(codes))
    assert {"F1", "Q1", "S4a", "S4b"} <= set(codes)
    assert len(codes) > (20 if chemistry else 4)
