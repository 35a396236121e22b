"""What can be edited carries a tag of all it shows; whoever edits it says which state they saw.

The tag is a digest of the document itself, so no counter has to be remembered when a field is
added, and it changes exactly when what the caller read is no longer true.
"""

from typing import Any

from flask import Response, request

from app.errors import Changed, Unconditional
from collector.wire import strict_json

from .http import entity_tag


def shown(document: dict[str, Any], status: int = 200) -> Response:
    """The document with its tag; 304 for a reader who has it already."""
    tag = entity_tag(document)
    if request.method == "GET" and request.if_none_match.contains_weak(tag):
        answer = Response(status=304)
    else:
        answer = Response(strict_json.dumps(document), status, mimetype="application/json")
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def expect(document: dict[str, Any]) -> None:
    """Go on only if the caller's If-Match names this state of what is about to be changed.

    Raises Unconditional (428) without the header, Changed (412) when the state is another. Read
    the document under a lock that lasts until the change is committed.
    """
    if "If-Match" not in request.headers:
        raise Unconditional("Say what you change: send its ETag in If-Match.")
    if not request.if_match.contains(entity_tag(document)):
        raise Changed("Somebody has changed this meanwhile: read it again.")
