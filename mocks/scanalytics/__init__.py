"""Scanalytics: floor sensors that count visits."""
