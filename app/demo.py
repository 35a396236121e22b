"""`make demo`: the whole product on one machine, with batteries that do not exist.

Writes a `.env` with fresh secrets if there is none, migrates, opens two client companies, enrols a
collector per site with a one-time code, gives each a month of past through its own spool, and
starts the portal, the jobs, the devices and the collectors. Ends all of it on Ctrl-C. Everything
that changes is under DATA_DIR; accounts get random passwords, kept in `demo/accounts.json`.
DEMO_DAYS shortens the past.
"""

import json
import os
import secrets
import socket
import sys
import time
from base64 import b64encode
from pathlib import Path

import requests
from sqlalchemy import select

from app.clients import catalogue, tenants, users
from app.connector.collectors import create_claim
from app.core.access import EVERY_ASSET, TenantRef
from app.core.models import Collector, User
from app.database.base import now_ms
from app.database.encrypted import find_by
from app.database.engines import Engines
from app.database.migrate import upgrade_all, upgrade_core
from app.database.sessions import open_core, open_tenant
from app.demo_fleet import COMPANIES, SUPER_ADMIN, UNSAID, Company, Pack, Person, Place
from app.demo_processes import Process, Processes
from app.errors import Misconfigured
from app.settings import ROOT, Settings

PAST_DAYS = float(os.environ.get("DEMO_DAYS", "30"))
LETTERS = "bcdfghjkmnpqrstvwxz"
"""Of the accounts' passwords: without digits, of which a few in a row pass for guessable."""
FRESH_MS = 10_000
PATIENCE_S = 300
ENROLLED = Path("state", "identity.json")


class Failed(RuntimeError):
    """The demonstration cannot go on; the text says why."""


def main() -> int:
    """Prepare, start, say where, and wait to be stopped."""
    os.environ.setdefault("DATA_DIR", str(ROOT / "var"))
    port = int(os.environ.get("PORT", "8000"))
    url = f"http://127.0.0.1:{port}"
    os.environ["PUBLIC_URL"] = url
    try:
        write_secrets(ROOT / ".env")
        settings = Settings.from_env()
        check_port(port)
        with Processes(settings.data_dir / "demo" / "logs") as running:
            start(settings, running, url, port)
            running.wait()
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    except (Failed, Misconfigured, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def start(settings: Settings, running: Processes, url: str, port: int) -> None:
    """Bring everything up, in the order in which the parts need each other."""
    folder = settings.data_dir / "demo"
    with Engines(settings) as engines:
        say("preparing the databases")
        accounts = prepare(engines, folder)
        say("starting the portal")
        running.start("portal", "waitress", f"--listen=127.0.0.1:{port}", "--threads=8",
                      "passenger_wsgi:application")  # fmt: skip
        until(lambda: answers(f"{url}/api/v1/health"), "the portal does not answer", running)
        places = [(company, place) for company in COMPANIES for place in company.places]
        new = [pair for pair in places if not (folder / pair[1].code / ENROLLED).exists()]
        for company, place in places:
            write_site(folder / place.code, place, url)
            if (company, place) in new:
                enrol(engines, company, place, folder / place.code, url)
        if new:
            live_through([place for _, place in new], folder, running)
        say("starting the jobs, the devices and the collectors")
        running.start("jobs", "cron", "loop")
        for _, place in places:
            if not place.silent_hours:
                start_site(place, folder / place.code, running)
        if new:
            deliver(engines, [place for _, place in new], folder, running)
        until(lambda: on_screen(url, accounts[0]), "no live value arrived", running)
    tell(url, accounts)


def write_secrets(path: Path) -> None:
    """A `.env` with fresh secrets, readable by its owner alone, unless there is one."""
    if path.exists() or os.environ.get("SECRET_KEY"):
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"SECRET_KEY={secrets.token_urlsafe(36)}\n")
        file.write(f"FIELD_KEYS=1:{b64encode(secrets.token_bytes(32)).decode()}\n")


