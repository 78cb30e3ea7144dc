"""Journeys: one packet and everything that happened to it.

`seen`: a `Probe` (what was asked) and its `AnySighting`s (what was seen, each where it was seen) → `stitch` → a `Journey` (hops in order, a
verdict with its cause). `predicted`: `predict` makes a `Journey` of the same hops without a packet, from the records and live records of
the lab. Neither knows of the other; what both need is here.
"""
