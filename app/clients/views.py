"""Saved views of the list: filters and columns under a name, one's own or for everybody."""

from collections.abc import Mapping

from sqlalchemy import Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound, sentence

from .field_models import SavedView

MOST = 30
LONGEST_QUERY = 1000


def seen_by(user_id: int) -> Select[tuple[SavedView]]:
    """The statement of what somebody can choose from: their own views and the shared ones."""
    return (
        select(SavedView)
        .where(or_(SavedView.user_id == user_id, SavedView.shared))
        .order_by(SavedView.name, SavedView.id)
    )


def view(session: Session, view_id: int, user_id: int) -> SavedView:
    """One of those; NotFound otherwise."""
    found = session.scalar(seen_by(user_id).where(SavedView.id == view_id))
    if found is None:
        raise NotFound("There is no such view.")
    return found


def save(
    session: Session, user_id: int, name: str, query: Mapping[str, str], shared: bool = False
) -> SavedView:
    """Keep a view; one of the same name and owner is replaced. Raises Invalid and Conflict."""
    name = " ".join(name.split())
    if not name or len(name) > 60:
        wrong = sentence("A name of up to 60 characters is needed.")
        raise Invalid("Some fields need attention.", fields={"name": wrong})
    if sum(len(key) + len(value) for key, value in query.items()) > LONGEST_QUERY:
        raise Invalid(
            "Some fields need attention.",
            fields={"name": sentence("This view has too many filters.")},
        )
    own = SavedView.user_id == user_id
    row = session.scalar(select(SavedView).where(own, SavedView.name == name))
    if row is None:
        if (session.scalar(select(func.count(SavedView.id)).where(own)) or 0) >= MOST:
            raise Conflict("There are too many views already.", code="too_many_views")
        row = SavedView(user_id=user_id, name=name)
    row.query, row.shared = dict(query), shared
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict("A view has this name already.", code="name_taken") from None
    return row


def remove(session: Session, row: SavedView, user_id: int, everybodys: bool) -> None:
    """Forget a view: one's own, or, for those who look after the fleet, a shared one."""
    if row.user_id != user_id and not (everybodys and row.shared):
        raise NotFound("There is no such view.")
    session.delete(row)
    session.flush()
