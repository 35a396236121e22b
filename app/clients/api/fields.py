"""Custom fields, tags and saved views, for programs."""

from typing import Any

from flask import Response
from sqlalchemy import select

from app.core.access import Permission
from app.errors import Forbidden, Invalid, sentence
from app.gateway.context import current_principal, tenant_session
from app.gateway.etags import expect, shown
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Flag, Many, Open, Schema, Text, Whole
from app.gateway.writing import commit_client

from .. import fields, tags, views
from ..field_kinds.base import kinds
from ..field_models import CustomField, SavedView, Tag

blueprint = Resources("fields", __name__, "Custom fields, tags and saved views.")

OFFERED = tuple(sorted(code for code, kind in kinds().items() if kind.offered))
FIELD_SORTS = {"position": CustomField.position, "code": CustomField.code, "id": CustomField.id}
TAG_SORTS = {"name": Tag.name, "id": Tag.id}
VIEW_SORTS = {"name": SavedView.name, "id": SavedView.id}


class FieldChanges(Schema):
    """What can be said of a field."""

    label_fr = Text(80, "Poids")
    label_en = Text(80, "Weight")
    choices = Many(Text(80), fields.MOST_CHOICES, about="Of a field of kind `choice`.")
    required = Flag(False)
    searchable = Flag()
    filterable = Flag()
    listed = Flag(about="Shown in lists and exports.")


class NewField(FieldChanges):
    """A field of batteries; a name in one language does for both."""

    kind = Choice(*OFFERED, example="number", required=True)


class FieldDocument(Schema):
    """A field of batteries."""

    id = Whole(1, example=6, required=True)
    code = Text(40, "poids", required=True, about="Its name for programs; it never changes.")
    kind = Choice(*sorted(kinds()), example="number", required=True)
    label_fr = Text(80, "Poids", required=True)
    label_en = Text(80, "Weight", required=True)
    choices = Many(Text(80), fields.MOST_CHOICES, required=True)
    ready = Flag(False, required=True, about="One of the five every client has.")
    required = Flag(False, required=True)
    searchable = Flag(required=True)
    filterable = Flag(required=True)
    listed = Flag(required=True)
    position = Whole(example=6, required=True)
    version = Whole(1, example=1, required=True)


class Removed(Schema):
    """What went."""

    batteries = Whole(example=12, required=True, about="Of how many batteries something went.")


class TagDocument(Schema):
    """A tag."""

    id = Whole(1, example=1, required=True)
    name = Text(40, "Garantie", required=True)


class TagName(Schema):
    """What a tag is called."""

    name = Text(40, "Garantie", least=1, required=True)


class NewView(Schema):
    """Filters and columns of the list of batteries under a name."""

    name = Text(60, "Secours", least=1, required=True)
    query = Open(Text(200), {"type": "1", "etat": "crit"}, "Parameters of the page's address.")
    shared = Flag(False, about="For everybody of the client.")


class ViewDocument(NewView):
    """A saved view."""

    id = Whole(1, example=1, required=True)
    mine = Flag(required=True)


@blueprint.operation(
    "GET",
    "/custom-fields",
    Permission.SEE_FLEET,
    sentence("List custom fields"),
    query=listing(FieldDocument, tuple(FIELD_SORTS)),
    answer=page_of(FieldDocument),
)
def list_fields(query: dict[str, Any]) -> dict[str, Any]:
    """Every field, ready made or the client's own."""
    return page(
        tenant_session(), select(CustomField), FIELD_SORTS, CustomField.id, query, field_document
    )


@blueprint.operation(
    "GET",
    "/custom-fields/<int:field_id>",
    Permission.SEE_FLEET,
    sentence("Read a custom field"),
    answer=FieldDocument,
)
def read_field(field_id: int) -> Response:
    """One field, with the tag that editing it needs."""
    return shown(field_document(fields.field(tenant_session(), field_id)))


@blueprint.operation(
    "POST",
    "/custom-fields",
    Permission.MANAGE_FLEET,
    sentence("Add a custom field"),
    body=NewField,
    answer=FieldDocument,
    status=201,
)
def add_field(body: dict[str, Any]) -> Response:
    """Add a field at the end of the others."""
    session = tenant_session(writes=True)
    row = fields.create(session, body)
    commit_client(session, "field.create", row.code, {"kind": row.kind})
    return shown(field_document(row), 201)


@blueprint.operation(
    "PATCH",
    "/custom-fields/<int:field_id>",
    Permission.MANAGE_FLEET,
    sentence("Edit a custom field"),
    body=FieldChanges,
    answer=FieldDocument,
    edits=True,
)
def edit_field(body: dict[str, Any], field_id: int) -> Response:
    """Change what is given of a field. Its kind stays, and so do choices that batteries have."""
    session = tenant_session(writes=True)
    row = fields.field(session, field_id, lock=True)
    expect(field_document(row))
    fields.edit(session, row, body)
    commit_client(session, "field.edit", row.code, {"fields": sorted(body)})
    return shown(field_document(row))


