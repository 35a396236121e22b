"""A serial line behind a network gateway."""

import socket

from .errors import LinkDown, broken, unreachable
from .line import CHUNK

CONNECT_TIMEOUT = 10.0


class TcpLine:
    """A connection to a gateway that passes bytes on as they are."""

    def __init__(self, host: str, port: int) -> None:
        self._name = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout=CONNECT_TIMEOUT)
        except OSError as error:
            raise unreachable(self._name, error) from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def read(self, wait_s: float) -> bytes:
        try:
            self._socket.settimeout(max(wait_s, 0.001))
            data = self._socket.recv(CHUNK)
        except TimeoutError:
            return b""
        except OSError as error:
            raise broken(self._name, error) from error
        if not data:
            raise LinkDown(
                f"{self._name} a fermé la connexion", f"{self._name} closed the connection"
            )
        return data

    def write(self, data: bytes) -> None:
        try:
            self._socket.settimeout(CONNECT_TIMEOUT)
            self._socket.sendall(data)
        except OSError as error:
            raise broken(self._name, error) from error

    def close(self) -> None:
        self._socket.close()
