"""On a shared host: installed by commands, fed by a collector, looked at through a firewall.

Apache, Passenger, ModSecurity with the core rules and MariaDB serve a copy of this checkout by its
own .htaccess. The tests are told in order: what comes in is what earlier ones let in.
"""

import os
import re
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql
import pytest
import requests
from sqlalchemy.engine import make_url

from app.database import migrate
from collector.wire import envelope
from tests.chain.programs import Program, collector, run
from tests.chain.visitor import LIVE, Visitor
from tests.host.batches import Pushing, big_batch
from tests.host.rehearsal import POOL, PROBE, Host, until
from tests.tree import ROOT

SLUG, UID = "laurentia", "HOTE-0001"
ANN, SAM = "ann@laurentia.example", "sam@eds.example"
PASSWORD = "a' or 1=1-- é; $(cat /etc/passwd)"
"""Good, and just what a request filter does not want to see."""
NAME = "Armoire d'éclairage nº 1 – l'entrée (10 < 12 V)"
REASON = "Vérifier l'alarme ; union select password from users -- <script>alert(1)</script>"

PRIVATE = [
    "/.env", "/.flaskenv", "/.htaccess", "/.git/HEAD", "/.gitignore", "/passenger_wsgi.py",
    "/requirements.txt", "/pyproject.toml", "/Makefile", "/README.md", "/app/__init__.py", "/app/",
    "/APP/__init__.py", "//app/settings.py", "/collector/requirements.txt", "/cron/",
    "/cron/__main__.py", "/migrations/core/env.py", "/templates/", "/tests/conftest.py", "/docs/",
    "/tmp/restart.txt", "/var/cache/limits.sqlite3", "/static/../app/__init__.py",
    "/static/%2e%2e/passenger_wsgi.py",
]  # fmt: skip


@pytest.fixture(scope="module")
def people(host: Host) -> None:
    """A client, its administrator, and a super admin."""
    host.command("flask", "tenant", "create", SLUG, "Groupe Laurentia")
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    host.command(
        "flask", "user", "create", ANN, "Anne Côté", "--role", "client_admin", "--tenant", SLUG,
        typed=typed,
    )  # fmt: skip
    host.command("flask", "user", "create", SAM, "Sam", "--role", "super_admin", typed=typed)


@pytest.fixture(scope="module")
def ann(host: Host, people, chromium):
    """The administrator at a browser, signed in."""
    visitor = Visitor(chromium, host.url)
    visitor.sign_in(ANN, PASSWORD)
    yield visitor
    visitor.context.close()


@pytest.fixture(scope="module")
def site(host: Host, people, tmp_path_factory):
    """A collector with one simulated Libre Solar pack, enrolled over TLS, running."""
    folder = tmp_path_factory.mktemp("site")
    code = host.command("flask", "collector", "claim", SLUG, "Entrepôt de l'Île-Bizard").strip()
    device = Program(
        folder / "device.log", {}, "collector", "simulate", "libresolar", "--pack", "cells=16"
    )
    device.start()
    until(lambda: device.said().startswith("/dev/"))
    port = device.said().splitlines()[0]
    (folder / "collector.toml").write_text(
        f'state = "{folder / "state"}"\nca_file = "{host.authority}"\n'
        f'[[device]]\nasset = "{UID}"\ndriver = "libresolar"\n'
        f'link = {{ kind = "serial", port = "{port}", baud = 115200 }}\n'
    )
    run("collector", "enrol", code, "--portal", host.url, "--ca-file", host.authority,
        "--config", folder / "collector.toml")  # fmt: skip
    program = collector(folder)
    program.start()
    yield program
    program.end()
    device.end()


@pytest.fixture(scope="module")
def battery(ann: Visitor, site: Program) -> str:
    """The address of the page of the battery, once somebody accepted it."""
    page = ann.page
    page.goto("/batteries/a-accepter")
    until(lambda: page.reload() and page.locator(f"h2:text-is('{UID}')").count() == 1)
    page.fill("[name=name]", NAME)
    page.fill("[name=type_name]", "LiFePO4 51,2 V d'appoint")
    page.fill("[name=nominal_voltage]", "51,2")
    page.fill("[name=capacity_ah]", "280")
    page.fill("[name=location_name]", "L'Assomption, sous-sol (n° 2)")
    with page.expect_navigation():
        page.click("main form button.btn--p")
    assert page.inner_text("h1") == NAME, page.inner_text("main")
    return page.url


def session_of(visitor: Visitor, host: Host) -> requests.Session:
    """A program with this person's cookies."""
    session = host.session()
    cookies = visitor.context.cookies()
    session.headers["Cookie"] = "; ".join(f"{each['name']}={each['value']}" for each in cookies)
    return session


@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_of_the_source_is_for_download(host, path):
    answer = host.get(path)
    assert answer.status in (403, 404)
    assert "def " not in (text := answer.read().decode()) and "SECRET_KEY" not in text


