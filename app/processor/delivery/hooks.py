"""The programs of a client that are told of alerts: kept, switched on and off, taken away."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.notices import Webhook
from app.errors import Conflict, Invalid, NotFound, sentence
from app.processor.channels import outbound
from app.processor.channels.base import Undelivered
from app.processor.channels.webhook import new_secret
from app.settings import Settings

MOST = 20
"""Webhooks of a client."""


def listing(core: Session, tenant_id: int) -> list[Webhook]:
    """Those of a client, in the order in which they were made."""
    statement = select(Webhook).where(Webhook.tenant_id == tenant_id).order_by(Webhook.id)
    return list(core.scalars(statement))


def find(core: Session, tenant_id: int, webhook_id: int) -> Webhook:
    """One of this client; NotFound otherwise."""
    row = core.scalar(
        select(Webhook).where(Webhook.id == webhook_id, Webhook.tenant_id == tenant_id)
    )
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def add(
    core: Session,
    settings: Settings,
    tenant_id: int,
    name: str,
    url: str,
    severities: Collection[str],
    author: int | None,
) -> Webhook:
    """A program with a secret of its own. Raises Invalid for an address that is not called."""
    try:
        outbound.refuse_inside(settings, url)
    except Undelivered as error:
        raise Invalid("Some fields need attention.", fields={"url": str(error)}) from error
    if not severities:
        raise Invalid("Some fields need attention.", fields={"severities": sentence("Change one.")})
    count = select(func.count(Webhook.id)).where(Webhook.tenant_id == tenant_id)
    if (core.scalar(count) or 0) >= MOST:
        raise Conflict("There are twenty webhooks already.", code="too_many_webhooks")
    row = Webhook(
        tenant_id=tenant_id,
        name=name,
        url=url,
        secret=new_secret(),
        severities=sorted(set(severities)),
        created_by=author,
    )
    core.add(row)
    core.flush()
    return row


def resume(row: Webhook) -> None:
    """Call it again, after whoever runs it has mended it."""
    row.active, row.problem = True, ""
