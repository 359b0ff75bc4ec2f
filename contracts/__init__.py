"""Contract suites: what is documented of each vendor, as tests for any target."""
