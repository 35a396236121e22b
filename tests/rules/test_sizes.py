"""Files and functions stay small enough to be read at once."""

import ast

from tests.tree import ROOT, files, modules

LINES = 400
WIDTH = 140
"""Of a line of a page's source; Python's are the linter's."""
FUNCTION_LINES = 45
"""Forty, and a little for a docstring."""


def test_no_file_is_too_long():
    lengths = {
        str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines())
        for path in files(".py", ".js", ".css", ".html")
    }
    assert {path: length for path, length in lengths.items() if length > LINES} == {}


def test_no_line_of_a_page_is_too_wide():
    wide = {
        f"{path}:{number}": len(line)
        for path in files(".html", ".css", ".js")
        if path.parts[:2] != ("templates", "session")
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), start=1)
        if len(line) > WIDTH
    }
    assert wide == {}


def test_no_function_is_too_long():
    long = {
        f"{module.path}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for module in modules("app", "collector", "cron")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in long.items() if lines > FUNCTION_LINES} == {}
