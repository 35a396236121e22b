"""The newest answer of each computation for one battery, for programs and pages."""

from typing import Any

from sqlalchemy.orm import Session

from .base import Analytic
from .models import AnalyticResult
from .nightly import analytics, latest
from .text import Told, tell


def document(session: Session, asset_id: int, language: str) -> dict[str, Any]:
    """The answers in a language."""
    known = analytics()
    answers = [_answer(row, known[row.code], language) for row in latest(session, asset_id)]
    return {"asset": asset_id, "analytics": answers}


def _answer(row: AnalyticResult, analytic: Analytic, language: str) -> dict[str, Any]:
    told = tell(row, analytic, language)
    return {
        "code": row.code,
        "title": told.title,
        "level": row.level,
        "sentence": told.sentence,
        "values": {name: _value(name, each, told) for name, each in row.result["values"].items()},
        "rows": row.result["rows"],
        "version": row.version,
        "since": row.since,
        "until": row.until,
        "first": row.first,
        "samples": row.samples,
        "quality": row.quality,
    }


def _value(name: str, kept: Any, told: Told) -> dict[str, Any]:
    if not isinstance(kept, list):
        return {"value": kept, "text": told.values[name]}
    size, unit, _, low, high = kept
    return {"value": size, "unit": unit, "low": low, "high": high, "text": told.values[name]}
