"""The source tree as tests about the code see it: files, modules, and what they import."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GENERATED = {".git", ".venv", "__pycache__", "var", "tmp", "dist", "vendor", "node_modules"}
CACHES = {".pytest_cache", ".ruff_cache", ".hypothesis"}


def files(*suffixes: str, under: str = "") -> Iterator[Path]:
    """Files somebody wrote, relative to the root; `suffixes` none: all of them."""
    for folder, inner, names in os.walk(ROOT / under):
        inner[:] = sorted(set(inner) - GENERATED - CACHES)
        for name in sorted(names):
            path = Path(folder, name).relative_to(ROOT)
            if not suffixes or path.suffix in suffixes:
                yield path


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module or name of a module, as an absolute dotted path."""

    target: str
    line: int
    deferred: bool
    """Inside a function, or for type checkers only: not run when the module is imported."""


@dataclass(frozen=True)
class Module:
    """A Python module of ours."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Everything imported, wherever it is said."""
        return tuple(self._imports(self.tree, deferred=False))

    def _imports(self, node: ast.AST, deferred: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, deferred)
            elif isinstance(child, ast.ImportFrom):
                for alias in child.names:
                    target = f"{self._base(child)}.{alias.name}".strip(".")
                    yield Import(target, child.lineno, deferred)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from self._imports(child, deferred or inside or _for_checkers(child))

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.path.with_suffix("").parts[: -node.level]
        return ".".join((*package, *filter(None, [node.module])))


def modules(*packages: str) -> list[Module]:
    """The modules of these folders."""
    return [_module(path) for package in packages for path in files(".py", under=package)]


@cache
def _module(path: Path) -> Module:
    return Module(path, ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path)))


def _for_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
