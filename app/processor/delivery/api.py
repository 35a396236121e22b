"""What programs ask of delivery: their webhooks, and the record of what was told to whom."""

from typing import Any

from sqlalchemy import select

from app.core.access import Permission
from app.core.notices import Webhook
from app.database.base import now_ms
from app.errors import sentence
from app.gateway.context import (
    core_session,
    current_principal,
    current_tenant,
    engines,
    settings,
    tenant_session,
)
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Flag, Many, One, Schema, Text, Whole
from app.gateway.writing import commit_core
from app.processor.alerts.models import Alert, Delivery, Notification

from . import hooks, trial
from .preferences import TOLD
from .recipients import hook

blueprint = Resources("delivery", __name__, "Who is told of alerts, and what became of it.")

MOMENT = 1_767_225_600_000
SORTS = {"id": Delivery.id, "at": Delivery.at}


class NewWebhook(Schema):
    """A program that is to be told."""

    name = Text(80, "GMAO", least=1, required=True)
    url = Text(1000, "https://example.com/hook", least=1, required=True, about="https only.")
    severities = Many(Choice(*TOLD, example="critical"), 3, required=True)


class WebhookDocument(Schema):
    """A webhook. Its address and secret are shown to whoever makes it, once."""

    id = Whole(1, example=3, required=True)
    name = Text(80, "GMAO", required=True)
    severities = Many(Choice(*TOLD, example="critical"), 3, required=True)
    active = Flag(required=True)
    problem = Text(200, "", required=True, about="Why it was switched off.")
    created_at = Whole(example=MOMENT, required=True)


class MadeWebhook(WebhookDocument):
    """A new webhook with its secret, as Standard Webhooks writes it."""

    secret = Text(100, "whsec_AAAA", required=True)


class WebhooksDocument(Schema):
    """Every webhook."""

    items = Many(One(WebhookDocument), hooks.MOST, required=True)


class TrialDocument(Schema):
    """How a trial ended."""

    ok = Flag(required=True)
    answer = Text(2000, "204", required=True)


class DeliveryDocument(Schema):
    """One attempt to tell somebody."""

    id = Whole(1, example=9, required=True)
    alert_id = Whole(1, example=12, required=True)
    event = Text(16, "fired", required=True)
    channel = Text(16, "mail", required=True)
    recipient = Text(80, "user:7", required=True)
    at = Whole(example=MOMENT, required=True)
    ok = Flag(required=True)
    answer = Text(2000, "accepted", required=True)


LISTING = listing(DeliveryDocument, tuple(SORTS), alert=Whole(1, example=12, spoken=True))


@blueprint.operation(
    "GET",
    "/webhooks",
    Permission.MANAGE_RULES,
    sentence("List webhooks"),
    answer=WebhooksDocument,
)
def list_webhooks() -> dict[str, Any]:
    """The client's programs that are told of alerts."""
    return {"items": [document(row) for row in hooks.listing(core_session(), current_tenant().id)]}


@blueprint.operation(
    "POST",
    "/webhooks",
    Permission.MANAGE_RULES,
    sentence("Make a webhook"),
    body=NewWebhook,
    answer=MadeWebhook,
    status=201,
)
def make_webhook(body: dict[str, Any]) -> dict[str, Any]:
    """Add a program; its secret is in this answer and nowhere else."""
    core, caller = core_session(writes=True), current_principal()
    author = caller.id if caller.kind == "user" else None
    row = hooks.add(core, settings(), current_tenant().id, **body, author=author)
    made = document(row) | {"secret": row.secret}
    commit_core(core, "webhook.create", str(row.id), {"name": row.name})
    return made


@blueprint.operation(
    "POST",
    "/webhooks/<int:webhook_id>/test",
    Permission.MANAGE_RULES,
    sentence("Try a webhook"),
    answer=TrialDocument,
)
def try_webhook(webhook_id: int) -> dict[str, Any]:
    """Send it a message now; what it answers. One that takes it is switched on again."""
    core = core_session(writes=True)
    row = hooks.find(core, current_tenant().id, webhook_id)
    done = trial.try_way(engines(), hook(row, current_tenant()), now_ms())
    if done.ok:
        hooks.resume(row)
    commit_core(core, "webhook.test", str(row.id), {"ok": done.ok})
    return {"ok": done.ok, "answer": done.answer[:2000]}


@blueprint.operation(
    "DELETE",
    "/webhooks/<int:webhook_id>",
    Permission.MANAGE_RULES,
    sentence("Remove a webhook"),
    answer=WebhookDocument,
)
def remove_webhook(webhook_id: int) -> dict[str, Any]:
    """Tell it nothing any more."""
    core = core_session(writes=True)
    row = hooks.find(core, current_tenant().id, webhook_id)
    told = document(row)
    core.delete(row)
    commit_core(core, "webhook.remove", str(webhook_id), {"name": told["name"]})
    return told


@blueprint.operation(
    "GET",
    "/deliveries",
    Permission.SEE_FLEET,
    sentence("List deliveries"),
    query=LISTING,
    answer=page_of(DeliveryDocument),
)
def list_deliveries(query: dict[str, Any]) -> dict[str, Any]:
    """Every attempt to tell somebody of the alerts that the caller may see."""
    told = select(Notification.id).where(Notification.alert_id.in_(select(Alert.id)))
    if "alert" in query:
        told = told.where(Notification.alert_id == query["alert"])
    found = select(Delivery).where(Delivery.notification_id.in_(told))
    return page(tenant_session(), found, SORTS, Delivery.id, query, _delivery)


def document(row: Webhook) -> dict[str, Any]:
    """A webhook as `WebhookDocument` describes it."""
    names = ("id", "name", "severities", "active", "problem", "created_at")
    return {name: getattr(row, name) for name in names}


def _delivery(row: Delivery) -> dict[str, Any]:
    told = tenant_session().get_one(Notification, row.notification_id)
    names = ("id", "channel", "recipient", "at", "ok", "answer")
    own = {name: getattr(row, name) for name in names}
    return own | {"alert_id": told.alert_id, "event": told.event}
