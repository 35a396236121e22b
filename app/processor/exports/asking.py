"""Asking for exports and reports, listing one's own, and where their files are."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound, TooMany, sentence
from app.plugins import load_plugins
from app.processor.formats.base import Format
from app.settings import Settings

from .contents import BATTERY, LIST, SUBJECTS, subject_of
from .models import DONE, EXPIRED, FAILED, RUNNING, WAITING, Export, ReportSchedule

LONGEST_MS = 5 * 366 * 86_400_000
MOST_WAITING = 5
"""Files one person may have in the making."""
LISTED = 100
SHORT_MS = 35 * 86_400_000


def formats() -> dict[str, Format]:
    """Every format there is, by code."""
    return dict(load_plugins("app.processor.formats", "FORMAT"))


def ask(
    session: Session,
    user_id: int,
    *,
    file_format: str,
    subject: str,
    target_id: int = 0,
    start: int = 0,
    end: int = 0,
    whole: bool = False,
    locale: str = "fr",
) -> Export:
    """Ask for a file; the caller commits. Raises Invalid with the fields at fault."""
    wrong = _faults(file_format, subject, start, end, whole)
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    if subject == LIST:
        start = end = target_id = 0
        whole = False
    subject_of(session, subject, target_id)
    making = select(func.count(Export.id)).where(
        Export.requested_by == user_id, Export.state.in_((WAITING, RUNNING))
    )
    if session.scalar(making) >= MOST_WAITING:
        raise TooMany("Several of your files are still in the making. Wait for them first.")
    row = Export(
        requested_by=user_id,
        format=file_format,
        subject=subject,
        target_id=target_id,
        start=start,
        end=end,
        whole=whole,
        locale="fr" if locale.startswith("fr") else "en",
    )
    session.add(row)
    session.flush()
    return row


def _faults(file_format: str, subject: str, start: int, end: int, whole: bool) -> dict[str, str]:
    wrong = {}
    if file_format not in formats():
        wrong["format"] = sentence("Choose a format of the list.")
    if subject not in SUBJECTS:
        wrong["subject"] = sentence("Choose what the file is about.")
    if subject != LIST and not 0 <= start < end <= start + LONGEST_MS:
        wrong["start"] = sentence("This period is not possible: five years at most.")
    if whole and file_format != "csv":
        wrong["whole"] = sentence("Every reading is given as CSV only.")
    return wrong


def is_short(export: Export) -> bool:
    """Whether it is made so fast that a page may wait for it."""
    if export.whole:
        return False
    return export.subject == LIST or (
        export.subject == BATTERY and export.end - export.start <= SHORT_MS
    )


def own(session: Session, user_id: int) -> Sequence[Export]:
    """The newest files this person asked for."""
    mine = select(Export).where(Export.requested_by == user_id)
    return session.scalars(mine.order_by(Export.id.desc()).limit(LISTED)).all()


def one(session: Session, user_id: int, export_id: int) -> Export:
    """One of this person's files; NotFound for anybody else's."""
    row = session.get(Export, export_id)
    if row is None or row.requested_by != user_id:
        raise NotFound("There is no such file.")
    return row


def again(session: Session, export: Export) -> None:
    """Make a file that expired or failed once more; the caller commits."""
    if export.state not in (EXPIRED, FAILED):
        raise Conflict("This file is there, or in the making.", code="not_over")
    export.state, export.progress, export.cursor = WAITING, 0, {}
    export.problem, export.claimed_at, export.finished_at = "", None, None


def path_of(settings: Settings, tenant_id: int, export: Export) -> Path:
    """Where its file is, or will be; nobody outside names it."""
    folder = settings.data_dir / "exports" / str(tenant_id)
    return folder / f"{export.id}.{export.format}"


def file_of(settings: Settings, tenant_id: int, export: Export) -> Path:
    """Its file; Conflict while there is none."""
    path = path_of(settings, tenant_id, export)
    if export.state != DONE or not path.is_file():
        raise Conflict("This file is not there any more, or not yet.", code="no_file")
    return path


def schedule(
    session: Session,
    user_id: int,
    created_by: int,
    *,
    file_format: str,
    subject: str,
    target_id: int,
) -> ReportSchedule:
    """Let somebody have a report each month; the caller commits."""
    if file_format not in formats():
        wrong = {"format": sentence("Choose a format of the list.")}
        raise Invalid("Some fields need attention.", fields=wrong)
    if subject not in SUBJECTS[1:]:
        wrong = {"subject": sentence("Choose what the file is about.")}
        raise Invalid("Some fields need attention.", fields=wrong)
    subject_of(session, subject, target_id)
    row = ReportSchedule(
        user_id=user_id,
        created_by=created_by,
        format=file_format,
        subject=subject,
        target_id=target_id,
    )
    session.add(row)
    session.flush()
    return row


def schedules(session: Session, user_id: int, every: bool) -> Sequence[ReportSchedule]:
    """The monthly reports of this person, or of everybody."""
    wanted = select(ReportSchedule).order_by(ReportSchedule.id)
    if not every:
        wanted = wanted.where(ReportSchedule.user_id == user_id)
    return session.scalars(wanted.limit(LISTED)).all()


def end_schedule(session: Session, schedule_id: int, user_id: int, every: bool) -> ReportSchedule:
    """No more of this report; NotFound for one of somebody else."""
    row = session.get(ReportSchedule, schedule_id)
    if row is None or not (every or row.user_id == user_id):
        raise NotFound("There is no such report.")
    session.delete(row)
    return row
