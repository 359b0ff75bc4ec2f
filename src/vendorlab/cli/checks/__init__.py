"""What ``vendorlab check`` is made of: worlds for suites, workers side by side, the live view, reports, mutants."""
