"""Whoever rewrites the audit trail is found out, at the first entry that is not as it was."""

import random

import pytest
from sqlalchemy import text

from app.core import audit
from app.core.journal import record
from app.database.sessions import CoreSession, open_core
from tests.mariadb import Server

ENTRIES = 12


def write(engines, principal, count=ENTRIES):
    with open_core(engines, writes=True) as core:
        for n in range(1, count + 1):
            record(core, principal, f"trial.{n}", target=f"thing:{n}", detail={"n": n, "é": 1.5})
        core.commit()


@pytest.fixture
def trail(house):
    """Twelve entries of Laurentia, written by Alice, and three of Boreal."""
    write(house.engines, house.principal("alice"))
    write(house.engines, house.principal("mallory"), 3)
    return house


def run(house, *statements):
    with house.engines.core.execution_options(writes=True).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def verified(house, scope=1, anchors=()):
    with house.core() as core:
        return audit.verify(core, scope, anchors)


def test_an_untouched_trail_is_intact(trail):
    assert verified(trail) == audit.Finding(1, ENTRIES)
    assert verified(trail, 2) == audit.Finding(2, 3)
    assert verified(trail, 0) == audit.Finding(0, 0)


@pytest.mark.parametrize(
    ("statement", "n"),
    [
        ("UPDATE audit_log SET actor = 'user:5' WHERE tenant_id = 1 AND n = 4", 4),
        ("UPDATE audit_log SET action = 'x' WHERE tenant_id = 1 AND n = 1", 1),
        ("UPDATE audit_log SET target = '' WHERE tenant_id = 1 AND n = 12", 12),
        ("UPDATE audit_log SET detail = '{}' WHERE tenant_id = 1 AND n = 5", 5),
        ("UPDATE audit_log SET at = at + 1 WHERE tenant_id = 1 AND n = 6", 6),
        ("UPDATE audit_log SET address = '9.9.9.9' WHERE tenant_id = 1 AND n = 7", 7),
        ("UPDATE audit_log SET address = '9.9.9.0/24' WHERE tenant_id = 1 AND n = 7", 7),
        ("DELETE FROM audit_log WHERE tenant_id = 1 AND n = 8", 8),
        ("DELETE FROM audit_log WHERE tenant_id = 1 AND n = 1", 1),
        ("DELETE FROM audit_log WHERE tenant_id = 1 AND n > 9", 10),
        ("DELETE FROM audit_log WHERE tenant_id = 1", 1),
        ("UPDATE audit_log SET tenant_id = 2 WHERE tenant_id = 1 AND n = 9", 9),
        ("UPDATE audit_log SET n = 3 WHERE tenant_id = 1 AND n = 2", 2),
        ("UPDATE audit_heads SET n = 9 WHERE scope = 1", 9),
        ("UPDATE audit_heads SET floor_n = 3 WHERE scope = 1", 12),
        ("DELETE FROM audit_heads WHERE scope = 1", 1),
    ],
)  # fmt: skip
def test_each_way_of_rewriting_is_named(trail, statement, n):
    run(trail, statement)
    found = verified(trail)
    assert (found.intact, found.n) == (False, n), found


def test_swapped_entries_are_found(trail):
    run(
        trail,
        "UPDATE audit_log SET n = 99 WHERE tenant_id = 1 AND n = 3",
        "UPDATE audit_log SET n = 3 WHERE tenant_id = 1 AND n = 4",
        "UPDATE audit_log SET n = 4 WHERE tenant_id = 1 AND n = 99",
    )
    assert verified(trail).n == 3


