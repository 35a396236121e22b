"""Protocols: bytes to messages and back, without a port, a clock or a thread."""
