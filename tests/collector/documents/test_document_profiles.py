"""Document maps: those that come along, and what is wrong with others, named where it stands."""

import pytest

from collector.documents.profile import ProfileError, load, names
from collector.wire.metrics import METRICS

GOOD = """
title = "t"
source = "s"
[[metric]]
code = "soc"
path = "soc"
"""


@pytest.mark.parametrize("name", names())
def test_shipped(name):
    profile = load(name)
    assert profile.title and profile.source
    assert {q.code for q in profile.map.quantities} <= set(METRICS)
    assert {a.code for a in profile.map.arrays} <= set(METRICS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace('"soc"\npath', '"socks"\npath'), "unknown_metric|socks"),
        (GOOD.replace('path = "soc"', 'path = "a..b"'), "path is written like"),
        (GOOD.replace('path = "soc"', 'path = "a[*].b"'), "several values"),
        (GOOD.replace('path = "soc"', ""), "path is missing"),
        (GOOD + "scale = 0", "scale must not be 0"),
        (GOOD + 'absent = "--"', "absent must be a number"),
        (GOOD + "high = 3", "high is not a key"),
        (GOOD + '[[metric]]\ncode = "soc"\npath = "b"', "described twice"),
        (GOOD + '[[array]]\ncode = "soc"\npath = "b"', "scalar"),
        (GOOD + '[[array]]\ncode = "cell_voltage"\npath = "b"\nlength = 0', "length must be"),
        (GOOD + '[[state]]\ncode = "mood"\npath = "b"', "no state mood"),
        (GOOD + '[[state]]\ncode = "mode"\npath = "b"\nvalues = { 1 = "sad" }', "sad is no mode"),
        (GOOD + '[[state]]\ncode = "contactor"\npath = "b"\nvalues = { 1 = "x" }', "contactor"),
        (GOOD + '[[alarm]]\npath = "b"', "exactly one of bits and names"),
        (GOOD + '[[alarm]]\npath = "b"\nbits = ["too_hot"]', "no alarm too_hot"),
        (GOOD + '[[alarm]]\npath = "b"\nnames = { A = 3 }', "map texts to texts"),
        (GOOD + '[time]\npath = "b"\nformat = "h"', "format must be one of"),
        ('title = "t"\nsource = "s"', "describes nothing"),
        ("title = ", "not TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, said):
    path = tmp_path / "ours.toml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=said) as caught:
        load(str(path))
    assert "ours.toml" in str(caught.value)
