"""The tree a stranger is promised: the top level is fixed, the seven modules are seven packages."""

from pathlib import Path

from tests.tree import ROOT, files

TOP = {
    "app",
    "collector",
    "cron",
    "docs",
    "migrations",
    "static",
    "templates",
    "tests",
    "Makefile",
    "README.md",
    "passenger_wsgi.py",
    "pyproject.toml",
    "requirements.txt",
}
MODULES = {"core", "database", "clients", "processor", "connector", "gateway", "web"}


def test_nothing_stands_beside_the_fixed_top_level():
    top = {path.parts[0] for path in files()}
    assert {name for name in top if not name.startswith(".")} == TOP


def test_the_seven_modules_are_the_seven_packages():
    packages = {path.parent.name for path in Path(ROOT, "app").glob("*/__init__.py")}
    assert packages == MODULES
