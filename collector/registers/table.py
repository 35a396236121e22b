"""One table of a profile file, read key by key, so that every mistake is named where it stands."""

from collections.abc import Iterator
from typing import Any, NoReturn


class ProfileError(ValueError):
    """A profile that cannot be used; the text names the file, the table and the reason."""


class Table:
    """A TOML table. What is taken out of it is checked; what is left at `close` is a mistake."""

    def __init__(self, data: dict[str, Any], where: str) -> None:
        self.data = dict(data)
        self.where = where

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def get(self, key: str) -> Any:
        return self.data.get(key)

    def forget(self, *keys: str) -> None:
        for key in keys:
            self.data.pop(key, None)

    def fail(self, reason: str) -> NoReturn:
        raise ProfileError(f"{self.where}: {reason}")

    def close(self) -> None:
        if self.data:
            self.fail(f"{next(iter(self.data))} is not a key of this table")

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables [[key]], each named by its number and its code."""
        found = self.data.pop(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            self.fail(f"{key} must be written as [[{key}]] tables")
        for number, item in enumerate(found, start=1):
            label = f" ({item['code']})" if isinstance(item.get("code"), str) else ""
            yield Table(item, f"{self.where}: [[{key}]] number {number}{label}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, default)
        if not isinstance(value, str) or (not value and default is None):
            self.fail(f"{key} must be a text")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(f"{key} must be a number")
        return float(value)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        if key not in self.data and default is not None:
            return default
        value = self._take(key, None)
        if type(value) is not int or not low <= value <= high:
            self.fail(f"{key} must be a whole number from {low} to {high}")
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """A whole number or a list of them; empty if the key is missing."""
        value = self.data.pop(key, [])
        found = value if isinstance(value, list) else [value]
        if not all(type(item) is int and item >= 0 for item in found):
            self.fail(f"{key} must be a whole number, or a list of them, as in the registers")
        return tuple(found)

    def texts(self, key: str) -> list[str]:
        value = self._take(key, None)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(f"{key} must be a list of texts")
        return value

    def numbered(self, key: str, kind: type) -> dict[int, Any]:
        """A table from whole numbers (TOML keys, so written as texts) to values of one kind."""
        value = self._take(key, None)
        if not isinstance(value, dict) or not all(isinstance(v, kind) for v in value.values()):
            self.fail(f"{key} must map numbers to values of type {kind.__name__}")
        try:
            return {int(number, 0): item for number, item in value.items()}
        except ValueError:
            self.fail(f"{key} must have whole numbers on the left")

    def choice(self, key: str, choices: tuple, default: Any = None) -> Any:
        value = self._take(key, default)
        if value not in choices or isinstance(value, bool):
            self.fail(f"{key} must be one of {', '.join(map(str, choices))}")
        return value

    def _take(self, key: str, default: Any) -> Any:
        if key in self.data:
            return self.data.pop(key)
        if default is None:
            self.fail(f"{key} is missing")
        return default
