"""Settings: one frozen object read from the environment, passed to whoever needs it.

Web, cron and commands read the same `.env`, so a variable set only in a hosting panel (which cron
does not see) can never split them. Secrets may also come from a file named by `<NAME>_FILE`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from dotenv import dotenv_values

from .errors import Misconfigured

ROOT = Path(__file__).resolve().parent.parent
MIN_SECRET = 32


def _setting(default: Any, text: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": text, "secret": secret}, repr=not secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an installation decides. Field names in upper case are the variables' names."""

    secret_key: str = field(
        metadata={"help": "Signs cookies and links; at least 32 characters.", "secret": True},
        repr=False,
    )
    field_keys: str = _setting(
        "",
        "Keys of what is encrypted in the databases, `1:base64,2:base64`, 32 bytes each; "
        "empty: derived from SECRET_KEY.",
        secret=True,
    )
    data_dir: Path = _setting(ROOT / "var", "Folder of everything that changes: data, cache, logs.")
    database_url: str = _setting("", "Core database; empty: a SQLite file in the data folder.")
    tenant_database_url: str = _setting(
        "", "Pattern of the clients' databases, with {id}; empty: SQLite files."
    )
    public_url: str = _setting("http://127.0.0.1:8000", "Address people and collectors use.")
    trusted_proxies: int = _setting(0, "How many proxies in front may set X-Forwarded headers.")
    default_locale: str = _setting("fr", "Language before anybody chose one: fr or en.")
    default_time_zone: str = _setting("America/Toronto", "Time zone of new locations.")
    poll_seconds: float = _setting(1.0, "How often a visible page asks for news.")
    poll_hidden_seconds: float = _setting(15.0, "How often a hidden page does.")
    push_watched_seconds: float = _setting(1.0, "How soon a collector pushes while watched.")
    push_idle_seconds: float = _setting(
        5.0, "How soon it pushes while nobody looks; later where collectors are many."
    )
    watch_seconds: float = _setting(30.0, "How long a poll counts as somebody looking.")
    token_keys: str = _setting(
        "",
        "Keys that sign API tokens, `id:base64,…`, the first one signs; "
        "empty: derived from SECRET_KEY.",
        secret=True,
    )
    require_second_factor: str = _setting(
        "auto", "Whether administrators need a second factor: on, off, or auto (on over HTTPS)."
    )
    limits_url: str = _setting(
        "",
        "Redis that counts attempts, `redis://host:port/0` (needs the package `redis`); "
        "empty: a file in the cache folder.",
        secret=True,
    )
    smtp_url: str = _setting(
        "",
        "Where mail is handed over, `smtp[s]://user:password@host:port`; "
        "empty: links are shown to whoever makes them.",
        secret=True,
    )
    mail_from: str = _setting("", "Sender of mail; empty: noreply@ the portal's host.")
    sms_url: str = _setting(
        "",
        "HTTP gateway for text messages, `https://account:password@host/path`; "
        "empty: no text messages.",
        secret=True,
    )
    sms_body: str = _setting(
        '{"to": "{to}", "from": "{from}", "text": "{text}"}',
        "What that gateway is sent: JSON, or form fields as `To={to}&Body={text}`.",
    )
    sms_from: str = _setting("", "Number or name that text messages come from.")
    sms_token: str = _setting("", "Bearer token of that gateway, if it wants one.", secret=True)
    webhook_networks: str = _setting(
        "",
        "Private networks that webhooks may reach, `10.1.0.0/16,…`; empty: none.",
    )
    privacy_officer: str = _setting(
        "", "Title of the person who answers for personal information, shown to everybody."
    )
    privacy_contact: str = _setting("", "How that person is reached.")
    keep_readings_days: int = _setting(90, "For how many days every reading is kept; 0: for ever.")
    keep_minutes_days: int = _setting(400, "The same for their minutes.")
    keep_quarters_days: int = _setting(730, "The same for their quarters of an hour.")
    keep_hours_days: int = _setting(0, "The same for their hours.")
    keep_records_days: int = _setting(0, "The same for daily records.")
    backup_key: str = _setting(
        "",
        "Public keys (`age1…,…`) that backups are encrypted to; empty: no backups. "
        "`flask backup key` makes one.",
    )
    backup_dir: str = _setting("", "Folder of backups; empty: `backups` in the data folder.")
    backup_copies: str = _setting(
        "",
        "Where backups are copied to, `sftp://…` or `webdavs://…`, separated by spaces.",
        secret=True,
    )
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR.")

    @property
    def core_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir}/db/trackingbms_core.sqlite3"

    @property
    def tenant_pattern(self) -> str:
        return self.tenant_database_url or f"sqlite:///{self.data_dir}/db/client_{{id}}.sqlite3"

    @property
    def secure(self) -> bool:
        """Whether people reach the portal over HTTPS, so that cookies can demand it."""
        return self.public_url.startswith("https://")

    @property
    def second_factor_required(self) -> bool:
        """Whether both admin roles must have a second factor."""
        return self.require_second_factor == "on" or (
            self.require_second_factor == "auto" and self.secure
        )

    @property
    def limits_storage(self) -> str:
        """Where attempts are counted, for all processes together."""
        return self.limits_url or f"counters://{self.cache_dir / 'limits.sqlite3'}"

    @property
    def cache_dir(self) -> Path:
        return self.data_dir / "cache"

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, env_file: Path | None = ROOT / ".env"
    ) -> "Settings":
        """Read and check; raises Misconfigured naming the variable and the remedy.

        Real environment variables win over the file, so that a test or a panel can override it.
        """
        from_file = dotenv_values(env_file) if env_file and env_file.is_file() else {}
        source = {**from_file, **(os.environ if environ is None else environ)}
        hints = get_type_hints(cls)
        given = {}
        for entry in fields(cls):
            text = _text(source, entry.name.upper())
            if text:
                given[entry.name] = _convert(entry.name.upper(), hints[entry.name], text)
        if "secret_key" not in given:
            raise Misconfigured(
                "SECRET_KEY is missing: put SECRET_KEY=<48 random characters> in .env "
                '(python -c "import secrets; print(secrets.token_urlsafe(36))" makes one).'
            )
        settings = cls(**given)
        settings.check()
        return settings

    def check(self) -> None:
        """Raise Misconfigured for values that cannot work together."""
        if len(self.secret_key) < MIN_SECRET:
            raise Misconfigured(f"SECRET_KEY is shorter than {MIN_SECRET} characters.")
        if "{id}" not in self.tenant_pattern:
            raise Misconfigured("TENANT_DATABASE_URL must contain {id}.")
        if self.default_locale not in ("fr", "en"):
            raise Misconfigured("DEFAULT_LOCALE must be fr or en.")
        if self.require_second_factor not in ("auto", "on", "off"):
            raise Misconfigured("REQUIRE_SECOND_FACTOR must be on, off or auto.")
        if self.smtp_url and not self.smtp_url.startswith(("smtp://", "smtps://")):
            raise Misconfigured("SMTP_URL must start with smtp:// or smtps://.")
        if not self.public_url.startswith(("http://", "https://")):
            raise Misconfigured("PUBLIC_URL must start with https:// (or http:// for trials).")


def _text(source: Mapping[str, str | None], name: str) -> str:
    if path := source.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Misconfigured(f"{name}_FILE cannot be read: {error.strerror}.") from None
    return (source.get(name) or "").strip()


def _convert(name: str, kind: type, text: str) -> Any:
    try:
        if kind is Path:
            path = Path(text).expanduser()
            return path if path.is_absolute() else ROOT / path
        return kind(text)
    except ValueError:
        raise Misconfigured(f"{name} must be a {kind.__name__}, not {text!r}.") from None
