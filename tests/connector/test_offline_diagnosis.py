"""Each single fault of a site is told from the others, with what supports it and what to check."""

from dataclasses import replace

import pytest

from app.connector.offline_diagnosis import CHECKS, TITLES, Known, diagnose

NOW = 1_790_000_000_000
MINUTE = 60_000
WELL = Known(
    now=NOW,
    last_seen=NOW - 5_000,
    last_reading=NOW - 6_000,
    clock_offset_ms=200,
    soc=80.0,
    rate=0.0,
    mains=True,
    frames=60,
    neighbours=2,
)
SILENT = replace(WELL, last_seen=NOW - 20 * MINUTE, last_reading=NOW - 20 * MINUTE)
SCENARIOS = {
    "portal": replace(SILENT, portal=True, neighbours_late=2),
    "mains": replace(SILENT, rate=-0.2, mains=False, neighbours_late=2),
    "flat": replace(SILENT, soc=2.0, rate=-0.1),
    "link": replace(SILENT, neighbours_late=2),
    "collector": SILENT,
    "bus": replace(WELL, last_reading=NOW - 10 * MINUTE, frames=0),
    "frozen": replace(WELL, last_reading=NOW - 10 * MINUTE),
    "clock": replace(SILENT, refused="clock_skew", refused_at=NOW - MINUTE, clock_offset_ms=None),
    "catching_up": replace(WELL, last_reading=NOW - 90 * MINUTE, queued=40),
    "never_spoke": Known(now=NOW),
}


def test_all_is_well():
    assert diagnose(WELL) is None
    assert diagnose(replace(WELL, queued=3)) is None, "a queue is no fault while readings are fresh"


@pytest.mark.parametrize("code", TITLES)
def test_each_single_fault_gets_its_class(code):
    cause = diagnose(SCENARIOS[code])
    assert cause.code == code
    assert cause.checks == CHECKS[code] and all(all(pair) for pair in cause.checks)
    assert cause.evidence or code == "never_spoke"


def test_signs_that_suffice_alone():
    assert diagnose(replace(SILENT, rate=-0.1, mains=None)).code == "mains"
    assert diagnose(replace(SILENT, neighbours=0, queued=12)).code == "link"
    assert diagnose(replace(WELL, clock_offset_ms=-20 * MINUTE)).code == "clock"
    assert diagnose(replace(WELL, last_reading=None)).code == "bus"


def test_silence_alone_proves_nothing():
    alone = replace(SILENT, neighbours=0, soc=None, rate=None, mains=None)
    assert (diagnose(alone).code, diagnose(alone).sure) == ("collector", False)
    assert diagnose(SILENT).sure, "its neighbours speak over the same link"


def test_a_refusal_that_is_over_is_no_cause():
    over = replace(WELL, refused="clock_skew", refused_at=NOW - 60 * MINUTE)
    assert diagnose(over) is None


def test_the_evidence_is_told_in_both_languages():
    french, english = diagnose(SCENARIOS["link"]).evidence[0]
    assert french == "Dernier contact il y a 20 min."
    assert english == "Last heard of 20 min ago."