def test_pages_are_https_only_but_certificates_can_be_renewed(host):
    answer = host.get("/connexion", plain=True)
    assert answer.status == 308
    assert answer.headers["Location"].startswith("https://")
    assert host.get("/.well-known/acme-challenge/x", plain=True).status == 404


def test_files_are_served_without_python_and_built_ones_are_kept_for_good(host):
    plain = host.get("/static/css/base.css")
    assert plain.read() == (ROOT / "static/css/base.css").read_bytes()
    built = set(re.findall(r"/static/dist/[^\"]+", host.get("/connexion").read().decode()))
    assert len(built) > 10
    for path in built:
        answer = host.get(path)
        assert (answer.status, "X-Request-Id" in answer.headers) == (200, False), path
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/connexion", PROBE, LIVE, "/nowhere", "/static/css/base.css"])
def test_each_header_is_sent_once(host, path):
    headers = host.get(path, **{"Accept-Encoding": "gzip"}).headers
    for name in set(headers) - {"Set-Cookie"}:
        assert len(headers.get_all(name)) == 1, name
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Powered-By" not in headers
    if "X-Request-Id" in headers:  # the portal's own answer, not a file
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"


def test_somebody_signs_in_with_a_password_no_firewall_likes(host, ann):
    assert ann.page.url == f"{host.url}/"
    assert [refusal for refusal in host.refused() if "/connexion" in refusal] == []


def test_without_the_wrapping_that_password_would_not_arrive(host, people):
    """What makes the test before this one worth its while."""
    seen = host.refused()
    sent = {"email": ANN, "password": PASSWORD}
    answer = host.session().post(f"{host.url}/connexion", data=sent, timeout=20)
    assert (answer.status_code, "X-Request-Id" in answer.headers) == (403, False)
    assert len(host.refused()) > len(seen)
    sent["password"] = "un mot de passe ordinaire, l'été"
    answer = host.session().post(f"{host.url}/connexion", data=sent, timeout=20)
    assert "X-Request-Id" in answer.headers, "without scripts, ordinary passwords arrive"


def test_a_battery_speaks_and_its_digits_move(host, ann, battery):
    page, shown = ann.page, set()
    until(
        lambda: (
            shown.add((*ann.texts("[data-metric]"), *ann.texts("[data-volts]"))) or len(shown) > 2
        )
    )
    page.wait_for_selector("[data-dot].dot--live", state="attached")
    assert {200, 304} >= set(ann.polls)
    assert ann.complaints == []


def test_an_unchanged_poll_is_a_304_through_a_compressing_server(host, ann, site, battery):
    site.end()
    ann.page.goto(battery)
    ann.polls.clear()
    until(lambda: ann.page.wait_for_timeout(200) or 304 in ann.polls)
    browser = session_of(ann, host)
    first = browser.get(host.url + LIVE, timeout=20)
    assert (first.status_code, first.headers["Content-Encoding"]) == (200, "gzip")
    assert first.headers["ETag"].endswith('-gzip"')  # what makes this test worth its while
    again = browser.get(
        host.url + LIVE, headers={"If-None-Match": first.headers["ETag"]}, timeout=20
    )
    assert (again.status_code, again.content) == (304, b"")
    site.start()


def test_every_form_passes_whatever_is_written_in_it(host, ann, battery, chromium):
    seen, page = host.refused(), ann.page
    code = ann.make_code("Quai de l'Anse-à-l'Eau ; drop table claims")
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", code)
    page.goto("/profil")
    page.select_option("[name=theme]", "dark")
    page.click("form[action='/profil'] button")
    page.fill("[name=current]", PASSWORD)
    page.fill("[name=password]", f"{PASSWORD} <b>")
    page.click("form[action='/profil/mot-de-passe'] button")
    page.wait_for_selector("[data-toasts] .toast")
    sam = Visitor(chromium, host.url)
    sam.sign_in(SAM, PASSWORD)
    sam.page.goto("/admin/clients")
    sam.page.click("main details.menu summary")
    sam.page.fill("[name=reason]", REASON)
    with sam.page.expect_navigation():
        sam.page.click("main details.menu button")
    sam.page.click(".banner form button")
    sam.page.wait_for_url("**/admin/clients")
    assert REASON in sam.page.inner_text("main")
    sam.context.close()
    page.click("header form.only-d button")
    page.wait_for_selector("html[lang=en-CA]")
    page.click("header form.only-d button")
    page.wait_for_selector("html[lang=fr-CA]")
    assert host.refused() == seen


