"""Changing rules: overrides of defaults, rules of the client's own, and going back to the default.

Everything is checked when it is written, against every chemistry it can meet: contradictory values
and values looser than the floor are refused with the field at fault.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clients import catalogue
from app.clients.models import Battery, ClientConfig
from app.database.base import now_ms
from app.errors import Conflict, Invalid, NotFound, sentence
from app.plugins import load_plugins
from app.processor.rules.base import SEVERITIES, Kind, Parameter, Rule
from app.processor.rules.sample import comparable

from .effective import (
    BATTERY,
    CLIENT,
    LEVELS,
    LOCATION,
    TIMED,
    TYPE,
    Place,
    changed,
    kinds,
    looser,
    own_rule,
    place_of,
    resolved,
    stored_rules,
)
from .engine import VERSION_KEY
from .models import AlertRule

LONGEST_S = 7 * 86_400
OWN_KINDS = ("threshold", "rate", "spread", "quality", "fault", "silence")
"""Kinds that a client may make rules of; the others watch the installation."""

NOT_LISTED = sentence("This is none of the possible values.")
OUT_OF_RANGE = sentence("This number is too small or too large.")
NOT_NUMBER = sentence("A number is needed.")
LOOSER = sentence("This is looser than the limit that EDS has set.")

Changes = Mapping[str, Any]


def override(
    session: Session,
    code: str,
    level: str,
    target_id: int,
    changes: Changes,
    *,
    eds: bool = False,
    author: str = "",
) -> AlertRule:
    """Change a rule at one level; what was changed there before is replaced.

    Raises Invalid with the fields at fault: a rule or a target that is not there as well.
    """
    place = place_at(session, level, target_id)
    bases = _bases(session, code)
    if not changes:
        raise Invalid("Some fields need attention.", fields={"changes": sentence("Change one.")})
    _check(kinds()[bases[0].kind], changes, own=False)
    _check_against(bases, changes, _eds_rows(session, code, place), eds)
    row = session.scalar(
        select(AlertRule).where(
            AlertRule.code == code,
            AlertRule.level == level,
            AlertRule.target_id == target_id,
            AlertRule.eds == eds,
        )
    )
    if row is not None and row.kind:
        raise Conflict("This rule begins here: edit it.", code="own_rule")
    if row is None:
        row = AlertRule(code=code, level=level, target_id=target_id, eds=eds)
        session.add(row)
    row.changes, row.author, row.updated_at = dict(changes), author, now_ms()
    _flush(session)
    return row


def create(
    session: Session,
    kind: str,
    level: str,
    target_id: int,
    changes: Changes,
    *,
    name: str,
    advice: str = "",
    author: str = "",
) -> AlertRule:
    """A rule of the client's own; it gets a code like `C12`."""
    if kind not in OWN_KINDS:
        raise Invalid("Some fields need attention.", fields={"kind": NOT_LISTED})
    place_at(session, level, target_id)
    given = {parameter.code: parameter.default for parameter in kinds()[kind].parameters}
    given = {code: value for code, value in given.items() if value is not None} | dict(changes)
    _check_own(kind, given)
    row = AlertRule(
        code="new", level=level, target_id=target_id, kind=kind, name=name, advice=advice,
        changes=given, author=author,
    )  # fmt: skip
    session.add(row)
    session.flush()
    row.code = f"C{row.id}"
    _flush(session)
    return row


def edit(session: Session, row: AlertRule, changes: Changes, author: str = "") -> AlertRule:
    """Replace what a stored rule says."""
    if not row.kind:
        return override(
            session, row.code, row.level, row.target_id, changes, eds=row.eds, author=author
        )
    given = row.changes | dict(changes)
    _check_own(row.kind, given)
    row.changes, row.author, row.updated_at = given, author, now_ms()
    _flush(session)
    return row


def remove(session: Session, row: AlertRule) -> None:
    """Go back to what the rule says without this; of an own rule, to its not being there."""
    if row.kind:
        for change in session.scalars(select(AlertRule).where(AlertRule.code == row.code)):
            session.delete(change)
    session.delete(row)
    _flush(session)


