"""The live page of a battery: never an old number as a live one, never zero for unknown."""

import re

import pytest

from collector.wire.alarms import alarm, vendor_alarm

pytestmark = pytest.mark.sqlite_only

NB, MINUS = "\u00a0", "\u2212"


@pytest.fixture
def page(client_of):
    return lambda: client_of("alice").get("/batteries/1").text


def test_live_values_are_written_as_people_here_write_them(page, report):
    report(1, soc=62.4, pack_voltage=52.8, current=-34.8, power=-1837.4, soh=94.1, cycles=1204)
    text = page()
    assert '<span data-metric="soc">62</span>' in text
    assert f'<span data-metric="current">{MINUS}34,8</span>' in text
    assert f'<span data-metric="power">{MINUS}1,84</span>' in text
    assert f'<span data-metric-full="soh">94,1{NB}%</span>' in text
    assert f'<span data-metric-full="cycles">1{NB}204</span>' in text
    assert "En direct" in text
    assert 'class="grid g12"' in text


def test_what_the_bms_does_not_say_is_said_to_be_missing(page, report):
    report(1, pack_voltage=52.8)
    text = page()
    assert text.count("non fourni par ce BMS") == 3  # charge, health, cycles
    assert "Ce BMS ne donne pas la tension de chaque cellule." in text
    assert "Ce BMS ne donne aucune température." in text
    assert '<span class="t3 none">inconnu</span>' in text


def test_a_health_the_bms_only_pretends_to_know_is_not_shown(page, report):
    report(1, soh=100.0, states={"soh_provided": False})
    assert "100,0" not in page()


def test_late_values_are_greyed_and_timed(page, report):
    report(1, age_ms=120_000)
    text = page()
    assert "En retard" in text
    assert f"il y a 2{NB}min" in text
    assert "g12 frozen" in text
    assert "Les valeurs ci-dessous sont les dernières reçues." in text


def test_offline_values_are_dated_and_the_chain_is_cut(page, report):
    report(1, age_ms=16_440_000)
    text = page()
    assert "Hors ligne" in text
    assert f"il y a 4{NB}h{NB}34" in text
    assert "Aucune donnée depuis" in text
    assert "Où la chaîne est coupée" in text
    assert "is-cut" in text
    assert "Réserve atteinte" not in text


def test_a_battery_never_heard_of_waits(page):
    text = page()
    assert "Aucune donnée pour l’instant" in text
    assert "En attente" in text
    assert "data-metric" not in text


def test_alarms_are_said_in_words_with_their_cell(page, report):
    report(1, alarms=(alarm("cell_undervoltage", 10), vendor_alarm("foxbms", 12)))
    text = page()
    assert "2 alarmes du BMS" in text
    assert "Tension de cellule trop basse, C11" in text
    assert "Alarme 12 du BMS (foxbms)" in text
    assert "pill--crit" in text


def test_alarms_come_gravest_first(page, report):
    report(
        1,
        alarms=(
            vendor_alarm("foxbms", 12, severity="info"),
            alarm("soc_low"),
            alarm("short_circuit"),
        ),
    )
    text = page()
    heard = [text.index(word) for word in ("Court-circuit", "Charge faible", "Alarme 12 du BMS")]
    assert heard == sorted(heard)


def test_energy_is_a_part_of_the_nameplate_or_stands_alone(page, report):
    report(1, soc=50, energy_remaining=2_560.0)
    assert re.search(f'2,6{NB}kWh\\s*<span class="t2">sur 5,1{NB}kWh', page())
    report(1, soc=100, energy_remaining=5_400.0)
    text = page()
    assert f"5,4{NB}kWh" in text
    assert "sur 5,1" not in text


def test_what_the_pack_does_is_said_once(page, report):
    report(1, states={"mode": "discharging", "charging": False, "discharging": True})
    text = page()
    assert "<dt>Mode</dt><dd>Décharge</dd>" in text
    assert "<dt>En charge</dt>" not in text
    report(1, states={"charging": False, "discharging": True})
    text = page()
    assert "<dt>En charge</dt><dd>Non</dd>" in text
    assert "<dt>En décharge</dt><dd>Oui</dd>" in text


def test_no_trend_is_drawn_before_there_is_one(page, report):
    report(1, pack_voltage=52.8)
    text = page()
    assert "pas encore de tendance" in text
    assert 'class="spark' not in text


def test_cells_are_bars_then_a_map(page, report):
    report(1, arrays={"cell_voltage": (3.301, 3.228, None, 3.312)})
    text = page()
    assert text.count('<li class="cell') == 4
    assert "3,228" in text
    report(1, arrays={"cell_voltage": tuple(3.7 + i / 10_000 for i in range(96))})
    text = page()
    assert text.count('class="cm cm--') == 96
    assert text.count("cm--flag") == 1


def test_a_name_cannot_write_html(client_of, report, house):
    with house.tenant(writes=True) as session:
        from app.clients import catalogue

        catalogue.asset(session, 1).name = "<script>alert(1)</script>"
        session.commit()
    report(1, states={"firmware": "<b>1</b>", "bms_state": '"><img src=x>'})
    for path in ("/", "/batteries", "/batteries/1"):
        text = client_of("alice").get(path).text
        assert "<script>alert" not in text
        assert "<img src=x>" not in text


def test_english_is_complete(client_of, report, submit):
    report(1, soc=62.4, pack_voltage=52.8, current=-34.8, alarms=(alarm("soc_low"),))
    browser = client_of("alice")
    assert submit(browser, "/profil", "/langue/en").status_code == 303
    text = browser.get("/batteries/1").text
    assert '<html lang="en-CA"' in text
    assert "Low charge" in text
    assert "Data chain" in text
    assert ">100%</text>" in text
    assert f"100{NB}%" not in text
    assert "inconnu" not in text
