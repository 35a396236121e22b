"""Lists in pages that stay right while rows come and go: each page begins after the last row seen.

A cursor names that row: what it was sorted by, and its id. It is no secret and gives no right; the
session's scope decides what a page can hold.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import validate
from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session
from webargs.fields import DelimitedList

from app.errors import Invalid, sentence

from .http import LAST_ID
from .schema import Choice, Many, One, Schema, Text, Whole

MOST = 200
USUAL = 50

Sorts = Mapping[str, InstrumentedAttribute]
"""What a list may be sorted by: columns that are never null."""
Row = Any


def listing(item: type[Schema], sorts: Sequence[str], **filters: Any) -> type[Schema]:
    """The query of a list of such items: page, order, fields and the filters given.

    The first of `sorts` is the usual order; `-` before it: descending.
    """
    orders = [f"{sign}{name.removeprefix('-')}" for name in sorts for sign in ("", "-")]
    names = list(item._declared_fields)
    return Schema.from_dict(
        {
            "limit": Whole(
                1, MOST, USUAL, "Most items of one page.", spoken=True, load_default=USUAL
            ),
            "cursor": Text(400, about="`next` of the page before."),
            "sort": Choice(*orders, about="`-` for descending.", load_default=sorts[0]),
            "fields": DelimitedList(
                Choice(*names),
                validate=validate.Length(1, 40),
                metadata={"description": "Only these fields, besides `id`."},
            ),
            **filters,
        },
        name=f"{item.__name__}Query",
    )


def page_of(item: type[Schema]) -> type[Schema]:
    """One page of such items; all of an item's fields may be absent where `fields` chose."""
    chosen = type(f"{item.__name__}Item", (item,), {"__doc__": item.__doc__})
    return Schema.from_dict(
        {
            "items": Many(
                One(chosen(partial=[name for name in item._declared_fields if name != "id"])),
                MOST,
                required=True,
            ),
            "next": Text(
                400,
                required=True,
                allow_none=True,
                about="Send it as `cursor` for the next page; null on the last one.",
            ),
        },
        name=f"{item.__name__}Page",
    )


def page(
    session: Session,
    statement: Select,
    sorts: Sorts,
    key: InstrumentedAttribute,
    query: Mapping[str, Any],
    show: Callable[[Row], dict[str, Any]],
) -> dict[str, Any]:
    """The page asked for, as `page_of` describes it. `key`: the id that decides between equals."""
    name, descending = query["sort"].removeprefix("-"), query["sort"].startswith("-")
    column = sorts[name]
    if "cursor" in query:
        value, last = _opened(query["cursor"], query["sort"])
        statement = statement.where(_after(column, key, value, last, descending))
    order = (column.desc(), key.desc()) if descending else (column, key)
    limit = query["limit"]
    rows = session.scalars(statement.order_by(None).order_by(*order).limit(limit + 1)).all()
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = _cursor(query["sort"], getattr(last, column.key), getattr(last, key.key))
    items = [_chosen(show(row), query.get("fields")) for row in rows[:limit]]
    return {"items": items, "next": following}


def _after(column, key, value, last, descending):
    beyond = column < value if descending else column > value
    if column is key:
        return beyond
    tie = key < last if descending else key > last
    return or_(beyond, and_(column == value, tie))


def _chosen(item: dict[str, Any], names: Sequence[str] | None) -> dict[str, Any]:
    return {k: v for k, v in item.items() if k in names or k == "id"} if names else item


def _cursor(sort: str, value: Any, last: int) -> str:
    text = json.dumps([sort, value, last], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _opened(cursor: str, sort: str) -> tuple[str | int, int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        made_for, value, last = json.loads(text)
        if made_for == sort and _is_value(value) and type(last) is int and _is_value(last):
            return value, last
    except (ValueError, TypeError):
        pass
    wrong = sentence("This cursor belongs to no page of this list.")
    raise Invalid("Some fields need attention.", fields={"cursor": wrong})


def _is_value(value: Any) -> bool:
    """Whether every database can compare with it."""
    if type(value) is int:
        return abs(value) <= LAST_ID
    return type(value) is str and not any("\ud800" <= letter <= "\udfff" for letter in value)
