"""Readings and blocks as hypothesis makes them."""

from hypothesis import strategies as st

from collector.wire.alarms import ALARMS, SEVERITIES, Alarm
from collector.wire.metrics import METRICS, STATES
from collector.wire.reading import MAX_TEXT, UID, Reading, tidy

MOST = (1 << 47) - 1
WORDS = {bool: st.booleans(), int: st.integers(-(1 << 53), 1 << 53)}
TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=MAX_TEXT)
SCALARS = [m for m in METRICS.values() if not m.is_array]
ARRAYS = [m for m in METRICS.values() if m.is_array]
EXTENSIONS = st.from_regex(r"x_[a-z0-9_]{1,20}", fullmatch=True)


def of(metric):
    return st.floats(metric.low, metric.high, allow_nan=False)


def values(metrics, extensions, wrap=lambda number: number):
    known = st.fixed_dictionaries({}, optional={m.code: wrap(of(m)) for m in metrics})
    more = st.dictionaries(extensions, wrap(st.floats(-1e9, 1e9)), max_size=2)
    return st.builds(lambda a, b: a | b, known, more)


def rows(number):
    return st.lists(st.none() | number, min_size=1, max_size=6).map(tuple)


alarms = st.builds(
    Alarm,
    st.sampled_from(sorted(ALARMS)) | st.from_regex(r"vendor:[a-z]{1,9}:[A-Za-z0-9_.-]{1,9}", fullmatch=True),
    st.sampled_from(SEVERITIES),
    st.none() | st.integers(0, 1023),
)  # fmt: skip
states = st.builds(
    lambda a, b: a | b,
    st.fixed_dictionaries({}, optional={c: WORDS.get(kind, TEXT) for c, kind in STATES.items()}),
    st.dictionaries(EXTENSIONS, st.booleans() | st.integers(-9, 9) | TEXT, max_size=2),
)
readings = st.builds(
    Reading,
    asset=st.from_regex(UID, fullmatch=True),
    ts=st.integers(0, MOST),
    values=values(SCALARS, EXTENSIONS.map(lambda c: c + "s")),
    arrays=values(ARRAYS, EXTENSIONS.map(lambda c: c + "a"), rows),
    states=states,
    alarms=st.lists(alarms, max_size=4).map(tuple),
).map(lambda reading: tidy(reading)[0])
"""Tidy ones: what a collector may send."""
