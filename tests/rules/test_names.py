"""Modules and classes are named by their subject, in the field's terms."""

import ast
import re

from tests.tree import files, modules

EMPTY_NAMES = {
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "managers",
    "common",
    "misc",
    "tools",
}
EMPTY_CLASS = re.compile(r"(Manager|Helper|Util|Utils|Impl|Base)$")
FOREIGN = {"CoreBase", "TenantBase"}


def test_no_module_is_named_after_nothing():
    named = {path for path in files(".py", ".js") if EMPTY_NAMES & {path.stem, *path.parts[:-1]}}
    assert named == set()


def test_no_class_is_named_after_nothing():
    found = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in modules("app", "collector", "cron")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and EMPTY_CLASS.search(node.name)
        and node.name not in FOREIGN
    ]
    assert found == []


def test_every_module_says_what_it_is_for():
    silent = [
        str(module.path)
        for module in modules("app", "collector", "cron", "migrations", "tests")
        if module.tree.body and not ast.get_docstring(module.tree)
    ]
    assert silent == []


def test_nothing_is_swallowed_silently():
    bare = [
        f"{module.path}:{node.lineno}"
        for module in modules("app", "collector", "cron", "tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert bare == []
