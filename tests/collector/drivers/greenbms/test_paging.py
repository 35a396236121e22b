"""Choosing pages: awake, one scan at a time, and nothing sent that could do harm."""

import pytest

from collector.drivers.base import Bytes, load

DRIVER = load("greenbms")
PAGE_2 = b"$#g00112.8$#g00216$#g00331$\r\n"
COUNT = b"$#p012100$#p0142$\r\n"
CELLS = b"$#v0013.33$#t00122$#u00129$#z001000000$#v0023.31$#t00214$#u00225$#z002000000$\r\n"


def cycle(decoder, now, heard=b""):
    if heard:
        list(decoder.feed(Bytes(heard, now)))
    return [line for line in decoder.requests(now) if not line.startswith(b"#m")]


def test_only_harmless_lines_are_ever_sent():
    assert DRIVER.sends == {b"#s2\n", b"#s3\n", b"#h1\n", b"#h0\n"} | {
        b"#m%d\n" % n for n in range(10)
    }
    decoder, sent = DRIVER.decoder("a", {}), set()
    for i in range(200):
        list(decoder.feed(Bytes((PAGE_2, COUNT, CELLS, b"")[i % 4], i * 1000)))
        sent |= set(decoder.requests(i * 1000))
    assert sent == DRIVER.sends


def test_a_listener_sends_nothing():
    decoder = DRIVER.decoder("a", {"poll": "no"})
    assert not any(cycle(decoder, t, PAGE_2) for t in range(0, 200_000, 1000))


@pytest.mark.parametrize("period", [400, 1000, 5000, 10_000])
def test_the_device_never_falls_asleep(period):
    decoder = DRIVER.decoder("a", {})
    alive = [
        (now, line)
        for now in range(0, 120_000, period)
        for line in decoder.requests(now)
        if line.startswith(b"#m")
    ]
    times = [now for now, _ in alive]
    assert all(b - a <= max(3400, period) for a, b in zip(times, times[1:], strict=False))
    assert all(a != b for (_, a), (_, b) in zip(alive, alive[1:], strict=False))


def test_a_visit_from_the_first_to_the_second_scan():
    decoder = DRIVER.decoder("a", {})
    assert cycle(decoder, 0) == [b"#s2\n"]
    assert cycle(decoder, 1000, PAGE_2) == [b"#h1\n"]
    assert cycle(decoder, 2000, COUNT) == [b"#h0\n"]
    assert cycle(decoder, 3000, PAGE_2) == [b"#s3\n"]
    assert cycle(decoder, 4000, CELLS) == [b"#s2\n"]
    assert not any(cycle(decoder, now, PAGE_2) for now in range(5000, 63_000, 1000))
    assert cycle(decoder, 63_000, PAGE_2) == [b"#s3\n"]


def test_a_page_that_does_not_come_is_asked_for_again_and_a_scan_has_an_end():
    decoder = DRIVER.decoder("a", {"cells": "16"})
    list(decoder.feed(Bytes(b"$#p012100$\r\n", 0)))
    assert cycle(decoder, 0) == [b"#s2\n"]
    assert [cycle(decoder, t) for t in (1000, 2000, 3000)] == [[], [], [b"#s2\n"]]
    assert cycle(decoder, 4000, PAGE_2) == [b"#s3\n"]
    asked = {now: cycle(decoder, now) for now in range(5000, 14_000, 1000)}
    assert [now for now, lines in asked.items() if lines == [b"#s3\n"]] == [7000, 10_000]
    assert [now for now, lines in asked.items() if lines == [b"#s2\n"]] == [12_000]


def test_the_count_is_not_asked_for_without_end():
    decoder = DRIVER.decoder("a", {"scan": "3600"})
    sent = [line for now in range(0, 60_000, 500) for line in cycle(decoder, now, PAGE_2)]
    assert sent.count(b"#h1\n") == sent.count(b"#h0\n") == 3


def test_a_clock_set_back_does_not_stop_the_scans():
    decoder = DRIVER.decoder("a", {"cells": "2"})
    list(decoder.feed(Bytes(COUNT, 0)))
    cycle(decoder, 10_000_000)
    assert cycle(decoder, 10_001_000, PAGE_2) == [b"#s3\n"]
    assert cycle(decoder, 10_002_000, CELLS) == [b"#s2\n"]
    assert cycle(decoder, 1000, PAGE_2) == [b"#s3\n"]
