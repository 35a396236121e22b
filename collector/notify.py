"""Tells systemd that the collector is ready, alive or stopping, if systemd asked to be told."""

import os
import socket


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1`; does nothing outside a systemd service."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(state.encode(), address)
