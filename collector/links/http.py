"""Documents of a gateway over HTTP: asked for one at a time with GET, and nothing else.

Certificates are checked, redirections are answers like any other, and neither a large answer nor a
slow one can hold more than its bound. The proxy that leads out of the site is not asked: a gateway
stands within it.
"""

import time
from collections.abc import Callable

import requests
from urllib3.exceptions import ReadTimeoutError

from ..clock import Now
from ..drivers.base import Document, Fetch
from ..protocols import document
from ..words import Text
from . import gateway
from .errors import BadAnswer, LinkTimeout
from .spec import LinkSpec

PIECE = 1 << 14
SHORTEST_TIMEOUT = 0.1
REASONS: dict[int, Text] = {
    401: ("il veut une clé (secret_file, secret_env)", "it wants a key (secret_file, secret_env)"),
    403: ("la clé ne lui suffit pas", "the key is not enough for it"),
    404: ("il n'y a rien à cette adresse", "there is nothing at this address"),
    429: ("il est interrogé trop souvent (interval)", "it is asked too often (interval)"),
}
REDIRECTED: Text = (
    "il renvoie ailleurs ; donner cette adresse",
    "it points elsewhere; give that url",
)
REFUSED: Text = "il refuse de répondre", "it refuses to answer"


class HttpLink:
    """One gateway. `timeout`: seconds until its answer must be there, from first to last byte."""

    def __init__(
        self, link: LinkSpec, now: Now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.link, self._now, self._monotonic = link, now, monotonic
        self._timeout = max(link.settings["timeout"], SHORTEST_TIMEOUT)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = link.settings["ca_file"] or True
        self._session.headers.update(
            {
                "User-Agent": gateway.AGENT,
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # a bound on what is sent is one on what is kept
            }
        )

    def read(self, question: Fetch) -> Document:
        """The document asked for.

        Raises LinkDown without a connection, LinkTimeout without an answer in time, and BadAnswer
        for a status other than 200 (`http_404`) or for what is no document.
        """
        url = _joined(self.link.settings["url"], question.path)
        deadline = self._monotonic() + self._timeout
        try:
            with self._session.get(
                url,
                headers=gateway.headers(self.link.settings),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                self._check(answer.status_code)
                body = self._body(answer, deadline)
        except requests.Timeout as error:
            raise self._late() from error
        except (requests.RequestException, OSError) as error:
            if isinstance(_cause(error), ReadTimeoutError):
                raise self._late() from error
            raise gateway.unreachable(str(self.link), _cause(error)) from error
        try:
            return Document(document.parse(body), self._now(), question.path)
        except document.BadDocumentError as error:
            raise BadAnswer(
                error.reason,
                f"{self.link} : la réponse n'est pas un document JSON",
                f"{self.link}: the answer is not a JSON document",
            ) from error

    def close(self) -> None:
        self._session.close()

    def _check(self, status: int) -> None:
        if status == requests.codes.ok:
            return
        usual = REDIRECTED if 300 <= status < 400 else REFUSED
        french, english = REASONS.get(status, usual)
        raise BadAnswer(
            f"http_{status}",
            f"{self.link} répond {status} : {french}",
            f"{self.link} answers {status}: {english}",
        )

    def _body(self, answer: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        for piece in answer.iter_content(PIECE):
            body += piece
            if self._monotonic() > deadline:
                raise self._late()
            if len(body) > document.LARGEST:
                break  # too long for a document, which says so
        return bytes(body)

    def _late(self) -> LinkTimeout:
        return LinkTimeout(
            f"{self.link} : pas de réponse entière en {self._timeout:g} s",
            f"{self.link}: no whole answer within {self._timeout:g} s",
        )


def _joined(url: str, path: str) -> str:
    """The address of a document below `url`, whose query stays."""
    if not path:
        return url
    place, mark, query = url.partition("?")
    return f"{place.rstrip('/')}/{path}{mark}{query}"


def _cause(error: Exception) -> Exception:
    """What happened, without the wrappings of the libraries, which repeat the address and query."""
    while isinstance(error, requests.RequestException):
        inner = error.args[0] if error.args else None
        inner = getattr(inner, "reason", inner)
        if not isinstance(inner, Exception):
            return type(error)(type(error).__name__)
        error = inner
    return error
