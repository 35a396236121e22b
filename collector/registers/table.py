"""One table of a profile file, read key by key, so that every mistake is named where it stands."""

from collections.abc import Iterator
from typing import Any, NoReturn

from ..words import Text, either


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

    def fail(self, french: str, english: str) -> NoReturn:
        raise ProfileError(f"{self.where}: {either(french, english)}")

    def close(self) -> None:
        if self.data:
            key = next(iter(self.data))
            self.fail(
                f"{key} n'est pas une clé de cette table", f"{key} is not a key of this table"
            )

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables [[key]], each named by its number and its code."""
        found = self.data.pop(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            self.fail(
                f"{key} s'écrit en tables [[{key}]]", f"{key} must be written as [[{key}]] tables"
            )
        for number, item in enumerate(found, start=1):
            label = f" ({item['code']})" if isinstance(item.get("code"), str) else ""
            which = either(f"numéro {number}", f"number {number}")
            yield Table(item, f"{self.where}: [[{key}]] {which}{label}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, default)
        if not isinstance(value, str) or (not value and default is None):
            self.fail(f"{key} doit être un texte", f"{key} must be a text")
        return value

    def words(self, key: str) -> Text | None:
        """A text in both languages, as `key.fr` and `key.en`, or one for both; None if missing."""
        if key not in self.data:
            return None
        value = self.data.pop(key)
        if isinstance(value, str) and value:
            return value, value
        if not isinstance(value, dict) or set(value) != {"fr", "en"}:
            self.fail(
                f"{key} doit être un texte, ou {key}.fr et {key}.en",
                f"{key} must be a text, or {key}.fr and {key}.en",
            )
        both = Table(value, f"{self.where}: {key}")
        return both.text("fr"), both.text("en")

    def number(self, key: str, default: float | None = None) -> float:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(f"{key} doit être un nombre", f"{key} must be a number")
        return float(value)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        if key not in self.data and default is not None:
            return default
        value = self._take(key, None)
        if type(value) is not int or not low <= value <= high:
            self.fail(
                f"{key} doit être un nombre entier de {low} à {high}",
                f"{key} must be a whole number from {low} to {high}",
            )
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """A whole number or a list of them; empty if the key is missing."""
        value = self.data.pop(key, [])
        found = value if isinstance(value, list) else [value]
        if not all(type(item) is int and item >= 0 for item in found):
            self.fail(
                f"{key} doit être un nombre entier, ou une liste, comme dans les registres",
                f"{key} must be a whole number, or a list of them, as in the registers",
            )
        return tuple(found)

    def texts(self, key: str) -> list[str]:
        value = self._take(key, None)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(f"{key} doit être une liste de textes", f"{key} must be a list of texts")
        return value

    def numbered(self, key: str, kind: type) -> dict[int, Any]:
        """A table from whole numbers (TOML keys, so written as texts) to values of one kind."""
        value = self._take(key, None)
        if not isinstance(value, dict) or not all(isinstance(v, kind) for v in value.values()):
            self.fail(
                f"{key} doit relier des nombres à des valeurs de type {kind.__name__}",
                f"{key} must map numbers to values of type {kind.__name__}",
            )
        try:
            return {int(number, 0): item for number, item in value.items()}
        except ValueError:
            self.fail(
                f"{key} doit avoir des nombres entiers à gauche",
                f"{key} must have whole numbers on the left",
            )

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._take(key, default)
        if type(value) is not bool:
            self.fail(f"{key} doit être true ou false", f"{key} must be true or false")
        return value

    def choice(self, key: str, choices: tuple, default: Any = None) -> Any:
        value = self._take(key, default)
        if value not in choices or isinstance(value, bool):
            known = ", ".join(map(str, choices))
            self.fail(f"{key} doit être l'un de {known}", f"{key} must be one of {known}")
        return value

    def _take(self, key: str, default: Any) -> Any:
        if key in self.data:
            return self.data.pop(key)
        if default is None:
            self.fail(f"{key} manque", f"{key} is missing")
        return default
