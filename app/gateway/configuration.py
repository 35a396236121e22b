"""Settings that super admins change while the portal runs; they win over the environment's.

They are rows of the core database. Each process holds what it read for a few seconds and finds
changes in the cache that all share, so a poll asks no database for them.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.cache import SharedCache
from app.database.engines import Engines
from app.database.sessions import open_core
from app.settings import Settings

from .models import SystemConfig

HELD_SECONDS = 5
"""How long another process may go on with the old settings."""
KEY = "configuration"

CHANGEABLE = {
    "core": ("log_level",),
    "connector": ("push_watched_seconds", "push_idle_seconds", "watch_seconds"),
    "processor": (
        "keep_readings_days",
        "keep_minutes_days",
        "keep_quarters_days",
        "keep_hours_days",
        "keep_records_days",
    ),
    "web": ("poll_seconds", "poll_hidden_seconds"),
    "clients": ("default_locale", "default_time_zone"),
}
"""What each module lets be changed: fields of `Settings`."""


class Configuration:
    """The settings in force, for one process."""

    def __init__(self, engines: Engines, cache: SharedCache) -> None:
        self.engines = engines
        self.cache = cache
        self.base = engines.settings
        self._settings = self.base
        self._until = 0.0

    def settings(self) -> Settings:
        """The installation's settings with what was changed since."""
        if time.monotonic() >= self._until:
            changed = self.cache.get(KEY)
            if changed is None:
                with open_core(self.engines) as core:
                    changed = self.publish(read(core))
            self._apply(changed)
        return self._settings

    def publish(self, changed: dict[str, Any]) -> dict[str, Any]:
        """Tell every process; call it after the commit."""
        self.cache.set(KEY, changed, timeout=0)
        self._until = 0.0
        return changed

    def _apply(self, changed: Mapping[str, Any]) -> None:
        settings = _changed(self.base, changed)
        if settings.log_level != self._settings.log_level:
            logging.getLogger().setLevel(settings.log_level.upper())
        self._settings = settings
        self._until = time.monotonic() + HELD_SECONDS


def read(core: Session) -> dict[str, Any]:
    """What was changed."""
    return {row.key: row.value for row in core.scalars(select(SystemConfig))}


def in_force(core: Session, base: Settings) -> Settings:
    """The installation's settings with what was changed since, for programs without requests."""
    return _changed(base, read(core))


def _changed(base: Settings, changed: Mapping[str, Any]) -> Settings:
    known = {name for names in CHANGEABLE.values() for name in names}
    return replace(base, **{name: value for name, value in changed.items() if name in known})


def write(core: Session, module: str, values: Mapping[str, Any]) -> None:
    """Replace what was changed of one module; what is absent is the environment's again."""
    core.execute(delete(SystemConfig).where(SystemConfig.key.in_(CHANGEABLE[module])))
    core.flush()
    core.add_all(SystemConfig(key=key, value=value) for key, value in values.items())
    core.flush()
