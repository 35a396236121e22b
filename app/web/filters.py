"""What the address of the list of batteries says: how it is narrowed, and what it shows.

Every filter is a parameter of the address, so that a filtered list can be sent, kept and shared.
`champ_6` narrows by the field of id 6; `champ_6_min` and `champ_6_max` where it is a range.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.clients.catalogue import AssetFilter
from app.clients.field_kinds.base import kinds
from app.clients.field_models import CustomField
from app.clients.fields import RESPONSIBLE, TAGS
from app.clients.narrowing import Narrowing, Range
from app.gateway.http import LAST_ID

LONGEST = 100
"""Characters of a text in a filter."""
COLUMNS = (
    "soc",
    "pack_voltage",
    "current",
    "cell_voltage_spread",
    "temperature_max",
    "soh",
    "seen",
    "type",
)
USUAL = COLUMNS[:-1]
MOST_COLUMNS = 16
KNOWN = ("q", "type", "lieu", "etat", "etiquette", "responsable", "du", "au", "col")


@dataclass(frozen=True, slots=True)
class Filters:
    """A list's parameters, as far as they mean something."""

    args: Mapping[str, str]
    fields: tuple[CustomField, ...]
    zone: str

    @property
    def narrowing(self) -> Narrowing:
        """The batteries meant."""
        return Narrowing(
            base=AssetFilter(type_id=self._number("type"), location_id=self._number("lieu")),
            text=self.text("q"),
            tag_id=self._number("etiquette"),
            responsible=self.text("responsable"),
            since=self._day("du", 0),
            until=self._day("au", 1),
            fields=self._said(),
        )

    @property
    def active(self) -> list[str]:
        """The names of the filters that narrow, as `without` takes them."""
        wanted = self.narrowing
        parts = {
            "q": wanted.text,
            "type": wanted.base.type_id,
            "lieu": wanted.base.location_id,
            "etiquette": wanted.tag_id,
            "responsable": wanted.responsible,
            "du": wanted.since,
            "au": wanted.until,
        }
        named = [name for name, value in parts.items() if value not in (None, "")]
        return named + [f"champ_{field_id}" for field_id in wanted.fields]

    def without(self, name: str) -> "Filters":
        """The same list with one filter less."""
        gone = {name, f"{name}_min", f"{name}_max"}
        return replace(self, args={key: self.args[key] for key in self.args if key not in gone})

    def text(self, name: str) -> str:
        """A text of the address, without what no text holds."""
        given = self.args.get(name, "")[:LONGEST]
        return "".join(letter for letter in given if letter.isprintable()).strip()

    @property
    def columns(self) -> list[str]:
        """The columns chosen, else the usual ones with the fields that lists show."""
        offered = dict.fromkeys(self.offered)
        chosen = [name for name in self.args.get("col", "").split(",") if name in offered]
        if chosen:
            return list(dict.fromkeys(chosen))[:MOST_COLUMNS]
        listed = [f"champ_{row.id}" for row in self.fields if row.listed]
        return [*USUAL[:-1], *listed[: MOST_COLUMNS - len(USUAL)], USUAL[-1]]

    @property
    def offered(self) -> list[str]:
        """Every column there is."""
        return [*COLUMNS, *(f"champ_{row.id}" for row in self.fields)]

    @property
    def filterable(self) -> list[CustomField]:
        """The fields a list can be narrowed by, besides those with a filter of their own."""
        own = (RESPONSIBLE, TAGS)
        return [row for row in self.fields if row.filterable and row.code not in own]

    def _number(self, name: str) -> int | None:
        given = self.args.get(name, "")
        return int(given) if _is_id(given) else None

    def _day(self, name: str, later: int) -> int | None:
        """Epoch milliseconds of the beginning of a day of the client, or of the one after it."""
        try:
            day = date.fromisoformat(self.args.get(name, "")) + timedelta(days=later)
            moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))
            return int(moment.astimezone(UTC).timestamp() * 1000)
        except (ValueError, OverflowError):
            return None

    def _said(self) -> dict[int, str | Range]:
        found: dict[int, str | Range] = {}
        for row in self.filterable:
            name = f"champ_{row.id}"
            if kinds()[row.kind].match == "range":
                low, high = self._bound(row, f"{name}_min"), self._bound(row, f"{name}_max")
                if low is not None or high is not None:
                    found[row.id] = Range(low=low, high=high)
            elif text := self.text(name):
                found[row.id] = text
        return found

    def _bound(self, row: CustomField, name: str) -> float | None:
        kind = kinds()[row.kind]
        try:
            return kind.amount(kind.read(self.text(name), ())) if kind.amount else None
        except ValueError:
            return None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 17 and 0 < int(text) <= LAST_ID


def is_known(name: str) -> bool:
    """Whether a parameter is one of the list's own, its place in the list aside."""
    return name in KNOWN or name.startswith("champ_")


Counted = Callable[[Filters], int]


def relaxations(filters: Filters, count: Counted) -> list[tuple[str, int]]:
    """Which single filter to give up, and how many batteries that would show, the most first."""
    found = [(name, count(filters.without(name))) for name in filters.active]
    return sorted((each for each in found if each[1]), key=lambda each: -each[1])
