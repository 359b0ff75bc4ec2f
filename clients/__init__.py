"""Reference clients: one folder per vendor, each doing the hard parts right."""
