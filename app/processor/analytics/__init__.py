"""Analytics: what can be said of a battery from what it did, each with its evidence.

A computation is one file here exposing `ANALYTIC`. It works in two steps, so that a night costs
one day of readings however long the battery has lived: `observe` turns a day at full resolution
into a little evidence, which is kept; `conclude` turns the evidence of all days into a finding, or
refuses and says why.
"""