def test_a_tail_cut_with_the_head_of_that_day_is_found_by_an_anchor(trail):
    with trail.core() as core:
        old = core.get(audit.AuditHead, 1)
        kept = (old.n, old.mac.hex(), old.seal.hex())
    write(trail.engines, trail.principal("alice"), 2)
    with trail.core() as core:
        anchors = audit.heads(core)
    with trail.engines.core.execution_options(writes=True).begin() as connection:
        connection.execute(text("DELETE FROM audit_log WHERE tenant_id = 1 AND n > 12"))
        connection.execute(
            text("UPDATE audit_heads SET n = :n, mac = :mac, seal = :seal WHERE scope = 1"),
            {"n": kept[0], "mac": bytes.fromhex(kept[1]), "seal": bytes.fromhex(kept[2])},
        )
    assert verified(trail).intact, "without an anchor nobody could know"
    assert verified(trail, anchors=anchors).n == 14


@pytest.mark.sqlite_only
def test_random_manipulations_are_all_found(trail):
    """Whatever single field, row or head is changed."""
    dice = random.Random(7)
    columns = {
        "audit_log": ("at", "actor", "action", "target", "address", "request_id", "n", "mac", "address_mac"),
        "audit_heads": ("n", "mac", "floor_n", "floor_mac", "seal"),
    }  # fmt: skip
    for _ in range(200):
        table = dice.choice(list(columns))
        column = dice.choice(columns[table])
        place = f"tenant_id = 1 AND n = {dice.randint(1, ENTRIES)}"
        where = "scope = 1" if table == "audit_heads" else place
        value = "randomblob(32)" if column in ("mac", "floor_mac", "seal", "address_mac") else None
        value = value or (
            f"{column} + 1" if column in ("at", "n", "floor_n") else f"{column} || 'x'"
        )
        with trail.engines.core.execution_options(writes=True).connect() as connection:
            connection.execute(text(f"UPDATE {table} SET {column} = {value} WHERE {where}"))  # noqa: S608
            with CoreSession(connection) as session:
                session.info["vault"] = trail.engines.vault
                assert not audit.verify(session, 1).intact, (table, column, where)
            connection.rollback()
    assert verified(trail).intact


def test_pruning_keeps_the_rest_verifiable_and_leaves_a_certificate(trail):
    with trail.core() as core:
        times = [entry.at for entry in audit._entries(core, 1)]
    with open_core(trail.engines, writes=True) as core:
        assert audit.prune(core, 1, times[0]) == 0
        assert audit.prune(core, 1, times[-1] + 1) == ENTRIES
        core.commit()
    assert verified(trail).intact
    with trail.core() as core:
        certificate = list(audit._entries(core, 1))
    assert [(entry.n, entry.action, entry.detail["entries"]) for entry in certificate] == [
        (13, "audit.prune", ENTRIES)
    ]


def test_addresses_lose_their_end_and_the_chain_holds(trail):
    with open_core(trail.engines, writes=True) as core:
        old = audit.now_ms() - audit.ADDRESSES_MS - 1
        for address in ("203.0.113.7", "2001:db8:1:2::9", "not one"):
            entry = audit.AuditEntry(
                tenant_id=2,
                actor="x",
                action="x",
                target="",
                detail={},
                address=address,
                at=old,
                request_id="",
            )
            audit.append(core, entry)
        assert audit.shorten_addresses(core, audit.now_ms() - audit.ADDRESSES_MS) == 3
        assert audit.shorten_addresses(core, audit.now_ms() - audit.ADDRESSES_MS) == 0
        core.commit()
    assert verified(trail, 2).intact
    with trail.core() as core:
        shown = [entry.address for entry in audit._entries(core, 2)][-3:]
    assert shown == ["203.0.113.0/24", "2001:db8:1::/48", "?/0"]


def test_what_is_not_committed_leaves_no_gap(trail):
    with open_core(trail.engines, writes=True) as core:
        record(core, trail.principal("alice"), "undone")
        core.rollback()
    write(trail.engines, trail.principal("alice"), 1)
    assert verified(trail) == audit.Finding(1, ENTRIES + 1)


@pytest.mark.mariadb_only
def test_two_at_once_follow_one_another(trail, mariadb: Server):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: write(trail.engines, trail.principal("alice"), 5), range(4)))
    assert verified(trail) == audit.Finding(1, ENTRIES + 20)
