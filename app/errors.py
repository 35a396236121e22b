"""What can go wrong and be told to somebody: a stable code, a status and a sentence.

The sentence is an English message id with named parameters; edges translate it. Domain code
raises these and never returns error values; it knows nothing of how they are shown.
"""


def sentence(text: str) -> str:
    """Mark a message id that an edge will translate, so that catalogues are checked to have it."""
    return text


class AppError(Exception):
    """Something the caller can understand. `code` is stable, for programs; `text` is for people."""

    status = 500
    code = "error"

    def __init__(self, text: str, code: str | None = None, **params: object) -> None:
        super().__init__(text % params if params else text)
        self.text = text
        self.params = params
        if code:
            self.code = code


class Invalid(AppError):
    """The input is not acceptable. `fields` maps a field to what is wrong with it."""

    status = 422
    code = "invalid"

    def __init__(
        self,
        text: str,
        code: str | None = None,
        fields: dict[str, str] | None = None,
        **params: object,
    ) -> None:
        super().__init__(text, code, **params)
        self.fields = fields or {}


class Unauthorized(AppError):
    """Nobody known is calling."""

    status = 401
    code = "unauthorized"


class Forbidden(AppError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"


class NotFound(AppError):
    """There is no such thing, or it is somebody else's: the same answer for both."""

    status = 404
    code = "not_found"


class Conflict(AppError):
    """The state does not allow it."""

    status = 409
    code = "conflict"


class Changed(AppError):
    """It is no longer what the caller saw when deciding to change it."""

    status = 412
    code = "changed"


class Unconditional(AppError):
    """The caller has to say which state of the thing is to be changed."""

    status = 428
    code = "precondition_required"


class TooLarge(AppError):
    """More than is accepted at once."""

    status = 413
    code = "too_large"


class TooMany(AppError):
    """More often than is allowed; worth trying again after `retry_after` seconds."""

    status = 429
    code = "too_many_requests"

    def __init__(self, text: str, code: str | None = None, retry_after: int = 60) -> None:
        super().__init__(text, code)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Cannot be done now; worth trying again after `retry_after` seconds."""

    status = 503
    code = "unavailable"

    def __init__(
        self, text: str, code: str | None = None, retry_after: int = 5, **params: object
    ) -> None:
        super().__init__(text, code, **params)
        self.retry_after = retry_after


class Misconfigured(Exception):
    """The installation cannot start like this; the text says what to change."""
