"""The fakes: one folder per vendor over a shared kernel."""