@blueprint.operation(
    "DELETE",
    "/custom-fields/<int:field_id>",
    Permission.MANAGE_FLEET,
    sentence("Remove a custom field"),
    answer=Removed,
    edits=True,
)
def remove_field(field_id: int) -> dict[str, Any]:
    """Remove a field of the client's own with all it says."""
    session = tenant_session(writes=True)
    row = fields.field(session, field_id, lock=True)
    expect(field_document(row))
    code, count = row.code, fields.remove(session, row)
    commit_client(session, "field.remove", code, {"values": count})
    return {"batteries": count}


@blueprint.operation(
    "GET",
    "/tags",
    Permission.SEE_FLEET,
    sentence("List tags"),
    query=listing(TagDocument, tuple(TAG_SORTS)),
    answer=page_of(TagDocument),
)
def list_tags(query: dict[str, Any]) -> dict[str, Any]:
    """Every tag. Batteries are given tags through their field `tags`."""
    return page(tenant_session(), select(Tag), TAG_SORTS, Tag.id, query, tag_document)


@blueprint.operation(
    "PATCH",
    "/tags/<int:tag_id>",
    Permission.MANAGE_FLEET,
    sentence("Rename a tag"),
    body=TagName,
    answer=TagDocument,
    edits=True,
)
def rename_tag(body: dict[str, Any], tag_id: int) -> Response:
    """Call a tag something else, on every battery."""
    session = tenant_session(writes=True)
    row = tags.tag(session, tag_id)
    expect(tag_document(row))
    try:
        tags.rename(session, row, body["name"])
    except ValueError as error:
        raise Invalid("Some fields need attention.", fields={"name": str(error)}) from None
    commit_client(session, "tag.edit", row.name)
    return shown(tag_document(row))


@blueprint.operation(
    "DELETE",
    "/tags/<int:tag_id>",
    Permission.MANAGE_FLEET,
    sentence("Remove a tag"),
    answer=Removed,
    edits=True,
)
def remove_tag(tag_id: int) -> dict[str, Any]:
    """Take a tag off every battery."""
    session = tenant_session(writes=True)
    row = tags.tag(session, tag_id)
    expect(tag_document(row))
    name, count = row.name, tags.remove(session, row)
    commit_client(session, "tag.remove", name, {"batteries": count})
    return {"batteries": count}


@blueprint.operation(
    "GET",
    "/views",
    Permission.SEE_FLEET,
    sentence("List saved views"),
    query=listing(ViewDocument, tuple(VIEW_SORTS)),
    answer=page_of(ViewDocument),
)
def list_views(query: dict[str, Any]) -> dict[str, Any]:
    """One's own views of the list of batteries, and the shared ones."""
    found = views.seen_by(_owner())
    return page(tenant_session(), found, VIEW_SORTS, SavedView.id, query, view_document)


@blueprint.operation(
    "POST",
    "/views",
    Permission.MANAGE_SELF,
    sentence("Save a view"),
    body=NewView,
    answer=ViewDocument,
    status=201,
)
def save_view(body: dict[str, Any]) -> Response:
    """Keep a view; one's own of the same name is replaced. Sharing wants whoever runs the fleet."""
    session = tenant_session(writes=True)
    shared = body.get("shared", False)
    if shared and not current_principal().may(Permission.MANAGE_FLEET):
        raise Forbidden("Administrators share views.")
    row = views.save(session, _owner(), body["name"], body.get("query", {}), shared)
    commit_client(session, "view.save", row.name)
    return shown(view_document(row), 201)


@blueprint.operation(
    "DELETE",
    "/views/<int:view_id>",
    Permission.MANAGE_SELF,
    sentence("Remove a saved view"),
    answer=ViewDocument,
    edits=True,
)
def remove_view(view_id: int) -> dict[str, Any]:
    """Forget a view; the answer is what it was."""
    session = tenant_session(writes=True)
    row = views.view(session, view_id, _owner())
    was = view_document(row)
    expect(was)
    views.remove(session, row, _owner(), current_principal().may(Permission.MANAGE_FLEET))
    commit_client(session, "view.remove", was["name"])
    return was


def _owner() -> int:
    """The person who asks; programs own nothing and see what is shared."""
    principal = current_principal()
    return principal.id if principal.kind == "user" else 0


def field_document(row: CustomField) -> dict[str, Any]:
    """A field as `FieldDocument` describes it."""
    return {name: getattr(row, name) for name in FieldDocument._declared_fields}


def tag_document(row: Tag) -> dict[str, Any]:
    """A tag as `TagDocument` describes it."""
    return {"id": row.id, "name": row.name}


def view_document(row: SavedView) -> dict[str, Any]:
    """A saved view as `ViewDocument` describes it."""
    return {
        "id": row.id,
        "name": row.name,
        "query": row.query,
        "shared": row.shared,
        "mine": row.user_id == _owner(),
    }
