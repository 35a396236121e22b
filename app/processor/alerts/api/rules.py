"""Rules: those in force for a battery and where their values come from; changed, made, tried."""

from typing import Any

from flask import Response

from app.clients import catalogue
from app.core.access import Permission
from app.database.base import now_ms
from app.errors import Forbidden, sentence
from app.gateway.context import current_principal, tenant_session
from app.gateway.etags import expect, shown
from app.gateway.language import current_locale
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Flag, Many, Number, One, Open, Schema, Text, Whole
from app.gateway.writing import commit_client
from app.processor.rules.base import SEVERITIES

from .. import overrides
from ..dry_run import try_out
from ..effective import LEVELS, Effective, effective_rules, facts_of, kinds, stored_rules
from ..models import AlertRule
from .alerts import author

blueprint = Resources("rules", __name__, "When alerts are raised.")

CHANGES = {"limit": 3.58, "clear": 3.45, "for_s": 30}
MOST_S = overrides.LONGEST_S


class RuleDocument(Schema):
    """A rule in force for one battery."""

    code = Text(24, "L1", required=True)
    kind = Text(16, "threshold", required=True)
    title = Text(200, "Cell too high", required=True)
    cause = Text(400, "", required=True)
    advice = Text(400, "", required=True)
    enabled = Flag(required=True)
    severity = Choice(*SEVERITIES, required=True)
    params = Open(None, CHANGES, required=True)
    for_s = Number(0, MOST_S, 60, required=True)
    samples = Whole(1, 100, 3, required=True)
    clear_for_s = Number(0, MOST_S, 60, required=True)
    needs_ack = Flag(False, required=True)
    floor = Flag(False, required=True, about="May be tightened by the client, not loosened.")
    origins = Open(
        Text(24), {"limit": "type"}, required=True, about="Where a field was set; else by default."
    )
    held = Many(
        Text(24), 40, required=True, about="Fields at which a looser wish gave way to the floor."
    )


class RulesDocument(Schema):
    """The rules of one battery."""

    items = Many(One(RuleDocument), 1000, required=True)


class ParameterDocument(Schema):
    """A parameter of a kind of rule."""

    code = Text(24, "limit", required=True)
    label = Text(80, "Limit", required=True)
    choices = Many(Text(40), 40, required=True)
    low = Number(-1e12, 1e12, 0, required=True)
    high = Number(-1e12, 1e12, 100, required=True)


class KindDocument(Schema):
    """A kind of rule."""

    code = Text(16, "threshold", required=True)
    label = Text(80, "Threshold", required=True)
    own = Flag(required=True, about="Clients may make rules of it.")
    parameters = Many(One(ParameterDocument), 40, required=True)


class KindsDocument(Schema):
    """Every kind of rule."""

    items = Many(One(KindDocument), 100, required=True)


class StoredRule(Schema):
    """What a client or EDS has set at one level."""

    id = Whole(1, example=3, required=True)
    code = Text(24, "L1", required=True)
    level = Choice(*LEVELS, required=True)
    target_id = Whole(0, example=0, required=True)
    eds = Flag(False, required=True)
    kind = Text(16, "", required=True, about="Of a rule of the client's own.")
    name = Text(120, "", required=True)
    advice = Text(400, "", required=True)
    changes = Open(None, CHANGES, required=True)
    author = Text(80, "user:1", required=True)
    updated_at = Whole(example=1_767_225_600_000, required=True)


class StoredRules(Schema):
    """Everything that was set."""

    items = Many(One(StoredRule), 10_000, required=True)


class Override(Schema):
    """A change to a rule at one level; it replaces the one before."""

    code = Text(24, "L1", least=1, required=True)
    level = Choice(*LEVELS, required=True)
    target_id = Whole(0, example=0, load_default=0, about="0 with the level `client`.")
    changes = Open(None, CHANGES, required=True)
    eds = Flag(False, load_default=False, about="Moves the floor; EDS alone may.")


