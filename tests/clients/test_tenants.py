"""Opening clients: registered, provisioned, resumable, never twice."""

import pytest
from sqlalchemy import select

from app.clients import tenants
from app.clients.models import BatteryType
from app.core.access import EVERY_ASSET
from app.database import migrate, provision
from app.database.sessions import open_core, open_tenant
from app.errors import Conflict, Invalid


def test_a_new_client_is_active_with_an_empty_database_at_head(engines):
    with open_core(engines, writes=True) as core:
        tenant = tenants.create_tenant(core, engines, "fjord", "Coop du Fjord", locale="en")
        core.commit()
        assert (tenant.status, tenant.revision) == ("active", migrate.head("tenant"))
        [ref] = tenants.each_tenant(core, engines)
    try:
        assert (ref.slug, ref.name, ref.locale) == ("fjord", "Coop du Fjord", "en")
        with open_tenant(engines, ref, EVERY_ASSET) as session:
            assert session.scalars(select(BatteryType)).all() == []
    finally:
        provision.drop_database(engines, ref)


def test_a_creation_that_failed_is_resumed_by_the_same_call(engines):
    with open_core(engines, writes=True) as core:
        tenants.register(core, "fjord", "Coop du Fjord")
        core.commit()
        assert tenants.each_tenant(core, engines) == []
    with open_core(engines, writes=True) as core:
        tenant = tenants.create_tenant(core, engines, "fjord", "Coop du Fjord")
        core.commit()
        ref = tenants.ref_of(engines, tenant)
    try:
        assert tenant.status == "active"
    finally:
        provision.drop_database(engines, ref)


def test_a_short_name_is_given_once(house):
    with house.core() as core, pytest.raises(Conflict) as caught:
        tenants.register(core, "laurentia", "Une autre")
    assert caught.value.code == "tenant_exists"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("slug", {"slug": "Majuscule"}),
        ("slug", {"slug": "-bord"}),
        ("slug", {"slug": "../ailleurs"}),
        ("name", {"name": "  "}),
        ("locale", {"locale": "de"}),
        ("time_zone", {"time_zone": "America/Nowhere"}),
        ("time_zone", {"time_zone": "../../etc/passwd"}),
    ],
)
def test_what_cannot_be_is_named_by_field(engines, field, changes):
    given = {"slug": "fjord", "name": "Fjord", "locale": "fr", "time_zone": "America/Toronto"}
    with open_core(engines) as core, pytest.raises(Invalid) as caught:
        tenants.register(core, **(given | changes))
    assert set(caught.value.fields) == {field}


def test_suspended_clients_are_not_visited(house):
    with house.core() as core:
        tenants.tenant_by_slug(core, "boreal").status = "suspended"
        assert [ref.slug for ref in tenants.each_tenant(core, house.engines)] == ["laurentia"]
