"""Who may import whom: docs/architecture.md, “The seven modules”."""

import sys
from collections.abc import Iterator

import pytest

from tests.tree import Import, Module, modules

RANKS = (
    ("collector.wire", 0),
    ("app.settings", 1),
    ("app.errors", 1),
    ("app.plugins", 1),
    ("app.cache", 1),
    ("app.core.access", 1),
    ("app.core.crypto", 1),
    ("app.database", 2),
    ("app.core", 3),
    ("app.clients", 4),
    ("app.processor", 5),
    ("app.connector", 6),
    ("app.gateway", 7),
    ("app.web", 7),
    ("app.cli", 7),
    ("app.checks", 7),
    ("app.upkeep", 7),
    ("app.operating", 7),
    ("app.host", 7),
    ("app.health", 7),
    ("app.demo", 7),
    ("app.demo_fleet", 7),
    ("app.demo_processes", 7),
    ("cron", 7),
    ("app.wiring", 8),
    ("app", 8),
)
"""The first entry a module's name begins with says how low it stands; lower never imports higher."""
EDGE = 7
WEB = (
    "flask",
    "flask_babel",
    "flask_limiter",
    "flask_login",
    "flask_smorest",
    "werkzeug",
    "jinja2",
)
SITE = ("can", "serial", "pymodbus", "requests", "apscheduler")


def _within(name: str, packages: tuple[str, ...] | str) -> bool:
    packages = (packages,) if isinstance(packages, str) else packages
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _rank(name: str) -> int:
    if name.startswith("app.") and "api" in name.split(".")[2:]:
        return EDGE
    return next(rank for prefix, rank in RANKS if _within(name, prefix))


def _said(module: Module, found: Import) -> str:
    return f"{module.path}:{found.line} imports {found.target}"


def _violations(packages: tuple[str, ...], wrong) -> Iterator[str]:
    for module in modules(*packages):
        for found in module.imports:
            if wrong(module, found):
                yield _said(module, found)


def test_lower_layers_do_not_know_higher_ones():
    def wrong(module, found):
        return _within(found.target, ("app", "cron")) and _rank(found.target) > _rank(module.name)

    assert list(_violations(("app", "cron"), wrong)) == []


def test_the_portal_knows_only_the_contract_of_the_collector():
    def wrong(module, found):
        tool = module.name.startswith("app.demo")  # it starts both programs
        return (
            _within(found.target, "collector")
            and not tool
            and not _within(found.target, "collector.wire")
        )

    assert list(_violations(("app", "cron"), wrong)) == []


def test_the_collector_knows_nothing_of_the_portal():
    def wrong(_, found):
        return _within(found.target, ("app", "cron", *WEB, "sqlalchemy"))

    assert list(_violations(("collector",), wrong)) == []


def test_the_contract_needs_the_standard_library_only():
    def wrong(_, found):
        top = found.target.split(".")[0]
        return top not in sys.stdlib_module_names and not _within(found.target, "collector.wire")

    assert list(_violations(("collector/wire",), wrong)) == []


def test_the_domain_knows_no_web():
    def wrong(module, found):
        return _rank(module.name) < EDGE and _within(found.target, WEB)

    assert list(_violations(("app",), wrong)) == []


def test_jobs_know_no_web():
    assert list(_violations(("cron",), lambda _, found: _within(found.target, WEB))) == []


def test_models_know_the_base_and_lower_models():
    def wrong(module, found):
        ours = _within(found.target, "app")
        return (
            module.path.name == "models.py"
            and ours
            and not _within(found.target, ("app.database.base", "app.database.encrypted"))
            and ".models" not in found.target
        )

    assert list(_violations(("app",), wrong)) == []


def test_only_the_way_in_imports_the_factory():
    """Nothing reaches back to where the parts meet."""

    def wrong(module, found):
        factory = ("app", "app.create_app", "app.wiring")
        inside = module.name in ("app", "app.demo")
        return (found.target in factory or _within(found.target, "app.wiring")) and not inside

    assert list(_violations(("app", "cron", "collector"), wrong)) == []


@pytest.mark.parametrize("package", ["drivers", "formats"])
def test_drivers_and_formats_need_no_hardware_library(package):
    def wrong(_, found):
        return _within(found.target, SITE) and not found.deferred

    assert list(_violations((f"collector/{package}",), wrong)) == []


def test_web_hosts_need_nothing_of_a_site():
    def wrong(module, found):
        loop = module.name == "cron.__main__" and found.target.startswith("apscheduler")
        tool = module.name.startswith("app.demo")
        return _within(found.target, SITE) and not (loop and found.deferred) and not tool

    assert list(_violations(("app", "cron"), wrong)) == []