def test_every_page_a_person_can_reach_passes(host, ann, battery):
    seen, found, waiting = host.refused(), {}, ["/"]
    browser = session_of(ann, host)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        answer = browser.get(host.url + path, timeout=20)
        found[path] = answer.status_code
        waiting += re.findall(r'href="(/(?!static/)[^"#?]*)', answer.text)
    assert len(found) >= 10
    assert {path: status for path, status in found.items() if status != 200} == {}
    asset = battery.rsplit("/", 1)[1]
    series = browser.get(
        f"{host.url}/api/v1/assets/{asset}/series",
        params={"metrics": "soc,current", "from": 1, "to": int(time.time() * 1000), "points": 50},
        timeout=20,
    )
    assert series.status_code == 200
    for text in ("L'Assomption", "d'éclairage nº 1", "Val-d’Or", "51,2 V (16 cellules)"):
        answer = browser.get(f"{host.url}/batteries", params={"q": text}, timeout=20)
        assert answer.status_code == 200, text
    assert host.refused() == seen


def test_a_large_batch_passes(host, people, tmp_path):
    seen = host.refused()
    pushing = Pushing.enrolled(host, SLUG, tmp_path)
    body = big_batch("HOTE-GROS-1")
    assert 150_000 < len(body) <= envelope.MAX_COMPRESSED
    started = time.monotonic()
    verdict = pushing.push(body)
    print(f"\n{len(body) / 1000:.0f} kB stored in {time.monotonic() - started:.2f} s")
    assert verdict.next.value == "stored", verdict
    assert [item.outcome for item in verdict.receipt.blocks] == ["accepted"]
    assert host.refused() == seen


def test_the_collector_tells_the_portals_no_from_the_hosts(host, people, tmp_path):
    pushing = Pushing.enrolled(host, SLUG, tmp_path)
    body = big_batch("HOTE-GROS-2", readings=5)
    forged = pushing.push(body, signature="ed25519=" + "A" * 86 + "==")
    assert (forged.next.value, forged.reason) == ("refused", "401 bad_signature")
    firewall = pushing.push(body, bare=True)
    assert (firewall.next.value, "firewall" in firewall.reason) == ("later", True)
    assert pushing.push(b"x" * 300_000).next.value == "smaller"
    assert pushing.push(b"x" * 14_000_000).next.value == "smaller"


def test_jobs_and_checks_run_as_the_host_runs_them(host, people):
    for job in ("housekeep", "seal"):
        host.command("cron", job)
    assert f"laurentia                {migrate.head('tenant')}" in host.command(
        "flask", "db", "status"
    )


def test_what_the_portal_writes_is_its_owners_alone(host, battery):
    written = [path for path in (host.app / "var").rglob("*") if path.is_file()]
    assert written
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_a_killed_process_is_replaced_and_a_deployment_starts_new_ones(host):
    (victim, *_) = host.workers()
    os.kill(victim, signal.SIGKILL)
    until(lambda: host.get("/api/v1/health").status == 200)  # 502 until the host has noticed
    assert victim not in host.workers()
    assert [host.get("/api/v1/health").status for _ in range(4)] == [200] * 4
    host.restart()
    assert host.get("/api/v1/health").status == 200


def test_what_it_costs(host, ann, battery, capsys):
    browser = session_of(ann, host)
    host.restart()
    assert browser.get(f"{host.url}/", timeout=20).status_code == 200
    seconds, rss = max(cost(worker) for worker in host.workers())
    with ThreadPoolExecutor(8) as many:
        pages = [
            many.submit(session_of(ann, host).get, f"{host.url}/", timeout=60) for _ in range(40)
        ]
        connections = most_connections(host, lambda: not all(page.done() for page in pages))
    assert {page.result().status_code for page in pages} == {200}
    assert len(host.workers()) == POOL
    times = [poll for poll in polls(browser, host) if poll]
    with capsys.disabled():
        print(f"\na process: {seconds:.2f} s CPU to its first page, {rss:.0f} MB RSS")
        print(f"{POOL} processes under load: {connections} database connections at most")
        print(f"304 over TLS: {statistics.median(times):.1f} ms, median of {len(times)}")
    assert rss < 150
    assert connections <= 3 * POOL  # two each, and some that the server is about to close


def polls(browser: requests.Session, host: Host, count: int = 100) -> Iterator[float | None]:
    """Milliseconds that each unchanged poll took; None for one that brought news."""
    tag = None
    for _ in range(count):
        begun = time.perf_counter()
        answer = browser.get(host.url + LIVE, headers={"If-None-Match": tag}, timeout=20)
        yield (time.perf_counter() - begun) * 1000 if answer.status_code == 304 else None
        tag = answer.headers["ETag"]


def cost(process: int) -> tuple[float, float]:
    """CPU seconds used so far, and resident megabytes."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def most_connections(host: Host, busy: Callable[[], bool]) -> int:
    """Connections the account holds at most while it is busy, without the one that asks."""
    url, most = make_url(host.said["DATABASE_URL"]), 0
    with (
        pymysql.connect(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password,
            ssl_disabled=True,
        ) as asking,
        asking.cursor() as cursor,
    ):
        while busy():
            cursor.execute("SHOW PROCESSLIST")
            most = max(most, len(cursor.fetchall()) - 1)
    return most