class NewRule(Schema):
    """A rule of the client's own."""

    kind = Choice(*overrides.OWN_KINDS, required=True)
    name = Text(120, "Cell warm", least=1, required=True)
    advice = Text(400, "Check the fan.", load_default="")
    level = Choice(*LEVELS, required=True)
    target_id = Whole(0, example=0, load_default=0)
    changes = Open(
        None,
        {"metric": "temperature_max", "side": "above", "limit": 38, "clear": 35, "for_s": 120},
        required=True,
    )


class RuleEdit(Schema):
    """What the rule is to say."""

    changes = Open(None, CHANGES, required=True)


class Trial(Schema):
    """A rule of the battery, with changes that are only tried."""

    code = Text(24, "L1", least=1, required=True)
    changes = Open(None, CHANGES, load_default=dict)


class EpisodeDocument(Schema):
    """A time in which it would have rung."""

    fired = Whole(example=1_767_225_600_000, required=True)
    resolved = Whole(example=1_767_225_700_000, required=True, allow_none=True)
    worst = Number(-1e12, 1e12, 3.66, required=True, allow_none=True)
    cell = Whole(0, 10_000, 3, required=True, allow_none=True)


class TrialDocument(Schema):
    """How often it would have rung."""

    rang = Whole(0, 1_000_000, 4, required=True)
    since = Whole(example=1_767_225_600_000, required=True)
    until = Whole(example=1_767_225_600_000, required=True)
    complete = Flag(required=True, about="Whether all of the period could be gone through.")
    episodes = Many(One(EpisodeDocument), 1000, required=True, about="The first thousand.")


@blueprint.operation(
    "GET",
    "/assets/<int:asset_id>/rules",
    Permission.SEE_FLEET,
    sentence("Rules of a battery"),
    answer=RulesDocument,
)
def rules_of_battery(asset_id: int) -> dict[str, Any]:
    """The rules in force for a battery, disabled ones as well, and where each value comes from."""
    session = tenant_session()
    battery = catalogue.asset(session, asset_id)
    return {"items": [_effective(each) for each in effective_rules(session, battery)]}


@blueprint.operation(
    "POST",
    "/assets/<int:asset_id>/rules/try",
    Permission.MANAGE_RULES,
    sentence("Try a rule on the past"),
    body=Trial,
    answer=TrialDocument,
)
def try_rule(body: dict[str, Any], asset_id: int) -> dict[str, Any]:
    """How often a rule would have rung in the last thirty days. Nothing is changed."""
    session = tenant_session()
    battery = catalogue.asset(session, asset_id)
    rule = overrides.rule_of(session, battery, body["code"], body["changes"])
    found = try_out(session, asset_id, rule, facts_of(battery), now_ms())
    return {
        "rang": len(found.episodes),
        "since": found.since,
        "until": found.until,
        "complete": found.complete,
        "episodes": [
            {"fired": e.fired, "resolved": e.resolved, "worst": e.worst, "cell": e.cell}
            for e in found.episodes[:1000]
        ],
    }


@blueprint.operation(
    "GET",
    "/rules/kinds",
    Permission.SEE_FLEET,
    sentence("Kinds of rules"),
    answer=KindsDocument,
)
def rule_kinds() -> dict[str, Any]:
    """Every kind of rule with its parameters, from which forms are made."""
    pick = 0 if current_locale() == "fr" else 1
    return {
        "items": [
            {
                "code": kind.code,
                "label": kind.label[pick],
                "own": kind.code in overrides.OWN_KINDS,
                "parameters": [
                    {
                        "code": each.code,
                        "label": each.label[pick],
                        "choices": list(each.choices),
                        "low": each.low,
                        "high": each.high,
                    }
                    for each in kind.parameters
                ],
            }
            for kind in kinds().values()
        ]
    }


@blueprint.operation(
    "GET",
    "/rules",
    Permission.MANAGE_RULES,
    sentence("List changed rules"),
    answer=StoredRules,
)
def list_rules() -> dict[str, Any]:
    """Everything this client, and EDS for it, has set; in the order in which it applies."""
    return {"items": [document(row) for row in stored_rules(tenant_session())]}


