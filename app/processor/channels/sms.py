"""Short messages through whatever HTTP gateway the installation has an account with.

`SMS_BODY` is what the gateway wants, with `{to}`, `{from}` and `{text}` in it: JSON where it begins
with a brace, else form fields. The account is in the address or in `SMS_TOKEN`.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from app.settings import Settings

from . import outbound
from .base import Address, Channel, Message, Undelivered

LONGEST = 320
"""Two messages of a phone."""


def send(settings: Settings, address: Address, message: Message) -> str:
    """Post it to the gateway."""
    parts = (message.title, message.where, message.lines[0] if message.lines else "")
    said = ". ".join(filter(None, parts))
    room = LONGEST - len(message.url) - 1
    filled = {
        "to": address["phone"],
        "from": settings.sms_from,
        "text": f"{said[:room]} {message.url}",
    }
    body, kind = _body(settings.sms_body, filled)
    url, account = _account(settings.sms_url)
    headers = {"Content-Type": kind, **account}
    if settings.sms_token:
        headers["Authorization"] = f"Bearer {settings.sms_token}"
    status, answer = outbound.post(settings, url, body, headers)
    if 200 <= status < 300:
        return f"{status} {answer[:120]}".strip()
    down = status in (401, 402, 403, 429) or status >= 500
    raise Undelivered(f"The SMS gateway answers: {status} {answer[:200]}".strip(), down=down)


def _body(template: str, filled: Mapping[str, str]) -> tuple[bytes, str]:
    if template.lstrip().startswith("{"):
        return json.dumps(_put(json.loads(template), filled)).encode(), "application/json"
    fields = [(name, _put(value, filled)) for name, value in parse_qsl(template)]
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _put(value: Any, filled: Mapping[str, str]) -> Any:
    """Texts with their places filled; a phone number is never read as anything else."""
    if isinstance(value, dict):
        return {name: _put(each, filled) for name, each in value.items()}
    if isinstance(value, list):
        return [_put(each, filled) for each in value]
    if not isinstance(value, str):
        return value
    for name, text in filled.items():
        if value == f"{{{name}}}":
            return text
    for name in ("to", "from"):
        value = value.replace(f"{{{name}}}", filled[name])
    return value.replace("{text}", filled["text"])


def _account(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    if parts.username is None:
        return url, {}
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    known = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return bare, {"Authorization": "Basic " + base64.b64encode(known).decode()}


CHANNEL = Channel("sms", ("Texto", "Text message"), lambda settings: bool(settings.sms_url), send)
