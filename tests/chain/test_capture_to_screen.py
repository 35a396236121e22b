"""From the bytes of a recorded CAN bus to the digits in a browser, every part a real one.

Four recordings are on four buses, each behind an SLCAN adapter on a pseudo-terminal; a collector
enrolled with a code from the page reads them and pushes over HTTP to a portal; people look.
"""

import json
import re

import pytest

from tests.chain.bus import Bus, recorded, with_cell
from tests.chain.captures import CAPTURES
from tests.chain.programs import collector, run

PROMISE_MS = 5_000
"""What may lie between a value on the bus and its digit on the screen."""
NBSP = "\u00a0"
LOWEST, CHANGED = 17, 3.123


@pytest.fixture
def buses():
    made = {capture.uid: Bus(recorded(capture.file)) for capture in CAPTURES}
    yield made
    for bus in made.values():
        bus.close()


@pytest.fixture
def site(tmp_path, portal, buses):
    """Enrols a collector that reads the buses, and starts it: `site(code)`."""
    programs = []

    def start(code):
        folder = tmp_path / "site"
        folder.mkdir()
        (folder / "collector.toml").write_text(configuration(folder, buses))
        run("collector", "enrol", code, "--portal", portal.url,
            "--config", folder / "collector.toml")  # fmt: skip
        programs.append(collector(folder))
        programs[0].start()
        return programs[0]

    yield start
    for program in programs:
        program.end()


def configuration(folder, buses):
    lines = [f'state = "{folder / "state"}"']
    for capture in CAPTURES:
        options = {"generation": capture.generation, **capture.options}
        told = ", ".join(f"{name} = {json.dumps(value)}" for name, value in options.items())
        lines += [
            "[[device]]", f'asset = "{capture.uid}"', 'driver = "foxbms"',
            f'link = {{ kind = "slcan", port = "{buses[capture.uid].path}" }}',
            f"options = {{ {told} }}",
        ]  # fmt: skip
    return "\n".join(lines)


def written(value, digits, sign=False, language="fr"):
    """A number as people here write it; said by this test, not by the product."""
    if value is None:
        return "–"
    text = f"{abs(value):.{digits}f}"
    mark = "" if not float(text) else "−" if value < 0 else "+" if sign else ""
    return mark + (text.replace(".", ",") if language == "fr" else text)


def assert_shows(visitor, facts, language="fr"):
    """The page of a battery says what its recording says."""
    assert visitor.text("[data-metric=pack_voltage]") == written(facts.voltage, 1, False, language)
    assert visitor.text("[data-metric=current]") == written(facts.current, 1, True, language)
    if facts.soc is None:
        assert visitor.text(".gauge__v strong") == "–"
    else:
        assert visitor.text("[data-metric=soc]") == written(facts.soc, 0)
    cells = visitor.texts("[data-cell] [data-volts]")
    assert cells == [written(volts, 3, False, language) for volts in facts.cells]
    sensors = visitor.texts('[data-meter="cell_temperature"] [data-meter-value]')
    known = [value for value in facts.sensors if value is not None]
    assert sensors == [f"{written(value, 1, False, language)}{NBSP}°C" for value in known]
    assert len(visitor.texts(".alarms li")) == facts.alarms
    assert facts.state in visitor.texts(".facts dd.mono")


def test_what_is_on_the_bus_is_on_the_screen(house, portal, buses, site, visitor_of):
    alice = visitor_of("alice")
    running = site(alice.make_code("Banc d’essai"))
    pages = {capture.uid: alice.accept(capture.uid, capture.uid) for capture in CAPTURES}
    for capture in CAPTURES:
        alice.page.goto(pages[capture.uid])
        assert_shows(alice, capture.facts())
    first = CAPTURES[0]
    alice.page.goto(pages[first.uid])
    in_english(alice)
    assert_shows(alice, first.facts(), "en")

    page, bus = alice.page, buses[first.uid]
    page.evaluate("window.loaded = true")
    until_polls(alice, [200, 200])
    for each in buses.values():
        each.silence()
    until_polls(alice, [304, 304])
    bus.change(with_cell(first.generation, LOWEST, CHANGED))
    bus.speak()
    shown = f"[data-cell='{LOWEST}'] [data-volts]:text-is('{written(CHANGED, 3, False, 'en')}')"
    page.wait_for_selector(shown, timeout=PROMISE_MS)
    assert page.evaluate("window.loaded"), "the page was loaded again"
    assert alice.polls[-1] == 200
    assert alice.complaints == []

    number = int(re.search(r"/batteries/(\d+)", pages[first.uid])[1])
    assert kept(alice, number)[0] == pytest.approx(first.facts().cells[LOWEST - 1])
    for stranger in ("bob", "mallory"):
        visitor = visitor_of(stranger)
        for address in addresses(number):
            assert visitor.status(address) == 404, (stranger, address)
        visitor.page.goto("/batteries")
        assert first.uid not in visitor.page.content()
    running.check()
    assert running.end() == 0
    assert "Traceback" not in running.said() + portal.said()


def in_english(visitor):
    with visitor.page.expect_navigation():
        visitor.page.click("header button[lang=en]")


def until_polls(visitor, wanted):
    """Wait until the last answers to the page's own polls are these."""
    for _ in range(60):
        if visitor.polls[-len(wanted) :] == wanted:
            return
        visitor.page.wait_for_timeout(500)
    raise AssertionError(f"the polls were answered {visitor.polls}, not {wanted}")


def kept(visitor, number):
    """Means of the lowest cell as the history has them."""
    answer = visitor.context.request.get(
        f"/api/v1/assets/{number}/series", params={"metrics": f"cell_voltage.{LOWEST - 1}"}
    )
    rows = answer.json()["metrics"][f"cell_voltage.{LOWEST - 1}"]
    return [row[2] for row in rows]


def addresses(number):
    """Everywhere a battery can be asked for."""
    return (
        f"/batteries/{number}",
        f"/api/v1/live?asset={number}",
        f"/api/v1/assets/{number}/series?metrics=soc",
    )
