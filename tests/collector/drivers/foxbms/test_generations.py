"""Traffic of another generation is told, and the setting stays what it is."""

import pytest

from tests.collector.drivers.foxbms.frames import frame, recording, run, traffic


@pytest.mark.parametrize("generation", ["1.6", "1.10", "1.11", "foxbms1"])
def test_its_own_traffic_raises_nothing(generation):
    tally, readings = run(
        traffic(30, generation, sensors=12), generation=generation, temperatures=12
    )
    assert readings
    assert not tally.warnings
    assert tally.bad == 0


@pytest.mark.parametrize(
    ("sent", "configured"),
    [
        ("1.6", "1.10"),
        ("1.6", "1.11"),
        ("1.10", "1.6"),
        ("1.10", "1.11"),
        ("1.11", "1.6"),
        ("1.11", "1.10"),
        ("foxbms1", "1.6"),
        ("foxbms1", "1.10"),
        ("foxbms1", "1.11"),
        ("1.11", "foxbms1"),
    ],
)
def test_traffic_of_another_generation_is_a_hint(sent, configured):
    tally, _ = run(traffic(10, sent), generation=configured)
    assert any(f"but generation is set to {configured}" in text for text in tally.warnings)


def test_a_capture_of_v1_10_read_as_v1_11():
    tally, _ = recording("capture-bench-2025.trc")
    assert any("generation 1.10" in text for text in tally.warnings)


def test_the_firmware_says_which_it_is():
    tally, (reading,) = run([frame(0x301, "00010B0000000000")], generation="1.10")
    assert reading.states["firmware"] == "1.11.0"
    assert tally.warnings == {"the firmware says it is 1.11, but generation is set to 1.10": None}


def test_boot_frames_are_no_version():
    _, readings = run([frame(0x301, "0FFEFEFEFEFEFEFE")])
    assert readings == []
