"""The contract between a site and the portal: metrics, readings, blocks, batches, receipts.

Standard library only and no I/O, so that the portal can import this package and nothing else of
the collector, and so that a third party can read it as the specification it is. Conventions, once:
units are SI-derived (V, A, W, Ah, Wh, °C, %), current is positive while charging, time is UTC
epoch milliseconds, numbers are finite, and what is unknown is absent, never zero.
"""
