"""The page of the API shows every operation of the document, in both languages."""

import pytest

from app.gateway.document import METHODS
from app.gateway.language import COOKIE

pytestmark = pytest.mark.sqlite_only


def test_every_operation_is_on_the_page(client_of):
    browser = client_of("carol")
    page = browser.get("/api")
    assert page.status_code == 200
    paths = browser.get("/api/v1/openapi.json").json["paths"]
    names = {item[m]["operationId"] for item in paths.values() for m in METHODS if m in item}
    shown = {name for name in names if f'id="{name}"' in page.text}
    assert names - shown == {name for name in names if name.endswith("_by_post")}
    assert "POST /api/v1/assets/{asset_id}/update" in page.text


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "Modifier une batterie"), ("en", "Edit a battery")]
)
def test_it_is_read_in_ones_language(client_of, language, said):
    browser = client_of("alice")
    browser.set_cookie(COOKIE, language)
    assert said in browser.get("/api").text


def test_nobody_else_reads_it(client_of):
    assert client_of("nobody").get("/api").status_code == 303
