"""Journeys that are made of sightings: of what the kernel did with a packet that was sent."""
