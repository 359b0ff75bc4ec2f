"""vendorlab's pytest plugin: fixtures for the tests of its users."""
