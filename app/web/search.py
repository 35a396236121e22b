"""The global search: every source that the caller may see, each find with the text that matched."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.clients.folding import words
from app.core.access import Permission, requires
from app.gateway.context import current_principal, tenant_session

from .page import shell
from .sources.base import MOST, sources

blueprint = Blueprint("search", __name__)

SHORTEST, LONGEST = 2, 100


@blueprint.get("/recherche")
@requires(Permission.SEE_FLEET)
def results() -> ResponseReturnValue:
    """What was found, by source; why nothing was looked for, if so."""
    text = request.args.get("q", "").strip()
    wanted = words(text[:LONGEST])
    too_long, too_short = len(text) > LONGEST, sum(map(len, wanted)) < SHORTEST
    principal, found = current_principal(), []
    if not too_long and not too_short:
        session = tenant_session()
        for source in sources():
            if principal.may(source.permission):
                found.append((source.code, source.find(session, wanted, MOST + 1)))
    page = render_template(
        "fleet/search.html",
        text=text[:LONGEST],
        too_long=too_long,
        too_short=too_short,
        found=[(code, hits) for code, hits in found if hits],
        most=MOST,
        **shell("search"),
    )
    return page, 422 if too_long else 200
