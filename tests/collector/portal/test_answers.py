"""The verdict on an answer: how long to wait, and whose no it was."""

import pytest

from collector.portal.answers import MAX_RETRY_AFTER, Next, judge
from collector.spool.spool import Frozen

FROZEN = Frozen("e", 1, b"batch")
PROBLEM = b'{"code":"%s"}'


def test_retry_after_as_a_date_counts_from_the_answers_own_clock():
    headers = {
        "Date": "Tue, 24 Nov 2026 10:00:00 GMT",
        "Retry-After": "Tue, 24 Nov 2026 10:02:00 GMT",
    }
    assert judge(503, headers, b"", FROZEN).pause == 120


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("5", 5), ("0", 0), ("999999999999", MAX_RETRY_AFTER), ("-5", None), ("soon", None), ("", None),
     ("٣", None)],
)  # fmt: skip
def test_retry_after_in_seconds(given, seconds):
    assert judge(429, {"Retry-After": given}, b"", FROZEN).pause == seconds


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, PROBLEM % b"bad_signature", Next.REFUSED),
        (403, PROBLEM % b"revoked", Next.REFUSED),
        (401, b"<html>", Next.LATER),
        (403, b"<html>", Next.LATER),
        (403, b'{"error":"blocked"}', Next.LATER),
        (401, b'{"code":"clock_skew","server_time":5}', Next.CLOCK),
        (401, b'{"code":"clock_skew"}', Next.REFUSED),
        (400, PROBLEM % b"bad_gzip", Next.BURY),
        (422, PROBLEM % b"bad_value", Next.BURY),
        (400, b"", Next.LATER),
        (409, PROBLEM % b"sequence_reused", Next.COPIED),
        (409, b"", Next.LATER),
        (413, b"<html>", Next.SMALLER),
        (404, PROBLEM % b"not_found", Next.LATER),
        (500, PROBLEM % b"internal", Next.LATER),
        (301, b"", Next.LATER),
        (204, b"", Next.LATER),
    ],
)
def test_whose_no_it_was(status, body, expected):
    assert judge(status, {}, body, FROZEN).next is expected
