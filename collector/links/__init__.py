"""Links: where bytes, frames and registers come from, one module per kind.

A link never transmits on its own: a CAN bus is only listened to, an SLCAN adapter is opened
listen-only, and a line sends what its driver's `sends` lists and nothing else.
"""
