"""What HTTP and WebSocket links share: who we are to a gateway, and its certificate.

A secret is read from a file or from the environment each time it is needed, so that it can be
changed without a restart; it is in no setting, no error and no log.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import __version__
from . import errors
from .errors import LinkDown

AGENT = f"trackingbms-collector/{__version__}"
LONGEST_SECRET = 4096


def headers(settings: Mapping[str, Any]) -> dict[str, str]:
    """The header that carries the secret, if there is one; raises LinkDown if it cannot be had."""
    if settings["secret_file"]:
        place = settings["secret_file"]
        try:
            with Path(place).open("rb") as file:
                secret = file.read(LONGEST_SECRET).decode("ascii", "replace").strip()
        except OSError as error:
            raise LinkDown(
                f"{place} ne peut pas être lu : {error.strerror}",
                f"{place} cannot be read: {error.strerror}",
            ) from error
    elif settings["secret_env"]:
        place = settings["secret_env"]
        secret = os.environ.get(place, "").strip()
    else:
        return {}
    if not secret or not secret.isascii() or not secret.isprintable():
        raise LinkDown(
            f"{place} est vide, ou n'est pas une seule ligne de texte ASCII",
            f"{place} is empty, or is not a single line of ASCII text",
        )
    return {settings["header"]: secret}


def trust(settings: Mapping[str, Any]) -> ssl.SSLContext:
    """Certificates are always checked, against those of `ca_file` where it is given."""
    try:
        return ssl.create_default_context(cafile=settings["ca_file"] or None)
    except OSError as error:
        raise LinkDown(
            f"ca_file {settings['ca_file']} : {error}", f"ca_file {settings['ca_file']}: {error}"
        ) from error


def unreachable(name: str, error: Exception) -> LinkDown:
    """Nobody answers at this address, or nobody who can be believed."""
    if "CERTIFICATE" in str(error):
        return LinkDown(
            f"{name} : son certificat n'est pas digne de confiance (ca_file)",
            f"{name}: its certificate is not trusted (ca_file)",
        )
    return errors.unreachable(name, error)
