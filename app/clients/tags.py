"""Tags: words batteries are marked with, made by using them."""

from collections.abc import Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound, sentence

from .field_models import AssetTag, Tag
from .folding import fold

LONGEST = 40
MOST_A_BATTERY = 20
MOST = 500


def split(text: str) -> list[str]:
    """`Phase 2, garantie` → its tags, each once; ValueError for too many or too long a one."""
    names: dict[str, str] = {}
    for part in text.replace(";", ",").replace("\n", ",").split(","):
        name = " ".join(part.split())
        if len(name) > LONGEST:
            raise ValueError(sentence("A tag has at most 40 characters."))
        if key := fold(name).strip():
            names.setdefault(key, name)
    if len(names) > MOST_A_BATTERY:
        raise ValueError(sentence("A battery carries at most 20 tags."))
    return list(names.values())


def every(session: Session) -> list[Tag]:
    """Every tag, by name."""
    return sorted(session.scalars(select(Tag)), key=lambda tag: tag.folded)


def counts(session: Session) -> dict[int, int]:
    """How many batteries in sight carry each tag."""
    return dict(
        session.execute(select(AssetTag.tag_id, func.count()).group_by(AssetTag.tag_id)).all()
    )


def tag(session: Session, tag_id: int) -> Tag:
    """One tag; NotFound otherwise."""
    if (found := session.get(Tag, tag_id)) is None:
        raise NotFound("There is no such tag.")
    return found


def of(session: Session, asset_ids: Iterable[int]) -> dict[int, list[Tag]]:
    """The tags of these batteries, by name; batteries without one are left out."""
    statement = (
        select(AssetTag.asset_id, Tag)
        .join(Tag, Tag.id == AssetTag.tag_id)
        .where(AssetTag.asset_id.in_(list(asset_ids)))
        .order_by(Tag.folded)
    )
    found: dict[int, list[Tag]] = {}
    for asset_id, row in session.execute(statement):
        found.setdefault(asset_id, []).append(row)
    return found


def named(session: Session, names: Iterable[str]) -> list[Tag]:
    """The tags of these names, made where they are new; ValueError when a client has too many."""
    wanted = {fold(name)[:80]: name for name in names}
    known: Mapping[str, Tag] = {
        row.folded: row for row in session.scalars(select(Tag).where(Tag.folded.in_(wanted)))
    }
    fresh = [Tag(name=name, folded=key) for key, name in wanted.items() if key not in known]
    if fresh and (session.scalar(select(func.count(Tag.id))) or 0) + len(fresh) > MOST:
        raise ValueError(sentence("There are too many different tags already."))
    return [*known.values(), *(_made(session, row) for row in fresh)]


def put(session: Session, asset_ids: Iterable[int], names: Iterable[str]) -> int:
    """Mark these batteries with these tags besides their own; returns how many marks are new.

    Raises ValueError when a battery would carry too many.
    """
    ids, rows = sorted(set(asset_ids)), named(session, names)
    had = of(session, ids)
    added = 0
    for asset_id in ids:
        carried = {row.id for row in had.get(asset_id, ())}
        new = [row for row in rows if row.id not in carried]
        if len(carried) + len(new) > MOST_A_BATTERY:
            raise ValueError(sentence("A battery carries at most 20 tags."))
        session.add_all(AssetTag(asset_id=asset_id, tag_id=row.id) for row in new)
        added += len(new)
    session.flush()
    return added


def take(session: Session, asset_ids: Iterable[int], names: Iterable[str]) -> int:
    """Take these tags off these batteries; returns how many were there."""
    folded = [fold(name)[:80] for name in names]
    statement = (
        select(AssetTag)
        .join(Tag, Tag.id == AssetTag.tag_id)
        .where(AssetTag.asset_id.in_(list(asset_ids)), Tag.folded.in_(folded))
    )
    rows = session.scalars(statement).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


def replace(session: Session, asset_id: int, names: Iterable[str]) -> None:
    """Let a battery carry these tags and no others."""
    wanted = {row.id for row in named(session, names)}
    kept = session.scalars(select(AssetTag).where(AssetTag.asset_id == asset_id)).all()
    for row in kept:
        if row.tag_id not in wanted:
            session.delete(row)
    had = {row.tag_id for row in kept}
    session.add_all(AssetTag(asset_id=asset_id, tag_id=each) for each in sorted(wanted - had))
    session.flush()


def rename(session: Session, row: Tag, name: str) -> None:
    """Call a tag something else; Conflict when another is called so, ValueError for no name."""
    names = split(name)
    if len(names) != 1:
        raise ValueError(sentence("A name is needed."))
    try:
        with session.begin_nested():
            row.name, row.folded = names[0], fold(names[0])[:80]
    except IntegrityError:
        raise Conflict("A tag has this name already.", code="name_taken") from None


def remove(session: Session, row: Tag) -> int:
    """Take a tag off every battery and forget it; returns how many carried it."""
    carried = session.scalars(select(AssetTag).where(AssetTag.tag_id == row.id)).all()
    for each in carried:
        session.delete(each)
    session.flush()
    session.delete(row)
    session.flush()
    return len(carried)


def _made(session: Session, row: Tag) -> Tag:
    """A new tag, or the one that somebody else has made at the same moment."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        again = select(Tag).where(Tag.folded == row.folded)
        return session.scalars(again.execution_options(populate_existing=True)).one()
    return row
