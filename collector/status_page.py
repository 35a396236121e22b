"""A page for the local network: how the batteries are, to read only, off unless it is configured.

Standard library, one thread, one request at a time; it keeps no connection, knows two addresses and
one method, and shows nothing that is secret. Whoever can reach it can read it.
"""

import base64
import html
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from .texts.status_page import TEXTS
from .wire.metrics import METRICS
from .wire.reading import Reading, derive
from .wire.strict_json import dumps
from .words import ENGLISH, FRENCH

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds a browser is given to say what it wants."""
SHOWN = (
    "soc",
    "pack_voltage",
    "current",
    "cell_voltage_min",
    "cell_voltage_max",
    "temperature_max",
)
MOST = 200
"""Batteries on the page."""
LATE_MS = 30_000
STYLE = (
    "body{font:1rem system-ui;margin:1rem;color:#111;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{padding:.4rem;text-align:left;"
    "border-bottom:1px solid #ccc}@media(prefers-color-scheme:dark){body{color:#eee;"
    "background:#111}a{color:#9cf}}"
)
STYLE_HASH = "sha256-" + base64.b64encode(sha256(STYLE.encode()).digest()).decode()
"""The only style that a browser takes on this page; nothing else is loaded or run."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the page shows. `troubles`: why a device does not answer, in French and in English.

    `delivered` is when the portal took something for the last time, epoch milliseconds. The disk
    does not answer where `queued` and `lost` are None.
    """

    now: int
    collector: str
    version: str
    newest: Mapping[str, Reading]
    troubles: Mapping[str, tuple[str, str] | None]
    queued: int | None
    lost: int | None
    delivered: int | None


class StatusPage:
    """Serves what `look` returns, until closed."""

    def __init__(self, place: tuple[str, int], look: Callable[[], Snapshot]) -> None:
        kind = _Server6 if ":" in place[0] else HTTPServer
        self._server = kind(place, _handler(look))
        self._server.handle_error = _hung_up
        self.address = self._server.server_address[:2]
        self._thread = Thread(target=self._server.serve_forever, name="status page", daemon=True)
        self._thread.start()
        log.info("status page on %s port %d", *self.address)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server6(HTTPServer):
    address_family = socket.AF_INET6


def _hung_up(_: object, client: tuple) -> None:
    log.debug("the status page failed for %s", client[0], exc_info=True)


def _handler(look: Callable[[], Snapshot]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version, timeout = "TrackingBMS", "", PATIENCE

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/":
                language = _language(query, self.headers.get("Accept-Language", ""))
                self._answer("text/html", page(look(), language).encode())
            elif path == "/status.json":
                self._answer("application/json", dumps(document(look())))
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(HTTPStatus.OK)
            for name, value in {
                "Content-Type": f"{kind}; charset=utf-8",
                "Content-Length": str(len(body)),
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": f"default-src 'none'; style-src '{STYLE_HASH}'",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Whoever looks is nobody's business."""

    return Handler


def document(seen: Snapshot) -> dict:
    """The same for programs."""
    batteries = {
        asset: {
            "ts": reading.ts,
            "values": {code: reading.values[code] for code in SHOWN if code in reading.values},
            "alarms": [alarm.code for alarm in reading.alarms],
        }
        for asset, reading in map(_derived, _listed(seen).items())
        if reading
    }
    return {
        "now": seen.now,
        "collector": seen.collector,
        "version": seen.version,
        "queued": seen.queued,
        "lost": seen.lost,
        "delivered": seen.delivered,
        "batteries": batteries,
        "silent": sorted(asset for asset, trouble in seen.troubles.items() if trouble),
    }


def page(seen: Snapshot, language: int) -> str:
    """The page in French (0) or English (1)."""

    def say(key: str, **parts: object) -> str:
        return html.escape(TEXTS[key][language].format(**parts))

    rows = "".join(
        _row(asset, reading, seen, language, say)
        for asset, reading in map(_derived, _listed(seen).items())
    )
    delivered = (
        say("page.delivered", seconds=(seen.now - seen.delivered) // 1000)
        if seen.delivered is not None
        else say("page.never")
    )
    waiting = say("page.disk") if seen.queued is None else say("page.queued", n=seen.queued)
    heads = "".join(f"<th scope=col>{say(f'page.{code}')}" for code in SHOWN)
    other = ("en", "English") if language == FRENCH else ("fr", "Français")
    return (
        f"<!doctype html><html lang={('fr', 'en')[language]}><meta charset=utf-8>"
        f'<meta name=viewport content="width=device-width"><meta http-equiv=refresh content=5>'
        f"<title>{html.escape(seen.collector)}</title><style>{STYLE}</style>"
        f"<h1>{html.escape(seen.collector)}</h1><p>{delivered} {waiting}"
        f"{' ' + say('page.lost', n=seen.lost) if seen.lost else ''}</p>"
        f"<table><thead><tr><th scope=col>{say('page.battery')}{heads}<th scope=col>"
        f"{say('page.state')}</thead><tbody>{rows}</tbody></table>"
        f'<p>{html.escape(seen.version)} <a href="/?lang={other[0]}">{other[1]}</a></p></html>'
    )


def _row(asset: str, reading: Reading | None, seen: Snapshot, language: int, say) -> str:
    trouble = seen.troubles.get(asset)
    cells = "".join(
        f"<td>{_shown(code, reading.values.get(code) if reading else None)}" for code in SHOWN
    )
    if trouble:
        state = html.escape(trouble[language])
    elif reading is None:
        state = say("page.nothing")
    elif reading.alarms:
        state = html.escape(", ".join(alarm.code for alarm in reading.alarms))
    else:
        state = say("page.late" if seen.now - reading.ts > LATE_MS else "page.fine")
    return f"<tr><th scope=row>{html.escape(asset)}{cells}<td>{state}"


def _shown(code: str, value: float | None) -> str:
    return "–" if value is None else f"{value:g} {html.escape(METRICS[code].unit)}"


def _listed(seen: Snapshot) -> dict[str, Reading | None]:
    names = sorted({*seen.troubles, *seen.newest})[:MOST]
    return {asset: seen.newest.get(asset) for asset in names}


def _derived(item: tuple[str, Reading | None]) -> tuple[str, Reading | None]:
    asset, reading = item
    return asset, reading and derive(reading)


def _language(query: str, accepted: str) -> int:
    """As asked for in the address, else as the browser prefers, else French."""
    if query in ("lang=fr", "lang=en"):
        return ENGLISH if query == "lang=en" else FRENCH
    return ENGLISH if accepted.lower().startswith("en") else FRENCH
