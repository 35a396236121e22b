"""Who may speak when on a half-duplex line."""

from collector.protocols.exchange import Exchange, Question

A = Question(b"a", 1, "values")
B = Question(b"b", 1, "alarms")
C = Question(b"c", 2, "values")


def test_one_question_at_a_time_with_a_pause_after_each_answer():
    line = Exchange(patience_ms=500, gap_ms=50)
    line.begin([A, B])
    assert line.next(0) == A and line.asked == A
    assert line.next(10) is None
    line.answered(100)
    assert line.next(149) is None
    assert line.next(150) == B
    line.answered(200)
    assert not line.running and line.next(900) is None


def test_a_lost_question_is_told_once_and_followed_by_silence():
    line = Exchange(patience_ms=500, gap_ms=50)
    line.begin([A, C])
    line.next(0)
    assert line.overdue(499) is None
    assert line.overdue(500) == A
    assert line.overdue(501) is None
    assert line.next(999) is None
    assert line.next(1000) == C


def test_the_rest_of_a_silent_device_is_dropped():
    line = Exchange(500, 0)
    line.begin([A, B, C])
    line.next(0)
    line.overdue(500)
    line.drop(1)
    assert not line.more_to(1) and line.more_to(2)
    assert line.next(1000) == C


def test_a_clock_that_was_set_back_is_time_past():
    line = Exchange(500, 50)
    line.begin([A, B])
    line.next(1_000_000)
    assert line.overdue(5) == A
    assert line.next(4) == B
