"""The language of an answer, and catalogues read straight from their .po files.

Order: the person's choice, the browser's cookie, the client's language, what the browser accepts,
the installation's default. Catalogues need no build step: the compiled form is kept in the cache
folder under a digest of its source, so a changed catalogue is compiled once, by whoever needs it
first.
"""

import io
import os
import tempfile
from functools import cache
from hashlib import blake2b
from pathlib import Path

from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, Domain
from flask_babel import get_locale as babel_locale
from flask_login import current_user

from app.settings import Settings

LOCALES = ("fr", "en")
COOKIE = "lang"
FOLDER = Path(__file__).resolve().parent.parent / "translations"


class Catalogues(Domain):
    """Messages from `app/translations/{locale}/LC_MESSAGES/messages.po`."""

    def __init__(self, cache_dir: Path, folder: Path = FOLDER) -> None:
        super().__init__()
        self._cache_dir = cache_dir
        self._folder = folder
        self._opened: dict[str, NullTranslations] = {}

    def get_translations(self) -> NullTranslations:
        locale = babel_locale()
        if locale is None:
            return NullTranslations()
        if (opened := self._opened.get(locale.language)) is None:
            path = self._folder / locale.language / "LC_MESSAGES/messages.po"
            opened = self._opened[locale.language] = catalogue(path, self._cache_dir)
        return opened


def init_app(app: Flask, settings: Settings) -> None:
    """Set Flask-Babel up; templates get `locale`."""
    babel = Babel(
        app,
        default_locale=settings.default_locale,
        default_timezone=settings.default_time_zone,
        locale_selector=current_locale,
    )
    babel.domain_instance = Catalogues(settings.cache_dir / "translations")
    app.config["DEFAULT_LOCALE"] = settings.default_locale
    app.context_processor(lambda: {"locale": current_locale()})


def current_locale() -> str:
    """`fr` or `en`, decided once a request, when first asked: files and polls never ask."""
    if not has_request_context():
        return LOCALES[0]
    if "locale" not in g:
        g.locale = _choose()
    return g.locale


def _choose() -> str:
    user = current_user if current_user.is_authenticated else None
    tenant = user.principal.tenant if user else None
    for wanted in (
        user.principal.locale if user else None,
        request.cookies.get(COOKIE),
        tenant.locale if tenant else None,
        request.accept_languages.best_match(LOCALES),
    ):
        if wanted in LOCALES:
            return wanted
    return current_app.config["DEFAULT_LOCALE"]


@cache
def catalogue(source: Path, cache_dir: Path) -> Translations:
    """The messages of one .po file, compiled or as compiled before; empty without the file."""
    if not source.is_file():
        return Translations()
    text = source.read_bytes()
    compiled = cache_dir / f"{blake2b(text, digest_size=12).hexdigest()}.mo"
    try:
        data = compiled.read_bytes()
    except FileNotFoundError:
        data = _compile(text, source.parent.parent.name)
        _keep(compiled, data)
    return Translations(io.BytesIO(data))


def _compile(text: bytes, locale: str) -> bytes:
    from babel.messages.mofile import write_mo  # here, because a warm start needs neither
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    # Without its locale a catalogue loses its plural rule on the way.
    write_mo(compiled, read_po(io.BytesIO(text), locale=locale))
    return compiled.getvalue()


def _keep(path: Path, data: bytes) -> None:
    """Write at once or not at all: several processes may compile at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    Path(temporary).replace(path)
