"""Plugins: every module of a package that exposes the agreed name; adding a file registers it.

A plugin is called as its module. Asking for one imports that one alone, so that a command which
needs one driver does not wait for all of them.
"""

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from typing import Any

from .spelling import meant
from .words import Text, either


class OptionError(ValueError):
    """What was asked for does not exist, or cannot be set so; the text is for the technician.

    `name` is the option it is about, if it is one.
    """

    def __init__(self, text: str, name: str | None = None) -> None:
        super().__init__(text)
        self.name = name


@dataclass(frozen=True, slots=True)
class Plugins:
    """The plugins of one package.

    package  where their modules are
    name     what each of them exposes
    word     what a technician calls one, in French (masculine) and in English
    """

    package: str
    name: str
    word: Text

    def codes(self) -> tuple[str, ...]:
        """Names of all of them, in order."""
        found = pkgutil.iter_modules(importlib.import_module(self.package).__path__)
        modules = (module.name for module in found if not module.name.startswith("_"))
        return tuple(sorted(code for code in modules if self._find(code) is not None))

    def load(self, code: str) -> Any:
        """The one of this name; raises OptionError if there is none."""
        plugin = self._find(code) if code.isidentifier() and not code.startswith("_") else None
        if plugin is not None:
            return plugin
        known = self.codes()
        french, english = self.word
        raise OptionError(
            either(
                f"il n'y a pas de {french} {code} ; il y a {', '.join(known)}",
                f"there is no {english} {code}; there are {', '.join(known)}",
            )
            + meant(code, known)
        )

    def _find(self, code: str) -> Any:
        module = f"{self.package}.{code}"
        if importlib.util.find_spec(module) is None:
            return None
        return getattr(importlib.import_module(module), self.name, None)
