"""Streetlight.Vision (SLV): a city's street lights, what they measure, and what makes them burn."""
