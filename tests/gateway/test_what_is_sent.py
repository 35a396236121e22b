"""Texts and numbers that a database, a terminal or a reader would stumble over are refused."""

import json
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.gateway.language import COOKIE
from app.gateway.schema import clean

pytestmark = pytest.mark.sqlite_only

PATH = "/api/v1/types"
GOOD = {"name": "Neuve", "chemistry": "LFP"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\x1b[31m"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": 7}, "name"),
        ({"name": None}, "name"),
        ({"chemistry": "LiPo"}, "chemistry"),
        ({"cells": True}, "cells"),
        ({"cells": "16"}, "cells"),
        ({"cells": 16.0}, "cells"),
        ({"cells": 10**15}, "cells"),
        ({"capacity_ah": "100"}, "capacity_ah"),
        ({"capacity_ah": -1}, "capacity_ah"),
        ({"limits": {"cell_low": 1e9}}, "limits.cell_low"),
        ({"limits": {"other": 1}}, "limits.other"),
        ({"limits": [1]}, "limits"),
        ({"tenant_id": 2}, "tenant_id"),
        ({"id": 1}, "id"),
    ],
)
def test_the_field_at_fault_is_named(client_of, change, field):
    answer = client_of("alice").post(PATH, json=GOOD | change)
    assert (answer.status_code, list(answer.json["fields"])) == (422, [field])


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "Ceci est requis."), ("en", "This is needed.")]
)
def test_what_is_wrong_is_said_in_the_callers_language(client_of, language, said):
    browser = client_of("alice")
    browser.set_cookie(COOKIE, language)
    assert browser.post(PATH, json={"chemistry": "LFP"}).json["fields"] == {"name": said}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"[]", "bad_json"),
        (b'{"name": NaN}', "bad_json"),
        (b'{"name": "a", "name": "b"}', "bad_json"),
        (b'{"name": "\\ud800"}', "bad_encoding"),
        (b'{"name": "\xff"}', "bad_encoding"),
        (b'{"cells": 1' + b"0" * 5000 + b"}", "bad_json"),
        (b"[" * 50_000, "too_deep"),
        (b'{"name": "' + b"x" * 200_000 + b'"}', "too_large"),
    ],
)
def test_bodies_are_read_strictly(client_of, body, code):
    answer = client_of("alice").post(PATH, data=body, content_type="application/json")
    assert answer.status_code in (413, 422)
    assert answer.json["code"] == code


def test_names_are_stored_in_one_form(client_of):
    answer = client_of("alice").post(PATH, json=GOOD | {"name": "  Entrepo\u0302t "})
    assert answer.json["name"] == "Entrep\u00f4t"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=130))
def test_no_text_is_a_failure_of_ours(client_of, text):
    answer = client_of("alice").post(
        PATH, data=json.dumps(GOOD | {"name": text}), content_type="application/json"
    )
    assert answer.status_code in (201, 409, 422), text
    if answer.status_code == 201:
        assert answer.json["name"] == unicodedata.normalize("NFC", text).strip()


@given(st.text())
def test_cleaning_is_done_once(text):
    try:
        once = clean(text)
    except ValueError:
        return
    assert clean(once) == once


@pytest.mark.parametrize("number", ["0", "-1", "9007199254740992", "9" * 40, "1e3", "²"])
def test_no_address_overflows_a_database(client_of, number):
    assert client_of("alice").get(f"/api/v1/assets/{number}").status_code == 404
