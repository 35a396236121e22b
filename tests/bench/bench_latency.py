"""From a byte on a bus to its digit in a browser, with a whole fleet beside it.

Starts the demonstration, adds one foxBMS behind an SLCAN adapter to one of its clients, opens that
battery's page in Chromium and changes a value on the bus at random instants: SAMPLES times, by
default 60. Everything is dated by the one clock of this machine: the first changed byte, the
arrival of its reading at the portal, the changed digit.
"""

import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from app.clients import catalogue  # noqa: E402
from app.clients.tenants import ref_of, tenant_by_slug  # noqa: E402
from app.connector.collectors import create_claim  # noqa: E402
from app.core.access import EVERY_ASSET  # noqa: E402
from app.database.base import now_ms  # noqa: E402
from app.database.engines import Engines  # noqa: E402
from app.database.sessions import open_core, open_tenant  # noqa: E402
from app.settings import Settings  # noqa: E402
from tests.bench.report import report, table  # noqa: E402
from tests.chain.bus import Bus, recorded, with_value  # noqa: E402
from tests.chain.demo import Demo, accounts  # noqa: E402
from tests.chain.programs import collector, run  # noqa: E402
from tests.chain.visitor import Visitor  # noqa: E402
from tests.requirement import program  # noqa: E402

SAMPLES = int(os.environ.get("SAMPLES", "60"))
RECORDING = "traffic-v1.11-1string.log"
UID, CLIENT = "BENCH-0001", "laurentia"
VALUE = "[data-metric=pack_voltage]"
GOAL_S, LIMIT_S = 2.0, 5.0
PATIENCE_S = 60
LONGEST_WAIT_S = 2.5
"""Before each change: more than any interval, so that it meets every phase of all of them."""

WATCH = """
window.shown = {}; window.told = {};
const ask = window.fetch;
window.fetch = async (...what) => {
  const answer = await ask(...what);
  if (answer.status === 200 && String(what[0]).includes("/api/v1/live")) {
    answer.clone().json().then(({ assets: [one] }) => {
      window.told[one.values.pack_voltage.toFixed(1)] ??= one.received_at;
    });
  }
  return answer;
};
addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  const text = document.querySelector("[data-metric=pack_voltage]")?.textContent;
  if (text) window.shown[text.replace(",", ".")] ??= Date.now();
}).observe(document.body, { subtree: true, childList: true, characterData: true }));
"""


@contextmanager
def extra_site(settings: Settings, folder: Path, url: str) -> Iterator[tuple[Bus, int]]:
    """A collector of its own with one battery, accepted; the bus and the battery's id."""
    bus = Bus(recorded(RECORDING))
    folder.mkdir()
    (folder / "collector.toml").write_text(
        f'state = "{folder / "state"}"\n[[device]]\nasset = "{UID}"\ndriver = "foxbms"\n'
        f'link = {{ kind = "slcan", port = "{bus.path}" }}\n'
    )
    with Engines(settings) as engines:
        with open_core(engines, writes=True) as core:
            tenant = tenant_by_slug(core, CLIENT)
            code = create_claim(core, tenant.id, "Bench", None, now_ms())
            ref = ref_of(engines, tenant)
            core.commit()
        with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session:
            asset, _ = catalogue.resolve_asset(session, UID, 0)
            kind, place = catalogue.types(session)[0], catalogue.locations(session)[0]
            catalogue.accept(session, asset.id, UID, kind.id, place.id)
            number = asset.id
            session.commit()
    run("collector", "enrol", code, "--portal", url, "--config", folder / "collector.toml")
    site = collector(folder)
    site.start()
    try:
        yield bus, number
    finally:
        site.end()
        bus.close()


def measure(visitor: Visitor, bus: Bus) -> Iterator[dict[str, float]]:
    """Seconds from bytes to portal, to screen, and all of it, for each change."""
    page, chance = visitor.page, random.Random(1)
    for number in range(SAMPLES):
        text = f"{40 + number / 10:.1f}"
        time.sleep(chance.uniform(0.1, LONGEST_WAIT_S))
        bus.change(with_value("1.11", "pack_values", "pack_voltage", float(text)))
        wait(visitor, "text => window.shown[text] && window.told[text]", text)
        shown = page.evaluate("text => window.shown[text]", text) / 1000
        arrived = page.evaluate("text => window.told[text]", text) / 1000
        yield {
            "bus to portal": arrived - bus.changed,
            "portal to screen": shown - arrived,
            "bus to screen": shown - bus.changed,
        }


def wait(visitor: Visitor, true: str, text: str) -> None:
    """Asked from outside: the page's own policy forbids it to evaluate text again and again."""
    deadline = time.monotonic() + PATIENCE_S
    while not visitor.page.evaluate(true, text):
        if time.monotonic() > deadline:
            sys.exit(f"bench_latency: {text} V never came to the screen")
        visitor.page.wait_for_timeout(50)


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def tell(samples: list[dict[str, float]]) -> None:
    for name in samples[0]:
        values = [sample[name] for sample in samples]
        whole = name == "bus to screen"
        report(f"{name}, p50", percentile(values, 50), "s")
        report(f"{name}, p95", percentile(values, 95), "s", GOAL_S if whole else None)
        if whole:
            report(f"{name}, longest of {len(values)}", max(values), "s", LIMIT_S)
    report("load of the machine", os.getloadavg()[0] / (os.cpu_count() or 1), "runnable/core")
    table()


def look(folder: Path, demo: Demo, settings: Settings, chromium: str) -> list[dict[str, float]]:
    from playwright.sync_api import sync_playwright

    admin = next(a for a in accounts(folder) if a["email"] == f"admin@{CLIENT}.example")
    with (
        extra_site(settings, folder / "bench", demo.url) as (bus, number),
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser,
    ):
        visitor = Visitor(browser, demo.url)
        visitor.context.add_init_script(WATCH)
        visitor.sign_in(admin["email"], admin["password"])
        visitor.page.wait_for_timeout(2 * 1000 * settings.push_watched_seconds)
        visitor.page.goto(f"/batteries/{number}")
        visitor.page.wait_for_selector(VALUE)
        wait(visitor, "text => window.told[text]", "59.1")
        return list(measure(visitor, bus))


def main() -> None:
    try:
        chromium = program("chromium", "chromium-browser", "google-chrome")
        recorded(RECORDING)
    except pytest.skip.Exception as missing:
        print(f"bench_latency: {missing}, nothing measured", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as name:
        folder, secret = Path(name), secrets.token_urlsafe(36)
        with Demo(folder, secret, days="0") as demo:
            demo.ready()
            settings = Settings(secret_key=secret, data_dir=folder)
            samples = look(folder, demo, settings, chromium)
    tell(samples)


if __name__ == "__main__":
    main()