def stored_rule(session: Session, rule_id: int) -> AlertRule:
    """One stored rule, kept from others until the transaction ends; NotFound otherwise."""
    row = session.scalar(
        select(AlertRule)
        .where(AlertRule.id == rule_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("There is no such rule.")
    return row


def rule_of(session: Session, battery: Battery, code: str, changes: Changes) -> Rule:
    """A rule as it would be for a battery with these changes, to be tried out."""
    place, rows = place_of(battery), stored_rules(session)
    here = [row for row in rows if row.target_id == place.target(row.level) and row.code == code]
    base = next(iter(_bases(session, code, place.chemistry)))
    _check(kinds()[base.kind], changes, own=False)
    rule = changed(resolved(base, [row for row in here if not row.kind]).rule, changes)
    if wrong := kinds()[rule.kind].check(rule.params):
        raise Invalid("Some fields need attention.", fields=wrong)
    return rule


def _flush(session: Session) -> None:
    """Write, and let every process compile its rules anew."""
    try:
        with session.begin_nested():
            session.flush()
            known = session.get(ClientConfig, VERSION_KEY)
            if known is None:
                session.add(ClientConfig(key=VERSION_KEY, value=now_ms()))
            else:
                known.value = max(known.value + 1, now_ms())
    except IntegrityError:
        raise Conflict("Somebody has changed this meanwhile: read it again.") from None


def place_at(session: Session, level: str, target_id: int) -> Place:
    """Where a level's target stands; Invalid when there is none."""
    try:
        if level == BATTERY:
            return place_of(catalogue.asset(session, target_id))
        if level == TYPE:
            return Place(catalogue.battery_type(session, target_id).chemistry, target_id)
        if level == LOCATION:
            return Place(location_id=catalogue.location(session, target_id).id)
    except NotFound as error:
        raise Invalid("Some fields need attention.", fields={"target_id": error.text}) from None
    if level != CLIENT or target_id != 0:
        raise Invalid("Some fields need attention.", fields={"level": NOT_LISTED})
    return Place()


def _bases(session: Session, code: str, chemistry: str | None = None) -> Sequence[Rule]:
    """What rules of this code are without any change: one for each chemistry that has one."""
    sets = load_plugins("app.processor.alerts.defaults", "DEFAULTS").values()
    found = [
        rule
        for each in sets
        if not each.chemistries or chemistry is None or chemistry in each.chemistries
        for rule in each.rules
        if rule.code == code
    ]
    statement = select(AlertRule).where(AlertRule.code == code, AlertRule.kind != "")
    found += [own_rule(row) for row in session.scalars(statement)]
    if not found:
        wrong = sentence("There is no such rule.")
        raise Invalid("Some fields need attention.", fields={"code": wrong})
    return found


def _eds_rows(session: Session, code: str, place: Place) -> list[AlertRule]:
    return [
        row
        for row in stored_rules(session)
        if row.eds and row.code == code and row.target_id == place.target(row.level)
    ]


def _check_against(
    bases: Sequence[Rule], changes: Changes, eds_rows: Sequence[AlertRule], eds: bool
) -> None:
    """Refuse what contradicts itself, and what is looser than the floor of every chemistry. Where
    one chemistry's floor is stricter, that one holds there, and the page says so."""
    refused: list[list[str]] = []
    for base in bases:
        floor = resolved(base, eds_rows).rule
        rule = changed(floor, changes)
        wrong = kinds()[rule.kind].check(rule.params)
        if wrong:
            raise Invalid("Some fields need attention.", fields=wrong)
        refused.append(looser(rule, floor) if base.floor and not eds else [])
    if all(refused):
        raise Invalid("Some fields need attention.", fields=dict.fromkeys(refused[0], LOOSER))


def _check_own(kind: str, given: Changes) -> None:
    _check(kinds()[kind], given, own=True)
    missing = [p.code for p in kinds()[kind].parameters if p.code not in given]
    if missing:
        needed = sentence("This is needed.")
        raise Invalid("Some fields need attention.", fields=dict.fromkeys(missing, needed))
    if wrong := kinds()[kind].check(given):
        raise Invalid("Some fields need attention.", fields=wrong)


def _check(kind: Kind, changes: Changes, own: bool) -> None:
    """Refuse fields that do not exist and values that cannot be."""
    parameters = {parameter.code: parameter for parameter in kind.parameters}
    wrong = {}
    for name, value in changes.items():
        if name in TIMED:
            fault = _timed_fault(name, value)
        elif name in parameters and (own or not _named(parameters[name])):
            fault = _fault(parameters[name], value)
        else:
            fault = sentence("There is no such field.")
        if fault:
            wrong[name] = fault
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)


def _named(parameter: Parameter) -> bool:
    """Whether it says what a rule watches: nothing that an override changes."""
    return bool(parameter.choices) or parameter.code == "metric"


def _timed_fault(name: str, value: Any) -> str:
    if name == "enabled":
        return "" if isinstance(value, bool) else NOT_LISTED
    if name == "severity":
        return "" if value in SEVERITIES else NOT_LISTED
    return _number_fault(value, 0, LONGEST_S)


def _fault(parameter: Parameter, value: Any) -> str:
    if parameter.choices:
        return "" if value in parameter.choices else NOT_LISTED
    if parameter.code == "metric":
        return "" if isinstance(value, str) and comparable(value) else NOT_LISTED
    return _number_fault(value, parameter.low, parameter.high)


def _number_fault(value: Any, low: float, high: float) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NOT_NUMBER
    return "" if low <= value <= high else OUT_OF_RANGE


__all__ = ["LEVELS", "create", "edit", "override", "remove", "rule_of", "stored_rule"]
