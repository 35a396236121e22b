"""Paths into documents: how they are written, and what they lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.documents.path import parse

DOCUMENT = {
    "pack": {"u": 51.2, "none": None},
    "strings": [
        {"soc": 50, "cells": [{"u": 3.3}, {"u": 3.4}]},
        {"soc": 60, "cells": []},
        {"soc": 70, "cells": [{"v": 1}, None]},
    ],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("pack.u", 51.2),
        ("strings[2].soc", 70),
        ("strings[0].cells[1].u", 3.4),
        ("pack.none", None),
        ("pack.none.deeper", None),
        ("nothing", None),
        ("strings[3].soc", None),
        ("pack[0]", None),
        ("strings.soc", None),
    ],
)
def test_a_value(path, value):
    assert parse(path).value(DOCUMENT) == value


@pytest.mark.parametrize(
    ("path", "lists"),
    [
        ("strings[*].soc", [[50, 60, 70]]),
        ("strings[*].cells[*].u", [[3.3, 3.4], [], [None, None]]),
        ("strings[0].cells", [[{"u": 3.3}, {"u": 3.4}]]),
        ("strings[0].cells[*].u", [[3.3, 3.4]]),
        ("pack", []),
        ("nothing[*].u", []),
    ],
)
def test_lists(path, lists):
    assert parse(path).lists(DOCUMENT) == lists


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "a[0", "a]b", "a[0]b", "a.[0]"]
)
def test_what_is_no_path(text):
    with pytest.raises(ValueError):
        parse(text)


@given(
    st.text("ab.[]*01", max_size=12),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=2),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("ab01", max_size=1), inner)
        ),
        max_leaves=12,
    ),
)
def test_no_path_and_no_document_is_too_strange(text, document):
    try:
        path = parse(text)
    except ValueError:
        return
    path.value(document)
    assert all(isinstance(found, list) for found in path.lists(document))
