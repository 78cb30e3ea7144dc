"""Journeys that are worked out from what is known of the lab, without a packet."""
