"""docs/security.md names tests that exist."""

import ast
import re

import pytest

from tests.tree import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_enough_is_proven():
    assert len(set(NAMED.findall(TEXT))) > 50


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED.findall(TEXT)}))
def test_every_proof_exists(path):
    assert (ROOT / path).is_file()
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    written = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    claimed = {name for where, name in NAMED.findall(TEXT) if where == path and name}
    assert claimed - written == set()


def test_every_row_says_something():
    rows = [line for line in TEXT.splitlines() if re.match(r"\| (\d|T\d)", line)]
    assert len(rows) > 60
    assert [row for row in rows if not re.search(r"tests/|yet|none|makes", row)] == []
