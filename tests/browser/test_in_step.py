"""A page asks again sooner while nothing new comes, a few times, then as often as it was told."""

import pytest

pytestmark = pytest.mark.sqlite_only

ASKED = """() => performance.getEntriesByType("resource")
  .filter((entry) => entry.name.includes("/api/v1/live")).map((entry) => entry.startTime)"""


def asked(page, times):
    """Milliseconds between the page's first `times` polls."""
    for _ in range(200):
        starts = page.evaluate(ASKED)
        if len(starts) > times:
            return [b - a for a, b in zip(starts, starts[1:], strict=False)]
        page.wait_for_timeout(100)
    raise AssertionError(f"{len(starts)} polls only")


def test_three_hurried_polls_then_patience(visit, report):
    report(1, soc=62.4)
    page = visit("alice", "/batteries/1")
    usual = float(page.get_attribute("#main", "data-poll"))
    news, *hurried, patient = asked(page, 5)[:5]
    assert news >= usual, "after news the page waits as long as it was told"
    assert len(hurried) == 3
    assert min(hurried) < usual, "without news it asks sooner"
    assert patient >= usual, "but not for ever"
