"""Journeys: one packet and everything that happened to it.

`Probe` (what was asked) → `AnySighting`s (what was seen, each where it was seen) → `stitch` → `Journey` (hops in order, a verdict with its
cause). `predict` makes a `Journey` of the same hops without a packet, from what the kernel said of the lab.
"""
