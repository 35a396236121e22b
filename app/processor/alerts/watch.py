"""Who watches for silence: batteries behind a collector that speaks, collectors, whole sites.

Judged by the clock, from cron and, where cron is slow, from the pushes of others. What follows
from one cause is one alert: a dead collector's batteries are unknown and ring nothing, and where
every collector of a site is silent, the site is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Asset, Location
from app.processor.models import LiveReading
from app.processor.rules.base import BREACH, SEVERITIES, Rule
from app.processor.rules.sample import Sample
from app.processor.state import STALE_AT_MOST_MS
from collector.wire.reading import Reading

from . import outbox
from .effective import kinds, stored_rules
from .engine import SILENCE, fall_silent, judge_figures, withdraw
from .models import Alert, AlertEvent, AlertState
from .sites import CLOCK_RULES, OFFLINE, SILENT_RULES, SiteRules, site_rules

EXPECTED_MS = 60_000
"""How often a collector speaks at least."""
HEARD_MS = 90_000
"""A collector heard within this time is alive: a battery behind it that is silent is the BMS's."""
PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the core database knows of a collector."""

    id: int
    name: str
    last_seen: int | None
    clock_offset_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """A battery, who reads it, where it stands and when it was last heard."""

    asset_id: int
    collector_id: int | None
    location_id: int | None
    purpose: str
    ts: int | None


def look(session: Session, collectors: Sequence[Heard], now: int, *, portal: bool = False) -> bool:
    """Judge every silence of a client, tell again what nobody has acknowledged; says whether
    anything has changed.

    `portal`: so many collectors of all clients are silent that it is not the sites: alerts are on
    record, nobody is told. The caller holds the live revision, commits and publishes.
    """
    stands = _stands(session)
    heard = {each.id: each for each in collectors if each.last_seen is not None}
    known = _open(session)
    changed = (
        _batteries(session, stands, _lasting(heard, known, now), now),
        _collectors(session, stands, heard, known, now, portal),
        _left(session, now),
        outbox.remind(session, now) > 0,
    )
    return any(changed)


def _stands(session: Session) -> list[Stand]:
    rows = session.execute(
        select(Asset.id, Asset.collector_id, Asset.location_id, Location.purpose, LiveReading.ts)
        .outerjoin(Location, Location.id == Asset.location_id)
        .outerjoin(LiveReading, LiveReading.asset_id == Asset.id)
        .where(Asset.status == "active")
    )
    return [Stand(i, c, place, purpose or "", ts) for i, c, place, purpose, ts in rows]


def _open(session: Session) -> dict[str, Alert]:
    """The open alerts of collectors and sites, by what they are about."""
    statement = select(Alert).where(Alert.asset_id.is_(None), Alert.open_key.is_not(None))
    return {row.open_key.removeprefix("|"): row for row in session.scalars(statement)}


def _lasting(heard: Mapping[int, Heard], known: Mapping[str, Alert], now: int) -> dict[int, Heard]:
    """The collectors that speak, and spoke when we looked before: one that has only just come back
    has not had the time to read its batteries."""
    dead = {each for row in known.values() for each in row.facts.get("collectors", ())}
    return {
        each.id: each
        for each in heard.values()
        if now - each.last_seen <= HEARD_MS and each.id not in dead
    }


def _batteries(
    session: Session, stands: Sequence[Stand], alive: Mapping[int, Heard], now: int
) -> bool:
    """Silent ones: unknown after five minutes; an alert where their collector speaks."""
    silent = [each for each in stands if each.ts is not None and now - each.ts > EXPECTED_MS / 2]
    alone = {
        each.asset_id: {"silence": (now - each.ts) / 1000}
        for each in silent
        if each.collector_id in alive
    }
    rang = judge_figures(session, alone, now, SILENCE)
    lost = [each.asset_id for each in silent if now - each.ts > STALE_AT_MOST_MS]
    return fall_silent(session, lost, now) or rang


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alert of a collector or a site that should be open; `collectors` are those silent."""

    rule: Rule
    value: float
    limit: float
    name: str
    assets: tuple[int, ...]
    collectors: tuple[int, ...]


def _collectors(
    session: Session,
    stands: Sequence[Stand],
    heard: Mapping[int, Heard],
    known: Mapping[str, Alert],
    now: int,
    portal: bool,
) -> bool:
    rules = stored_rules(session)
    read: dict[int, list[Stand]] = {}
    for each in stands:
        if each.collector_id in heard:
            read.setdefault(each.collector_id, []).append(each)
    wanted: dict[str, Wanted | None] = {}
    dead: dict[int, SiteRules] = {}
    for collector_id, assets in read.items():
        collector = heard[collector_id]
        mine = site_rules(assets[0].location_id, {each.purpose for each in assets}, rules)
        age = (now - collector.last_seen) / 1000
        figures = {"silence": age, "late": age * 1000 / EXPECTED_MS}
        found = _gravest(mine.of(SILENT_RULES), figures, collector, assets)
        wanted[f"silence|collector:{collector_id}"] = found
        if age > mine.limit(OFFLINE):
            dead[collector_id] = mine
        elif collector.clock_offset_ms is not None:
            skew = {"clock_skew": abs(collector.clock_offset_ms) / 1000}
            clock = _gravest(mine.of(CLOCK_RULES), skew, collector, assets)
            wanted[f"clock|collector:{collector_id}"] = clock
    wanted |= _sites(read, heard, dead, wanted, now)
    return _reconcile(session, wanted, known, now, portal)