def check_port(port: int) -> None:
    """Raise Failed while something else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Failed(f"port {port} is taken: choose another, PORT=8001 make demo") from None


def prepare(engines: Engines, folder: Path) -> list[dict[str, str]]:
    """Bring databases up to date, open what is missing, and return the accounts."""
    upgrade_core(engines)
    path = folder / "accounts.json"
    accounts = json.loads(path.read_text("utf-8")) if path.exists() else []
    refs = clients(engines)
    if failures := upgrade_all(engines, refs):
        raise Failed(f"a client's database cannot be migrated: {failures}")
    for company in COMPANIES:
        if company.slug not in {ref.slug for ref in refs}:
            accounts += furnish(engines, company)
    with open_core(engines, writes=True) as core:
        if (
            core.scalar(select(User.id).where(find_by(User, "email", SUPER_ADMIN.email, core)))
            is None
        ):
            accounts.append(account(core, SUPER_ADMIN, None))
        core.commit()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(0o600)
    path.write_text(json.dumps(accounts, indent=1, ensure_ascii=False), "utf-8")
    return accounts


def furnish(engines: Engines, company: Company) -> list[dict[str, str]]:
    """Open one company with its people, types, locations and batteries."""
    with open_core(engines, writes=True) as core:
        tenant = tenants.create_tenant(core, engines, company.slug, company.name)
        accounts = [account(core, person, tenant.id) for person in company.people]
        core.commit()
        ref = tenants.ref_of(engines, tenant)
        ids = {user.email: user.id for user in core.scalars(select(User))}
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session:
        types = {
            kind.name: catalogue.create_type(session, kind.name, kind.chemistry, kind.cells,
                                             kind.nominal_voltage, kind.capacity_ah)
            for kind in company.kinds
        }  # fmt: skip
        batteries = {}
        for place in company.places:
            location = catalogue.create_location(
                session, place.name, city=place.city, purpose=place.purpose
            )
            for pack in (pack for pack in place.packs if pack.name):
                batteries[pack.uid] = add_battery(session, pack, types[pack.kind].id, location.id)
        for person in company.people:
            users.grant(session, ids[person.email], [batteries[uid] for uid in person.sees])
        session.commit()
    return accounts


def add_battery(session, pack: Pack, type_id: int, location_id: int) -> int:
    """Put one battery in the catalogue before it has ever spoken."""
    asset, _ = catalogue.resolve_asset(session, pack.uid, 0)
    battery = catalogue.accept(session, asset.id, pack.name, type_id, location_id)
    battery.bms = pack.bms
    return battery.id


def account(core, person: Person, tenant_id: int | None) -> dict[str, str]:
    """A person with a random password."""
    password = "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
    users.create_user(core, person.email, person.name, person.role, password, tenant_id)
    return {"role": person.role, "email": person.email, "password": password}


def write_site(site: Path, place: Place, url: str) -> None:
    """The two files of a place: its simulated devices, and the collector that reads them."""
    (site / "state").mkdir(parents=True, exist_ok=True, mode=0o700)
    devices, readers = (
        ['time_zone = "America/Toronto"'],
        [
            f'portal = "{url}"',
            f'state = "{site / "state"}"',
        ],
    )
    for pack in place.packs:
        on, link = whereabouts(site, pack)
        kind = next(k for company in COMPANIES for k in company.kinds if k.name == pack.kind)
        traits = {"cells": kind.cells, "capacity_ah": kind.capacity_ah, "duty": pack.duty,
                  "chemistry": kind.chemistry, **pack.traits}  # fmt: skip
        devices += ["", "[[device]]", f'asset = "{pack.uid}"', f'simulator = "{pack.simulator}"',
                    f'on = "{on}"', f"pack = {toml(traits)}", f"options = {toml(pack.device)}",
                    f"unsaid = {json.dumps(UNSAID[pack.simulator])}"]  # fmt: skip
        readers += ["", "[[device]]", f'asset = "{pack.uid}"', f'driver = "{pack.simulator}"',
                    f"link = {toml(link)}", f"options = {toml(pack.driver)}"]  # fmt: skip
    (site / "site.toml").write_text("\n".join(devices) + "\n", "utf-8")
    (site / "collector.toml").write_text("\n".join(readers) + "\n", "utf-8")


def whereabouts(site: Path, pack: Pack) -> tuple[str, dict]:
    """Where a device is served, and the link that reaches it."""
    if pack.link == "modbus-tcp":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return f"tcp:127.0.0.1:{port}", {"kind": pack.link, "host": "127.0.0.1", "port": port}
    line = str(site / pack.uid)
    baud = {"baud": 9600} if pack.simulator == "greenbms" else {}
    return f"pty:{line}", {"kind": pack.link, "port": line, **baud}


def toml(table: dict) -> str:
    """An inline table; JSON's strings and numbers are TOML's."""
    return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items()) + " }"


def enrol(engines: Engines, company: Company, place: Place, site: Path, url: str) -> None:
    """Do what a technician does: take a code from the portal, type it at the site."""
    with open_core(engines, writes=True) as core:
        tenant = tenants.tenant_by_slug(core, company.slug)
        code = create_claim(core, tenant.id, place.code, None, now_ms())
        core.commit()
    Processes.run("collector", "enrol", code, "--portal", url, "--config", site / "collector.toml",
                  "--state", site / "state")  # fmt: skip


def start_site(place: Place, site: Path, running: Processes) -> None:
    """The devices of a place, and the collector that reads them."""
    running.start(f"{place.code}-devices", "collector", "site", site / "site.toml")
    start_collector(place, site, running)


def start_collector(place: Place, site: Path, running: Processes) -> Process:
    arguments = ("collector", "run", "--config", site / "collector.toml")
    return running.start(f"{place.code}-collector", *arguments)


def live_through(new: list[Place], folder: Path, running: Processes) -> None:
    """Give every new site its past, as many at a time as there are cores."""
    waiting, done = list(new), dict.fromkeys((place.code for place in new), 0.0)
    at_work: dict[str, Process] = {}
    while waiting or at_work:
        while waiting and len(at_work) < (os.cpu_count() or 1):
            place = waiting.pop(0)
            site = folder / place.code
            at_work[place.code] = running.start(
                f"{place.code}-past",
                *("collector", "site", site / "site.toml", "--state", site / "state"),
                *("--past", PAST_DAYS, "--until", place.silent_hours),
            )
        for code, process in list(at_work.items()):
            done[code] = process.progress()
            if process.ended():
                running.forget(at_work.pop(code))
        bar(f"living through {PAST_DAYS:g} days", sum(done.values()) / len(new))
        time.sleep(0.1)
    print(flush=True)


def deliver(engines: Engines, new: list[Place], folder: Path, running: Processes) -> None:
    """Wait until the spools have reached the portal; a silent site falls silent afterwards."""
    silent = [
        start_collector(place, folder / place.code, running) for place in new if place.silent_hours
    ]
    packs = sum(len(place.packs) for place in new)
    most = max(1.0, packs * PAST_DAYS)  # DEMO_DAYS=0: no past at all

    def arrived() -> bool:
        waiting = queued(engines)
        bar("sending them to the portal", 0.0 if waiting is None else max(0, 1 - waiting / most))
        return waiting == 0

    until(arrived, "the past does not reach the portal", running)
    print(flush=True)
    for process in silent:
        running.end(process)


def clients(engines: Engines) -> list[TenantRef]:
    """Every open client."""
    with open_core(engines) as core:
        return tenants.each_tenant(core, engines)


def queued(engines: Engines) -> int | None:
    """Blocks that wait at all sites; None while a collector has not spoken yet."""
    with open_core(engines) as core:
        told = core.execute(select(Collector.queued, Collector.last_seen)).all()
    return None if any(seen is None for _, seen in told) else sum(count for count, _ in told)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def on_screen(url: str, who: dict[str, str]) -> bool:
    """Whether a signed-in person is served a value that was just measured."""
    session = requests.Session()
    page = session.get(f"{url}/connexion", timeout=10)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    session.post(
        f"{url}/connexion",
        data={"email": who["email"], "password": who["password"], "csrf_token": token},
        headers={"Origin": url},
        timeout=10,
    )
    live = session.get(f"{url}/api/v1/live", timeout=10)
    if not live.ok:
        return False
    heard = [asset["ts"] for asset in live.json()["assets"] if asset["ts"] is not None]
    return any(live.json()["now"] - ts < FRESH_MS for ts in heard)


def until(true, otherwise: str, running: Processes) -> None:
    """Wait for something; raises Failed after a while, or when a process ended meanwhile."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        running.check()
        if time.monotonic() > end:
            raise Failed(f"{otherwise}; the logs are in {running.logs}")
        time.sleep(0.3)


def say(text: str) -> None:
    print(f"demo: {text} ...", flush=True)


def bar(text: str, share: float) -> None:
    width = round(share * 30)
    print(f"\rdemo: {text} [{'█' * width}{'·' * (30 - width)}] {share:4.0%}", end="", flush=True)


def tell(url: str, accounts: list[dict[str, str]]) -> None:
    print(f"ready {url}", flush=True)
    for entry in accounts:
        print(f"  {entry['role']:<13} {entry['email']:<32} {entry['password']}", flush=True)
    print("Ctrl-C ends everything.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
