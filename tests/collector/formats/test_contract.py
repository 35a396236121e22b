"""What every format promises."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.drivers.base import Bytes, CanFrame, Document, Garbage, OptionError, Registers
from collector.formats.base import Format, codes, load


@pytest.mark.parametrize("code", codes())
def test_it_is_named_like_its_file(code):
    recording = load(code)
    assert isinstance(recording, Format)
    assert recording.code == code
    assert recording.title


@pytest.mark.parametrize("code", codes())
@given(data=st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_no_content_stops_it(code, data):
    for item in load(code).read(BytesIO(data)):
        assert isinstance(item, CanFrame | Bytes | Registers | Document | Garbage)
        assert isinstance(item.ts, int)
        assert item.ts >= 0


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(OptionError, match="candump"):
        load("base")