@blueprint.operation(
    "POST",
    "/rules",
    Permission.MANAGE_RULES,
    sentence("Make a rule"),
    body=NewRule,
    answer=StoredRule,
    status=201,
)
def make_rule(body: dict[str, Any]) -> Response:
    """Add a rule of the client's own."""
    session = tenant_session(writes=True)
    row = overrides.create(session, **body, author=author())
    commit_client(session, "rule.create", row.code, {"name": row.name})
    return shown(document(row), 201)


@blueprint.operation(
    "POST",
    "/rules/override",
    Permission.MANAGE_RULES,
    sentence("Change a rule"),
    body=Override,
    answer=StoredRule,
    status=201,
)
def override_rule(body: dict[str, Any]) -> Response:
    """Change a rule for the client, a type, a location or a battery."""
    _only_eds(body["eds"])
    session = tenant_session(writes=True)
    row = overrides.override(session, **body, author=author())
    commit_client(session, "rule.change", row.code, _told(row))
    return shown(document(row), 201)


@blueprint.operation(
    "GET",
    "/rules/<int:rule_id>",
    Permission.MANAGE_RULES,
    sentence("Read a changed rule"),
    answer=StoredRule,
)
def read_rule(rule_id: int) -> Response:
    """One stored rule, with the tag that editing it needs."""
    return shown(document(overrides.stored_rule(tenant_session(), rule_id)))


@blueprint.operation(
    "PATCH",
    "/rules/<int:rule_id>",
    Permission.MANAGE_RULES,
    sentence("Edit a changed rule"),
    body=RuleEdit,
    answer=StoredRule,
    edits=True,
)
def edit_rule(body: dict[str, Any], rule_id: int) -> Response:
    """Replace what was set."""
    session = tenant_session(writes=True)
    row = overrides.stored_rule(session, rule_id)
    expect(document(row))
    _only_eds(row.eds)
    row = overrides.edit(session, row, body["changes"], author())
    commit_client(session, "rule.change", row.code, _told(row))
    return shown(document(row))


@blueprint.operation(
    "DELETE",
    "/rules/<int:rule_id>",
    Permission.MANAGE_RULES,
    sentence("Reset a rule"),
    answer=StoredRule,
    edits=True,
)
def reset_rule(rule_id: int) -> dict[str, Any]:
    """Go back to what the rule says without this change."""
    session = tenant_session(writes=True)
    row = overrides.stored_rule(session, rule_id)
    told = document(row)
    expect(told)
    _only_eds(row.eds)
    overrides.remove(session, row)
    commit_client(session, "rule.reset", row.code, _told(row))
    return told


def _only_eds(eds: bool) -> None:
    if eds and not current_principal().may(Permission.MANAGE_FLOORS):
        raise Forbidden("EDS alone sets the floors of rules.")


def _told(row: AlertRule) -> dict[str, Any]:
    return {"level": row.level, "target_id": row.target_id, "eds": row.eds, "changes": row.changes}


def _effective(each: Effective) -> dict[str, Any]:
    rule, pick = each.rule, 0 if current_locale() == "fr" else 1
    return {
        "code": rule.code,
        "kind": rule.kind,
        "title": rule.title[pick],
        "cause": rule.cause[pick],
        "advice": rule.advice[pick],
        "enabled": rule.enabled,
        "severity": rule.severity,
        "params": dict(rule.params),
        "for_s": rule.for_s,
        "samples": rule.samples,
        "clear_for_s": rule.clear_for_s,
        "needs_ack": rule.needs_ack,
        "floor": rule.floor,
        "origins": dict(each.origins),
        "held": list(each.held),
    }


def document(row: AlertRule) -> dict[str, Any]:
    """A stored rule as `StoredRule` describes it."""
    return {
        "id": row.id,
        "code": row.code,
        "level": row.level,
        "target_id": row.target_id,
        "eds": row.eds,
        "kind": row.kind,
        "name": row.name,
        "advice": row.advice,
        "changes": row.changes,
        "author": row.author,
        "updated_at": row.updated_at,
    }
