"""Files and functions stay small enough to be read at once."""

import ast

from tests.tree import ROOT, files, modules

LINES = 400
WIDTHS = {".html": 120, ".js": 120, ".css": 130}
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
        for path in files(*WIDTHS)
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), start=1)
        if len(line) > WIDTHS[path.suffix]
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
