"""What every page has: menu, language, theme, words for the scripts, filters of templates."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, g, request, url_for
from flask_babel import gettext
from flask_login import current_user
from jinja2 import pass_context
from jinja2.runtime import Context

from app.clients.catalogue import pending_count
from app.core.access import Permission, Principal
from app.database.base import now_ms
from app.gateway.context import settings, tenant_session
from app.gateway.language import current_locale as locale
from app.processor.alerts.handling import open_counts
from collector.wire.metrics import METRICS

from . import format as fmt
from .assets import Assets
from .labels import CONNECTIONS, MARKS, STATUSES, alarm_label, label
from .span import typed

LIVE_URL = "/api/v1/live"
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the menu."""

    key: str
    icon: str
    name: str
    url: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Menu:
    """The rail's two lists, and on phones the bar with what does not fit in it."""

    main: tuple[Item, ...]
    admin: tuple[Item, ...] = ()

    @property
    def bar(self) -> tuple[Item, ...]:
        return (*self.main, *self.admin)[:4]

    @property
    def more(self) -> tuple[Item, ...]:
        return (*self.main, *self.admin)[4:]


def init_app(app: Flask) -> None:
    """Give templates their context and their filters."""
    use_assets(app, Assets(Path(app.static_folder or "")))
    app.context_processor(context)
    app.jinja_env.globals.update(
        label=label,
        alarm_label=alarm_label,
        status_order=STATUSES,
    )
    app.jinja_env.filters.update(
        number=_spoken(fmt.number),
        quantity=_spoken(fmt.quantity),
        metric=lambda value, code: fmt.metric(code, value, locale()),
        parts=_parts,
        duration=_spoken(fmt.duration),
        age=_spoken(fmt.age),
        gap=lambda unit: fmt.unit_gap(unit, locale()),
        seen=lambda ts: fmt.seen(ts, now_ms(), zone(), locale()),
        moment=lambda ts, at="": fmt.moment(ts, now_ms(), at or zone(), locale()),
        field_time=typed,
        date_of=fmt.day,
        initials=initials,
        mark=lambda severity: MARKS.get(severity, "info"),
        dist_label=_dist_label,
        silent_label=_silent_label,
    )


def use_assets(app: Flask, assets: Assets) -> None:
    """Let pages load their files from where these say."""
    app.jinja_env.globals.update(asset=assets.url, import_map=assets.import_map)


def context() -> dict[str, Any]:
    """What the layouts need. Works for nobody, too: errors and the sign-in page use it."""
    principal = _principal()
    return {
        "other_locale": "en" if locale() == "fr" else "fr",
        "theme": theme(),
        "zone": zone() if principal else None,
        "now": now_ms(),
        "poll": {
            "visible": round(settings().poll_seconds * 1000),
            "hidden": round(settings().poll_hidden_seconds * 1000),
        },
        "user": current_user.user if principal else None,
        "tenant": principal.tenant if principal else None,
        "super_area": bool(principal and principal.tenant is None),
        "entered": bool(principal and current_user.entered),
        "may": principal.may if principal else lambda permission: False,
        "Permission": Permission,
    }


def menu(principal: Principal) -> Menu:
    """What this caller can go to."""
    if principal.tenant is None:
        clients = Item("clients", "building", gettext("Clients"), url_for("platform.clients"))
        register = Item("incidents", "shield", gettext("Incidents"), url_for("privacy.incidents"))
        system = Item("system", "server", gettext("System"), url_for("system.overview"))
        return Menu((clients, system, _journal(), register))
    main = [
        Item("fleet", "grid", gettext("Fleet"), url_for("fleet.dashboard")),
        _alerts(),
        Item("batteries", "battery", gettext("Batteries"), url_for("fleet.batteries")),
        Item("sites", "pin", gettext("Locations"), url_for("fleet.sites")),
        Item("types", "tree", gettext("Types"), url_for("fleet.types")),
    ]
    if principal.may(Permission.SEE_COLLECTORS):
        url = url_for("collectors.listing")
        main.append(Item("collectors", "server", gettext("Collectors"), url))
    main.append(Item("exports", "download", gettext("Exports"), url_for("exports.listing")))
    admin = [Item("fields", "tag", gettext("Custom fields"), url_for("custom.listing"))]
    if principal.may(Permission.SEE_AUDIT):
        admin.append(_journal())
    if principal.may(Permission.MANAGE_FLEET):
        count = pending_count(tenant_session())
        url = url_for("pending.listing")
        admin.append(Item("pending", "plug", gettext("To accept"), url, count))
    if principal.may(Permission.MANAGE_USERS):
        admin.append(Item("people", "user", gettext("People"), url_for("members.listing")))
        admin.append(Item("shares", "share", gettext("Shares"), url_for("shares.listing")))
    if principal.may(Permission.ENTER_CLIENT):
        url = url_for("platform.clients")
        admin.append(Item("clients", "building", gettext("Clients"), url))
    return Menu(tuple(main), tuple(admin))


