"""Which rules apply to a battery, and where each of their values comes from.

Defaults of the chemistry come first, then what EDS set, then what the client set; each of the two
from the client down to the battery, the nearer one winning. A rule that is a floor may be tightened
by the client's rows and never loosened: what is looser gives way to the floor, and that is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Battery
from app.plugins import load_plugins
from app.processor.rules.base import ABOVE, BREACH, SEVERITIES, Finding, Kind, Parameter, Rule
from app.processor.rules.sample import FIGURES, Facts, Sample
from collector.wire.reading import Reading

from .models import AlertRule

CLIENT, TYPE, LOCATION, BATTERY = LEVELS = ("client", "type", "location", "battery")
TIMED = ("enabled", "severity", "for_s", "clear_for_s")
"""What can be changed of any rule, besides the parameters of its kind."""
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the client's hierarchy a battery is."""

    chemistry: str | None = None
    type_id: int | None = None
    location_id: int | None = None
    asset_id: int | None = None

    def target(self, level: str) -> int | None:
        """Which client, type, location or battery it is at a level; the client is 0."""
        return {
            CLIENT: 0,
            TYPE: self.type_id,
            LOCATION: self.location_id,
            BATTERY: self.asset_id,
        }[level]


@dataclass(frozen=True, slots=True)
class Effective:
    """A rule in force. `origins`: for each field that is not the default's, where it was set,
    `eds type` or `battery`; `held`: fields at which a looser wish gave way to the floor."""

    rule: Rule
    origins: Mapping[str, str] = field(default_factory=dict)
    held: tuple[str, ...] = ()


def kinds() -> Mapping[str, Kind]:
    """Every kind of rule by its code."""
    return load_plugins("app.processor.rules", "RULE")


def place_of(battery: Battery) -> Place:
    """The place of a battery, with its type loaded."""
    chemistry = battery.type.chemistry if battery.type else None
    return Place(chemistry, battery.type_id, battery.location_id, battery.id)


def default_rules(chemistry: str | None) -> tuple[Rule, ...]:
    """The default rules of batteries of a chemistry; without one, those of every battery."""
    sets = load_plugins("app.processor.alerts.defaults", "DEFAULTS").values()
    return tuple(
        rule
        for each in sets
        if each.code != "site" and (not each.chemistries or chemistry in each.chemistries)
        for rule in each.rules
    )


def stored_rules(session: Session) -> Sequence[AlertRule]:
    """Everything this client or EDS for it has set, in the order in which it applies."""
    return sorted(session.scalars(select(AlertRule)), key=_order)


def _order(row: AlertRule) -> tuple[bool, int, int]:
    return (not row.eds, LEVELS.index(row.level), row.id)


def effective_rules(session: Session, battery: Battery) -> list[Effective]:
    """The rules of a battery, the disabled ones as well, each with where its values come from."""
    return resolve(place_of(battery), stored_rules(session))


def broken_by(session: Session, battery: Battery, reading: Reading) -> list[tuple[Rule, Finding]]:
    """The enabled rules that one reading alone breaks. Nothing is timed, nothing is stored."""
    sample = Sample(reading, facts_of(battery))
    return [
        (rule, finding)
        for rule in (each.rule for each in effective_rules(session, battery))
        if rule.enabled and rule.source == "reading"
        for finding in kinds()[rule.kind].judge(rule.params, sample).values()
        if finding.verdict == BREACH
    ]


def facts_of(battery: Battery) -> Facts:
    """What rules may know of a battery with its type: its own numbers over its type's."""
    kind = battery.type
    return Facts(
        battery.cells or (kind.cells if kind else None),
        battery.capacity_ah or (kind.capacity_ah if kind else None),
        kind.limits.get("current") if kind else None,
    )


def resolve(
    place: Place, rows: Iterable[AlertRule], defaults: Sequence[Rule] | None = None
) -> list[Effective]:
    """Defaults and the client's own rules at a place, with the changes made to them."""
    here = [row for row in rows if row.target_id == place.target(row.level)]
    bases = default_rules(place.chemistry) if defaults is None else defaults
    own = tuple(own_rule(row) for row in here if row.kind)
    changes: dict[str, list[AlertRule]] = {}
    for row in here:
        if not row.kind:
            changes.setdefault(row.code, []).append(row)
    return [resolved(base, changes.get(base.code, ())) for base in (*bases, *own)]


def resolved(base: Rule, rows: Iterable[AlertRule]) -> Effective:
    """A rule with these changes, in their order."""
    rule, floor, origins, held = base, base, {}, []
    for row in rows:
        rule = changed(rule, row.changes)
        origins |= dict.fromkeys(row.changes, f"eds {row.level}" if row.eds else row.level)
        if row.eds:
            floor = rule
        elif base.floor:
            for name in looser(rule, floor):
                held.append(name)
                rule = changed(rule, {name: value_of(floor, name)})
    return Effective(rule, origins, tuple(dict.fromkeys(held)))


def own_rule(row: AlertRule) -> Rule:
    """A rule that the client made. What the night computes is judged at night."""
    nightly = row.changes.get("metric") in FIGURES
    text = (row.name, row.name)
    advice = (row.advice, row.advice)
    base = Rule(
        code=row.code,
        kind=row.kind,
        severity="warning",
        params={},
        source="silence" if row.kind == "silence" else "figures" if nightly else "reading",
        title=text,
        cause=("", ""),
        advice=advice,
    )
    return changed(base, row.changes)


def changed(rule: Rule, changes: Mapping[str, Any]) -> Rule:
    """The rule with these fields and parameters."""
    fields = {name: value for name, value in changes.items() if name in TIMED}
    params = {name: value for name, value in changes.items() if name not in TIMED}
    return replace(rule, **fields, params={**rule.params, **params} if params else rule.params)


def value_of(rule: Rule, name: str) -> Any:
    """A field of a rule or a parameter of its kind."""
    return getattr(rule, name) if name in TIMED else rule.params[name]


def looser(rule: Rule, floor: Rule) -> list[str]:
    """The fields at which a rule asks for less than its floor does."""
    found = []
    if floor.enabled and not rule.enabled:
        found.append("enabled")
    if SEVERITIES.index(rule.severity) < SEVERITIES.index(floor.severity):
        found.append("severity")
    if rule.for_s > floor.for_s:
        found.append("for_s")
    if rule.clear_for_s < floor.clear_for_s:
        found.append("clear_for_s")
    for parameter in kinds()[rule.kind].parameters:
        code = parameter.code
        if code in floor.params and _gives_way(parameter, rule.params, floor.params):
            found.append(code)
    return found


def _gives_way(parameter: Parameter, params: Mapping[str, Any], floor: Mapping[str, Any]) -> bool:
    """Whether a parameter is looser than the floor's; what is no limit may not change at all."""
    value, bound, direction = params[parameter.code], floor[parameter.code], parameter.tighter
    if value == bound:
        return False
    if direction == "side":
        direction = "lower" if floor["side"] == ABOVE else "higher"
    return not (value < bound if direction == "lower" else direction == "higher" and value > bound)