def _sites(
    read: Mapping[int, Sequence[Stand]],
    heard: Mapping[int, Heard],
    dead: Mapping[int, SiteRules],
    wanted: dict[str, Wanted | None],
    now: int,
) -> dict[str, Wanted | None]:
    """A site with several collectors, all dead, is one alert instead of theirs."""
    there: dict[int, set[int]] = {}
    for collector_id, assets in read.items():
        for each in assets:
            if each.location_id is not None:
                there.setdefault(each.location_id, set()).add(collector_id)
    sites: dict[str, Wanted | None] = {}
    for location_id, ids in there.items():
        key = f"site|location:{location_id}"
        sites[key] = None
        if len(ids) < 2 or not ids <= dead.keys():
            continue
        rule = dead[min(ids)].rule(OFFLINE)
        if rule is None:
            continue
        newest = max(heard[each].last_seen for each in ids)
        assets = tuple(sorted({s.asset_id for each in ids for s in read[each]}))
        silent = tuple(sorted(ids))
        age = (now - newest) / 1000
        sites[key] = Wanted(rule, age, rule.params["limit_s"], "", assets, silent)
        for each in ids:
            wanted[f"silence|collector:{each}"] = None
    return sites


def _gravest(
    rules: Sequence[Rule], figures: Mapping[str, float], heard: Heard, assets: Sequence[Stand]
) -> Wanted | None:
    """Of the rules that are broken the gravest one: one alert a collector."""
    sample = Sample(Reading("", 0), figures=figures)
    broken = []
    for rule in rules:
        for finding in kinds()[rule.kind].judge(rule.params, sample).values():
            if finding.verdict == BREACH:
                broken.append((rule, finding))
    if not broken:
        return None
    rule, finding = max(broken, key=lambda each: SEVERITIES.index(each[0].severity))
    ids = tuple(sorted(each.asset_id for each in assets))
    silent = () if rule.code in CLOCK_RULES else (heard.id,)
    return Wanted(rule, finding.value, finding.limit, heard.name, ids, silent)


def _reconcile(
    session: Session,
    wanted: Mapping[str, Wanted | None],
    known: Mapping[str, Alert],
    now: int,
    portal: bool,
) -> bool:
    """Open what should be open, end what should not, let grave become graver."""
    telling: list[tuple[Alert, str]] = []
    for key, each in wanted.items():
        row = known.get(key)
        if each is None and row is not None:
            row.state, row.open_key, row.resolved_at = "resolved", None, now
            telling.append((row, "resolved"))
        elif each is not None and row is None:
            row = _opened(key, each, now, portal)
            session.add(row)
            telling.append((row, "fired"))
        elif each is not None and row.facts.get("muted") and not portal:
            row.facts = {k: v for k, v in row.facts.items() if k != "muted"}
            telling.append((row, "fired"))
        elif each is not None and row.rule != each.rule.code:
            graver = SEVERITIES.index(each.rule.severity) > SEVERITIES.index(row.severity)
            row.rule, row.severity = each.rule.code, each.rule.severity
            row.value, row.limit, row.worst = each.value, each.limit, each.value
            if graver:
                telling.append((row, "fired"))
    session.flush()
    session.add_all(
        AlertEvent(alert_id=row.id, at=now, event=event, detail={"value": row.value})
        for row, event in telling
    )
    session.flush()
    outbox.queue(session, telling, now)
    return bool(telling)


def _opened(key: str, each: Wanted, now: int, portal: bool) -> Alert:
    facts = {
        "name": each.name,
        "assets": list(each.assets),
        "collectors": list(each.collectors),
        "held_ms": round(each.value * 1000),
    }
    if "figure" in each.rule.params:
        facts["figure"] = each.rule.params["figure"]
    if portal:
        facts["muted"] = PORTAL
    return Alert(
        asset_id=None,
        rule=each.rule.code,
        kind=each.rule.kind,
        subject=key.partition("|")[2],
        severity=each.rule.severity,
        open_key=f"|{key}",
        value=each.value,
        limit=each.limit,
        worst=each.value,
        facts=facts,
        began_at=now,
        fired_at=now,
    )


def _left(session: Session, now: int) -> bool:
    """Batteries that are no longer of the fleet leave nothing open."""
    gone = session.scalars(
        select(AlertState.asset_id)
        .join(Asset, Asset.id == AlertState.asset_id)
        .where(Asset.status != "active", AlertState.open > 0)
    ).all()
    return withdraw(session, gone, now)
