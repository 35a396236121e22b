"""MODULE WEB INTERFACE: files of the pages, their languages, how often they ask."""

from pathlib import Path
from typing import Any

from flask import current_app

from app.gateway.language import LOCALES
from app.gateway.schema import Number, Schema

from .base import Module


class WebConfig(Schema):
    """What can be changed while the portal runs; open pages follow with their next poll."""

    poll_seconds = Number(0.5, 60, 1.0, about="While the page is visible.")
    poll_hidden_seconds = Number(5, 600, 15.0, about="While it is not.")


def status() -> dict[str, Any]:
    """Whether the pages' files were built, and which languages there are."""
    manifest = Path(current_app.static_folder or "") / "dist" / "manifest.json"
    return {"files_built": manifest.is_file(), "languages": list(LOCALES)}


MODULE = Module(code="web", status=status, config=WebConfig)
