"""The contract suites' pytest plugin."""
