"""Forms whose content no request filter in front of the portal judges by its looks.

Hosts' firewalls refuse passwords and sentences that remind them of SQL or of a shell. Our pages
therefore send all fields of a form as one, in base64; a browser without scripts sends them as they
are. Views read either the same way.
"""

import base64
from typing import Any
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

FIELD = "wrapped"
MOST_FIELDS = 1000


class Unwrapping(FormDataParser):
    """Werkzeug's parser, which also opens what was wrapped; raises BadRequest if it cannot."""

    def parse(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        stream, form, files = super().parse(*args, **kwargs)
        if FIELD in form:
            form = self.cls(unwrap(form[FIELD]))
        return stream, form, files


class FormRequest(Request):
    """A request whose form may be wrapped."""

    form_data_parser_class = Unwrapping


def unwrap(text: str) -> list[tuple[str, str]]:
    """The fields of a form, encoded for an address and then in base64; raises BadRequest."""
    try:
        fields = base64.b64decode(text, validate=True).decode("ascii")
        return parse_qsl(
            fields, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:  # also what base64 and Unicode raise
        raise BadRequest("The form cannot be read.") from error
