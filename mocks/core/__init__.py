"""The kernel: what every fake stands on, and no fake in particular."""
