"""The sensor vendors your software depends on, on your own machine."""

__version__ = "0.1.0.dev0"
