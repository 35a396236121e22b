"""Plugins: every module of a package that exposes the agreed name; adding a file registers it."""

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import Any


@cache
def load_plugins(package: str, name: str) -> MappingProxyType[str, Any]:
    """Import every module of `package` and index what they call `name` by its `code`.

    Raises ValueError when two plugins claim one code.
    """
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        plugin = getattr(importlib.import_module(f"{package}.{module.name}"), name, None)
        if plugin is None:
            continue
        if plugin.code in found:
            raise ValueError(f"two plugins of {package} are called {plugin.code}")
        found[plugin.code] = plugin
    return MappingProxyType(found)
