"""Links: where bytes, frames and registers come from, one module per kind.

A link never transmits on its own, and only what its driver's `sends` lists: on a CAN bus, or by an
SLCAN adapter, nothing at all unless the link may acknowledge frames.
"""
