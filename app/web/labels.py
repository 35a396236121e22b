"""Words for codes: metrics, alarms, states, statuses, roles.

A code's label is the catalogue entry `<kind>.<code>`, in English and in French alike, so that a
new metric needs one entry in the registry and one in each catalogue; a test demands both. Codes
that only one make of BMS knows are shown as they are.
"""

from flask_babel import gettext

from app.clients.field_kinds.base import kinds
from collector.wire.alarms import ALARMS, VENDOR
from collector.wire.metrics import METRICS, MODES, STATES

STATUSES = ("crit", "off", "warn", "stale", "wait", "ok")
"""Worst first."""
CONNECTIONS = ("live", "stale", "offline", "waiting")
CHEMISTRIES = ("LFP", "NMC", "NCA", "LTO", "LEAD")
ROLES = ("super_admin", "client_admin", "user", "reader")
SEVERITIES = ("urgent", "critical", "warning", "info")
TENANT_STATUSES = ("provisioning", "active", "suspended", "closed")
MARKS = {"urgent": "crit", "critical": "crit", "warning": "warn", "info": "info"}
"""Severities and the sign that each is drawn with."""
SOURCES = ("batteries", "locations", "types", "alerts", "maintenance")
"""What the global search looks through."""
PERMISSIONS = (
    "see_fleet",
    "see_collectors",
    "see_audit",
    "manage_fleet",
    "manage_alerts",
    "manage_rules",
    "manage_collectors",
    "manage_users",
)
"""What a key of a program may be allowed."""
CONTACTS = ("closed", "open")
ALERT_EVENTS = (
    "fired",
    "worse",
    "recovering",
    "returned",
    "resolved",
    "withdrawn",
    "unstable",
    "lost",
    "found",
    "reminded",
    "escalated",
    "acknowledged",
    "assigned",
    "commented",
    "snoozed",
    "told.mail",
    "told.webpush",
    "told.webhook",
    "told.sms",
)
ACTIONS = (
    "session.start",
    "session.end",
    "password.change",
    "password.forgotten",
    "factor.add",
    "factor.remove",
    "factor.codes",
    "factor.reset",
    "token.create",
    "token.reuse",
    "token.revoke",
    "passkey.add",
    "passkey.remove",
    "user.invite",
    "user.link",
    "user.edit",
    "key.create",
    "key.revoke",
    "tenant.enter",
    "tenant.leave",
    "battery.accept",
    "collector.claim",
    "collector.enrol",
    "collector.revoke",
    "collector.next_key",
    "collector.rotate",
    "collector.ask_key",
    "collector.sending",
    "tenant.look",
    "request.write",
    "incident.report",
    "incident.edit",
    "privacy.export",
    "privacy.erase",
    "privacy.rectify",
    "audit.prune",
    "retention.edit",
    "keys.rotate",
    "alert.acknowledge",
    "alert.assign",
    "alert.comment",
    "alert.snooze",
    "rule.create",
    "rule.change",
    "rule.reset",
    "field.create",
    "field.edit",
    "field.remove",
    "tag.edit",
    "tag.remove",
    "view.save",
    "view.remove",
    "battery.bulk",
    "window.plan",
    "webhook.create",
    "webhook.test",
    "webhook.remove",
    "window.end",
    "export.ask",
    "export.download",
    "report.plan",
    "report.end",
    "share.create",
    "share.revoke",
    "backup.restore",
    "backup.drill",
)
"""What the journal records most; others are shown by their code."""


def every_label() -> list[str]:
    """Every catalogue entry that codes lead to."""
    named = {
        "metric": METRICS,
        "alarm": ALARMS,
        "state": STATES,
        "mode": MODES,
        "status": (*STATUSES, "info"),
        "connection": CONNECTIONS,
        "chemistry": CHEMISTRIES,
        "role": ROLES,
        "severity": SEVERITIES,
        "tenant": TENANT_STATUSES,
        "contact": CONTACTS,
        "alert": ALERT_EVENTS,
        "permission": PERMISSIONS,
        "audit": ACTIONS,
        "field_kind": kinds(),
        "source": SOURCES,
        "asset": ("pending", "retired"),
    }
    return [f"{kind}.{code}" for kind, codes in named.items() for code in codes]


def label(entry: str) -> str:
    """The words for `<kind>.<code>`, or the code itself when no catalogue has it."""
    text = gettext(entry)
    return text if text != entry else entry.partition(".")[2].replace("_", " ")


def alarm_label(code: str, index: int | None = None) -> str:
    """`Cell overvoltage, C11`; a maker's own alarm is named by its maker and its code."""
    if code.startswith(VENDOR):
        _, maker, number = code.split(":", 2)
        text = gettext("Alarm %(number)s of the BMS (%(maker)s)", number=number, maker=maker)
    else:
        text = label(f"alarm.{code}")
    if index is None:
        return text
    letter = "T" if "temperature" in code else "C"
    return f"{text}, {letter}{index + 1}"
