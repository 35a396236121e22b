"""The tests about the code can see what they judge."""

import ast
from pathlib import Path

from tests.tree import Module, files, modules

SOURCE = """
import os.path
from typing import TYPE_CHECKING
from . import near
from ..core.access import Role
if TYPE_CHECKING:
    from flask import Flask

class Driver:
    def open(self):
        import serial
        return lambda: None
"""


def test_imports_are_found_wherever_they_are():
    module = Module(Path("app/clients/trial.py"), ast.parse(SOURCE))
    assert module.name == "app.clients.trial"
    assert {(found.target, found.deferred) for found in module.imports} == {
        ("os.path", False),
        ("typing.TYPE_CHECKING", False),
        ("app.clients.near", False),
        ("app.core.access.Role", False),
        ("flask.Flask", True),
        ("serial", True),
    }


def test_a_package_imports_beside_itself():
    module = Module(Path("app/clients/__init__.py"), ast.parse("from .near import x"))
    assert module.name == "app.clients"
    assert [found.target for found in module.imports] == ["app.clients.near.x"]


def test_the_whole_tree_is_seen():
    seen = {str(path) for path in files()}
    assert {"app/settings.py", "cron/__main__.py", "collector/wire/reading.py", "Makefile"} <= seen
    assert not any(path.startswith((".venv", ".git/", "static/vendor")) for path in seen)
    assert len(modules("app")) > 30
