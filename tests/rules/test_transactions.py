"""Domain code is handed a session: it never commits, and never goes round it."""

import ast

from tests.rules.test_imports import EDGE, _rank
from tests.tree import modules

ROUND_THE_SESSION = {"exec_driver_sql", "connection", "get_bind"}


def _calls(module, names):
    for node in ast.walk(module.tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in names:
            yield f"{module.path}:{node.lineno} calls {called.attr}"


def test_the_domain_never_commits():
    domain = [module for module in modules("app") if 3 <= _rank(module.name) < EDGE]
    assert [call for module in domain for call in _calls(module, {"commit", "rollback"})] == []


def test_only_storage_speaks_past_the_session():
    outside = [module for module in modules("app") if not module.name.startswith("app.database")]
    found = [call for module in outside for call in _calls(module, ROUND_THE_SESSION)]
    found += [
        f"{module.path}:{node.lineno} names a bind"
        for module in outside
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg in ("bind", "bind_arguments", "binds")
    ]
    assert found == []
