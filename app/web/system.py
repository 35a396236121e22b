"""How the portal does: one line for everybody, everything for those who look after it."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.exc import SQLAlchemyError

from app import health
from app.checks import Answer, job_standings
from app.core.access import Permission, public, requires
from app.database import backups
from app.gateway.context import engines, settings

from .page import shell

blueprint = Blueprint("system", __name__)


@dataclass(frozen=True, slots=True)
class Line:
    """An answer in the reader's language."""

    subject: str
    finding: str
    remedy: str


@blueprint.get("/etat")
@public
def status() -> ResponseReturnValue:
    """Whether the portal works, for whoever wonders; says nothing of clients."""
    try:
        late = any(each.late for each in job_standings(engines()))
    except SQLAlchemyError:
        return render_template("platform/status.html", state="down"), 503
    return render_template("platform/status.html", state="late" if late else "well")


@blueprint.get("/admin/systeme")
@requires(Permission.SEE_SYSTEM)
def overview() -> ResponseReturnValue:
    """Jobs, sizes, backups, and the last look at everything that may want mending."""
    found = health.noted(settings())
    answers = sorted(found.answers, key=lambda answer: answer.ok) if found else []
    return render_template(
        "platform/system.html",
        super_area=True,
        look=found,
        lines=[_line(answer) for answer in answers if answer.subject != "job"],
        jobs=job_standings(engines()),
        sizes=_sizes(found),
        backups=[
            _Kept(each.day, each.bytes, len(each.items)) for each in backups.stored(settings())
        ],
        **shell("system"),
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """A backup in a few numbers."""

    day: date
    bytes: int
    parcels: int


def _line(answer: Answer) -> Line:
    return Line(
        f"{gettext(answer.subject)} {answer.of}".rstrip(),
        gettext(answer.finding, **answer.values),
        gettext(answer.remedy, **answer.values) if answer.remedy else "",
    )


def _sizes(found: health.Look | None) -> list[tuple[str, int]]:
    """The largest first."""
    return sorted(found.sizes.items(), key=lambda item: -item[1]) if found else []
