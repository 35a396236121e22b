"""A form that was wrapped past a request filter reads like one that was not."""

import base64
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from app.gateway.wrapped import FIELD, MOST_FIELDS, FormRequest, unwrap
from app.settings import ROOT


def wrapped(pairs):
    """The fields as our pages send them."""
    return base64.b64encode(urlencode(pairs).encode()).decode()


text = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(text, text), max_size=5))
def test_every_field_comes_out_as_it_went_in(pairs):
    assert unwrap(wrapped(pairs)) == pairs


@pytest.fixture
def reader():
    app = Flask("reader")
    app.request_class = FormRequest
    app.add_url_rule("/", "read", lambda: request.form.to_dict(flat=False), methods=["POST"])
    app.add_url_rule(
        "/files", "files", lambda: [sorted(request.files), [*request.form]], methods=["POST"]
    )
    return app.test_client()


def test_a_view_does_not_notice(reader):
    fields = [("password", "a' or 1=1-- é"), ("sees", "1"), ("sees", "2"), ("empty", "")]
    plain = reader.post(
        "/", data=urlencode(fields), content_type="application/x-www-form-urlencoded"
    )
    assert plain.json == {"password": ["a' or 1=1-- é"], "sees": ["1", "2"], "empty": [""]}
    assert reader.post("/", data={FIELD: wrapped(fields)}).json == plain.json


def test_only_the_wrapped_fields_count(reader):
    """Somebody who adds fields beside the wrapping cannot make two readers see two forms."""
    sent = {FIELD: wrapped([("name", "inside")]), "name": "outside", "more": "outside"}
    assert reader.post("/", data=sent).json == {"name": ["inside"]}
    again = wrapped([(FIELD, wrapped([("name", "deeper")]))])
    assert [*reader.post("/", data={FIELD: again}).json] == [FIELD]


def test_it_is_unwrapped_whatever_is_read_first(reader):
    assert reader.post("/files", data={FIELD: wrapped([("name", "x")])}).json == [[], ["name"]]


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        "YQ",
        "YQ==YQ==",
        base64.b64encode(b"\xff=1").decode(),
        wrapped([("a", "1")])[:-1] + "é",
    ],
)
def test_what_is_no_wrapping_is_refused(reader, text):
    assert reader.post("/", data={FIELD: text}).status_code == 400


def test_fields_without_end_are_refused():
    with pytest.raises(BadRequest):
        unwrap(wrapped([("a", "1")] * (MOST_FIELDS + 1)))


def test_pages_and_portal_agree_on_the_name():
    assert f'formData.set("{FIELD}"' in (ROOT / "static/js/main.js").read_text(encoding="utf-8")
