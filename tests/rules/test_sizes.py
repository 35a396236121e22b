"""Files and functions stay small enough to be read at once."""

import ast

from tests.tree import ROOT, files, modules

LINES = 400
FUNCTION_LINES = 45
"""Forty, and a little for a docstring."""


def test_no_file_is_too_long():
    lengths = {
        str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines())
        for path in files(".py", ".js", ".css", ".html")
    }
    assert {path: length for path, length in lengths.items() if length > LINES} == {}


def test_no_function_is_too_long():
    long = {
        f"{module.path}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for module in modules("app", "collector", "cron")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in long.items() if lines > FUNCTION_LINES} == {}