def _alerts() -> Item:
    count = sum(_open_alerts().values())
    return Item("alerts", "bell", gettext("Alerts"), url_for("inbox.listing"), count)


def _open_alerts() -> dict[str, int]:
    """How many alerts are open, by severity: asked once a request."""
    if "open_alerts" not in g:
        g.open_alerts = open_counts(tenant_session())
    return g.open_alerts


def _journal() -> Item:
    return Item("journal", "report", gettext("Journal"), url_for("audit.journal"))


def shell(section: str, **more: Any) -> dict[str, Any]:
    """The context of a page inside the shell; `section` is its entry of the menu."""
    principal = current_user.principal
    counts = _open_alerts() if principal.tenant else {}
    return {"section": section, "menu": menu(principal), "alert_counts": counts, **more}


def live(query: str = "?arrays=no", **more: Any) -> dict[str, Any]:
    """The context of a page that follows the live address."""
    return {"live_url": LIVE_URL + query, "words": words() | more}


def words() -> dict[str, Any]:
    """The sentences the live scripts write by themselves."""
    return {
        "shown": {code: list(fmt.shown(code)) for code in METRICS},
        "status": {code: label(f"status.{code}") for code in STATUSES},
        "connection": {code: label(f"connection.{code}") for code in CONNECTIONS},
        "offline": gettext("This device is offline. The values shown are the last received."),
        "unreachable": gettext("The portal does not answer. Trying again."),
        "paused": gettext("Refreshing stopped after 30 minutes without activity."),
        "expired": gettext("Your session has ended. Open the page again to sign in."),
        "short": {
            "offline": gettext("Offline"),
            "unreachable": gettext("No answer"),
            "paused": gettext("Stopped"),
            "expired": gettext("Signed out"),
        },
    }


def zone() -> str:
    """The time zone of the client in hand, else the installation's."""
    principal = _principal()
    tenant = principal.tenant if principal else None
    return tenant.time_zone if tenant else settings().default_time_zone


def theme() -> str:
    """The cookie the toggle writes, so that the first paint is right; else the profile's."""
    chosen = request.cookies.get("theme")
    if chosen in THEMES:
        return chosen
    return current_user.user.theme if _principal() else "auto"


def initials(name: str) -> str:
    """`Groupe Laurentia` → `GL`, `EDS` → `ED`."""
    words = name.replace("-", " ").split()
    return (words[0][0] + words[-1][0] if len(words) > 1 else name[:2]).upper()


def _principal() -> Principal | None:
    return current_user.principal if current_user.is_authenticated else None


def _spoken(function: Callable[..., str]) -> Callable[..., str]:
    """A filter that writes in the page's language.

    It takes the context, which it ignores, because Jinja computes filters of constants once, when
    it compiles the template: in the language of whoever came first.
    """

    @pass_context
    def spoken(_: Context, *args: Any) -> str:
        return function(*args, locale=locale())

    return spoken


def _parts(value: float, code: str) -> tuple[str, str]:
    """A metric's number and unit, for values whose unit is set in smaller type."""
    how = fmt.shown(code)
    amount, digits = fmt.scaled(value, how)
    return fmt.number(amount, digits, how.signed, locale()), how.unit


def _dist_label(counts: dict[str, int]) -> str:
    """A distribution in words, for those who cannot see its bar."""
    said = [f"{label(f'status.{code}')} {n}" for code, n in counts.items() if n]
    return ", ".join(said) or gettext("No battery")


def _silent_label(counts: dict[str, int]) -> str:
    """How many batteries say nothing, in words; empty when all answer."""
    silent = ("off", "stale", "wait")
    return ", ".join(f"{counts[c]} {label(f'status.{c}').lower()}" for c in silent if counts[c])
