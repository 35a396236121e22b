"""Tell people of alerts: what the outbox holds, and what is told together."""

from app.core.access import TenantRef
from app.processor.delivery.digests import send_digests
from app.processor.delivery.sending import deliver

from .job import Context, Job


def run(context: Context) -> None:
    """Every client in turn."""
    context.for_each_tenant(_deliver)


def _deliver(context: Context, ref: TenantRef) -> None:
    done = deliver(context.engines, ref, context.time_left)
    digests = send_digests(context.engines, ref, context.now)
    if done.told or digests:
        context.note(f"{ref.slug}: {done.told} messages, {digests} digests sent")
    for channel, reason in done.down.items():
        context.note(f"{ref.slug}: {channel}: {reason}")


JOB = Job("deliver", every_seconds=60, run=run)
