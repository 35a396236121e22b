"""Operations of the API, declared in one breath: address, permission, what comes in and goes out.

A view takes what was sent, already checked, and returns a document or a response. What all
operations share is added here: strict JSON, sparse errors, repeatable writes, and a POST twin for
every PUT, PATCH and DELETE, because firewalls of shared hosts refuse those methods.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import marshmallow
from flask import Response
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser

from app.core.access import Permission, public, requires
from app.errors import Invalid, sentence
from collector.wire import strict_json

from .http import json_body
from .idempotency import once
from .schema import Schema, faults

View = Callable[..., Any]

TWINS = {"PUT": "update", "PATCH": "update", "DELETE": "delete"}


class StrictParser(FlaskParser):
    """Reads bodies with the strict JSON reader and refuses what no field is for."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None}

    def load_json(self, req: Any, schema: marshmallow.Schema) -> Any:
        return json_body()

    def load_querystring(self, req: Any, schema: marshmallow.Schema) -> Any:
        for name, values in req.args.lists():
            if len(values) > 1:
                raise marshmallow.ValidationError({name: [sentence("This is given twice.")]})
        return self._makeproxy(req.args, schema)

    def handle_error(self, error: marshmallow.ValidationError, *_: Any, **__: Any) -> None:
        found = faults(error.messages)
        if set(error.messages) <= {"json", "query"}:
            found = {name.partition(".")[2] or name: text for name, text in found.items()}
        raise Invalid("Some fields need attention.", fields=found)


class Resources(Blueprint):
    """A part's resources below /api/v1."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, description: str) -> None:
        super().__init__(name, import_name, url_prefix="/api/v1", description=description)

    def operation(
        self,
        method: str,
        rule: str,
        permission: Permission | None,
        summary: str,
        *,
        answer: type[Schema] | None = None,
        status: int = 200,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        edits: bool = False,
        twin: str | None = None,
        doc: Mapping[str, Any] | None = None,
    ) -> Callable[[View], View]:
        """Register a view: `view(query, body, **of the address)`, of the two those declared.

        `permission` None: anybody may call it. `twin`: where POST does the same, for methods that
        some hosts refuse; `…/update` or `…/delete` unless told. `edits`: it wants If-Match.
        """

        def register(view: View) -> View:
            kept = method != "GET" and permission is not None
            operation = _answering(view, status, kept)
            operation = self.response(status, answer, description=summary)(operation)
            if body is not None:
                operation = self.arguments(body, location="json")(operation)
            if query is not None:
                operation = self.arguments(query, location="query")(operation)
            operation = self.doc(summary=summary, **(doc or {}))(operation)
            operation.edits = edits
            operation = public(operation) if permission is None else requires(permission)(operation)
            self.add_url_rule(rule, view.__name__, operation, methods=[method])
            if method in TWINS:
                path = twin or f"{rule}/{TWINS[method]}"
                self.add_url_rule(path, f"{view.__name__}_by_post", operation, methods=["POST"])
            return view

        return register

    def absent(self, rule: str) -> None:
        """An address at which nothing can be done: 405, and Allow says so."""
        endpoint = f"absent_{len(self.deferred_functions)}"
        super(Blueprint, self).add_url_rule(rule, endpoint, _nothing, methods=["OPTIONS"])


@public
def _nothing() -> Response:
    return Response(status=204, headers={"Allow": "OPTIONS"})


def _answering(view: View, status: int, kept: bool) -> View:
    """The view with its document as JSON; `kept`: under a key it is done once."""

    @wraps(view)
    def operation(*given: Any, **address: Any) -> Response:
        def call() -> Response:
            answer = view(*given, **address)
            if isinstance(answer, Response):
                return answer
            return Response(strict_json.dumps(answer), status, mimetype="application/json")

        return once(call) if kept else call()

    return operation
